"""How many rows of the fitted table have each value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from vigie.arrays import Codes, Floats
from vigie.fitted_state.rank_table import SMALL_BATCH
from vigie.fitted_state.statistic import NotFittedError

Mask = npt.NDArray[np.bool_]


@dataclass
class ValueCounts:
    """The values of one column or key, and how often each occurs.

    Attributes:
        values: (distinct,) ascending; values that occur once may be left out.
        counts: (distinct,) rows.
    """

    values: Codes
    counts: npt.NDArray[np.integer[Any]]

    def of(self, values: Codes) -> Floats:
        """Return (rows,) the rows of the fitted table with each value, at least 1."""
        if not len(self.values):
            return np.ones(len(values))
        at = np.minimum(_positions(self.values, values), len(self.values) - 1)
        return np.where(self.values[at] == values, self.counts[at], 1).astype(float)


class CountTables(ABC):
    """Counts of values by name.

    Attributes:
        tables: name -> the values of the fitted table and their counts.
    """

    tables: dict[str, ValueCounts]

    @abstractmethod
    def of(self, name: str, values: Codes, known: Mask | None = None) -> Floats:
        """Return (rows,) how many rows of the table have each value, at least 1; NaN where the value is unknown.

        Args:
            name: of what is counted.
            values: (rows,) whole numbers, such as hashes, that are the same for the same value in any table.
            known: (rows,) false where there is no value.

        Raises:
            NotFittedError: the fitted table has no such counts.
        """

    def fitted(self) -> FittedCounts:
        """Return the same counts, to be looked up."""
        return FittedCounts(dict(self.tables))


@dataclass
class UnfittedCounts(CountTables):
    """Counts among the rows at hand.

    Attributes:
        keep: whether the counts are kept for rows that come later.
    """

    keep: bool = False
    tables: dict[str, ValueCounts] = field(default_factory=dict)

    def of(self, name: str, values: Codes, known: Mask | None = None) -> Floats:
        """Return (rows,) how often each value occurs among `values`."""
        some = values if known is None else values[known]
        distinct, inverse, counts = np.unique(some, return_inverse=True, return_counts=True)
        if self.keep:
            self.tables[name] = ValueCounts(distinct, counts)
        if known is None:
            return np.asarray(counts[inverse].astype(float))
        out = np.full(len(values), np.nan)
        out[known] = counts[inverse]
        return out


@dataclass
class FittedCounts(CountTables):
    """Counts of the fitted table."""

    tables: dict[str, ValueCounts] = field(default_factory=dict)

    def of(self, name: str, values: Codes, known: Mask | None = None) -> Floats:
        """Return (rows,) how often each value occurs in the fitted table."""
        if name not in self.tables:
            raise NotFittedError(f"no counts of {name!r}")
        found = self.tables[name].of(values)
        return found if known is None else np.where(known, found, np.nan)


@dataclass
class ObservedCounts(CountTables):
    """Counts of the fitted table; hands all values that are looked up to a callback.

    Attributes:
        inner: the counts.
        callback: called with the name and the known values.
    """

    inner: CountTables
    callback: Callable[[str, Codes], None]

    def __post_init__(self) -> None:
        self.tables = self.inner.tables

    def of(self, name: str, values: Codes, known: Mask | None = None) -> Floats:
        """Return the counts after the callback has been called."""
        self.callback(name, values if known is None else values[known])
        return self.inner.of(name, values, known)


def _positions(values: Codes, queries: Codes) -> Codes:
    """`np.searchsorted`, four times as fast for many: in the order of the queries, each search begins where the last one ended."""
    if len(queries) < SMALL_BATCH:
        return np.searchsorted(values, queries)
    order = np.argsort(queries)
    out = np.empty(len(queries), dtype=np.int64)
    out[order] = np.searchsorted(values, queries[order])
    return out
