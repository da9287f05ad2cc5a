"""Input of a job: rows written once with a number each, then parsed.

The numbers must not change when a lost machine's work is repeated. So they are assigned once, when the rows are written:
the number of the partition and the place in it. Row numbers without gaps follow from these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from pyspark.sql import DataFrame, types
from pyspark.sql import functions as fn

from vigie.engine.backend import BUCKET, ROW
from vigie.engine.backends.spill import PROBED_ROWS
from vigie.engine.sampling import row_buckets
from vigie.errors import InputRefused
from vigie.spark.arrow_frame import Schema, SparkFrame, as_polars
from vigie.table.chunks import CHUNK_ROWS
from vigie.table.parsing.column_parsers import ColumnParser, candidate_parsers
from vigie.table.parsing.columns import check_flat, simplify_type

ID = "v:id"
_PLACES = 33


@dataclass(frozen=True)
class NumberedInput:
    """A table on a cluster, each row with its number.

    Attributes:
        df: the input, with columns `_0`, `_1` …; the last column is the number of the partition and the place in it.
        schema: polars types of the input; text for a CSV.
        starts: partition -> the number of its first row.
        n_rows: number of rows.
        source: name of the table in messages.
    """

    df: DataFrame
    schema: Schema
    starts: Mapping[int, int]
    n_rows: int
    source: str

    def frame(self) -> SparkFrame:
        """Return the rows with `ID` as the last column; the columns may have any type of polars."""
        return SparkFrame(self.df, {**self.schema, ID: pl.Int64()})

    def collect(self) -> pl.DataFrame:
        """Return all rows in order; for a short table."""
        rows = as_polars(self.df.toArrow(), self.frame().schema)
        return rows.sort(ID).drop(ID)

    def with_numbers(self) -> DataFrame:
        """Return the input with the column `_row`."""
        session = self.df.sparkSession
        known = [(part, start) for part, start in self.starts.items()]
        starts = session.createDataFrame(known, "_part long, _start long")
        ident = fn.col(self.df.columns[-1])
        rows = self.df.withColumn("_part", fn.shiftrightunsigned(ident, _PLACES))
        rows = rows.join(fn.broadcast(starts), "_part")
        place = ident.bitwiseAND(fn.lit((1 << _PLACES) - 1))
        return rows.withColumn("_row", fn.col("_start") + place).drop("_part", "_start", self.df.columns[-1])


def number_rows(df: DataFrame, path: str, source: str) -> NumberedInput:
    """Write rows with their numbers.

    Args:
        df: the user's rows.
        path: of a folder that all machines reach.
        source: name of the table in messages.
    """
    _refuse(df.schema, source)
    session = df.sparkSession
    width = len(df.columns)
    plain = df.toDF(*(f"_{number}" for number in range(width)))
    plain.withColumn(f"_{width}", fn.monotonically_increasing_id()).write.mode("overwrite").parquet(path)
    kept = session.read.parquet(path)
    part = fn.shiftrightunsigned(fn.col(f"_{width}"), _PLACES)
    sizes = sorted(tuple(row) for row in kept.groupBy(part).count().collect())
    starts, rows = {}, 0
    for number, size in sizes:
        starts[int(number)] = rows
        rows += int(size)
    if not rows:
        raise InputRefused(f"{source}: found no rows, expected a table", hint="look at what was read")
    empty = pl.DataFrame(pl.from_arrow(kept.limit(0).toArrow()))[:, :-1]
    schema = dict(zip(df.columns, empty.dtypes, strict=True))
    check_flat(schema, source)
    return NumberedInput(kept, schema, starts, rows, source)


def _refuse(schema: types.StructType, source: str) -> None:
    names: dict[str, str] = {}
    for field in schema:
        before = names.setdefault(field.name.lower(), field.name)
        if field.name.startswith("v:") or before is not field.name:
            raise InputRefused(
                f"{source}: found the columns {before!r} and {field.name!r}, expected names that differ and do not begin with 'v:'",
                hint="rename one of them: Spark knows no difference between capital and small letters",
            )


@dataclass(frozen=True)
class TypedInput:
    """Typed rows of a table on a cluster.

    Attributes:
        frame: the rows with `ROW` and `BUCKET`, written.
        source: name of the table in messages.
        columns: columns of the table, in its order.
        n_rows: number of rows.
    """

    frame: SparkFrame
    source: str
    columns: tuple[str, ...]
    n_rows: int


def parse_input(numbered: NumberedInput, path: str, *, comma_by_default: bool) -> tuple[TypedInput, str]:
    """Parse the cells and return the typed rows and the decimal mark of the table.

    A parser is chosen on a sample of the rows and then checked on all rows, as `vigie.engine.backends.spill` does.

    Args:
        numbered: the rows.
        path: of a folder that all machines reach.
        comma_by_default: take the comma for the decimal mark where no column tells.
    """
    words = tuple(name for name, dtype in numbered.schema.items() if dtype == pl.String)
    step = max(1, numbered.n_rows // PROBED_ROWS)
    probed = numbered.frame().map(
        _Probe(numbered.starts, words, step), {ROW: pl.Int64(), **dict.fromkeys(words, pl.String())}
    )
    parsers, mark = candidate_parsers(probed.collect().sort(ROW).drop(ROW), comma_by_default=comma_by_default)
    for name, dtype in numbered.schema.items():
        if name not in parsers:
            cells = pl.Series(name, [], dtype=dtype)
            parsers[name] = [ColumnParser("typed", simplify_type(cells).dtype, cells)]
    parsers = {name: parsers[name] for name in numbered.schema}
    unchecked = [name for name in words if parsers[name][0].kind != "text"]
    while unchecked:
        check = _FindMisfits({name: parsers[name][0] for name in unchecked})
        found = numbered.frame().map(check, {"column": pl.String()})
        objects = {row[0] for row in found.df.distinct().collect()}
        for name in objects:
            parsers[name].pop(0)
        unchecked = [name for name in unchecked if name in objects and parsers[name][0].kind != "text"]
    schema = {name: readings[0].dtype for name, readings in parsers.items()} | {
        ROW: pl.Int64(),
        BUCKET: pl.UInt16(),
    }
    read = _Read({name: readings[0] for name, readings in parsers.items()}, numbered.starts)
    kept = numbered.frame().map(read, schema).written(path)
    return TypedInput(kept, numbered.source, tuple(numbered.schema), numbered.n_rows), mark


def _numbers(rows: pl.DataFrame, starts: Mapping[int, int]) -> pl.Series:
    """Return (rows,) places in the table."""
    parts = rows[ID].to_numpy() >> _PLACES
    first = np.zeros(len(parts), dtype=np.int64)
    for part in np.unique(parts):
        first[parts == part] = starts[int(part)]
    return pl.Series(ROW, first + (rows[ID].to_numpy() & ((1 << _PLACES) - 1)))


@dataclass(frozen=True)
class _Probe:
    starts: Mapping[int, int]
    words: tuple[str, ...]
    step: int

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        numbers = _numbers(rows, self.starts)
        chosen = rows.select(numbers, *self.words)
        yield chosen.filter(pl.col(ROW) % CHUNK_ROWS % self.step == 0)


@dataclass(frozen=True)
class _FindMisfits:
    readings: Mapping[str, ColumnParser]

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        found = [name for name, reading in self.readings.items() if reading.read(rows[name]) is None]
        yield pl.DataFrame({"column": found}, schema={"column": pl.String})


@dataclass(frozen=True)
class _Read:
    readings: Mapping[str, ColumnParser]
    starts: Mapping[int, int]

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        columns = []
        for name, reading in self.readings.items():
            values = reading.read(rows[name])
            if values is None:
                raise RuntimeError("a column has other values than before: the input changes")
            columns.append(values.alias(name))
        frame = pl.DataFrame(columns)
        yield frame.with_columns(_numbers(rows, self.starts), pl.Series(BUCKET, row_buckets(frame)))
