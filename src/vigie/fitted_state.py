"""What a table says of itself as a whole: medians, counts of values, sorted features, fitted detectors.

Every number of a row that depends on the rest of the table goes through here. The first time the table answers; where
the answers are given they are looked up instead, and then rows can be scored that the table never had. Asked again for
its own rows, a table gives the same numbers to the last bit.

Only what a customer's, a counterparty's or a device's own rows say is not kept: that comes with the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Codes, Floats, leave_one_out_zscore, mid_ranks

T = TypeVar("T")

FEW = 2000
"""Up to so many cells Python has coded them before the engine has begun."""


class FittedState:
    """The answers of one table, by name.

    Args:
        kept: what another table answered; its own rows are then never asked.
        keep: remember also what is large (sorted features, counts of values), for rows to come.

    Attributes:
        kept: the answers: numbers, texts, lists of texts, arrays, forests and trees.
        frozen: whether they were given.
        listener: told of all values that are counted, with the name of the answer; nobody by default.
    """

    def __init__(self, kept: Mapping[str, Any] | None = None, *, keep: bool = False) -> None:
        self.kept: dict[str, Any] = dict(kept or {})
        self.frozen = kept is not None
        self.listener: Callable[[str, Codes], None] | None = None
        self._keep = keep
        self._kinds: dict[str, pl.Enum] = {}
        self._places: dict[str, dict[str, int]] = {}
        self._middles: dict[str, Floats] = {}

    def open(self) -> FittedState:
        """The same answers; what was not asked yet is asked now, and remembered."""
        more = FittedState(self.kept, keep=True)
        more.frozen = False
        return more

    def once(self, name: str, ask: Callable[[], T]) -> T:
        """The answer to `name`: kept, or what `ask` says now and from now on."""
        if name not in self.kept:
            if self.frozen:
                raise KeyError(name)
            self.kept[name] = ask()
        return cast("T", self.kept[name])

    def now(self, name: str, ask: Callable[[], T]) -> T:
        """Like `once`, but a table is asked again each time: for what depends on more than the table."""
        if not self.frozen:
            self.kept[name] = ask()
        return self.once(name, ask)

    def ranks(self, name: str, x: npt.NDArray[np.floating[Any]]) -> Floats:
        """(rows,) mid-ranks in (0, 1) among the values of the table; NaN stays NaN."""
        if not self.frozen:
            if self._keep:
                distinct, counts = np.unique(x[np.isfinite(x)], return_counts=True)
                # Rows at or below each value; where all values differ their places say it.
                below = np.cumsum(counts) if len(distinct) < counts.sum() else counts[:0]
                self.kept[f"rank {name}"], self.kept[f"below {name}"] = distinct, below
            return mid_ranks(x)
        values = self.kept[f"rank {name}"]
        if name not in self._middles:
            self._middles[name] = _middles(values, self.kept[f"below {name}"])
        middles = self._middles[name]
        known = np.isfinite(x)
        if len(values) and known.all():
            return _looked_up(values, middles, x)
        out = np.full(len(x), np.nan)
        if len(values):
            out[known] = _looked_up(values, middles, x[known])
        return out

    def times(self, name: str, values: Codes, known: npt.NDArray[np.bool_] | None = None) -> Floats:
        """(rows,) how many rows of the table show the value, at least 1; NaN where it is unknown.

        Args:
            name: of the answer.
            values: (rows,) whole numbers, such as hashes: the same for the same value in any table.
            known: (rows,) whether there is a value.
        """
        if self.listener is not None:
            self.listener(name, values if known is None else values[known])
        if self.frozen:
            distinct, counts = self.kept[f"values {name}"], self.kept[f"counts {name}"]
            if not len(distinct):
                found = np.ones(len(values))
            else:
                at = np.minimum(_placed(distinct, values), len(distinct) - 1)
                found = np.where(distinct[at] == values, counts[at], 1).astype(float)
        else:
            some = values if known is None else values[known]
            distinct, inverse, counts = np.unique(some, return_inverse=True, return_counts=True)
            found = np.ones(len(values))
            found[slice(None) if known is None else known] = counts[inverse]
            if self._keep:
                self.kept[f"values {name}"], self.kept[f"counts {name}"] = distinct, counts
        return found if known is None else np.where(known, found, np.nan)

    def codes(self, name: str, series: pl.Series) -> Codes:
        """(rows,) each cell's place among the distinct values of the table, -1 where empty, their number where new."""
        text = series.dtype == pl.String
        if text and self.frozen and len(series) <= FEW:
            return self._codes_of_few(name, series.to_list())
        cells = series if text else pl.Series(series.name, _whole(series))
        words = self.once(f"words {name}", lambda: _listed(cells.unique().drop_nulls().sort()))
        if not len(words):
            return np.full(len(series), -1, dtype=np.int64)
        if not text:
            numbers = cells.fill_null(0).to_numpy()
            at = np.minimum(np.searchsorted(words, numbers), len(words) - 1)
            out = np.where(words[at] == numbers, at, len(words))
        else:
            if name not in self._kinds:
                self._kinds[name] = pl.Enum(pl.Series(words, dtype=pl.String))
            place = cells.cast(self._kinds[name], strict=False).to_physical().cast(pl.Int64)
            out = place.fill_null(len(words)).to_numpy().astype(np.int64)
        return np.where(series.is_null().to_numpy(), -1, out)

    def _codes_of_few(self, name: str, cells: list[str | None]) -> Codes:
        if name not in self._places:
            self._places[name] = {word: code for code, word in enumerate(self.kept[f"words {name}"])}
        places = self._places[name]
        return np.array(
            [-1 if cell is None else places.get(cell, len(places)) for cell in cells], dtype=np.int64
        )

    def habit(self, name: str, codes: Codes, x: Floats) -> Floats:
        """(rows,) how far `x` lies from the table's other rows of its kind, in standard deviations, as `Groups.habit`.

        Args:
            name: of the answer.
            codes: (rows,) from 0, the kind of each row, the same in any table; -1 where it is unknown.
            x: (rows,) values, NaN where unknown.
        """
        ok = np.isfinite(x) & (codes >= 0)
        sums = self.once(f"sums {name}", lambda: _sums(codes[ok], x[ok]))
        at = np.where((codes >= 0) & (codes < sums.shape[1]), codes, -1)
        n, total, squares = (np.where(at >= 0, row[at], 0.0) for row in sums)
        filled = np.where(ok, x, 0.0)
        left = np.maximum(n - ok, 0.0)
        return leave_one_out_zscore(filled, ok, left, total - filled, squares - filled**2, lambda ask: self.once(f"pooled {name}", ask))  # fmt: skip


