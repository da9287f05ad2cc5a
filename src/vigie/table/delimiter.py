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

from vigie.table.encoding import Buffer, DecodedText

# On a tie the comma loses: it may be the decimal mark.
DELIMITERS = ";\t|,"
_SAMPLE_BYTES = 256 * 1024
_MOST_SAMPLE_BYTES = 64 * 1024 * 1024
_SAMPLE_RECORDS = 500
_EXCEL_LINE = re.compile(rb'"?sep=([,;\t|])"?\r?\n', re.IGNORECASE)


@dataclass(frozen=True)
class CsvLayout:
    """Where the header is and what separates its cells.

    Attributes:
        separator: one character.
        start: offset of the header.
        lines_before: lines before the header: blank ones, or Excel's `sep=;`.
        usual_width: cells that most of the first records have.
        header: cells of the first record; none when its quotes do not end.
    """

    separator: str
    start: int
    lines_before: int
    usual_width: int
    header: tuple[str, ...]


def find_csv_layout(text: DecodedText) -> CsvLayout | None:
    """None when the text has no line that is not blank."""
    start, declared = text.start, ""
    if match := _EXCEL_LINE.match(bytes(text.data[start : start + 32])):
        declared, start = match.group(1).decode(), start + match.end()
    blank = _blank_prefix(text.data, start)
    if start + blank >= len(text.data):
        return None
    start += blank
    lines = bytes(text.data[text.start : start]).count(b"\n")
    tried = _tries(text.data, start, declared or DELIMITERS)
    best = max(tried, key=lambda one: one.key)
    return CsvLayout(best.separator, start, lines, best.usual_width, best.header)


@dataclass(frozen=True)
class _Try:
    """How well a separator explains the first records; `key` sorts higher for the better."""

    key: tuple[bool, bool, float, int]
    separator: str
    usual_width: int
    header: tuple[str, ...]
    records: int


def _tries(data: Buffer, start: int, separators: str) -> list[_Try]:
    """Take a longer sample as long as it does not hold a header and a row."""
    size = _SAMPLE_BYTES
    while True:
        sample = bytes(data[start : start + size])
        whole = start + size >= len(data)
        tried = [_try(sample, whole, separator) for separator in separators]
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


def _try(sample: bytes, whole: bool, separator: str) -> _Try:
    """Better when the header has cells to separate, the rows have as many, and all of them do."""
    records = _records(sample, whole, separator)
    if not records:
        return _Try((False, False, 0.0, 0), separator, 0, (), 0)
    usual, times = Counter(len(record) for record in records).most_common(1)[0]
    width = len(records[0])
    key = (max(width, usual) > 1, width == usual, times / len(records), usual)
    return _Try(key, separator, usual, tuple(records[0]), len(records))


def _records(sample: bytes, whole: bool, separator: str) -> list[list[str]]:
    text = sample.decode("utf-8", errors="ignore")
    records: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            if record:
                records.append(record)
            if len(records) > _SAMPLE_RECORDS:
                return records[:_SAMPLE_RECORDS]
    except csv.Error:
        return records
    return records if whole or len(records) < 2 else records[:-1]
