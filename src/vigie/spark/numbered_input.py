"""Input of a job: rows written once with a number each, then parsed.

The numbers must not change when a lost machine's work is repeated. So they are assigned once, when the rows are written:
the number of the partition and the place in it. Row numbers without gaps follow from these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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
from vigie.table.parsing.column_parsers import (
    ColumnParser,
    ParserChoice,
    candidate_parsers,
    merge_reports,
)
from vigie.table.parsing.columns import check_flat, simplify_type
from vigie.table.report import NOTHING_TO_REPORT, CellCount, ColumnReport, ReadReport

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
        report: how the table was read.
    """

    frame: SparkFrame
    source: str
    columns: tuple[str, ...]
    n_rows: int
    report: ReadReport = NOTHING_TO_REPORT


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
    candidates, mark = candidate_parsers(
        probed.collect().sort(ROW).drop(ROW), comma_by_default=comma_by_default
    )
    for name, dtype in numbered.schema.items():
        if name not in candidates:
            cells = pl.Series(name, [], dtype=dtype)
            candidates[name] = [ColumnParser("typed", simplify_type(cells).dtype, cells)]
    choice = ParserChoice({name: candidates[name] for name in numbered.schema})
    reports = _settled(numbered, choice, words)
    parsers = choice.parsers
    schema = {name: parser.dtype for name, parser in parsers.items()} | {ROW: pl.Int64(), BUCKET: pl.UInt16()}
    kept = numbered.frame().map(_Read(parsers, numbered.starts), schema).written(path)
    report = ReadReport(columns=choice.reports(reports))
    return TypedInput(kept, numbered.source, tuple(numbered.schema), numbered.n_rows, report), mark


def _settled(
    numbered: NumberedInput, choice: ParserChoice, words: tuple[str, ...]
) -> dict[str, ColumnReport]:
    """Ask all rows until every parser is accepted; the reports of the columns."""
    reports: dict[str, ColumnReport] = {}
    doubtful = [name for name in words if choice.parsers[name].kind != "text"]
    while doubtful:
        check = _Check({name: choice.parsers[name] for name in doubtful}, numbered.starts)
        found = numbered.frame().map(check, _CHECKED).collect().sort("row", "column")
        rejected = set(found.filter("rejected")["column"].to_list())
        for name in rejected:
            choice.reject(name)
        merged = merge_reports(
            (int(one["row"]), _report_of(one))
            for one in found.iter_rows(named=True)
            if one["column"] not in rejected
        )
        rejected |= choice.reject_unreadable(merged)
        reports = {name: report for name, report in (reports | merged).items() if name not in rejected}
        doubtful = [name for name in doubtful if name in rejected and choice.parsers[name].kind != "text"]
    return reports


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


_CHECKED = {
    "column": pl.String(), "rejected": pl.Boolean(), "row": pl.Int64(), "read_as": pl.String(),
    "filled": pl.Int64(), "unreadable": pl.Int64(), "placeholders": pl.Int64(), "first_rows": pl.String(),
}  # fmt: skip
"""What a task says of a column of its rows; `row` is the number of the first of them."""


@dataclass(frozen=True)
class _Check:
    parsers: Mapping[str, ColumnParser]
    starts: Mapping[int, int]

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        numbers = _numbers(rows, self.starts)
        first = int(numbers[0]) if len(numbers) else 0
        found = []
        for name, parser in self.parsers.items():
            parsed = parser.parse(rows[name])
            if parsed is None:
                found.append((name, True, first, "", 0, 0, 0, ""))
            elif parsed.report is not None:
                one = parsed.report
                places = " ".join(str(int(numbers[row - 1]) - first + 1) for row in one.unreadable.first_rows)
                found.append(
                    (
                        name,
                        False,
                        first,
                        one.read_as,
                        one.filled,
                        one.unreadable.count,
                        one.placeholders,
                        places,
                    )
                )
        yield pl.DataFrame(found, schema=_CHECKED, orient="row")


def _report_of(one: Mapping[str, Any]) -> ColumnReport:
    places = tuple(int(place) for place in one["first_rows"].split())
    count = CellCount(one["unreadable"], places)
    return ColumnReport(
        one["column"], one["read_as"], one["read_as"], one["filled"], count, one["placeholders"]
    )


@dataclass(frozen=True)
class _Read:
    parsers: Mapping[str, ColumnParser]
    starts: Mapping[int, int]

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        columns = []
        for name, parser in self.parsers.items():
            parsed = parser.parse(rows[name])
            if parsed is None:
                raise RuntimeError("a column has other values than before: the input changes")
            columns.append(parsed.values.alias(name))
        frame = pl.DataFrame(columns)
        yield frame.with_columns(_numbers(rows, self.starts), pl.Series(BUCKET, row_buckets(frame)))
