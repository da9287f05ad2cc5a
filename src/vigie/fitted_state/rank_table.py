"""Mid-ranks among the values of the fitted table."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from vigie.arrays import Codes, Floats, mid_ranks, sort_order
from vigie.fitted_state.statistic import Tables

Values = npt.NDArray[np.floating[Any]]

SMALL_BATCH, SMALL_TABLE = 2000, 64
"""Rows, and values of the table, up to which a plain look-up is faster than one in sorted order."""

_SEARCH_DIGITS = 2
"""Digits by which values are sorted before they are looked up."""


@dataclass
class RankTable:
    """The sorted values of one feature or column in the fitted table.

    Attributes:
        values: (distinct,) ascending, finite.
        below: (distinct,) rows at or below each value; empty where all values differ.
    """

    values: Values
    below: Codes

    @classmethod
    def fit(cls, x: Values) -> RankTable:
        """Return the table of the finite values of `x`, (rows,)."""
        distinct, counts = np.unique(x[np.isfinite(x)], return_counts=True)
        below = np.cumsum(counts) if len(distinct) < counts.sum() else counts[:0]
        return cls(distinct, below)

    def ranks(self, x: Values) -> Floats:
        """Return (rows,) mid-ranks in (0, 1); NaN stays NaN, and no rank lies beyond those of the fitted table."""
        known = np.isfinite(x)
        if len(self.values) and known.all():
            return self._look_up(x)
        out = np.full(len(x), np.nan)
        if len(self.values):
            out[known] = self._look_up(x[known])
        return out

    def _look_up(self, x: Values) -> Floats:
        order = search_order(self.values, x)
        values = x if order is None else x[order]
        at = np.searchsorted(self.values, values)
        is_value = self.values.take(at, mode="clip") == values
        at *= 2
        at += is_value
        found = self._mid_ranks[at]
        if order is None:
            return found
        out: Floats = np.empty(len(x))
        out[order] = found
        return out

    @cached_property
    def _mid_ranks(self) -> Floats:
        """(2 * values + 1,) the mid-rank below the first value, on it, between it and the next one, and so on."""
        below = self.below if len(self.below) else np.arange(1, len(self.values) + 1)
        rows = int(below[-1]) if len(below) else 1
        out = np.zeros(2 * len(below) + 1)
        out[2::2] = below
        before = out[:-2:2]
        out[1::2] = below - (below - before) / 2
        return np.asarray(np.minimum(np.maximum(out / rows, 0.5 / rows), 1 - 0.5 / rows))

    def __getstate__(self) -> dict[str, Any]:
        """Pickle without the mid-ranks, which a machine computes itself."""
        return {"values": self.values, "below": self.below}


def search_order(table: npt.NDArray[Any], x: npt.NDArray[Any]) -> npt.NDArray[np.intp] | None:
    """Return the order in which to look up `x` in a sorted table; None for the order of the rows.

    Many values are looked up in their order, so that each search begins where the last one ended.
    """
    return sort_order(x, _SEARCH_DIGITS) if len(x) >= SMALL_BATCH and len(table) > SMALL_TABLE else None


class RankTables(Tables[RankTable]):
    """Mid-ranks by the name of a feature, column, detector or model."""

    @abstractmethod
    def of(self, name: str, x: Values) -> Floats:
        """Return (rows,) mid-ranks of `x` among the values of the table, in (0, 1); NaN stays NaN."""

    def fitted(self) -> RankTables:
        """Return the same tables, to be looked up."""
        return FittedRanks(dict(self.tables))


@dataclass
class UnfittedRanks(RankTables):
    """Ranks within the rows at hand.

    Attributes:
        keep: whether the values are kept for rows that come later.
    """

    tables: dict[str, RankTable] = field(default_factory=dict)
    keep: bool = False

    def of(self, name: str, x: Values) -> Floats:
        """Return (rows,) mid-ranks of `x` among its own values."""
        if self.keep:
            self.tables[name] = RankTable.fit(x)
        return mid_ranks(x)


@dataclass
class FittedRanks(RankTables):
    """Ranks among the values of the fitted table."""

    tables: dict[str, RankTable]

    def of(self, name: str, x: Values) -> Floats:
        """Return (rows,) mid-ranks of `x` among the values of the fitted table."""
        return self.require(name).ranks(x)
