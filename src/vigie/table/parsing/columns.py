"""What the cells of a table are: numbers, moments, yes or no, or text.

Never changes a value to make it fit. A few cells of real text in a column of numbers or moments are null there and
counted (see `tolerance`); more of them keep the column text. What the columns mean is not decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from vigie.errors import InputRefused
from vigie.i18n.messages import msg
from vigie.parallel import ROWS_PER_THREAD, in_threads
from vigie.table.parsing.dates import DATETIME, parse_dates, parse_times_of_day, parse_whole_dates
from vigie.table.parsing.nulls_and_booleans import parse_booleans
from vigie.table.parsing.numbers import parse_numbers
from vigie.table.parsing.spelling import Spelling, spelling_of
from vigie.table.parsing.tolerance import describe_cells, is_reported, is_tolerated, parse_most
from vigie.table.report import ColumnReport, ReadReport
from vigie.table.table import Table

_SAMPLE = 2000


@dataclass(frozen=True)
class _Column:
    """A parsed column, and whether the rest of the table could change one's mind about it."""

    values: pl.Series
    mark: str = ""
    ambiguous_mark: bool = False
    month_first: bool | None = None
    report: ColumnReport | None = None


@dataclass(frozen=True)
class ParsedTable:
    """The columns of a table, parsed.

    Attributes:
        typed: the same columns in the same order; empty and unreadable cells are null.
        mark: the decimal mark of the table, "." or ",".
        columns: how columns were read that have cells without a value.
    """

    typed: pl.DataFrame
    mark: str
    columns: tuple[ColumnReport, ...]


def from_frame(frame: pl.DataFrame, source: str = "table") -> Table:
    """Make a table of what is already in memory."""
    parsed = parse_table(frame, comma_by_default=False)
    return Table(source, frame, parsed.typed, report=ReadReport(columns=parsed.columns))


