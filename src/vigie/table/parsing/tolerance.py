"""Columns nearly all of whose cells are numbers or moments: the few others are null and counted.

A strict reading comes first; only a column that has none is read here. How many cells may be unreadable depends on what
the name promises: where it promises money or a moment, one in ten; where it promises nothing, one in twenty, or one in a
hundred whole numbers, which may as well be codes; where it promises a code, none.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from vigie.table.parsing.column_names import names_identifier, names_money, names_time
from vigie.table.parsing.dates import parse_most_dates, parse_most_times_of_day
from vigie.table.parsing.nulls_and_booleans import HUMAN_NULLS, MACHINE_NULLS
from vigie.table.parsing.numbers import parse_most_numbers
from vigie.table.report import FIRST_ROWS, CellCount, ColumnReport

NAMED_SHARE = 0.1
UNNAMED_SHARE = 0.05
WHOLE_SHARE = 0.01
PLACEHOLDER_SHARE = 0.98
"""Share of the filled cells of a column that may be words for nothing, where its name promises values: of debits and credits one is a dash."""
_UNNAMED_PLACEHOLDER_SHARE = 0.2
NO_CELLS = CellCount()
_MIN_READ = 3
_FIRST_CELLS = 200
_REPORTED_SHARE = 0.5


@dataclass(frozen=True)
class TolerantColumn:
    """A column read with some cells left out.

    Attributes:
        values: Int64, Float64, Datetime, or seconds since midnight; null where a cell is empty or unreadable.
        kind: `numbers`, `dates` or `clock`.
        mark: decimal mark, as `numbers.ParsedNumbers` has it.
        ambiguous_mark: as `numbers.ParsedNumbers` has it.
        month_first: as `dates.ParsedDates` has it.
    """

    values: pl.Series
    kind: str
    mark: str = ""
    ambiguous_mark: bool = False
    month_first: bool | None = None

    @property
    def expected(self) -> str:
        """What most cells are: `number` or `time`."""
        return "number" if self.kind == "numbers" else "time"


def parse_most(
    cells: pl.Series, sample: pl.Series, *, comma: bool | None = None, month_first: bool = False
) -> TolerantColumn | None:
    """Read the cells that are what most of the sample is; None where most of it is text.

    Args:
        cells: stripped text; empty cells are "".
        sample: some of the cells, none of them empty.
        comma: what the other columns say of the decimal mark.
        month_first: prefer mm/dd.
    """
    sample = _without_placeholders(sample, cells.name)
    first = sample.head(_FIRST_CELLS)
    for kind in ("dates", "numbers", "clock"):
        if parse_most_of(kind, first, first, comma, month_first or None):
            found = parse_most_of(kind, cells, sample, comma, month_first or None)
            if found is not None:
                return found
    return None


def parse_most_of(
    kind: str,
    cells: pl.Series,
    sample: pl.Series,
    comma: bool | None,
    month_first: bool | None,
    mark: str = "",
) -> TolerantColumn | None:
    """Read a column as `parse_most` does, as values of one kind; None where they are less than half of the sample.

    Args:
        kind: `numbers`, `dates` or `clock`.
        cells: stripped text.
        sample: some of the cells, none of them empty.
        comma: what the other columns say of the decimal mark.
        month_first: whether mm/dd; None lets most cells decide.
        mark: decimal mark of the column, where it is known.
    """
    sample = _without_placeholders(sample, cells.name)
    if not len(sample):
        return None
    if kind == "numbers":
        numbers = parse_most_numbers(cells, sample, comma, mark)
        if numbers is None:
            return None
        return TolerantColumn(numbers.values, kind, numbers.mark, numbers.ambiguous)
    if kind == "dates":
        dates = parse_most_dates(cells, sample, month_first=month_first)
        return None if dates is None else TolerantColumn(dates.values, kind, month_first=dates.month_first)
    clock = parse_most_times_of_day(cells, sample)
    return None if clock is None else TolerantColumn(clock, kind)


def _without_placeholders(sample: pl.Series, name: str) -> pl.Series:
    """Return the cells of a sample that are no words for nothing, where the name of the column promises values."""
    if not (names_money(name) or names_time(name)):
        return sample
    written = sample.filter(~sample.str.to_lowercase().is_in([*HUMAN_NULLS]))
    return written if len(written) >= _MIN_READ else sample


def describe_cells(
    cells: pl.Series, values: pl.Series, *, read_as: str, expected: str
) -> ColumnReport | None:
    """Count what a reading left null: unreadable cells and words for nothing; None where there are none.

    Args:
        cells: stripped text.
        values: what was read from them.
        read_as: `number`, `time` or `text`.
        expected: `number` or `time`.
    """
    if not values.null_count():
        return None
    empty = cells == ""
    left = values.is_null() & ~empty
    if not left.any():
        return None
    rows = left.arg_true()
    words = cells.gather(rows).str.strip_chars().str.to_lowercase()
    silent = words.is_in([*MACHINE_NULLS, ""])
    unreadable = rows.filter(~silent)
    if not len(unreadable):
        return None
    filled = len(cells) - int(empty.sum()) - int(silent.sum())
    count = CellCount(len(unreadable), tuple(row + 1 for row in unreadable.head(FIRST_ROWS).to_list()))
    return ColumnReport(
        cells.name, read_as, expected, filled, count, int((words.is_in([*HUMAN_NULLS]) & ~silent).sum())
    )


def is_tolerated(report: ColumnReport, dtype: pl.DataType) -> bool:
    """Return whether few enough cells of a column are unreadable."""
    name, filled = report.column, report.filled
    read, wrong = filled - report.unreadable.count, report.unreadable.count - report.placeholders
    if names_identifier(name) or read < _MIN_READ:
        return False
    named = names_money(name) or names_time(name)
    if named:
        share, least, nothing = NAMED_SHARE, 1, PLACEHOLDER_SHARE
    else:
        whole = dtype == pl.Int64
        share, least, nothing = WHOLE_SHARE if whole else UNNAMED_SHARE, 0, _UNNAMED_PLACEHOLDER_SHARE
    few = wrong <= max(least, int(share * (filled - report.placeholders)))
    return few and report.placeholders <= nothing * filled


def is_reported(report: ColumnReport) -> bool:
    """Return whether a column that stays text should have been values: its name promises them, and half of its cells are."""
    read = report.filled - report.unreadable.count
    kept = names_money(report.column) if report.expected == "number" else names_time(report.column)
    return kept and read >= max(_MIN_READ, _REPORTED_SHARE * report.filled)
