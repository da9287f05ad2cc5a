"""Rows on a cluster of Apache Spark; see `vigie.engine.backend`.

Rows are brought together by shuffles, once for each grouping, and back in the order of the table by another. What a
group function returns is written where all machines reach it: a lost machine costs the part it was working on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count as numbers

import numpy as np
import polars as pl
from pyspark.sql import functions as fn

from vigie.engine.backend import (
    BUCKET,
    PARTITION,
    ROW,
    ChunkFunction,
    GroupFunction,
    RowFunction,
    Schema,
    merge_keys,
)
from vigie.engine.row_functions import ScoreRows
from vigie.spark.arrow_frame import SparkFrame, packed, stacked, unpack_arrays, unpacked
from vigie.spark.model_loading import ShippedScoring
from vigie.spark.numbered_input import TypedInput

HASH_RANGE = 2**31
"""Partition numbers of group functions are below it; Spark makes partitions of them."""
_VALUES, _OUTPUT = "v:values", "v:output"
"""Columns: the numbers of a row, packed; which output a row belongs to."""
_PACKED: Schema = {ROW: pl.Int64(), BUCKET: pl.UInt16(), _VALUES: pl.Binary()}


@dataclass(frozen=True)
class ClusterSettings:
    """Where and how a cluster works.

    Attributes:
        work: a folder that all machines reach, as Spark names it.
        partition_rows: rows of a partition, about.
        require_signature: whether bundles need a signature.
    """

    work: str
    partition_rows: int
    require_signature: bool


@dataclass(frozen=True)
class PackedNumbers:
    """Numbers of each row as one cell.

    Attributes:
        names: names of the numbers.
        dtype: type of the numbers.
        merged: whether a row may come twice.
    """

    names: tuple[str, ...]
    dtype: type[np.floating]
    merged: bool

    def unpack(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return `ROW` and the numbers, sorted by `ROW`."""
        values = unpacked(rows[_VALUES], self.dtype, len(self.names))
        columns = [pl.Series(name, values[:, place]) for place, name in enumerate(self.names)]
        found = rows.select(ROW).with_columns(columns)
        return (merge_keys(found) if self.merged else found).sort(ROW)


@dataclass(frozen=True)
class SparkOutput:
    """Output of a group function.

    Attributes:
        frame: `ROW`, `BUCKET` and the packed numbers of each row.
        numbers: how they are packed.
    """

    frame: SparkFrame
    numbers: PackedNumbers


class SparkBackend:
    """Rows on a cluster.

    Args:
        table: typed rows.
        settings: where and how the cluster works.
    """

    def __init__(self, table: TypedInput, settings: ClusterSettings) -> None:
        self.source, self.columns, self.n_rows = table.source, table.columns, table.n_rows
        self.rows = table.frame
        self._settings = settings
        self._numbers = numbers()

    @property
    def schema(self) -> Schema:
        """Columns and types of the rows."""
        return self.rows.schema

    def collect(self, rows: SparkFrame, function: ChunkFunction) -> pl.DataFrame:
        """Return what a function returns for each chunk."""
        return self._chunks(rows, function).collect()

    def count(
        self, rows: SparkFrame, function: ChunkFunction, *, least: int = 1, limit: int | None = None
    ) -> pl.DataFrame:
        """Add up `count` for equal keys."""
        counts = self._chunks(rows, function)
        *keys, last = counts.df.columns
        added = counts.df.groupBy(*keys).agg(fn.sum(last).alias(last)).filter(fn.col(last) >= least)
        return SparkFrame(added if limit is None else added.limit(limit), counts.schema).collect()

    def map_groups(self, rows: SparkFrame, function: GroupFunction) -> SparkOutput:
        """Run a group function on each partition, and write what it returns."""
        assign = _Assign(function)
        there = rows.map(assign, assign.schema(rows.schema))
        partitions = self._partitions(len(function.keys))
        found = there.repartition(PARTITION, partitions).map(_RunGroup(function), _PACKED, whole=True)
        return SparkOutput(
            self.checkpoint(found), PackedNumbers(function.names, function.dtype, len(function.keys) > 1)
        )

    def map_rows(
        self,
        rows: SparkFrame,
        joined: Sequence[SparkOutput],
        function: RowFunction,
        share: Callable[[float], None] | None = None,
    ) -> SparkFrame:
        """Run a row function on rows and the outputs for the same rows, which a shuffle brings together."""
        if isinstance(function, ScoreRows):
            function = ShippedScoring.of(function, self._settings.require_signature)
        schema = {**rows.schema, **function.schema} if function.extends else function.schema
        run = _RunRows(function, dict(rows.schema), tuple(output.numbers for output in joined))
        if not joined:
            return rows.map(run, schema)
        base = rows.with_literal(_OUTPUT, None)
        both = [base, *(output.frame.with_literal(_OUTPUT, place) for place, output in enumerate(joined))]
        return stacked(both).repartition(ROW, self._partitions(1)).map(run, schema, whole=True)

    def read(self, output: SparkOutput, buckets: Sequence[int]) -> pl.DataFrame:
        """Return the output of a group function for the rows of some hash buckets."""
        frame = output.frame
        chosen = SparkFrame(frame.df.filter(frame.at(BUCKET).isin(list(buckets))), frame.schema)
        return output.numbers.unpack(chosen.collect())

    def checkpoint(self, rows: SparkFrame) -> SparkFrame:
        """Write rows, and return the written ones."""
        return rows.written(f"{self._settings.work}/{next(self._numbers):02}")

    def release(self, *outputs: SparkOutput) -> None:
        """Do nothing: all files of a run are removed together."""

    def _chunks(self, rows: SparkFrame, function: ChunkFunction) -> SparkFrame:
        chosen = rows if function.columns is None else rows.select(*function.columns)
        return chosen.map(_RunChunk(function), function.schema)

    def _partitions(self, copies: int) -> int:
        return max(1, round(self.n_rows * copies / self._settings.partition_rows))


@dataclass(frozen=True)
class _RunChunk:
    function: ChunkFunction

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        yield self.function(rows).select(list(self.function.schema))


@dataclass(frozen=True)
class _Assign:
    function: GroupFunction

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        yield self.function.assign(rows.lazy(), HASH_RANGE, self.function.extra).collect()

    def schema(self, given: Schema) -> Schema:
        """Columns it returns for rows of a schema."""
        return dict(next(self(pl.DataFrame(schema=dict(given)))).schema)


@dataclass(frozen=True)
class _RunGroup:
    function: GroupFunction

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        found = self.function(rows.drop(PARTITION))
        values = np.empty((found.height, len(self.function.names)), dtype=self.function.dtype)
        for place, name in enumerate(self.function.names):
            values[:, place] = found[name].to_numpy()
        yield found.select(ROW, BUCKET).with_columns(packed(values).alias(_VALUES))


@dataclass(frozen=True)
class _RunRows:
    function: RowFunction
    schema: Schema
    outputs: tuple[PackedNumbers, ...]

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        is_output = pl.col(_OUTPUT)
        joined = [output.unpack(rows.filter(is_output == place)) for place, output in enumerate(self.outputs)]
        if joined:
            rows = unpack_arrays(
                rows.filter(is_output.is_null()).select(list(self.schema)), self.schema
            ).sort(ROW)
        found = self.function(rows, joined)
        yield rows.with_columns(found) if self.function.extends else found.select(list(self.function.schema))
