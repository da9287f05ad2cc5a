"""The rows as they were given: written down once with a number each, then read as what their cells say.

The numbers must not change when a machine is lost and its work is done again, so they are given out once, by whoever
writes the rows down: number of the partition and place in it. From these follow places without gaps.
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
        df: as it was given, its columns called `_0` and so on, and at last the number of its partition and its place.
        schema: of what was given, as polars has it; text for a CSV.
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
        """The rows, at last `ID`; columns of many types that polars knows."""
        return SparkFrame(self.df, {**self.schema, ID: pl.Int64()})

    def collect(self) -> pl.DataFrame:
        """All rows in order, for a table that is short."""
        rows = as_polars(self.df.toArrow(), self.frame().schema)
        return rows.sort(ID).drop(ID)

    def with_numbers(self) -> DataFrame:
        """As it was given, with `_row`."""
        session = self.df.sparkSession
        known = [(part, start) for part, start in self.starts.items()]
        starts = session.createDataFrame(known, "_part long, _start long")
        ident = fn.col(self.df.columns[-1])
        rows = self.df.withColumn("_part", fn.shiftrightunsigned(ident, _PLACES))
        rows = rows.join(fn.broadcast(starts), "_part")
        place = ident.bitwiseAND(fn.lit((1 << _PLACES) - 1))
        return rows.withColumn("_row", fn.col("_start") + place).drop("_part", "_start", self.df.columns[-1])


def number_rows(df: DataFrame, path: str, source: str) -> NumberedInput:
    """Writes rows down with their numbers.

    Args:
        df: as the user has it.
        path: of a folder that all machines reach.
        source: what the user calls it.
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


def parse_input(given: NumberedInput, path: str, *, comma_by_default: bool) -> tuple[TypedInput, str]:
    """Reads what the cells say, held to on all rows as `long.spill.of_stream` does; also the table's decimal mark.

    Args:
        given: the rows.
        path: of a folder that all machines reach.
        comma_by_default: take the comma where no column tells.
    """
    words = tuple(name for name, dtype in given.schema.items() if dtype == pl.String)
    step = max(1, given.n_rows // PROBED_ROWS)
    looked = given.frame().map(
        _Probe(given.starts, words, step), {ROW: pl.Int64(), **dict.fromkeys(words, pl.String())}
    )
    ways, mark = candidate_parsers(looked.collect().sort(ROW).drop(ROW), comma_by_default=comma_by_default)
    for name, dtype in given.schema.items():
        if name not in ways:
            cells = pl.Series(name, [], dtype=dtype)
            ways[name] = [ColumnParser("given", simplify_type(cells).dtype, cells)]
    ways = {name: ways[name] for name in given.schema}
    doubtful = [name for name in words if ways[name][0].kind != "text"]
    while doubtful:
        check = _FindMisfits({name: ways[name][0] for name in doubtful})
        found = given.frame().map(check, {"column": pl.String()})
        objects = {row[0] for row in found.df.distinct().collect()}
        for name in objects:
            ways[name].pop(0)
        doubtful = [name for name in doubtful if name in objects and ways[name][0].kind != "text"]
    schema = {name: readings[0].dtype for name, readings in ways.items()} | {
        ROW: pl.Int64(),
        BUCKET: pl.UInt16(),
    }
    read = _Read({name: readings[0] for name, readings in ways.items()}, given.starts)
    kept = given.frame().map(read, schema).written(path)
    return TypedInput(kept, given.source, tuple(given.schema), given.n_rows), mark


def _numbers(rows: pl.DataFrame, starts: Mapping[int, int]) -> pl.Series:
    """(rows,) places in the table."""
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
                raise RuntimeError(
                    "a column says something else than when it was looked at: the input changes"
                )
            columns.append(values.alias(name))
        frame = pl.DataFrame(columns)
        yield frame.with_columns(_numbers(rows, self.starts), pl.Series(BUCKET, row_buckets(frame)))
