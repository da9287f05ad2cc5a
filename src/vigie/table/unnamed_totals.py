"""Totals that no word names: rows of nothing but figures, each the sum of the rows above it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

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
    before = -1
    for position, places in suspects:
        are_sums = [_is_sum(columns[place], position, before, found) for place in places]
        if all(are_sums) if only_figures else any(are_sums):
            found.add(position)
            before = position
    return found if not only_figures or len(found) >= _LEAST_VERIFIED * len(suspects) else set()


def _column(
    pieces: Callable[[], Iterator[pl.DataFrame]], place: int, left_out: Collection[int]
) -> tuple[Numbers, Numbers] | None:
    """Return the numbers of a column, and their running sum without those left out; None where it has no numbers."""
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
    return numbers, np.concatenate(([0.0], np.cumsum(added)))


def _is_sum(
    column: tuple[Numbers, Numbers] | None, position: int, before: int, totals: Collection[int]
) -> bool:
    """Whether a number is the sum of those since the total before it, or of all that are no totals."""
    if column is None:
        return False
    numbers, sums = column
    value, most = numbers[position], _ROUNDING * (position + 1)
    if not np.isfinite(value) or np.count_nonzero(np.diff(sums[before + 1 : position + 1])) < _LEAST_ADDED:
        return False
    among = sum(float(np.nan_to_num(numbers[total])) for total in totals)
    wanted = (sums[position] - sums[before + 1], sums[position] - among)
    return any(abs(value - one) <= most + 1e-9 * abs(one) for one in wanted)
