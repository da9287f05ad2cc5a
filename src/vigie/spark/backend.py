"""Rows on a cluster of Apache Spark; see `vigie.engine.backend`.

Rows are brought together by shuffles, once for each grouping, and back in the order of the table by another. What a
group function returns is written where all machines reach it: a lost machine costs the part it was working on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
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
class Packing:
    """How the numbers of a row are one cell.

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
        packing: how they are packed.
    """

    frame: SparkFrame
    packing: Packing


class SparkBackend:
    """Rows on a cluster.

    Args:
        table: typed rows.
        settings: where and how the cluster works.
    """

    def __init__(self, table: TypedInput, settings: ClusterSettings) -> None:
        self.source, self.columns, self.n_rows = table.source, table.columns, table.n_rows
        self.report = table.report
        self.rows = table.frame
        self._settings = settings
        self._numbers = numbers()

    @property
    def schema(self) -> Schema:
        return self.rows.schema

    def collect(
        self, rows: SparkFrame, function: ChunkFunction, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        return _chunks(rows, function, columns).collect()

    def count(
        self, rows: SparkFrame, function: ChunkFunction, columns: Sequence[str] | None = None, *, least: int = 1,
        limit: int | None = None,
    ) -> pl.DataFrame:  # fmt: skip
        counts = _chunks(rows, function, columns)
        *keys, last = counts.df.columns
        added = counts.df.groupBy(*keys).agg(fn.sum(last).alias(last)).filter(fn.col(last) >= least)
        return SparkFrame(added if limit is None else added.limit(limit), counts.schema).collect()

    def map_groups(self, rows: SparkFrame, function: GroupFunction) -> SparkOutput:
        there = _chunks(rows, partial(_assign, function), None)
        together = there.repartition(PARTITION, self._partitions(len(function.keys)))
        found = together.map(partial(_run_group, function), _PACKED, whole=True)
        packing = Packing(function.names, function.dtype, len(function.keys) > 1)
        return SparkOutput(self.checkpoint(found), packing)

    def map_rows(
        self, rows: SparkFrame, joined: Sequence[SparkOutput], function: RowFunction, schema: Schema, *,
        extend: bool = False, columns: Sequence[str] | None = None, share: Callable[[float], None] | None = None,
    ) -> SparkFrame:  # fmt: skip
        """Bring rows and the outputs for the same rows together by a shuffle."""
        if isinstance(function, ScoreRows):
            function = ShippedScoring.of(function, self._settings.require_signature)
        schema = {**rows.schema, **schema} if extend else schema
        run = _RunRows(function, dict(rows.schema), tuple(output.packing for output in joined), extend)
        if not joined:
            return rows.map(run, schema)
        outputs = (output.frame.with_literal(_OUTPUT, place) for place, output in enumerate(joined))
        both = stacked([rows.with_literal(_OUTPUT, None), *outputs])
        return both.repartition(ROW, self._partitions(1)).map(run, schema, whole=True)

    def read(self, output: SparkOutput, buckets: Sequence[int]) -> pl.DataFrame:
        frame = output.frame
        chosen = SparkFrame(frame.df.filter(frame.at(BUCKET).isin(list(buckets))), frame.schema)
        return output.packing.unpack(chosen.collect())

    def checkpoint(self, rows: SparkFrame) -> SparkFrame:
        return rows.written(f"{self._settings.work}/{next(self._numbers):02}")

    def release(self, *outputs: SparkOutput) -> None:
        """Do nothing: all files of a run are removed together."""

    def _partitions(self, copies: int) -> int:
        return max(1, round(self.n_rows * copies / self._settings.partition_rows))


def _chunks(rows: SparkFrame, function: ChunkFunction, columns: Sequence[str] | None) -> SparkFrame:
    """Return what a function returns for chunks of rows; called with no rows, it shows its columns."""
    rows = rows if columns is None else rows.select(*columns)
    return rows.map(partial(_run_chunk, function), function(pl.DataFrame(schema=dict(rows.schema))).schema)


def _run_chunk(function: ChunkFunction, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    yield function(rows)


def _assign(function: GroupFunction, rows: pl.DataFrame) -> pl.DataFrame:
    return function.assign(rows.lazy(), HASH_RANGE, function.extra).collect()


def _run_group(function: GroupFunction, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    found = function(rows.drop(PARTITION))
    values = np.empty((found.height, len(function.names)), dtype=function.dtype)
    for place, name in enumerate(function.names):
        values[:, place] = found[name].to_numpy()
    yield found.select(ROW, BUCKET).with_columns(packed(values).alias(_VALUES))


@dataclass(frozen=True)
class _RunRows:
    function: RowFunction
    schema: Schema
    outputs: tuple[Packing, ...]
    extend: bool

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        output = pl.col(_OUTPUT)
        joined = [packing.unpack(rows.filter(output == place)) for place, packing in enumerate(self.outputs)]
        if joined:
            rows = rows.filter(output.is_null()).select(list(self.schema)).sort(ROW)
            rows = unpack_arrays(rows, self.schema)
        found = self.function(rows, joined)
        yield rows.with_columns(found) if self.extend else found
