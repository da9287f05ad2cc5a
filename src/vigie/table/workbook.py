"""Workbooks: which sheet holds the table, where its header is, and what its cells do not say."""

from __future__ import annotations

import re
import zipfile
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from vigie.errors import NotFound, UnreadableTable
from vigie.extras import require
from vigie.i18n.messages import Message, msg
from vigie.table.declared_size import check_extent, column_number, damaged, sheet_members
from vigie.table.header import check_header, header_position, no_such_line, unique_names
from vigie.table.options import DEFAULTS, ReadOptions
from vigie.table.report import ReadReport
from vigie.table.summary_rows import SummaryRows, find_summary_rows
from vigie.table.workbook_kind import EXPECTED, workbook_kind

_VENDOR_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
_HEAD_ROWS = 120
_LEAST_ROWS = 3
_EMPTY_FORMULA = re.compile(
    rb"<c r=\"([A-Z]{1,3})(\d+)\"[^>]*><f[^>]*?(?:/>|>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>"
)
_MERGED = re.compile(rb"<mergeCell ref=\"([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)\"")


@dataclass(frozen=True)
class WorkbookContent:
    """A sheet of a workbook.

    Attributes:
        frame: (rows, columns) the cells, under names that are all different.
        filled: the same, where merged cells have the value of the first of them in every row.
        report: how it was read.
    """

    frame: pl.DataFrame
    filled: pl.DataFrame
    report: ReadReport


@dataclass(frozen=True)
class _Sheet:
    """A sheet and its first rows, as text."""

    name: str
    head: list[list[str]]
    rows: int
    is_visible: bool = True

    @property
    def usual_width(self) -> int:
        """Cells of the widest row; all rows of a sheet have as many."""
        return max(map(len, self.head), default=0)


@dataclass(frozen=True)
class _SheetLines:
    """Numbers of the rows of a sheet."""

    header: int
    rows: int
    separator: str = ","

    def first(self) -> int:
        """Return the number of the row after the header."""
        return self.header + 1

    def last(self, from_the_end: int) -> int:
        """Return the number of a row at the end, 0 for the last one."""
        return self.header + self.rows - from_the_end

    def between(self, rows: Sequence[int]) -> list[int]:
        """Return the numbers of the rows of the sheet that are these of the table, counted from 0."""
        return [self.first() + row for row in rows]


@dataclass(frozen=True)
class _Place:
    """Where the records are on a sheet.

    Attributes:
        above: rows above the first row below the header.
        before: columns before the first one.
        left_out: rows below the header that are no records, counted from 0 and in order.
    """

    above: int
    before: int
    left_out: tuple[int, ...]

    def column(self, letters: bytes) -> int:
        """Return the position of a column among those of the table, from 0."""
        return column_number(letters) - self.before - 1

    def records_above(self, row: int) -> int:
        """Return how many records are above a row of the sheet, from 1; negative above the first row."""
        below_header = row - self.above - 1
        return below_header - bisect_left(self.left_out, below_header)

    def is_record(self, row: int) -> bool:
        """Return whether a row of the sheet, from 1, is below the header and not left out."""
        return row > self.above and self.records_above(row + 1) > self.records_above(row)


def read_workbook(
    path: Path, *, source: str, max_rows: int, max_columns: int, options: ReadOptions = DEFAULTS
) -> WorkbookContent:
    """Read one sheet; types are settled by all rows of a column, not by the first thousand.

    Args:
        path: of the workbook.
        source: name for messages.
        max_rows: refuse more.
        max_columns: refuse more.
        options: what the user says of it.

    Raises:
        UnreadableTable: it is no workbook, or has no rows.
        NotFound: it has no such sheet.
        MalformedTable: its header is none.
        TableTooLarge: it exceeds a limit.
    """
    require("excel", "reading a workbook")
    import fastexcel

    try:
        kind = workbook_kind(path, source)
        # The reader goes by the extension of a path, and by the content of bytes.
        reader = fastexcel.read_excel(path if path.suffix.lower() == f".{kind}" else path.read_bytes())
        sheets = [_head_of(reader, name) for name in _names(reader, options)]
    except (fastexcel.FastExcelError, *_VENDOR_ERRORS) as error:
        raise damaged(source, EXPECTED) from error
    sheet = sheets[0] if options.strict else max(sheets, key=_table_rows)
    if not sheet.head:
        raise UnreadableTable(
            source,
            found="a sheet without rows",
            hint="put a table on the sheet, or choose another one with --sheet",
        )
    header = _header_of(sheet, options, source)
    named = [cell or "" for cell in sheet.head[header - 1]] if header else [""] * sheet.usual_width
    check_header(
        unique_names(named) if not options.strict else named,
        line=header or 1,
        source=source,
        max_columns=max_columns,
        strict=options.strict,
    )
    frame, first_column = _cells(reader, sheet, header, source)
    names = unique_names([*named, *[""] * (frame.width - len(named))][: frame.width])
    frame.columns = list(names)  # the reader makes up names for what it finds empty or twice
    summary = SummaryRows() if options.strict else find_summary_rows(frame, _SheetLines(header, frame.height))
    frame = summary.without(frame)
    check_extent(source, frame.height, frame.width, max_rows=max_rows, max_columns=max_columns)
    filled, notes = _marked(path, sheet.name, frame, _Place(header, first_column, summary.positions))
    report = ReadReport(
        set_aside=summary.set_aside,
        header_line=header,
        renamed=tuple(
            (i, old, new) for i, (old, new) in enumerate(zip(named, names, strict=False), 1) if old != new
        ),
        sheet=sheet.name,
        other_sheets=tuple(name for name in reader.sheet_names if name != sheet.name),
        notes=notes,
    )
    return WorkbookContent(frame, filled, report)


