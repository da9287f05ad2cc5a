"""Rows of a file that are no records: totals, a line of units under the header, a line of text below."""

from __future__ import annotations

import csv
import io
from bisect import bisect_left
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
import polars as pl

from vigie.table.csv_lines import LineReader
from vigie.table.csv_records import read_records
from vigie.table.delimiter import CsvLayout
from vigie.table.encoding import CHUNK_BYTES, MARK, DecodedText, line_at, release_pages
from vigie.table.report import SetAsideLine
from vigie.table.subtotals import SubtotalRows, find_subtotals, record_shape
from vigie.table.summary_reasons import first_summary_rows, last_summary_rows

_HEAD = 60
_END_BYTES = 65_536


class SummaryLines(Protocol):
    """The first and the last lines of a table, as they are in its file."""

    def first(self) -> int:
        """Return the number of the line after the header."""

    def last(self, from_the_end: int) -> int:
        """Return the number of a line at the end, 0 for the last one that is not blank."""

    def between(self, rows: Sequence[int]) -> list[int]:
        """Return the numbers of the lines on which rows begin, these counted from 0 and in order."""

    @property
    def separator(self) -> str:
        """Of the cells, where a line is written as text."""


@dataclass(frozen=True)
class TextLines:
    """Lines of a text file.

    Attributes:
        text: of the file.
        layout: of its header.
        set_aside: numbers of lines that are set aside already.
    """

    text: DecodedText
    layout: CsvLayout
    set_aside: frozenset[int] = frozenset()

    def first(self) -> int:
        """Return the number of the line after the header."""
        return self.layout.lines_before + (1 if self.layout.no_header else 2)

    def last(self, from_the_end: int) -> int:
        """Return the number of a line at the end, 0 for the last one that is neither blank nor set aside."""
        return next(islice(self._from_the_end(), from_the_end, None), self.first())

    def _from_the_end(self) -> Iterator[int]:
        end = len(self.text.data)
        number = line_at(self.text.data, end)
        while end > self.layout.start:
            begin = self.text.data.rfind(b"\n", self.layout.start, end) + 1
            if number not in self.set_aside and bytes(self.text.data[begin:end]).strip(b"\r"):
                yield number
            end, number = begin - 1, number - 1

    def between(self, rows: Sequence[int]) -> list[int]:
        """Return the numbers of the lines on which rows begin, these counted from 0 and in order."""
        records = (
            record.line for record in LineReader(self.text, self.layout, "", strict=False) if record.cells
        )
        steps = [row - before - 1 for before, row in zip((-1, *rows[:-1]), rows, strict=True)]
        return [next(islice(records, step, None)) for step in steps]

    @property
    def separator(self) -> str:
        """Of the cells."""
        return self.layout.separator


def lines_of(text: DecodedText, layout: CsvLayout, set_aside: Sequence[SetAsideLine]) -> TextLines:
    """Return the lines of a text file, some of which may be set aside already."""
    return TextLines(text, layout, frozenset(one.line for one in set_aside))


def in_order(lines: Sequence[SetAsideLine]) -> tuple[SetAsideLine, ...]:
    """Return lines in the order of their file."""
    return tuple(sorted(lines, key=lambda one: one.line))


@dataclass(frozen=True)
class SummaryRows:
    """The rows of a table that are no records.

    Attributes:
        positions: of these rows among all rows, from 0, in order.
        set_aside: these rows.
    """

    positions: tuple[int, ...] = ()
    set_aside: tuple[SetAsideLine, ...] = ()

    def without(self, frame: pl.DataFrame, *, before: int = 0) -> pl.DataFrame:
        """Return the rows that are records.

        Args:
            frame: rows of the table.
            before: rows of the table above these.
        """
        low, high = bisect_left(self.positions, before), bisect_left(self.positions, before + frame.height)
        if low == high:
            return frame
        keep = np.ones(frame.height, dtype=np.bool_)
        keep[np.array(self.positions[low:high]) - before] = False
        return frame.filter(pl.Series(keep))

    def without_in_chunks(
        self, pieces: Callable[[], Iterator[pl.DataFrame]]
    ) -> Callable[[], Iterator[pl.DataFrame]]:
        """Return what yields the pieces of a table without these rows.

        Args:
            pieces: yields all rows.
        """
        if not self.positions:
            return pieces

        def kept() -> Iterator[pl.DataFrame]:
            before = 0
            for piece in pieces():
                records = self.without(piece, before=before)
                before += piece.height
                if records.height:
                    yield records

        return kept


def find_summary_rows(frame: pl.DataFrame, lines: SummaryLines) -> SummaryRows:
    """Return the rows of a whole table that are no records.

    Args:
        frame: (rows, columns) text.
        lines: of the file.
    """
    return summary_rows(frame.head(_HEAD), frame.tail(_HEAD), frame.height, lambda: iter((frame,)), lines)