def _middles(values: npt.NDArray[Any], below: Codes) -> Floats:
    """(2 * values + 1,) the mid-rank of whoever lies before the first value, on it, between it and the next one …"""
    if not len(below):
        below = np.arange(1, len(values) + 1)
    rows = int(below[-1]) if len(below) else 1
    middles = np.zeros(2 * len(below) + 1)
    middles[2::2] = below
    before = middles[:-2:2]
    middles[1::2] = below - (below - before) / 2
    # Beyond what the table had: as far out as its farthest row.
    return np.asarray(np.minimum(np.maximum(middles / rows, 0.5 / rows), 1 - 0.5 / rows))


def _looked_up(values: npt.NDArray[Any], middles: Floats, asked: npt.NDArray[Any]) -> Floats:
    """(asked,) mid-ranks; of many, in the order of their values, so that each search begins where the last one ended."""
    order = np.argsort(asked) if len(asked) >= FEW < len(values) else None
    some = asked if order is None else asked[order]
    at = np.searchsorted(values, some)
    found = middles[2 * at + (values[np.minimum(at, len(values) - 1)] == some)]
    out: Floats = np.empty(len(asked))
    out[slice(None) if order is None else order] = found
    return out


def _placed(values: npt.NDArray[Any], asked: npt.NDArray[Any]) -> Codes:
    """`np.searchsorted`, four times as fast for many: asked in order, each search begins where the last one ended."""
    if len(asked) < FEW:
        return np.searchsorted(values, asked)
    order = np.argsort(asked)
    out = np.empty(len(asked), dtype=np.int64)
    out[order] = np.searchsorted(values, asked[order])
    return out


def _sums(codes: Codes, x: Floats) -> Floats:
    """(3, codes) number, sum and sum of squares of each kind."""
    return np.stack([np.bincount(codes).astype(float), np.bincount(codes, x), np.bincount(codes, x**2)])


def _listed(values: pl.Series) -> Any:
    return values.to_list() if values.dtype == pl.String else values.to_numpy()


def _whole(series: pl.Series) -> pl.Series:
    """Cells that are no text as numbers that sort alike."""
    return series.cast(pl.Float64 if series.dtype.is_float() else pl.Int64)