def parse(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the columns in the same order with parsed cells; empty cells are null.

    Numbers become Int64 or Float64 (what is not finite is null), dates Datetime in microseconds, naive and in
    UTC, times of day Int64 seconds, yes and no Boolean; all else is String.
    """
    return parse_table(frame, comma_by_default=False).typed


def parse_table(frame: pl.DataFrame, *, comma_by_default: bool, mark: str | None = None) -> ParsedTable:
    """Parse all columns; those that leave the decimal mark or the order of a date open follow the others.

    Args:
        frame: as uploaded.
        comma_by_default: take the comma where no column tells.
        mark: the decimal mark of the table, where the user names it.
    """
    looked: dict[str, _Column] = {}

    def look(name: str) -> None:
        looked[name] = _column(frame.get_column(name))

    in_threads(look, frame.columns, enough=frame.height >= ROWS_PER_THREAD)
    columns = {name: looked[name] for name in frame.columns}
    sure = Counter(c.mark for c in columns.values() if c.mark and not c.ambiguous_mark)
    comma = sure[","] > sure["."] or (comma_by_default and sure[","] == sure["."])
    if mark is not None:
        comma = mark == ","
    month_first = any(column.month_first is True for column in columns.values())
    for name, column in columns.items():
        cells = frame.get_column(name)
        if column.ambiguous_mark:
            columns[name] = _text_column(cells.fill_null(""), comma=comma)
        elif column.month_first is False and month_first:
            columns[name] = _text_column(cells.fill_null(""), month_first=True)
    typed = pl.DataFrame([column.values.alias(name) for name, column in columns.items()])
    reports = tuple(column.report for column in columns.values() if column.report)
    return ParsedTable(typed, "," if comma else ".", reports)


def _column(series: pl.Series) -> _Column:
    if series.dtype == pl.String:
        return _text_column(series.fill_null("") if series.null_count() else series)
    return _Column(simplify_type(series))


def simplify_type(series: pl.Series) -> pl.Series:
    """Return a column of fewer types with the same values: Int64, Float64, Boolean, Datetime or String."""
    dtype = series.dtype
    if dtype == pl.Boolean:
        return series
    if dtype in (pl.UInt64, pl.Int128, pl.UInt128):
        whole = series.cast(pl.Int64, strict=False)
        return whole if whole.null_count() == series.null_count() else series.cast(pl.Float64)
    if dtype.is_integer():
        dates = parse_whole_dates(series)
        return series.cast(pl.Int64) if dates is None else dates
    if dtype.is_numeric():
        numbers = series.cast(pl.Float64)
        return numbers.to_frame().select(pl.when(pl.first().is_finite()).then(pl.first())).to_series()
    if dtype == pl.Date:
        return series.cast(DATETIME)
    if isinstance(dtype, pl.Datetime):
        utc = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if dtype.time_zone else series
        return utc.cast(DATETIME)
    if dtype == pl.Time:
        return series.cast(pl.Int64) // 1_000_000_000
    if isinstance(dtype, pl.Duration):
        return series.dt.total_microseconds() / 1e6
    check_flat({series.name: dtype}, "table")
    return blanks_to_null(series.cast(pl.String).fill_null(""))


def check_flat(columns: Mapping[str, pl.DataType], source: str) -> None:
    """Refuse columns of lists, structures and bytes.

    Raises:
        InputRefused: a column has such a type.
    """
    for name, dtype in columns.items():
        if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
            raise InputRefused(
                msg(
                    "{source}, column {name!r}: found {dtype}, expected numbers, text, dates or booleans",
                    source=source,
                    name=name,
                    dtype=dtype,
                ),
                hint="flatten or remove the column",
            )


def _text_column(cells: pl.Series, *, comma: bool | None = None, month_first: bool = False) -> _Column:
    """Parse a text column; a sample of its cells excludes most parsers."""
    sample = _sample(cells)
    if not len(sample):
        return _Column(blanks_to_null(cells))
    if parse_booleans(sample, is_sample=True) is not None and (flags := parse_booleans(cells)) is not None:
        return _Column(flags)
    trimmed = cells
    if (sample != (narrow := sample.str.strip_chars())).any():
        trimmed, sample = cells.str.strip_chars(), narrow
    if (spelling := spelling_of(sample)) != Spelling():
        trimmed, sample = spelling.plain(cells.str.strip_chars()), spelling.plain(sample)
    if (dates := parse_dates(trimmed, sample, month_first=month_first)) is not None:
        report = describe_cells(trimmed, dates.values, read_as="time", expected="time")
        return _Column(dates.values, month_first=dates.month_first, report=report)
    if (numbers := parse_numbers(trimmed, sample, comma)) is not None:
        report = describe_cells(trimmed, numbers.values, read_as="number", expected="number")
        return _Column(numbers.values, numbers.mark, numbers.ambiguous, report=report)
    if parse_times_of_day(sample) is not None and (clock := parse_times_of_day(trimmed)) is not None:
        return _Column(clock, report=describe_cells(trimmed, clock, read_as="time", expected="time"))
    return _most_column(cells, trimmed, sample, comma=comma, month_first=month_first)


def _most_column(
    cells: pl.Series, trimmed: pl.Series, sample: pl.Series, *, comma: bool | None, month_first: bool
) -> _Column:
    """Leave out the cells that are no values, where few are; else the column is text."""
    found = parse_most(trimmed, sample, comma=comma, month_first=month_first)
    if found is None:
        return _Column(blanks_to_null(cells))
    report = describe_cells(trimmed, found.values, read_as=found.expected, expected=found.expected)
    if report is None or is_tolerated(report, found.values.dtype):
        return _Column(found.values, found.mark, found.ambiguous_mark, found.month_first, report)
    kept = replace(report, read_as="text") if is_reported(report) else None
    return _Column(blanks_to_null(cells), report=kept)


def _sample(cells: pl.Series) -> pl.Series:
    step = max(1, len(cells) // _SAMPLE)
    some = cells.gather_every(step)
    some = some.filter(some.str.strip_chars() != "")
    if len(some) < _SAMPLE // 20 and step > 1:
        filled = cells.filter(cells.str.strip_chars() != "")
        some = filled.gather_every(max(1, len(filled) // _SAMPLE))
    return some


def blanks_to_null(cells: pl.Series) -> pl.Series:
    """Cells of nothing but space are empty; all others stay as they are."""
    blank = cells.str.strip_chars() == ""
    if not blank.any():
        return cells
    return cells.to_frame().select(pl.when(~pl.lit(blank)).then(pl.first())).to_series()