def summary_rows(
    head: pl.DataFrame,
    tail: pl.DataFrame,
    rows: int,
    pieces: Callable[[], Iterator[pl.DataFrame]],
    lines: SummaryLines,
) -> SummaryRows:
    """Return the rows of a table that are no records.

    Args:
        head: its first rows.
        tail: its last rows.
        rows: how many it has.
        pieces: yields all of them.
        lines: of the file.
    """
    first, last = first_summary_rows(head), last_summary_rows(tail)
    if len(first) + len(last) >= rows:
        return SummaryRows()
    end = rows - len(last)
    found = {
        **{i: (lines.first() + i, reason, head.row(i)) for i, reason in enumerate(first)},
        **{
            end + i: (lines.last(len(last) - 1 - i), reason, tail.row(tail.height - len(last) + i))
            for i, reason in enumerate(last)
        },
    }
    shape = record_shape(head.slice(len(first)), tail.head(tail.height - len(last)))
    between = SubtotalRows() if shape is None else find_subtotals(pieces, shape, rows)
    inner = [row for row in sorted(between.reasons) if row not in found]
    for row, line in zip(inner, lines.between(inner) if inner else [], strict=True):
        found[row] = (line, between.reasons[row], between.cells[row])
    positions = tuple(sorted(found))
    return SummaryRows(positions, tuple(_set_aside(*found[row], lines) for row in positions))


def _set_aside(line: int, reason: str, cells: tuple[object, ...], lines: SummaryLines) -> SetAsideLine:
    text = io.StringIO()
    csv.writer(text, delimiter=lines.separator, lineterminator="").writerow(cells)
    return SetAsideLine(line, reason, text.getvalue())


@dataclass(frozen=True)
class ChunkSurvey:
    """What one pass over the chunks of a table shows.

    Attributes:
        head: the first rows.
        tail: the last rows.
        repeats_header: whether a row is the header again.
    """

    head: pl.DataFrame
    tail: pl.DataFrame
    repeats_header: bool


def survey_ends(text: DecodedText, layout: CsvLayout) -> ChunkSurvey | None:
    """Look at the first and the last lines of a regular file, and for its header's line in between.

    Args:
        text: the file.
        layout: of its header.

    Returns:
        None where a cell may go over several lines, or a line is longer than usual.
    """
    end = layout.start + _END_BYTES
    head = _records_of(bytes(text.data[layout.start : end]), layout, is_cut=end < len(text.data))
    tail = _records_of(
        bytes(text.data[max(layout.start, len(text.data) - _END_BYTES) :]), layout, is_cut=False
    )
    head, tail = head[1 : _HEAD + 1], tail[1:][-_HEAD:]
    width = len(layout.header)
    if min(len(head), len(tail)) < _HEAD or any(len(record) != width for record in (*head, *tail)):
        return None
    schema = dict.fromkeys(layout.header, pl.String)
    first, last = (pl.DataFrame(part, schema=schema, orient="row") for part in (head, tail))
    return ChunkSurvey(first, last, _has_line(text, layout))


def _records_of(data: bytes, layout: CsvLayout, *, is_cut: bool) -> list[list[str]]:
    """Return the records of a part of a file, the first of them perhaps cut; none where a quote stays open.

    Args:
        data: the part.
        layout: of the file.
        is_cut: whether the part may end within a line, which is left out.
    """
    lines = data.decode("utf-8", errors="replace").rstrip("\r\n").splitlines()
    if any(line.count('"') % 2 for line in lines[1:-1]):
        return []
    lines = lines[:-1] if is_cut and not data.endswith(b"\n") else lines
    return [record for record in read_records(lines, layout.separator) if record]


def _has_line(text: DecodedText, layout: CsvLayout) -> bool:
    """Return whether the line of the header comes again."""
    end = text.data.find(b"\n", layout.start)
    if end < 0 or len(layout.header) < 2:
        return False
    line = bytes(text.data[layout.start : end]).removeprefix(BOM_UTF8).rstrip(b"\r")
    for at in range(end, len(text.data), CHUNK_BYTES):
        found = text.data.find(line, at, at + CHUNK_BYTES + len(line))
        while found >= 0:
            before, after = text.data[found - 1 : found], text.data[found + len(line) : found + len(line) + 1]
            begins = before == b"\n" or text.data[found - len(BOM_UTF8) : found] == BOM_UTF8
            if begins and after in (b"\n", b"\r", b""):
                return True
            found = text.data.find(line, found + 1, at + CHUNK_BYTES + len(line))
        release_pages(text.data, at, at + CHUNK_BYTES)
    return False


def survey_chunks(pieces: Callable[[], Iterator[pl.DataFrame]], names: Sequence[str]) -> ChunkSurvey:
    """Look at all chunks once.

    Args:
        pieces: yields all rows.
        names: of the columns, as they are in the file.
    """
    head, repeats = pl.DataFrame(), False
    tails: list[pl.DataFrame] = []
    for piece in pieces():
        head = piece.head(_HEAD) if not head.width else head
        tails = [*tails[-1:], piece.tail(_HEAD)]
        repeats = repeats or has_repeated_header(piece, names)
    return ChunkSurvey(head, pl.concat(tails).tail(_HEAD) if tails else head, repeats)


def has_repeated_header(frame: pl.DataFrame, names: Sequence[str]) -> bool:
    """Whether a row is the header: files joined end to end repeat it, and it would turn every number into text."""
    if frame.width < 2:
        return False
    suspects = frame.filter(frame.to_series(0).str.strip_chars_start(MARK) == names[0].lstrip(MARK))
    same = pl.all_horizontal(
        pl.col(column) == name for column, name in zip(frame.columns[1:], names[1:], strict=True)
    )
    return bool(suspects.height and suspects.select(same.any()).item())
