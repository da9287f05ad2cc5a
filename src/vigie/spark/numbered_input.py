"""The rows as they were given: written down once with a number each, then read as what their cells say.

The numbers must not change when a machine is lost and its work is done again, so they are given out once, by whoever
writes the rows down: number of the partition and place in it. From these follow places without gaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from pyspark.sql import DataFrame, types
from pyspark.sql import functions as fn

from vigie.engine.backend import LOT, ROW
from vigie.engine.profiling import MAX_CATEGORIES
from vigie.engine.spill import LOOKED_AT, lots
from vigie.errors import InputRefused
from vigie.spark.arrow_frame import Frames, Schema, as_polars
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
class Given:
    """A table on a cluster, each row with its number.

    Attributes:
        df: as it was given, its columns called `_0` and so on, and at last the number of its partition and its place.
        schema: of what was given, as polars has it; text for a CSV.
        starts: partition -> the number of its first row.
        rows: how many.
        source: what the user calls it.
    """

    df: DataFrame
    schema: Schema
    starts: Mapping[int, int]
    rows: int
    source: str

    def frames(self) -> Frames:
        """The rows, at last `ID`; columns of many types that polars knows."""
        return Frames(self.df, {**self.schema, ID: pl.Int64()})

    def here(self) -> pl.DataFrame:
        """All rows in order, for a table that is short."""
        rows = as_polars(self.df.toArrow(), self.frames().schema)
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


def written(df: DataFrame, path: str, source: str) -> Given:
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
    return Given(kept, schema, starts, rows, source)


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
class Typed:
    """What the cells say; see `vigie.engine.backend.Rows`.

    Attributes:
        frames: typed, with `ROW` and `LOT`, written down.
        source: what the user calls the table.
        columns: of the table, in its order.
        rows: how many.
        report: how the table was read.
    """

    frames: Frames
    source: str
    columns: tuple[str, ...]
    rows: int
    report: ReadReport = NOTHING_TO_REPORT

    def sizes(self, lot: pl.Expr) -> dict[int, int]:
        """Lot -> rows."""
        asked = self.frames.select(*lot.meta.root_names())
        found = asked.map(_Count(lot), {"lot": pl.UInt16(), "rows": pl.Int64()})
        total = found.df.groupBy(found.at("lot")).agg(fn.sum(found.at("rows")))
        return {int(row[0]): int(row[1]) for row in total.collect()}

    def of_lots(self, lot: pl.Expr, lots: Iterable[int]) -> pl.DataFrame:
        """The rows of some lots, in the order of the table."""
        return self.frames.map(_OfLots(lot, tuple(lots)), self.frames.schema).collect().sort(ROW)

    def values(self, column: str) -> pl.DataFrame:
        """(values, 2) the values of a column and `len`; of a column with too many to matter, only so many."""
        found = self.frames.df.groupBy(self.frames.at(column)).count().limit(MAX_CATEGORIES + 1)
        schema = {column: self.frames.schema[column], "len": pl.Int64()}
        return Frames(found.toDF("_0", "_1"), schema).collect()


@dataclass(frozen=True)
class _Count:
    lot: pl.Expr

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        yield rows.group_by(self.lot.alias("lot")).agg(pl.len().cast(pl.Int64).alias("rows"))


@dataclass(frozen=True)
class _OfLots:
    lot: pl.Expr
    lots: tuple[int, ...]

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        yield rows.filter(self.lot.is_in(self.lots))


def typed(given: Given, path: str, *, comma_by_default: bool) -> tuple[Typed, str]:
    """Reads what the cells say, held to on all rows as `long.spill.of_stream` does; also the table's decimal mark.

    Args:
        given: the rows.
        path: of a folder that all machines reach.
        comma_by_default: take the comma where no column tells.
    """
    words = tuple(name for name, dtype in given.schema.items() if dtype == pl.String)
    step = max(1, given.rows // LOOKED_AT)
    looked = given.frames().map(
        _Looked(given.starts, words, step), {ROW: pl.Int64(), **dict.fromkeys(words, pl.String())}
    )
    ways, mark = candidate_parsers(looked.collect().sort(ROW).drop(ROW), comma_by_default=comma_by_default)
    for name, dtype in given.schema.items():
        if name not in ways:
            cells = pl.Series(name, [], dtype=dtype)
            ways[name] = [ColumnParser("given", simplify_type(cells).dtype, cells)]
    choice = ParserChoice({name: ways[name] for name in given.schema})
    reports = _settled(given, choice, words)
    parsers = choice.parsers
    schema = {name: parser.dtype for name, parser in parsers.items()} | {ROW: pl.Int64(), LOT: pl.UInt16()}
    kept = given.frames().map(_Read(parsers, given.starts), schema).written(path)
    report = ReadReport(columns=choice.reports(reports))
    return Typed(kept, given.source, tuple(given.schema), given.rows, report), mark


def _settled(given: Given, choice: ParserChoice, words: tuple[str, ...]) -> dict[str, ColumnReport]:
    """Ask all rows until every parser is accepted; the reports of the columns."""
    reports: dict[str, ColumnReport] = {}
    doubtful = [name for name in words if choice.parsers[name].kind != "text"]
    while doubtful:
        check = _Check({name: choice.parsers[name] for name in doubtful}, given.starts)
        found = given.frames().map(check, _CHECKED).collect().sort("row", "column")
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
    """(rows,) places in the table."""
    parts = rows[ID].to_numpy() >> _PLACES
    first = np.zeros(len(parts), dtype=np.int64)
    for part in np.unique(parts):
        first[parts == part] = starts[int(part)]
    return pl.Series(ROW, first + (rows[ID].to_numpy() & ((1 << _PLACES) - 1)))


@dataclass(frozen=True)
class _Looked:
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
                raise RuntimeError(
                    "a column says something else than when it was looked at: the input changes"
                )
            columns.append(parsed.values.alias(name))
        frame = pl.DataFrame(columns)
        yield frame.with_columns(_numbers(rows, self.starts), pl.Series(LOT, lots(frame)))
