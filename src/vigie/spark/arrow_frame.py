"""Polars frames in the tasks of a cluster, sent through Spark as Arrow with names and types restored.

Spark has fewer types than polars and does not distinguish `Amount` from `amount`. So columns are named by their place, and
the polars schema is kept beside the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from pyspark.sql import Column, DataFrame, types
from pyspark.sql import functions as fn

from vigie import __version__
from vigie.errors import UsageRefused
from vigie.spark import errors

Schema = Mapping[str, pl.DataType]
Function = Callable[[pl.DataFrame], Iterable[pl.DataFrame]]

CHUNK_ROWS = 200_000
"""Rows that a task takes at a time where it does not need all of them."""

_SLICE = 20_000
_TYPES: dict[type[pl.DataType], tuple[types.DataType, pa.DataType]] = {
    pl.Boolean: (types.BooleanType(), pa.bool_()),
    pl.Int8: (types.ByteType(), pa.int8()),
    pl.UInt16: (types.IntegerType(), pa.int32()),
    pl.UInt32: (types.LongType(), pa.int64()),
    pl.UInt64: (types.LongType(), pa.int64()),
    pl.Int64: (types.LongType(), pa.int64()),
    pl.Float32: (types.FloatType(), pa.float32()),
    pl.Float64: (types.DoubleType(), pa.float64()),
    pl.String: (types.StringType(), pa.string()),
    pl.Binary: (types.BinaryType(), pa.binary()),
    pl.Array: (types.BinaryType(), pa.binary()),
    pl.Datetime: (types.TimestampNTZType(), pa.timestamp("us")),
}


@dataclass(frozen=True)
class SparkFrame:
    """Rows on a cluster, with the names and types that polars has for them.

    Attributes:
        df: the rows; columns are called `_0`, `_1` and so on.
        schema: names and types of the columns in polars.
    """

    df: DataFrame
    schema: Schema

    def at(self, name: str) -> Column:
        """Return a column by its polars name."""
        return fn.col(f"_{list(self.schema).index(name)}")

    def select(self, *names: str) -> SparkFrame:
        """Return some of the columns."""
        chosen = self.df.select(*(self.at(name) for name in names))
        return SparkFrame(_numbered(chosen), {name: self.schema[name] for name in names})

    def with_literal(self, name: str, value: int | None) -> SparkFrame:
        """Return the rows with one small number more, the same in each row."""
        column = fn.lit(value).cast("byte")
        return SparkFrame(
            self.df.withColumn(f"_{len(self.schema)}", column), {**self.schema, name: pl.Int8()}
        )

    def map(self, function: Function, schema: Schema, *, whole: bool = False) -> SparkFrame:
        """Return what a function returns for chunks of rows, in the tasks.

        Args:
            function: called in the tasks.
            schema: columns it returns.
            whole: call it once for all rows of a partition; arrays are then bytes, see `unpack_arrays`.
        """
        run = _Task(function, dict(self.schema), arrow(schema), whole, _versions())
        return SparkFrame(self.df.mapInArrow(run, struct(schema)), dict(schema))

    def repartition(self, by: str, partitions: int) -> SparkFrame:
        """Return the rows with all that share a value of one column in one partition."""
        return SparkFrame(self.df.repartition(partitions, self.at(by)), self.schema)

    def collect(self) -> pl.DataFrame:
        """Return all rows, on the driver."""
        return unpack_arrays(as_polars(self.df.toArrow(), self.schema), self.schema)

    def written(self, path: str) -> SparkFrame:
        """Write the rows and return the written ones: computed once, even if machines are lost later."""
        self.df.write.mode("overwrite").parquet(path)
        return SparkFrame(self.df.sparkSession.read.schema(struct(self.schema)).parquet(path), self.schema)


@dataclass(frozen=True)
class _Task:
    function: Function
    schema: Schema
    target: pa.Schema
    whole: bool
    versions: tuple[str, str]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with errors.from_task():
            _same(self.versions)
            for rows in _some(batches, None if self.whole else CHUNK_ROWS):
                frame = as_polars(rows, self.schema)
                for made in self.function(frame if self.whole else unpack_arrays(frame, self.schema)):
                    for part in made.iter_slices(_SLICE):
                        yield from as_arrow(part, self.target)


def _versions() -> tuple[str, str]:
    return __version__, pl.__version__


def _same(versions: tuple[str, str]) -> None:
    """Raise UsageRefused for other versions than the driver's: their hashes, and so their samples, may differ."""
    here = _versions()
    if here != versions:
        raise UsageRefused(
            f"a machine of the cluster: found Vigie {here[0]} with polars {here[1]}, expected {versions[0]} with {versions[1]}",
            hint="install the same versions on all machines and on the driver",
        )