def _cells(reader: Any, sheet: _Sheet, header: int, source: str) -> tuple[pl.DataFrame, int]:
    """Return the rows below the header, and the first column of the sheet that has cells, from 0."""
    import fastexcel

    try:
        loaded = reader.load_sheet(
            sheet.name, header_row=header - 1 if header else None, schema_sample_rows=None,
            skip_whitespace_tail_rows=True, dtype_coercion="coerce",
        )  # fmt: skip
        first = min((int(column.absolute_index) for column in loaded.available_columns()), default=0)
        return loaded.to_polars(), first
    except (fastexcel.FastExcelError, *_VENDOR_ERRORS) as error:
        raise damaged(source, EXPECTED) from error


def _names(reader: Any, options: ReadOptions) -> list[str]:
    """Return the sheets that may hold the table."""
    names: list[str] = list(reader.sheet_names)
    if options.sheet is None:
        return names[:1] if options.strict else names
    if options.sheet in names:
        return [options.sheet]
    if options.sheet.isdecimal() and 1 <= int(options.sheet) <= len(names):
        return [names[int(options.sheet) - 1]]
    raise NotFound("sheet", options.sheet, known=names)


def _head_of(reader: Any, name: str) -> _Sheet:
    sheet = reader.load_sheet(name, header_row=None, skip_rows=0, n_rows=_HEAD_ROWS, dtypes="string")
    rows = [[cell or "" for cell in row] for row in sheet.to_polars().rows()]
    return _Sheet(name, rows, int(sheet.total_height), sheet.visible == "visible")


def _table_rows(sheet: _Sheet) -> tuple[bool, bool, int]:
    """Whether a sheet has a table of several columns and rows, whether it is shown, and how many rows."""
    filled = [sum(map(bool, row)) for row in sheet.head]
    is_table = len(sheet.head) >= _LEAST_ROWS and max(filled, default=0) >= 2
    return is_table, sheet.is_visible, sheet.rows if is_table else 0


def _header_of(sheet: _Sheet, options: ReadOptions, source: str) -> int:
    """Return the row of the header, from 1; 0 without one."""
    if options.header_row is not None:
        if options.header_row > len(sheet.head):
            raise no_such_line(source, options.header_row)
        return options.header_row
    if options.strict:
        return 1
    position = header_position(sheet.head, sheet.usual_width)
    return 0 if position is None else position + 1


def _marked(
    path: Path, sheet: str, frame: pl.DataFrame, at: _Place
) -> tuple[pl.DataFrame, tuple[Message, ...]]:
    """Fill merged cells, and say which columns have them, or formulas without a value.

    The reader shows both as empty cells.

    Args:
        path: of the workbook.
        sheet: name of the sheet.
        frame: its records.
        at: where these are.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            data = archive.read(sheet_members(archive)[sheet])
    except (KeyError, zipfile.BadZipFile, OSError):
        return frame, ()
    formulas = {
        at.column(letters) for letters, digits in _EMPTY_FORMULA.findall(data) if at.is_record(int(digits))
    }
    notes = [
        msg(
            "{column}: its formulas have no stored value; open the workbook in Excel and save it again",
            column=frame.columns[place],
        )
        for place in sorted(formulas)
        if 0 <= place < frame.width and frame.to_series(place).null_count() == frame.height
    ]
    merged = [
        (at.column(first), at.records_above(int(top)), at.records_above(int(bottom) + 1) - 1)
        for first, top, last, bottom in _MERGED.findall(data)
        if first == last and at.is_record(int(top))
    ]
    return _fill_merged(frame, merged, notes), tuple(notes)


def _fill_merged(
    frame: pl.DataFrame, merged: Sequence[tuple[int, int, int]], notes: list[Message]
) -> pl.DataFrame:
    for place in sorted({place for place, _, _ in merged if 0 <= place < frame.width}):
        column = frame.to_series(place)
        values = column.to_list()
        for _, top, bottom in (one for one in merged if one[0] == place):
            if 0 <= top < len(values):
                values[top : bottom + 1] = [values[top]] * (min(bottom + 1, len(values)) - top)
        frame = frame.with_columns(pl.Series(column.name, values, dtype=column.dtype))
        notes.append(
            msg(
                "{column}: merged cells count in each of their rows; the output has them as they are",
                column=column.name,
            )
        )
    return frame
