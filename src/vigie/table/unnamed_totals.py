"""Totals that no word names: rows of nothing but figures, each the sum of the rows above it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vigie.table.parsing.tolerance import parse_most_of

_LEAST_ADDED = 3
"""Rows of a sum: small numbers are the sum of fewer by chance."""
_LEAST_VERIFIED = 0.5
"""Share of the rows of nothing but figures that must be sums: else they are rows that lack cells."""
_ROUNDING = 0.0051
"""By which a printed sum may differ for each row that it adds."""
_SAMPLE = 2000

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class _Column:
    """The numbers of a column.

    Attributes:
        numbers: (rows,) NaN where a cell has none.
        sums: (rows + 1,) the sum of those above a row.
        counts: (rows + 1,) how many above a row are not zero.
    """

    numbers: Numbers
    sums: Numbers
    counts: NDArray[np.int64]

    def is_sum(self, position: int, before: int, totals: float) -> bool:
        """Return whether a number is the sum of those above it: since the total before it, or all but the totals.

        Args:
            position: of the number.
            before: position of the total before it; -1 without one.
            totals: sum of the totals above it.
        """
        value, most = self.numbers[position], _ROUNDING * (position + 1)
        if not np.isfinite(value):
            return False
        for start, without in ((before + 1, 0.0), (0, totals)):
            if self.counts[position] - self.counts[start] >= _LEAST_ADDED:
                wanted = self.sums[position] - self.sums[start] - without
                if abs(value - wanted) <= most + 1e-9 * abs(wanted):
                    return True
        return False


def verified_sums(
    suspects: Sequence[tuple[int, Collection[int]]],
    pieces: Callable[[], Iterator[pl.DataFrame]],
    left_out: Collection[int],
    *,
    only_figures: bool,
) -> set[int]:
    """Return which rows are sums of the rows above them: since the one before, or all.

    Args:
        suspects: position of a row, from 0, and the places of its figures; in order.
        pieces: yields all rows.
        left_out: positions of rows that are no records for another reason.
        only_figures: whether these rows have nothing else, so that all of them must be sums, and most of the rows as well.
    """
    columns = {
        place: _column(pieces, place, left_out)
        for place in sorted({place for _, places in suspects for place in places})
    }
    found: set[int] = set()
    totals = dict.fromkeys(columns, 0.0)
    before = -1
    for position, places in suspects:
        are_sums = [
            column is not None and column.is_sum(position, before, totals[place])
            for place in places
            for column in [columns[place]]
        ]
        if all(are_sums) if only_figures else any(are_sums):
            found.add(position)
            before = position
            for place, column in columns.items():
                totals[place] += 0.0 if column is None else float(np.nan_to_num(column.numbers[position]))
    return found if not only_figures or len(found) >= _LEAST_VERIFIED * len(suspects) else set()


def _column(
    pieces: Callable[[], Iterator[pl.DataFrame]], place: int, left_out: Collection[int]
) -> _Column | None:
    """Return the numbers of a column, and what those above a row add up to without those left out; None where it has no numbers."""
    cells = pl.concat([piece[:, [place]] for piece in pieces()]).to_series()
    if cells.dtype == pl.String:
        text = cells.fill_null("").str.strip_chars()
        sample = text.filter(text != "").head(_SAMPLE)
        read = parse_most_of("numbers", text, sample, None, None)
        if read is None:
            return None
        cells = read.values
    elif not cells.dtype.is_numeric():
        return None
    numbers = cells.cast(pl.Float64).to_numpy()
    added = np.where(np.isfinite(numbers), numbers, 0.0)
    added[list(left_out)] = 0.0
    return _Column(numbers, _before_each(added), _before_each(added != 0))


def _before_each(x: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate(([0], np.cumsum(x)))
