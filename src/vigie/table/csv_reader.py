"""The cells of a CSV, every one of them, exactly as uploaded.

Polars reads what all readers agree on; a file with stray quotes or lone carriage returns goes through the
standard library's reader, which is slower and strict. Either way the rows must be as many as
`vigie.table.row_count` counted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from vigie.errors import MalformedTable, TableTooLarge, UnreadableTable
from vigie.i18n.messages import msg
from vigie.table import row_count
from vigie.table.delimiter import CsvLayout, find_csv_layout
from vigie.table.encoding import Buffer, DecodedText, byte_chunks, decode_text, find_byte
from vigie.table.header import check_header

_BATCH = 50_000


@dataclass(frozen=True)
class CsvContent:
    """A CSV as text: `frame` has String columns only; the rest is what its dialect needs."""

    frame: pl.DataFrame
    encoding: str
    separator: str
    bom: bool


def read_csv(data: Buffer, path: Path | None, *, source: str, max_rows: int, max_columns: int) -> CsvContent:
    """Read all cells, or refuse the file.

    Args:
        data: the bytes of the file, uncompressed.
        path: a file with just these bytes, where there is one: Polars maps it instead of copying.
        source: name for messages.
        max_rows: refuse more.
        max_columns: refuse more.
    """
    text = decode_text(data, source)
    layout, counted = locate_records(text, source, max_columns)
    frame = None
    if counted.regular:
        check_row_count(counted.records - 1 - len(counted.blanks), source, max_rows)
        frame = _read_with_polars(text, layout, counted, None if text.transcoded else path)
    if frame is None:
        frame = _read_with_csv(text, layout, source, max_rows)
    check_row_count(frame.height, source, max_rows)
    if has_repeated_header(frame):
        raise repeated_header_error(text, layout, source)
    return CsvContent(frame, text.encoding, layout.separator if frame.width > 1 else ",", text.bom)


def locate_records(
    text: DecodedText, source: str, max_columns: int
) -> tuple[CsvLayout, row_count.RecordCount]:
    """Return where the cells are and how many records; refuse a header or a line that cannot be right."""
    layout = find_csv_layout(text)
    if layout is None:
        raise UnreadableTable(source, found="an empty file", hint="export the table again, with its header")
    _check_layout(layout, source, max_columns)
    counted = row_count.count_records(
        text.data,
        layout.start,
        separator=layout.separator,
        width=len(layout.header),
        line=layout.lines_before + 1,
        source=source,
        has_quotes=find_byte(text.data, b'"') >= 0,
    )
    return layout, counted


def _check_layout(layout: CsvLayout, source: str, max_columns: int) -> None:
    line = layout.lines_before + 1
    if not layout.header:
        raise row_count.unclosed_quote_error(source, line)
    if len(layout.header) == 1 < layout.usual_width:
        raise MalformedTable(
            source,
            line=line,
            found="1 cell",
            expected=msg(
                "a header of {usual_width} cells, as most lines have", usual_width=layout.usual_width
            ),
            hint="remove the lines above the header",
        )
    check_header(layout.header, line=line, source=source, max_columns=max_columns)


def check_row_count(rows: int, source: str, max_rows: int) -> None:
    """Refuse a table without rows or with too many.

    Raises:
        TableTooLarge: there are more than `max_rows`.
        UnreadableTable: there are none.
    """
    if rows > max_rows:
        hint = "split the table, or raise VIGIE_MAX_ROWS"
        raise TableTooLarge(source, found=rows, limit=max_rows, unit="rows", hint=hint)
    if rows < 1:
        raise UnreadableTable(
            source, found="a header and no rows", hint="export the table again, with its rows"
        )


def _read_with_polars(
    text: DecodedText, layout: CsvLayout, counted: row_count.RecordCount, path: Path | None
) -> pl.DataFrame | None:
    """None where Polars does not see the records that were counted."""
    try:
        frame = pl.read_csv(
            path or bytes(text.data),
            schema=dict.fromkeys(layout.header, pl.String),
            separator=layout.separator,
            skip_lines=layout.lines_before,
            empty_string_is_null=False,
            infer_schema=False,
            glob=False,
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    if frame.columns != list(layout.header) or frame.height != counted.records - 1:
        return None
    blanks = blank_records(counted, frame.width)
    if len(blanks):
        keep = np.ones(frame.height, dtype=np.bool_)
        keep[blanks - 1] = False
        frame = frame.filter(pl.Series(keep))
    return frame


def blank_records(counted: row_count.RecordCount, width: int) -> row_count.Indexes:
    """In a table of one column a blank line is an empty cell, unless the file ends with it."""
    if width > 1 or not len(counted.blanks):
        return counted.blanks
    from_the_end = counted.records - 1 - np.arange(len(counted.blanks))
    trailing = np.cumprod(counted.blanks[::-1] == from_the_end).sum()
    return counted.blanks[len(counted.blanks) - int(trailing) :]


def _read_with_csv(text: DecodedText, layout: CsvLayout, source: str, max_rows: int) -> pl.DataFrame:
    schema = dict.fromkeys(layout.header, pl.String)
    frames: list[pl.DataFrame] = []
    batch: list[list[str]] = []
    rows = blanks = 0
    for _, record in numbered_records(text, layout, source):
        if not record:
            blanks += len(schema) == 1
            continue
        batch += [[""]] * blanks
        batch.append(record)
        blanks = 0
        if len(batch) >= _BATCH:
            rows += len(batch)
            frames.append(pl.DataFrame(batch, schema=schema, orient="row"))
            batch = []
            if rows > max_rows:
                break
    frames.append(pl.DataFrame(batch, schema=schema, orient="row"))
    return pl.concat(frames)


def numbered_records(text: DecodedText, layout: CsvLayout, source: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the cells of every record after the header; a blank line has no cells."""
    reader = csv.reader(_lines(text.data, layout.start), delimiter=layout.separator, strict=True)
    line = layout.lines_before + 1
    width = len(layout.header)
    try:
        for number, record in enumerate(reader):
            if record and len(record) != width:
                raise row_count.width_error(source, line, len(record), width)
            if number:
                yield line, record
            line = layout.lines_before + 1 + reader.line_num
    except csv.Error as error:
        raise row_count.unclosed_quote_error(source, line) from error


def _lines(data: Buffer, start: int) -> Iterator[str]:
    for _, piece in byte_chunks(data, start):
        yield from io.StringIO(piece.decode("utf-8"), newline="")


def has_repeated_header(frame: pl.DataFrame) -> bool:
    """Return whether a row is the header: files joined end to end repeat it, and it would turn every number into text."""
    if frame.width < 2:
        return False
    suspects = frame.filter(frame.to_series(0) == frame.columns[0])
    same = pl.all_horizontal(pl.col(name) == name for name in frame.columns)
    return bool(suspects.height and suspects.select(same.any()).item())


def repeated_header_error(text: DecodedText, layout: CsvLayout, source: str) -> MalformedTable:
    """Return the error for a table that repeats its header, with the line where it does."""
    lines = (
        line for line, record in numbered_records(text, layout, source) if tuple(record) == layout.header
    )
    return MalformedTable(
        source,
        line=next(lines),
        found="the header again",
        expected="a row",
        hint="several files were joined; remove all headers but the first",
    )
