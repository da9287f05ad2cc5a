"""Functions of all rows of each entity, and the partitions that bring these rows together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.features.columns import CATEGORY_ROLES, ENTITY_ROLES
from vigie.features.grouping import (
    IS_FIRST_OF_ACTOR,
    RECEIVER,
    ROW_HASH,
    SENDER,
    SENDER_RECEIVER,
    EntityGrouping,
    column_view,
    grouping_features,
    grouping_related_signals,
)  # fmt: skip
from vigie.fitted_state import FeatureState, ScoringState
from vigie.roles.inference import Roles

ROW, BUCKET, PARTITION = "v:row", "v:bucket", "v:partition"
ROW_ANOMALY = "v:anomaly"
"""Column of the anomaly score of each row by itself, in nats."""
Numbers = Mapping[str, npt.NDArray[np.floating[Any]]]
_TRIED_ROWS = 2_000


@dataclass(frozen=True)
class GroupFunction:
    """A function of all rows of each entity of a grouping.

    Attributes:
        name: name of its output; different for different outputs of a run.
        grouping: name of the grouping; functions with the same one partition rows in the same way.
        keys: columns that identify an entity; a row belongs to one for each key.
        columns: column of the table -> whether its cells are replaced by their hashes.
        hash_factors: column of the table -> odd factor of its hash in the hash of a row.
        extra: columns it needs that the table does not have.
        marks_sides: whether rows are marked by the key that they came for.
        compute: returns (rows,) numbers by name for the rows of a partition, sorted by their hashes.
        names: names of these numbers.
        dtype: type of these numbers.
    """

    name: str
    grouping: str
    keys: tuple[str, ...]
    columns: Mapping[str, bool]
    hash_factors: Mapping[str, int]
    extra: tuple[str, ...]
    marks_sides: bool
    compute: Callable[[pl.DataFrame], Numbers]
    names: tuple[str, ...] = ()
    dtype: type[np.floating[Any]] = np.float32

    def assign(self, rows: pl.LazyFrame, partitions: int, extra: Sequence[str]) -> pl.LazyFrame:
        """Return the columns that are needed and the partition of each row, once for each key.

        Args:
            rows: rows of the table, with `ROW` and `BUCKET`.
            partitions: number of partitions.
            extra: further columns to keep.
        """
        hashes = (
            pl.col(name).hash(seed=0) * pl.lit(x, dtype=pl.UInt64) for name, x in self.hash_factors.items()
        )
        row_hash = reduce(lambda one, other: one + other, hashes).alias(ROW_HASH)
        kept = [*map(pl.col, (ROW, BUCKET, *extra)), row_hash, *self._columns()]
        parts, row = [], pl.col(ROW).cast(pl.UInt64)
        for number, name in enumerate(self.keys):
            key = pl.col(name)
            # Null keys are distributed by row number; otherwise they would all fall into one partition.
            hashed = pl.when(key.is_null()).then(row).otherwise(key.cast(pl.String).hash(seed=1))
            sides = [pl.lit(number == 0).alias(SENDER), pl.lit(number == 1).alias(RECEIVER)]
            partition = (hashed % partitions).cast(pl.UInt32).alias(PARTITION)
            parts.append(rows.select(*kept, *(sides if self.marks_sides else []), partition))
        return pl.concat(parts)

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return `ROW`, `BUCKET` and the numbers of the rows of a partition."""
        rows = self._arranged(rows)
        found = self.compute(rows)
        if set(found) != set(self.names):
            raise RuntimeError(f"{self.name}: returned {sorted(found)}, expected {sorted(self.names)}")
        numbers = (pl.Series(name, found[name].astype(self.dtype, copy=False)) for name in self.names)
        return rows.select(ROW, BUCKET).with_columns(numbers)

    def named(self, rows: pl.DataFrame) -> GroupFunction:
        """Return the function with the names of its numbers, which are the same for any rows of the table."""
        extra = (pl.lit(False).alias(IS_FIRST_OF_ACTOR), pl.lit(0.0).alias(ROW_ANOMALY))
        tried = self.assign(rows.head(_TRIED_ROWS).with_columns(extra).lazy(), 1, self.extra).collect()
        return replace(self, names=tuple(sorted(self.compute(self._arranged(tried)))))

    def _columns(self) -> Iterator[pl.Expr]:
        for name, is_hashed in self.columns.items():
            cells = pl.col(name)
            hashed = cells.cast(pl.String).hash(seed=0).reinterpret(signed=True)
            yield pl.when(cells.is_not_null()).then(hashed).alias(name) if is_hashed else cells

    def _arranged(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return each row once, sorted by its hash; one that came for both keys is marked so."""
        if self.marks_sides:
            both = [pl.col(side).any().over(ROW) for side in (SENDER, RECEIVER)]
            rows = rows.with_columns(both).unique(ROW, keep="any")
        return rows.sort(ROW_HASH, ROW)


def features_of(grouping: EntityGrouping, roles: Roles, state: FeatureState) -> GroupFunction:
    """Return the function that computes the features of a grouping."""
    return _function("features", grouping, roles, state, (), partial(_features, grouping, roles, state))


def related_signals_of(
    grouping: EntityGrouping, roles: Roles, state: FeatureState, scoring: ScoringState
) -> GroupFunction:
    """Return the function that computes the related-entity signals of a grouping."""
    compute = partial(_related_signals, grouping, roles, state, scoring)
    found = _function("related", grouping, roles, state, (ROW_ANOMALY,), compute)
    return replace(found, dtype=np.float64)


def _function(
    what: str, grouping: EntityGrouping, roles: Roles, state: FeatureState, extra: tuple[str, ...],
    compute: Callable[[pl.DataFrame], Numbers],
) -> GroupFunction:  # fmt: skip
    identifiers = set(ENTITY_ROLES) - set(CATEGORY_ROLES)
    hashes = state.column_hashes()
    return GroupFunction(
        f"{what} {grouping.name}",
        grouping.name,
        grouping.keys,
        {name: roles.of(name).role in identifiers for name in grouping.columns},
        {column.column: (hashes[column.column] | 1) & (2**64 - 1) for column in roles.columns},
        (*extra, *((IS_FIRST_OF_ACTOR,) if grouping.needs_first_of_actor else ())),
        grouping.name == SENDER_RECEIVER,
        compute,
    )


def _features(grouping: EntityGrouping, roles: Roles, state: FeatureState, rows: pl.DataFrame) -> Numbers:
    return grouping_features(grouping, column_view(grouping, rows, roles, state))


def _related_signals(
    grouping: EntityGrouping, roles: Roles, state: FeatureState, scoring: ScoringState, rows: pl.DataFrame
) -> Numbers:
    view = column_view(grouping, rows, roles, state)
    return grouping_related_signals(grouping, view, rows[ROW_ANOMALY].to_numpy(), scoring)
