"""Codes of categories and sums by group that are the same for any rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Codes, Floats, Pool, leave_one_out_zscore
from vigie.fitted_state.rank_table import SMALL_BATCH


@dataclass
class CategoryCodes:
    """The distinct values of a category column of the fitted table.

    Attributes:
        values: ascending; texts as a list, numbers as an array.
    """

    values: Sequence[str] | npt.NDArray[Any]

    @classmethod
    def fit(cls, series: pl.Series) -> CategoryCodes:
        """Return the distinct values of a column."""
        distinct = (series if series.dtype == pl.String else _as_numbers(series)).unique().drop_nulls().sort()
        return cls(distinct.to_list() if distinct.dtype == pl.String else distinct.to_numpy())

    def codes(self, series: pl.Series) -> Codes:
        """Return (rows,) the position of each cell among the values: -1 where empty, their number where new."""
        if not len(self.values):
            return np.full(len(series), -1, dtype=np.int64)
        if series.dtype == pl.String and len(series) <= SMALL_BATCH:
            unseen, position = len(self.values), self._positions
            cells = series.to_list()
            return np.array([-1 if cell is None else position.get(cell, unseen) for cell in cells], np.int64)
        if series.dtype == pl.String:
            out = series.cast(self._enum, strict=False).to_physical().cast(pl.Int64)
            codes: Codes = out.fill_null(len(self.values)).to_numpy().astype(np.int64)
        else:
            values = np.asarray(self.values)
            numbers = _as_numbers(series).fill_null(0).to_numpy()
            at = np.minimum(np.searchsorted(values, numbers), len(values) - 1)
            codes = np.where(values[at] == numbers, at, len(values))
        return np.where(series.is_null().to_numpy(), -1, codes)

    @cached_property
    def _enum(self) -> pl.Enum:
        return pl.Enum(pl.Series(self.values, dtype=pl.String))

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {value: code for code, value in enumerate(self.values)}

    def __getstate__(self) -> dict[str, Any]:
        """Pickle without what a machine derives itself."""
        return {"values": self.values}


@dataclass(frozen=True)
class GroupSums:
    """Sums within the groups of the fitted table.

    Attributes:
        values: (3, groups) number, sum and sum of squares.
    """

    values: Floats

    @classmethod
    def fit(cls, codes: Codes, x: Floats) -> GroupSums:
        """Return the sums of the finite `x`, (rows,), of known groups."""
        ok = np.isfinite(x) & (codes >= 0)
        codes, x = codes[ok], x[ok]
        return cls(
            np.stack([np.bincount(codes).astype(float), np.bincount(codes, x), np.bincount(codes, x**2)])
        )

    def zscores(self, codes: Codes, x: Floats, pool: Pool) -> Floats:
        """Return (rows,) the distance of `x` from the table's other rows of its group, in standard deviations.

        The row itself is left out, as if it were one of the fitted table, which it is where the table scores itself.

        Args:
            codes: (rows,) group of each row, from 0, the same in any table; -1 where unknown.
            x: (rows,) NaN where unknown.
            pool: the variance within groups.
        """
        ok = np.isfinite(x) & (codes >= 0)
        at = np.where((codes >= 0) & (codes < self.values.shape[1]), codes, -1)
        n, total, squares = (np.where(at >= 0, row[at], 0.0) for row in self.values)
        filled = np.where(ok, x, 0.0)
        left = np.maximum(n - ok, 0.0)
        return leave_one_out_zscore(filled, ok, left, total - filled, squares - filled**2, pool)


def _as_numbers(series: pl.Series) -> pl.Series:
    """Return cells that are not text as numbers in the same order."""
    return series.cast(pl.Float64 if series.dtype.is_float() else pl.Int64)
