"""Partitions that hold all rows of each entity, and the numbers that they give for each row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.engine.backend import BUCKET, PARTITION, ROW
from vigie.features import grouping
from vigie.features.columns import CATEGORY_ROLES, ENTITY_ROLES
from vigie.features.grouping import (
    IS_FIRST_OF_ACTOR,
    RECEIVER,
    ROW_HASH,
    SENDER,
    SENDER_RECEIVER,
    EntityGrouping,
)
from vigie.fitted_state import FeatureState, ScoringState
from vigie.roles.inference import Roles

ROW_ANOMALY = "v:anomaly"
"""Column of the anomaly score of each row by itself, in nats."""
Numbers = Mapping[str, npt.NDArray[np.floating[Any]]]
_TRIED_ROWS = 2_000


@dataclass(frozen=True)
class EntityFunction(ABC):
    """Group function of an entity grouping; see `vigie.engine.backend.GroupFunction`.

    Attributes:
        grouping: which rows belong together.
        roles: roles of the columns.
        state: fitted state of the features.
        names: names of the numbers it returns.
    """

    grouping: EntityGrouping
    roles: Roles
    state: FeatureState
    names: tuple[str, ...] = ()
    dtype: ClassVar[type[np.floating[Any]]] = np.float32
    kind: ClassVar[str] = "features"

    @abstractmethod
    def numbers(self, rows: pl.DataFrame) -> Numbers:
        """Return the numbers of all rows of a partition, which are sorted by their hashes."""

    @property
    def name(self) -> str:
        """Name of its output."""
        return f"{self.kind} {self.grouping.name}"

    @property
    def grouping_name(self) -> str:
        """Name of the grouping."""
        return self.grouping.name

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that identify an entity."""
        return self.grouping.keys

    @property
    def extra(self) -> tuple[str, ...]:
        """Columns it needs beside those of the table."""
        return (IS_FIRST_OF_ACTOR,) if self.grouping.needs_first_of_actor else ()

    def named(self, rows: pl.DataFrame) -> Self:
        """Return the function with the names of its numbers, which are the same for any rows.

        Args:
            rows: some rows of the table, with `ROW` and `BUCKET`.
        """
        tried = rows.head(_TRIED_ROWS).with_columns(
            pl.lit(False).alias(IS_FIRST_OF_ACTOR), pl.lit(0.0).alias(ROW_ANOMALY)
        )
        part = self.assign(tried.lazy(), 1, self.extra).drop(PARTITION).collect()
        return replace(self, names=tuple(sorted(self.numbers(self._arranged(part)))))

    def assign(self, rows: pl.LazyFrame, partitions: int, extra: Sequence[str]) -> pl.LazyFrame:
        """Return the columns of the grouping, identifiers as hashes, and the partition of each row, once for each key.

        Args:
            rows: rows of the table, with `ROW` and `BUCKET`.
            partitions: number of partitions.
            extra: further columns to keep.
        """
        kept = (pl.col(name) for name in (ROW, BUCKET, *extra))
        columns = [*kept, self._row_hash().alias(ROW_HASH), *self._columns()]
        parts, row = [], pl.col(ROW).cast(pl.UInt64)
        for number, name in enumerate(self.keys):
            key = pl.col(name)
            # Null keys are distributed by row number; otherwise they would all fall into one partition.
            hashed = pl.when(key.is_null()).then(row).otherwise(key.cast(pl.String).hash(seed=1))
            sides = [pl.lit(number == 0).alias(SENDER), pl.lit(number == 1).alias(RECEIVER)]
            here = sides if self.grouping.name == SENDER_RECEIVER else []
            parts.append(rows.select(*columns, *here, (hashed % partitions).cast(pl.UInt32).alias(PARTITION)))
        return pl.concat(parts)

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return `ROW`, `BUCKET` and the numbers of the rows of a partition."""
        rows = self._arranged(rows)
        found = self.numbers(rows)
        if set(found) != set(self.names):
            raise RuntimeError(f"{self.name}: returned {sorted(found)}, expected {sorted(self.names)}")
        return rows.select(ROW, BUCKET).with_columns(
            pl.Series(name, found[name].astype(self.dtype, copy=False)) for name in self.names
        )

    def _row_hash(self) -> pl.Expr:
        """Return the hash of a row by its cells, as `vigie.models.model_inputs.row_hashes` computes it."""
        hashes = self.state.column_hashes()
        factors = ((c.column, (hashes[c.column] | 1) & (2**64 - 1)) for c in self.roles.columns)
        return reduce(
            lambda one, other: one + other,
            (pl.col(name).hash(seed=0) * pl.lit(factor, dtype=pl.UInt64) for name, factor in factors),
        )

    def _columns(self) -> Iterator[pl.Expr]:
        for name in self.grouping.columns:
            role = self.roles.of(name).role
            if role in ENTITY_ROLES and role not in CATEGORY_ROLES:
                hashed = pl.col(name).cast(pl.String).hash(seed=0).reinterpret(signed=True)
                yield pl.when(pl.col(name).is_not_null()).then(hashed).alias(name)
            else:
                yield pl.col(name)

    def _arranged(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return each row once, sorted by its hash; a row that came as sender and as receiver is marked as both."""
        if self.grouping.name == SENDER_RECEIVER:
            both = [pl.col(side).any().over(ROW) for side in (SENDER, RECEIVER)]
            rows = rows.with_columns(both).unique(ROW, keep="any")
        return rows.sort(ROW_HASH, ROW)


@dataclass(frozen=True)
class EntityFeatures(EntityFunction):
    """Features of a grouping."""

    def numbers(self, rows: pl.DataFrame) -> Numbers:
        """Return the features of the rows."""
        view = grouping.column_view(self.grouping, rows, self.roles, self.state)
        return grouping.grouping_features(self.grouping, view)


@dataclass(frozen=True)
class RelatedSignals(EntityFunction):
    """Related-entity signals of a grouping.

    Attributes:
        scoring: fitted state after the features.
    """

    scoring: ScoringState = field(default_factory=ScoringState)
    dtype: ClassVar[type[np.floating[Any]]] = np.float64
    kind: ClassVar[str] = "related"

    @property
    def extra(self) -> tuple[str, ...]:
        """Columns it needs beside those of the table."""
        return (ROW_ANOMALY, *super().extra)

    def numbers(self, rows: pl.DataFrame) -> Numbers:
        """Return what related rows score."""
        view = grouping.column_view(self.grouping, rows, self.roles, self.state)
        return grouping.grouping_related_signals(
            self.grouping, view, rows[ROW_ANOMALY].to_numpy(), self.scoring
        )
