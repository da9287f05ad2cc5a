"""The cells of one column as numbers, codes or a hash. Must not know what the column means."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats
from vigie.fitted_state import SMALL_BATCH, ColumnState
from vigie.roles.ordinal import read_scale

MAX_NUMBER = 1e30
"""Larger numbers are clipped: trees read float32, and squares must not overflow."""


def as_numbers(series: pl.Series, state: ColumnState | None = None) -> Floats | None:
    """Return (rows,) a column as numbers, NaN where empty; None where it is no quantity.

    Ordered texts ("more than 30") are read by their order, and a lone -1 as unknown.

    Args:
        series: (rows,) the column.
        state: what is known of the column.
    """
    state = state or ColumnState()
    if series.dtype == pl.Boolean or series.dtype.is_numeric():
        values = np.clip(series.cast(pl.Float64).to_numpy(), -MAX_NUMBER, MAX_NUMBER)
        is_missing_code = state.minus_one_is_missing.get(lambda: _minus_one_is_missing(values))
        return np.where(values == -1, np.nan, values) if is_missing_code else values
    if series.dtype == pl.String or isinstance(series.dtype, pl.Categorical | pl.Enum):
        texts = series.cast(pl.String)
        scale = state.ordinal_scale.get(lambda: read_scale(texts.drop_nulls().unique().to_list()) or {})
        if not scale:
            return None
        numbers = texts.replace_strict(scale, default=None, return_dtype=pl.Float64)
        return numbers.fill_null(float("nan")).to_numpy().astype(float)
    return None


def _minus_one_is_missing(values: Floats) -> bool:
    """Return whether -1 is the only negative value, which is how many systems write "unknown" among counts and ages."""
    negative = values[values < 0]
    return len(negative) > 0 and bool(np.all(negative == -1)) and float(np.nanmax(values)) > 1


def as_codes(series: pl.Series) -> npt.NDArray[np.int64]:
    """Return (rows,) dense codes in the order of the values, -1 where empty; the order of the rows changes nothing."""
    if series.dtype == pl.String and len(series) <= SMALL_BATCH:
        cells = series.to_list()
        code_of = {cell: code for code, cell in enumerate(sorted({*cells} - {None}))} | {None: -1}
        return np.array([code_of[cell] for cell in cells], dtype=np.int64)
    if series.dtype == pl.String:
        # Four times as fast as ranking texts: only the distinct values are sorted.
        series = series.cast(pl.Enum(series.unique().drop_nulls().sort())).to_physical()
        return series.cast(pl.Int64).fill_null(-1).to_numpy().astype(np.int64)
    codes = series.rank("dense").cast(pl.Int64) - 1
    return codes.fill_null(-1).to_numpy().astype(np.int64)


def column_hash(cells: npt.NDArray[np.uint64]) -> int:
    """Return one hash of a column from (rows,) hashes of its cells, whatever their order."""
    return int(cells.sum(dtype=np.uint64))
