"""An independent count of a CSV's records and cells: rows are never lost silently.

Readers are lenient with ragged lines and stray quotes, each in its own way. This module walks the bytes
itself, with numpy, and knows the line of every record. It reads no cell.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vigie.errors import MalformedTable
from vigie.i18n.messages import msg
from vigie.table.encoding import Buffer, byte_chunks

_NEWLINE, _RETURN, _QUOTE = 10, 13, 34

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Indexes = NDArray[np.int64]


@dataclass(frozen=True)
class RecordCount:
    """What was counted.

    Attributes:
        records: all of them, with the header and the blank lines.
        blanks: numbers of the blank lines among the records; the header is record 0.
        regular: every quote stands where RFC 4180 allows it, every line ends with a line feed and every record has as
            many cells as the header, so that all readers must agree.
    """

    records: int
    blanks: Indexes
    regular: bool


@dataclass
class _Walk:
    """Where the walk stands between two chunks."""

    separator: int
    width: int
    quoted: bool = False
    records: int = 0
    cells: int = 0
    bytes_open: int = 0
    blanks: list[Indexes] = field(default_factory=list)


def count_records(data: Buffer, start: int, *, separator: str, width: int, has_quotes: bool) -> RecordCount:
    """Count the records from `start`, if each has `width` cells.

    Args:
        data: UTF-8 text.
        start: offset of the header.
        separator: one ASCII character.
        width: cells of the header.
        has_quotes: whether the data has any quote at all.
    """
    walk = _Walk(ord(separator), width)
    for offset, piece in byte_chunks(data, start):
        if offset + len(piece) >= len(data) and not piece.endswith(b"\n"):
            piece += b"\n"
        buffer = np.frombuffer(piece, dtype=np.uint8)
        structural, regular = _structural(walk, buffer, has_quotes)
        if not regular or not _advance(walk, buffer, structural):
            return RecordCount(0, np.empty(0, dtype=np.int64), regular=False)
    if walk.quoted:
        return RecordCount(0, np.empty(0, dtype=np.int64), regular=False)
    blanks = np.concatenate(walk.blanks) if walk.blanks else np.empty(0, dtype=np.int64)
    return RecordCount(walk.records, blanks, regular=True)


def unclosed_quote_error(source: str, line: int) -> MalformedTable:
    """Return the error for a record whose quote does not end."""
    return MalformedTable(
        source,
        line=line,
        found="a quote that is not closed",
        expected='each quoted cell to end with " before the next separator',
        hint='close the quote on this line, or write a quote inside a cell as ""',
    )


def width_error(source: str, line: int, found: int, width: int) -> MalformedTable:
    """Return the error for a record with more or fewer cells than the header."""
    return MalformedTable(
        source,
        line=line,
        found="1 cell" if found == 1 else msg("{found} cells", found=found),
        expected=msg("{width} as in the header", width=width),
        hint="quote cells that contain the separator or a line break, and give every row all its separators",
    )


def _structural(walk: _Walk, buffer: Bytes, has_quotes: bool) -> tuple[Mask, bool]:
    """Return which bytes separate cells or records, and whether the quotes leave no doubt about it."""
    marks = (buffer == _NEWLINE) | (buffer == walk.separator)
    returns = np.flatnonzero(buffer == _RETURN)
    lone = returns[buffer[np.minimum(returns + 1, len(buffer) - 1)] != _NEWLINE]
    if not has_quotes:
        return marks, not len(lone)
    quotes = buffer == _QUOTE
    inside = np.bitwise_xor.accumulate(quotes.view(np.uint8)).view(np.bool_)
    if walk.quoted:
        inside = ~inside
    regular = _quotes_are_regular(buffer, np.flatnonzero(quotes), inside, walk) and bool(inside[lone].all())
    walk.quoted = bool(inside[-1])
    return marks & ~inside, regular


def _quotes_are_regular(buffer: Bytes, positions: Indexes, inside: Mask, walk: _Walk) -> bool:
    """Return whether quotes open only at the start of a cell and close only at its end; a doubled one does both."""
    opening = inside[positions]
    before = np.where(positions > 0, buffer[np.maximum(positions - 1, 0)], _NEWLINE)[opening]
    after = buffer[np.minimum(positions + 1, len(buffer) - 1)][~opening]
    starts = (before == walk.separator) | (before == _NEWLINE) | (before == _QUOTE)
    ends = (after == walk.separator) | (after == _NEWLINE) | (after == _QUOTE) | (after == _RETURN)
    return bool(starts.all() and ends.all())


def _advance(walk: _Walk, buffer: Bytes, structural: Mask) -> bool:
    """Whether all records that end here have the right width."""
    positions = np.flatnonzero(structural)
    newlines = buffer[positions] == _NEWLINE
    ends = np.flatnonzero(newlines)
    if not len(ends):
        walk.cells += len(positions)
        walk.bytes_open += len(buffer)
        return True
    widths = np.diff(ends, prepend=-1)
    widths[0] += walk.cells
    stops = positions[ends]
    if (walk.width == 1 or bool((widths != walk.width).any())) and not _find_blanks(
        walk, buffer, stops, widths
    ):
        return False
    walk.records += len(ends)
    walk.cells = len(positions) - 1 - int(ends[-1])
    walk.bytes_open = len(buffer) - 1 - int(stops[-1])
    return True


def _find_blanks(walk: _Walk, buffer: Bytes, stops: Indexes, widths: Indexes) -> bool:
    """Blank lines are no rows; False where another line is of another width."""
    lengths = np.diff(stops, prepend=-1) - 1
    lengths[0] += walk.bytes_open
    returned = buffer[np.maximum(stops - 1, 0)] == _RETURN
    blank = (widths == 1) & ((lengths == 0) | ((lengths == 1) & returned))
    if bool(((widths != walk.width) & ~blank).any()):
        return False
    walk.blanks.append(np.flatnonzero(blank) + walk.records)
    return True
