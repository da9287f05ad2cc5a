"""The cells of a CSV, every one of them, exactly as uploaded.

Polars reads what all readers agree on, and its rows must be as many as `vigie.table.row_count` counted. A file with stray
quotes, lone carriage returns or lines that do not fit goes through `csv_lines`, which is slower.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from vigie.errors import MalformedTable, UnreadableTable
from vigie.i18n.messages import msg
from vigie.table import row_count
from vigie.table.csv_lines import LineReader
from vigie.table.declared_size import check_limit
from vigie.table.delimiter import CsvLayout, find_csv_layout
from vigie.table.encoding import Buffer, DecodedText, decode_text, find_byte
from vigie.table.header import check_header, no_such_line
from vigie.table.options import DEFAULTS, ReadOptions
from vigie.table.other_layouts import refuse_other_layouts
from vigie.table.report import ReadReport, SetAsideLine
from vigie.table.summary_rows import find_summary_rows, has_repeated_header, in_order, lines_of

_BATCH = 50_000


@dataclass(frozen=True)
class CsvContent:
    """A CSV as text.

    Attributes:
        frame: (rows, columns) String columns only, under names that are all different.
        encoding: of the file.
        separator: of the file.
        bom: whether it began with a byte order mark.
        names: of the columns, as they are in the file.
        report: how it was read.
    """

    frame: pl.DataFrame
    encoding: str
    separator: str
    bom: bool
    names: tuple[str, ...]
    report: ReadReport


def read_csv(
    data: Buffer,
    path: Path | None,
    *,
    source: str,
    max_rows: int,
    max_columns: int,
    options: ReadOptions = DEFAULTS,
) -> CsvContent:
    """Read all cells, or refuse the file.

    Args:
        data: the bytes of the file, uncompressed.
        path: a file with just these bytes, where there is one: Polars maps it instead of copying.
        source: name for messages.
        max_rows: refuse more.
        max_columns: refuse more.
        options: what the user says of the file.
    """
    text = decode_text(data, source, options.encoding)
    layout, counted = locate_records(text, source, max_columns, options)
    frame = None
    if counted.regular:
        check_row_count(counted.records - 1 - len(counted.blanks), source, max_rows)
        frame = _read_with_polars(text, layout, counted, None if text.transcoded else path)
    set_aside: tuple[SetAsideLine, ...] = ()
    if frame is None or has_repeated_header(frame, layout.named):
        frame, set_aside = _read_lines(text, layout, source, max_rows, options)
    if not options.strict:
        summary = find_summary_rows(frame, lines_of(text, layout, set_aside))
        frame = summary.without(frame)
        set_aside = in_order((*set_aside, *summary.set_aside))
    check_row_count(frame.height, source, max_rows)
    separator = layout.separator if frame.width > 1 else ","
    report = replace(layout_report(text, layout), set_aside=set_aside)
    return CsvContent(frame, text.encoding, separator, text.bom, layout.named, report)


def layout_report(text: DecodedText, layout: CsvLayout) -> ReadReport:
    """Return what there is to say of where the table is, before its rows are read."""
    renamed = tuple(
        (position, name, new)
        for position, (name, new) in enumerate(zip(layout.named, layout.header, strict=True), start=1)
        if name != new
    )
    return ReadReport(
        encoding=text.encoding,
        separator=layout.separator,
        header_line=0 if layout.no_header else layout.lines_before + 1,
        renamed=renamed,
    )


def locate_records(
    text: DecodedText, source: str, max_columns: int, options: ReadOptions = DEFAULTS
) -> tuple[CsvLayout, row_count.RecordCount]:
    """Return where the cells are and how many records; refuse a header that cannot be right."""
    layout = find_csv_layout(text, options)
    if layout is None:
        raise UnreadableTable(source, found="an empty file", hint="export the table again, with its header")
    _check_layout(text, layout, source, max_columns, options)
    counted = row_count.count_records(
        text.data,
        layout.start,
        separator=layout.separator,
        width=len(layout.header),
        has_quotes=find_byte(text.data, b'"') >= 0,
    )
    if layout.spaced or layout.no_header:
        counted = replace(counted, regular=False)
    return layout, counted


def _check_layout(
    text: DecodedText, layout: CsvLayout, source: str, max_columns: int, options: ReadOptions
) -> None:
    line = layout.lines_before + 1
    if (options.header_row or 0) > line:
        raise no_such_line(source, options.header_row or 0)
    if options.separator and len(layout.header) == 1:
        _check_separator(text, source, options)
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
    head = bytes(text.data[text.start : text.start + 65536])
    refuse_other_layouts(head, source, one_column=len(layout.header) == 1)
    check_header(layout.header, line=line, source=source, max_columns=max_columns, strict=options.strict)


def _check_separator(text: DecodedText, source: str, options: ReadOptions) -> None:
    """Refuse a chosen separator that no line has, where another one separates cells."""
    found = find_csv_layout(text, replace(options, separator=None))
    if found is not None and len(found.header) > 1:
        raise UnreadableTable(
            source,
            found=msg("no {separator!r} in the header", separator=options.separator),
            expected=msg("{separator!r} between the cells", separator=found.separator),
            hint="name another character with --separator, or leave it out",
        )


def check_row_count(rows: int, source: str, max_rows: int) -> None:
    """Refuse a table without rows or with too many.

    Raises:
        TableTooLarge: there are more than `max_rows`.
        UnreadableTable: there are none.
    """
    check_limit(source, rows, max_rows, "rows", "split the table, or raise VIGIE_MAX_ROWS")
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
            new_columns=list(layout.header),
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


def _read_lines(
    text: DecodedText, layout: CsvLayout, source: str, max_rows: int, options: ReadOptions
) -> tuple[pl.DataFrame, tuple[SetAsideLine, ...]]:
    schema = dict.fromkeys(layout.header, pl.String)
    frames: list[pl.DataFrame] = []
    batch: list[list[str]] = []
    rows = 0
    reader = LineReader(text, layout, source, strict=options.strict)
    for cells in filled_records(reader, len(schema)):
        batch.append(cells)
        if len(batch) >= _BATCH:
            rows += len(batch)
            frames.append(pl.DataFrame(batch, schema=schema, orient="row"))
            batch = []
            if rows > max_rows:
                break
    reader.finish()
    frames.append(pl.DataFrame(batch, schema=schema, orient="row"))
    return pl.concat(frames), tuple(reader.set_aside)


def filled_records(reader: LineReader, width: int) -> Iterator[list[str]]:
    """Yield the cells of the records that are rows: a blank line is one only in a table of one column."""
    blanks = 0
    for record in reader:
        if not record.cells:
            blanks += width == 1
            continue
        for _ in range(blanks):
            yield [""]
        blanks = 0
        yield record.cells
