"""Matching of an imported model's columns to those of a table where they may be renamed, reordered, missing or new.

Of the values there are no quantiles here: categories are looked up, and the split thresholds of the trees have to lie where
the column has values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.models.column_assignment import ColumnMatch, assign_columns
from vigie.models.imported_cells import read_numbers, readings, share_known
from vigie.models.imported_columns import ImportedColumn, category_hash
from vigie.roles.inference import Roles

FULL_SCORE = 0.65
"""Score of a pair from which the column counts as found."""

UNKNOWN = 0.5
"""Similarity where there is nothing to compare."""

MAX_VALUES = 300
"""Values of a column, the most frequent ones, that are looked up among categories."""

_SAMPLE = 5_000
_MIN_CUTS = 4


@dataclass(frozen=True)
class TableColumn:
    """One column of a table, as it is compared with those of models.

    Attributes:
        series: (rows,) typed; a sample of a long table.
        role: of the column.
    """

    series: pl.Series
    role: str

    @property
    def name(self) -> str:
        """Its name in the table."""
        return self.series.name

    @cached_property
    def shares(self) -> list[float]:
        """The share of the rows of each of the most frequent values."""
        counts = self._counts.to_series(1) / max(len(self.series) - self.series.null_count(), 1)
        return counts.to_list()

    @cached_property
    def hashes(self) -> list[list[str]]:
        """Hashes of these values, for each way in which they may have been written."""
        values = self._counts.to_series(0).to_list()
        return [[category_hash(text) for text in texts] for texts in readings(values)]

    def numbers(self, cuts: Sequence[float]) -> Floats:
        """Return the finite numbers, ascending; empty for a column of texts."""
        if self.series.dtype.is_temporal():
            return _finite(read_numbers(self.series, cuts))
        return self._numbers

    @cached_property
    def _counts(self) -> pl.DataFrame:
        counts = self.series.alias("value").drop_nulls().value_counts()
        return counts.sort("count", "value", descending=[True, False]).head(MAX_VALUES)

    @cached_property
    def _numbers(self) -> Floats:
        return (
            np.zeros(0)
            if self.series.dtype == pl.String
            else _finite(self.series.cast(pl.Float64).to_numpy())
        )


def table_columns(frame: pl.DataFrame, roles: Roles) -> list[TableColumn]:
    """Return the columns of a table, to be matched with any model.

    Args:
        frame: (rows, columns) typed.
        roles: of its columns.
    """
    some = frame.gather_every(max(1, frame.height // _SAMPLE))
    return [TableColumn(some[item.column], item.role) for item in roles.columns]


def match_imported(model: Sequence[ImportedColumn], table: Sequence[TableColumn]) -> dict[str, ColumnMatch]:
    """Return column of the model -> its match; without those that are not found.

    Args:
        model: what is known of its columns.
        table: the columns of the table.
    """
    return assign_columns(model, table, _compare)


def _compare(known: ImportedColumn, column: TableColumn) -> tuple[float, bool]:
    alike = value_similarity(known, column)
    return alike, alike > 0


def value_similarity(known: ImportedColumn, column: TableColumn) -> float:
    """Return how far a column of a table has the values that a model knows of its own, from 0 to 1."""
    if known.categories:
        return _category_similarity(known.categories, column)
    if known.kind == "category":
        return UNKNOWN
    numbers = column.numbers(known.cuts)
    if not len(numbers):
        return 0.0
    parts = []
    if known.cuts:
        parts.append(cut_similarity(np.array(known.cuts), numbers))
    if known.scale:
        parts.append(_scale_similarity(known.center or 0.0, known.scale, numbers))
    elif known.center is not None:
        parts.append(min(1.0, 2.2 * (0.5 - abs(_share_below(known.center, numbers) - 0.5))))
    if known.low is not None and known.high is not None:
        parts.append(_range_similarity(known.low, known.high, numbers))
    return float(np.mean(parts)) if parts else UNKNOWN


def cut_similarity(cuts: Floats, numbers: Floats) -> float:
    """Return how far split thresholds lie where a column has values, from 0 to 1.

    A threshold with all values on one side would have split nothing, and few values lie beyond the outermost of many
    thresholds. Thresholds of whole numbers are whole or halves, but for those of trees that draw them or that saw rows between
    others; there are then more of them than whole numbers.

    Args:
        cuts: (thresholds,) ascending, in the unit of the column.
        numbers: (values,) ascending.
    """
    inside = float(np.mean((cuts > numbers[0]) & (cuts <= numbers[-1])))
    whole = bool((np.abs(cuts * 2 - np.round(cuts * 2)) < 1e-6).all())
    drawn = not whole and len(cuts) > cuts[-1] - cuts[0]
    if bool((numbers == np.round(numbers)).all()) != whole and len(cuts) >= _MIN_CUTS and not drawn:
        inside *= 0.5
    if len(cuts) < _MIN_CUTS:
        return inside * 0.8
    covered = _share_below(float(cuts[-1]), numbers) - _share_below(float(cuts[0]), numbers)
    return inside * (0.5 + 0.5 * min(1.0, covered / 0.5))


def _category_similarity(categories: frozenset[str], column: TableColumn) -> float:
    if not column.shares:
        return UNKNOWN
    best = 0.0
    for hashes in column.hashes:
        seen = len(categories.intersection(hashes)) / len(categories)
        best = max(best, share_known(hashes, column.shares, categories) * (0.6 + 0.4 * min(1.0, 2 * seen)))
    return best


def _scale_similarity(center: float, scale: float, numbers: Floats) -> float:
    """Scalers keep mean and standard deviation, or median and interquartile range."""
    low, middle, high = np.quantile(numbers, (0.25, 0.5, 0.75)).tolist()
    pairs = ((float(numbers.mean()), float(numbers.std())), (middle, high - low))
    return max(
        max(0.0, 1 - abs(center - at) / scale) * max(0.0, 1 - abs(float(np.log(scale / spread))))
        if spread > 0
        else 0.0
        for at, spread in pairs
    )


def _range_similarity(low: float, high: float, numbers: Floats) -> float:
    """Overlap of two ranges; the table's without its hundredths at either end."""
    first, last = np.quantile(numbers, (0.01, 0.99)).tolist()
    shared = min(high, last) - max(low, first)
    if last <= first:
        return float(low <= first <= high)
    return max(0.0, shared / (last - first)) if high > low else 0.0


