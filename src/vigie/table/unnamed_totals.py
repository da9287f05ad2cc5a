"""Totals that no word names: rows of nothing but figures, each the sum of the rows above it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vigie.table.parsing.tolerance import parse_most_of

_LEAST_ROWS = 2
"""Rows of a sum: one row is equal to another by chance."""
_ROUNDING = 0.0051
"""By which a printed sum may differ for each row that it adds."""
_SAMPLE = 2000

Numbers = NDArray[np.float64]


def verified_sums(
    suspects: Sequence[tuple[int, Collection[int]]],
    pieces: Callable[[], Iterator[pl.DataFrame]],
    left_out: Collection[int],
) -> set[int]:
    """Return which rows are sums of the rows above them: since the one before, or all.

    Args:
        suspects: position of a row, from 0, and the places of its figures; in order.
        pieces: yields all rows.
        left_out: positions of rows that are totals for another reason.
    """
    positions = [position for position, _ in suspects]
    columns = {
        place: _column(pieces, place, [*positions, *left_out])
        for place in sorted({place for _, places in suspects for place in places})
    }
    found: set[int] = set()
    before = -1
    for position, places in suspects:
        if position - before > _LEAST_ROWS and all(
            columns[place] is not None and _is_sum(columns[place], position, before) for place in places
        ):
            found.add(position)
            before = position
    return found


def _column(
    pieces: Callable[[], Iterator[pl.DataFrame]], place: int, totals: Sequence[int]
) -> tuple[Numbers, Numbers] | None:
    """Return the numbers of a column, and their running sum without those of totals; None where it has no numbers."""
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
    added[list(totals)] = 0.0
    return numbers, np.concatenate(([0.0], np.cumsum(added)))


def _is_sum(column: tuple[Numbers, Numbers] | None, position: int, before: int) -> bool:
    if column is None:
        return False
    numbers, sums = column
    value, most = numbers[position], _ROUNDING * (position + 1)
    wanted = (sums[position] - sums[before + 1], sums[position])
    return bool(
        np.isfinite(value)
        and value != 0
        and any(abs(value - one) <= most + 1e-9 * abs(one) for one in wanted)
    )
