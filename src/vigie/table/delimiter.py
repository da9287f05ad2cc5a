"""Which character separates the cells, from the first lines of the text.

Source: the idea of judging a separator by how regular the rows it gives are is that of van den Burg,
Nazábal and Sutton, "Wrangling messy CSV files by detecting row and type patterns", 2019; only the row
patterns are used here.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

from vigie.table.csv_records import read_records
from vigie.table.encoding import Buffer, DecodedText
from vigie.table.header import header_position, unique_names
from vigie.table.options import DEFAULTS, ReadOptions

# On a tie the comma loses: it may be the decimal mark.
DELIMITERS = ";\t|,"
_RARE_DELIMITERS = "^~"
"""Tried where no other one separates cells, and believed where nearly all lines have the same number of them."""
_RARE_SHARE = 0.95
_SAMPLE_BYTES = 256 * 1024
_MOST_SAMPLE_BYTES = 64 * 1024 * 1024
_SAMPLE_RECORDS = 500
_EXCEL_LINE = re.compile(rb'"?sep=([,;\t|^~])"?\r?\n', re.IGNORECASE)


@dataclass(frozen=True)
class CsvLayout:
    """Where the header is and what separates its cells.

    Attributes:
        separator: one character.
        start: offset of the header; of the first row where there is none.
        lines_before: lines before that.
        usual_width: cells that most of the first records have.
        header: names of the columns, all different; none when the quotes of the header do not end.
        named: the names as they are in the file.
        no_header: whether the first record is a row.
        spaced: whether separators are followed by a space that belongs to no cell.
    """

    separator: str
    start: int
    lines_before: int
    usual_width: int
    header: tuple[str, ...]
    named: tuple[str, ...]
    no_header: bool = False
    spaced: bool = False


def find_csv_layout(text: DecodedText, options: ReadOptions = DEFAULTS) -> CsvLayout | None:
    """Find the header and the separator; None when the text has no line that is not blank."""
    start, declared = text.start, options.separator or ""
    if match := _EXCEL_LINE.match(bytes(text.data[start : start + 32])):
        declared, start = declared or match.group(1).decode(), start + match.end()
    blank = _blank_prefix(text.data, start)
    if start + blank >= len(text.data):
        return None
    start += blank
    lines = bytes(text.data[text.start : start]).count(b"\n")
    header_row = None if options.header_row is None else max(0, options.header_row - lines)
    tried = _tries(text.data, start, declared or DELIMITERS, options, header_row)
    best = max(tried, key=lambda one: one.key)
    if len(best.header) == 1 and not declared:
        rare = max(_tries(text.data, start, _RARE_DELIMITERS, options, header_row), key=lambda one: one.key)
        best = rare if rare.is_certain else best
    skipped = best.lines_before
    if skipped:
        start += _offset_of_line(bytes(text.data[start : start + _MOST_SAMPLE_BYTES]), skipped)
    named = best.header
    return CsvLayout(
        best.separator,
        start,
        lines + skipped,
        best.usual_width,
        named if options.strict else unique_names(named),
        named,
        best.no_header,
        best.spaced,
    )


def _offset_of_line(data: bytes, lines: int) -> int:
    mark, at = (b"\n" if b"\n" in data else b"\r"), -1
    for _ in range(lines):
        at = data.index(mark, at + 1)
    return at + 1


@dataclass(frozen=True)
class _Try:
    """How well a separator explains the first records; `key` sorts higher for the better."""

    key: tuple[bool, bool, float, int]
    separator: str
    usual_width: int
    header: tuple[str, ...]
    records: int
    lines_before: int = 0
    no_header: bool = False
    spaced: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether header and rows have the same number of cells, nearly all of them."""
        has_cells, fits, share, _ = self.key
        return has_cells and fits and share >= _RARE_SHARE


def _tries(
    data: Buffer, start: int, separators: str, options: ReadOptions, header_row: int | None
) -> list[_Try]:
    """Take a longer sample as long as it does not hold a header and a row."""
    size = _SAMPLE_BYTES
    while True:
        sample = bytes(data[start : start + size])
        whole = start + size >= len(data)
        tried = [_try(sample, whole, separator, options, header_row) for separator in separators]
        if whole or size >= _MOST_SAMPLE_BYTES or max(one.records for one in tried) > 1:
            return tried
        size *= 16


def _blank_prefix(data: Buffer, start: int) -> int:
    length = 0
    while piece := bytes(data[start + length : start + length + 4096]):
        stripped = piece.lstrip(b"\r\n")
        length += len(piece) - len(stripped)
        if stripped:
            break
    return length


def _try(sample: bytes, whole: bool, separator: str, options: ReadOptions, header_row: int | None) -> _Try:
    """Better when the header has cells to separate, the rows have as many, and all of them do."""
    spaced = not options.strict and _is_spaced(sample, separator)
    found = _records(sample, whole, separator, spaced)
    if not found:
        return _Try((False, False, 0.0, 0), separator, 0, (), 0)
    records = [cells for _, cells in found]
    usual, times = Counter(map(len, records)).most_common(1)[0]
    if header_row is not None:
        place = (
            next((i for i, (line, _) in enumerate(found) if line + 1 >= header_row), 0)
            if header_row
            else None
        )
    else:
        place = 0 if options.strict else header_position(records, usual)
    first = found[place or 0]
    named = tuple(first[1])
    if place is None:
        named = ("",) * max(usual, len(named))
    elif not options.strict and len(named) < usual and _are_empty(records[place + 1 :], len(named), usual):
        named += ("",) * (usual - len(named))
    key = (max(len(named), usual) > 1, len(named) == usual, times / len(records), usual)
    return _Try(
        key,
        separator,
        usual,
        named,
        len(records) - (place or 0),
        first[0] if place else 0,
        place is None,
        spaced,
    )


def _are_empty(records: list[list[str]], width: int, usual: int) -> bool:
    """Whether the cells beyond a width are empty in the records of the usual width."""
    longer = [record for record in records if len(record) == usual]
    return bool(longer) and all(not any(record[width:]) for record in longer)


def _is_spaced(sample: bytes, separator: str) -> bool:
    """Whether quoted cells come after a separator and a space, so that only without the space they are quoted."""
    spaced, all_of_them = sample.count(f'{separator} "'.encode()), sample.count(f'{separator}"'.encode())
    marks, followed = sample.count(separator.encode()), sample.count(f"{separator} ".encode())
    return spaced > 0 and not all_of_them and followed > 0.5 * marks


def _records(sample: bytes, whole: bool, separator: str, spaced: bool) -> list[tuple[int, list[str]]]:
    """Return the first records that are not blank, each with the number of lines before it."""
    text = sample.decode("utf-8", errors="ignore")
    records: list[tuple[int, list[str]]] = []
    reader = read_records(io.StringIO(text, newline=""), separator, spaced=spaced)
    line = 0
    try:
        for record in reader:
            if record:
                records.append((line, record))
            line = reader.line_num
            if len(records) > _SAMPLE_RECORDS:
                return records[:_SAMPLE_RECORDS]
    except csv.Error:
        return records
    return records if whole or len(records) < 2 else records[:-1]