def _some(batches: Iterator[pa.RecordBatch], rows: int | None) -> Iterator[pa.Table]:
    pending: list[pa.RecordBatch] = []
    height = 0
    for batch in batches:
        pending.append(batch)
        height += batch.num_rows
        if rows is not None and height >= rows:
            yield pa.Table.from_batches(pending)
            pending, height = [], 0
    if height:
        yield pa.Table.from_batches(pending)


def as_polars(rows: pa.Table, schema: Schema) -> pl.DataFrame:
    """Return rows under their polars names and types; arrays are bytes, see `unpack_arrays`."""
    frame = pl.DataFrame(pl.from_arrow(rows))
    frame.columns = list(schema)
    unsigned = [
        pl.col(name).reinterpret(signed=False) for name, dtype in schema.items() if dtype == pl.UInt64
    ]
    types_ = {name: pl.Binary() if isinstance(dtype, pl.Array) else dtype for name, dtype in schema.items()}
    return frame.with_columns(unsigned).cast(pl.Schema(types_)).rechunk()


def unpack_arrays(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Return rows with their arrays in place of the bytes."""
    arrays = ((name, dtype) for name, dtype in schema.items() if isinstance(dtype, pl.Array))
    return frame.with_columns(
        pl.Series(
            name, unpacked(frame[name], np.float32 if dtype.inner == pl.Float32 else np.float64, dtype.size)
        )
        for name, dtype in arrays
    )


def as_arrow(frame: pl.DataFrame, target: pa.Schema) -> list[pa.RecordBatch]:
    """Return rows as Spark takes them; it has no unsigned numbers and no arrays, so the bytes travel as they are."""
    arrays = (series for series in frame if isinstance(series.dtype, pl.Array))
    frame = frame.with_columns(
        pl.col(pl.UInt64).reinterpret(signed=True),
        *(packed(series.to_numpy()).alias(series.name) for series in arrays),
    )
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    batches: list[pa.RecordBatch] = table.rename_columns(target.names).cast(target).to_batches()
    return batches


def struct(schema: Schema) -> types.StructType:
    """Return the schema in types of Spark."""
    return types.StructType(
        [types.StructField(f"_{n}", _TYPES[type(t)][0]) for n, t in enumerate(_instances(schema))]
    )


def arrow(schema: Schema) -> pa.Schema:
    """Return the schema in types of Arrow."""
    return pa.schema([(f"_{n}", _TYPES[type(t)][1]) for n, t in enumerate(_instances(schema))])


def _instances(schema: Schema) -> list[pl.DataType]:
    return [dtype() if isinstance(dtype, type) else dtype for dtype in schema.values()]


def _numbered(df: DataFrame) -> DataFrame:
    return df.toDF(*(f"_{number}" for number in range(len(df.columns))))


def stacked(frames: Iterable[SparkFrame]) -> SparkFrame:
    """Return rows of several tables; a column that one of them lacks is empty there."""
    parts = list(frames)
    schema: dict[str, Any] = {}
    for part in parts:
        schema |= part.schema
    kinds = struct(schema)
    selected = [
        part.df.select(
            *(
                (part.at(name) if name in part.schema else fn.lit(None).cast(field.dataType)).alias(
                    field.name
                )
                for name, field in zip(schema, kinds, strict=True)
            )
        )
        for part in parts
    ]
    whole = selected[0]
    for more in selected[1:]:
        whole = whole.unionByName(more)
    return SparkFrame(whole, schema)


def packed(numbers: npt.NDArray[np.floating[Any]]) -> pl.Series:
    """Return (rows,) each row of a matrix as bytes, so that Spark transports one cell."""
    rows, width = numbers.shape
    each = width * numbers.dtype.itemsize
    offsets = np.arange(rows + 1, dtype=np.int64) * each
    cells = np.ascontiguousarray(numbers)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(cells)]
    return pl.Series(pl.from_arrow(pa.Array.from_buffers(pa.large_binary(), rows, buffers)))


def unpacked(cells: pl.Series, dtype: type[np.floating[Any]], width: int) -> npt.NDArray[Any]:
    """Return the (rows, width) matrix that `packed` made bytes of."""
    chunk = cells.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    if not len(chunk) or not width:
        return np.empty((len(chunk), width), dtype=dtype)
    _, offsets, data = chunk.buffers()
    start = int(np.frombuffer(offsets, dtype=np.int64)[chunk.offset])
    size = len(chunk) * width
    return np.frombuffer(data, dtype=np.uint8)[start : start + size * np.dtype(dtype).itemsize].view(dtype).reshape(-1, width)  # fmt: skip