def _finite(values: Floats) -> Floats:
    return np.sort(values[np.isfinite(values)])


def _share_below(value: float, numbers: Floats) -> float:
    left, right = (int(np.searchsorted(numbers, value, side)) for side in ("left", "right"))
    return (left + right) / (2 * len(numbers))


@dataclass(frozen=True)
class ColumnCoverage:
    """How much of an imported model's columns a table has; each from 0 to 1.

    Attributes:
        present: share of the weight of its columns that were found.
        similarity: of these columns to those of the model's own table, weighted.
        columns: share of its columns that were found, each counting by the score of its match.
    """

    present: float
    similarity: float
    columns: float


def coverage_of(worth: Mapping[str, float], found: Mapping[str, ColumnMatch]) -> ColumnCoverage:
    """Return how much of a model's columns a table has.

    Args:
        worth: column of the model -> weight; the weights sum to 1.
        found: column of the model -> its match.
    """
    present = sum(weight for name, weight in worth.items() if name in found)
    if present <= 0:
        return ColumnCoverage(0.0, 0.0, 0.0)
    alike = sum(weight * found[name].similarity for name, weight in worth.items() if name in found)
    sure = sum(min(1.0, found[name].score / FULL_SCORE) for name in worth if name in found)
    return ColumnCoverage(min(1.0, present), alike / present, sure / len(worth))
