"""What a model stores of a column of its training table, to find the column again.

Of numbers the inner quantiles, rounded; of texts their lengths; and of a column with few values that come back often, a
salted hash and the share of each. Of identifiers (customers, cards, addresses) only how often values repeat and how long
they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.features.cells import as_numbers
from vigie.roles.definitions import role_of

QUANTILES = np.linspace(0.01, 0.99, 50)
"""Inner quantiles only: the extremes are values of single rows."""

MAX_VALUES, MIN_COUNT = 300, 10
"""Distinct values of a category at most, and rows of a value that is stored at least."""

_SAMPLE = 60_000


@dataclass(frozen=True)
class Sketch:
    """The sketch of one column.

    Attributes:
        name: in its table.
        role: of the column.
        kind: `number`, `moment` or `text`.
        spread: quantiles at `QUANTILES` of the numbers; empty for texts, moments and identifiers.
        lengths: the same of the number of characters of a cell; empty for moments.
        missing: share of empty cells, from 0 to 1.
        distinct: distinct values per row, from 0 to 1.
        shares: salted hash -> share of the rows, of frequent values; empty where there are too many values.
    """

    name: str
    role: str
    kind: str
    spread: tuple[float, ...]
    lengths: tuple[float, ...]
    missing: float
    distinct: float
    shares: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self) | {
            "spread": list(self.spread),
            "lengths": list(self.lengths),
            "shares": dict(self.shares),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Sketch:
        """Read what `to_json` wrote."""
        spread, lengths = tuple(data["spread"]), tuple(data["lengths"])
        return cls(**{**data, "spread": spread, "lengths": lengths, "shares": dict(data["shares"])})


def sketch_column(series: pl.Series, role: str, salt: str = "") -> Sketch:
    """Return the sketch of a typed column.

    Args:
        series: (rows,) as `table.parse` leaves it.
        role: of the column.
        salt: of the model, mixed into every hash; of private columns no value is stored. Without one the sketch is of a
            table to be matched: its shares are by value, and it is not stored.
    """
    private = bool(salt) and role_of(role).private
    step = max(1, len(series) // _SAMPLE)
    some = series.gather_every(step)
    known = some.drop_nulls()
    kind = kind_of(series)
    distinct = known.n_unique() / max(len(known), 1)
    return Sketch(
        name=series.name,
        role=role,
        kind=kind,
        spread=() if private or kind != "number" else _quantiles(as_numbers(known)),
        lengths=() if kind == "moment" else _quantiles(_lengths(known)),
        missing=round(1 - len(known) / max(len(some), 1), 4),
        distinct=float(f"{distinct:.3g}"),
        shares={} if private or kind == "moment" else _shares(known, salt),
    )


def kind_of(series: pl.Series) -> str:
    """Return `number`, `moment` or `text`."""
    if series.dtype.is_temporal():
        return "moment"
    return "number" if series.dtype == pl.Boolean or series.dtype.is_numeric() else "text"


def normalised_cells(series: pl.Series) -> pl.Series:
    """Return the cells as texts that are equal however the column was typed; empty stays empty.

    A whole number is the same text as an integer, as a float and as a text, and case does not count.
    """
    if series.dtype == pl.Boolean:
        return series.cast(pl.Int8).cast(pl.String)
    if series.dtype.is_float():
        whole = (series == series.round()) & (series.abs() < 1e15)
        return pl.select(
            pl.when(whole.fill_null(False))
            .then(pl.when(whole.fill_null(False)).then(series).cast(pl.Int64, strict=False).cast(pl.String))
            .otherwise(series.cast(pl.String))
        ).to_series()
    return series.cast(pl.String).str.strip_chars().str.to_lowercase()


def salted_hash(text: str, salt: str) -> str:
    """Return twelve hexadecimal digits of a value, the same only with the same salt."""
    return blake2b(text.encode(), key=salt.encode()[:64], digest_size=6).hexdigest()


def _lengths(known: pl.Series) -> Floats:
    return normalised_cells(known).str.len_chars().cast(pl.Float64).to_numpy()


def with_salt(plain: Sketch, salt: str) -> Sketch:
    """Return a sketch without salt as a model with that salt would have made it."""
    return replace(plain, shares={salted_hash(value, salt): share for value, share in plain.shares.items()})


def _quantiles(values: Floats | None) -> tuple[float, ...]:
    finite = values[np.isfinite(values)] if values is not None else np.zeros(0)
    if not len(finite):
        return ()
    return tuple(float(f"{v:.4g}") for v in np.quantile(finite, QUANTILES))


def _shares(known: pl.Series, salt: str) -> dict[str, float]:
    counts = normalised_cells(known).value_counts(sort=True)
    if not 2 <= counts.height <= MAX_VALUES:
        return {}
    values, often = counts.to_series(0).to_list(), counts.to_series(1).to_list()
    return {
        salted_hash(value, salt) if salt else value: float(f"{count / len(known):.3g}")
        for value, count in zip(values, often, strict=True)
        if value is not None and count >= MIN_COUNT
    }
