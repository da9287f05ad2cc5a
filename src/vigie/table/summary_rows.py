"""Rows of a file that are no records: a line of totals at the end, a line of units under the header, a line of text below."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from vigie.table.csv_records import read_records
from vigie.table.delimiter import CsvLayout
from vigie.table.encoding import CHUNK_BYTES, Buffer, DecodedText, line_at, release_pages
from vigie.table.header import is_ruler
from vigie.table.report import SetAsideLine

_MOST_FIRST = 3
"""Rows under the header that may be units, a balance or a ruler."""
_MOST_LAST = 6
"""Rows at the end that may be totals or text."""
_HEAD = 60
_END_BYTES = 65_536
_MANY_CELLS = 5
_TOTAL = re.compile(
    r"(?:grand|sub|sous|general|overall|running|report|column|page)?[\s-]*(?:total|totals|totaux|totale|totales|totais|gesamt|summe|"
    r"sum|somme|suma|soma|gesamtsumme|gesamtbetrag|zwischensumme|endsumme|subtotal|totalizador)"
    r"(?:\s+(?:general|generale|geral|ttc|ht|amount|montant|sum|due|des .{1,30}|of .{1,30}|de .{1,30}|du .{1,30}|\(.{1,12}\)))?\s*:?"
    r"|solde\s+(?:de|en)\b.*|saldo\s+(?:a|em)\b.*"
)
_BALANCE = re.compile(
    r"(?:closing|opening|ending|beginning|final|initial|previous|available|current)\s+(?:ledger\s+)?balance.*"
    r"|balance\s+(?:brought|carried|b/f|c/f|forward|at|as at|on).*|(?:brought|carried)\s+forward"
    r"|(?:nouveau|ancien|dernier)\s+solde.*|solde\s+(?:final|initial|precedent|anterieur|crediteur|debiteur|comptable|disponible|au)\b.*"
    r"|saldo\s+(?:final|inicial|anterior|atual|actual|do dia|del dia|al|disponivel|disponible|contabilistico|contable|total)\b.*"
    r"|(?:anfangs|end|abschluss|alter\s+konto|neuer\s+konto)saldo.*|endbestand|anfangsbestand|report a nouveau|s\s*a\s*l\s*d\s*o|s\s*o\s*l\s*d\s*e"
)
"""Of a row that states a balance of the account."""
_LABELS = 3
"""Filled cells of a row among which its label is: dates may stand before it."""
_UNIT = re.compile(
    r"[(\[]?(?:[a-z]{3}|[€$£¥₦₵₹%]|r\$|us\$|f\s?cfa|fcfa|euros?|dollars?|in\s.{1,12}|en\s.{1,12}|kg|km|m|cm|g|s|sec|min|ms|h|hours?|"
    r"heures?|days?|jours?|dias?|tage|months?|mois|years?|ans|pcs|units?|unites?|nb|n[o°º]|#|text|texte|string|varchar.*|char.*|int|"
    r"integer|bigint|float|double|decimal.*|numeric.*|number|nombre|date|datetime|timestamp|time|bool|boolean|"
    r"[djty]{1,4}[/.-][mj]{1,3}[/.-][yatj]{2,4}.*|[ya]{4}[/.-]mm[/.-][djt]{2}.*|hh:mm.*|-|—)[)\]]?"
)
_LETTERS = re.compile(r"[^\W\d_]+")
_NUMBERS_OR_DATES = re.compile(r".*\d.*")


class SummaryLines(Protocol):
    """The first and the last lines of a table, as they are in its file."""

    def first(self) -> int:
        """Return the number of the line after the header."""

    def last(self, from_the_end: int) -> int:
        """Return the number of a line at the end, 0 for the last one that is not blank."""

    @property
    def separator(self) -> str:
        """Of the cells, where a line is written as text."""


@dataclass(frozen=True)
class TextLines:
    """Lines of a text file.

    Attributes:
        data: UTF-8 text.
        layout: of its header.
        below: lines below the last row that are set aside already.
    """

    data: Buffer
    layout: CsvLayout
    below: int = 0

    def first(self) -> int:
        """Return the number of the line after the header."""
        return self.layout.lines_before + (1 if self.layout.no_header else 2)

    def last(self, from_the_end: int) -> int:
        """Return the number of a line at the end, 0 for the last one that is not blank."""
        end = len(self.data)
        while end > self.layout.start and self.data[end - 1 : end] in (b"\n", b"\r"):
            end -= 1
        for _ in range(from_the_end + self.below):
            end = self.data.rfind(b"\n", self.layout.start, end)
            while end > self.layout.start and self.data[end - 1 : end] in (b"\n", b"\r"):
                end -= 1
        return line_at(self.data, max(end - 1, 0))

    @property
    def separator(self) -> str:
        """Of the cells."""
        return self.layout.separator


def lines_of(text: DecodedText, layout: CsvLayout, set_aside: Sequence[SetAsideLine]) -> TextLines:
    """Return the lines of a text file, some of which may be set aside below its last row."""
    return TextLines(text.data, layout, sum(one.reason == "footer" for one in set_aside))


def in_order(lines: Sequence[SetAsideLine]) -> tuple[SetAsideLine, ...]:
    """Return lines in the order of their file."""
    return tuple(sorted(lines, key=lambda one: one.line))


@dataclass(frozen=True)
class SummaryRows:
    """The rows of a table that are no records.

    Attributes:
        first: how many at the beginning.
        last: how many at the end.
        set_aside: these rows.
    """

    first: int = 0
    last: int = 0
    set_aside: tuple[SetAsideLine, ...] = ()

    def without(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of the whole table that are records."""
        return frame.slice(self.first, frame.height - self.first - self.last)

    def without_in_chunks(
        self, pieces: Callable[[], Iterator[pl.DataFrame]], rows: int
    ) -> Callable[[], Iterator[pl.DataFrame]]:
        """Return what yields the pieces of a table without these rows.

        Args:
            pieces: yields all rows.
            rows: how many these are.
        """
        if not self.first and not self.last:
            return pieces

        def kept() -> Iterator[pl.DataFrame]:
            at = 0
            for piece in pieces():
                low, high = max(self.first - at, 0), min(piece.height, rows - self.last - at)
                at += piece.height
                if high > low:
                    yield piece.slice(low, high - low)

        return kept


def find_summary_rows(frame: pl.DataFrame, lines: SummaryLines) -> SummaryRows:
    """Return the rows of a whole table that are no records.

    Args:
        frame: (rows, columns) text.
        lines: of the file.
    """
    return _summary_rows(frame.head(_HEAD), frame.tail(_HEAD), frame.height, lines)


def _summary_rows(head: pl.DataFrame, tail: pl.DataFrame, rows: int, lines: SummaryLines) -> SummaryRows:
    first, last = first_summary_rows(head), last_summary_rows(tail)
    count = len(last)
    if len(first) + count >= rows:
        return SummaryRows()
    set_aside = (
        *(_set_aside(head.row(i), reason, lines.first() + i, lines) for i, reason in enumerate(first)),
        *(
            _set_aside(tail.row(tail.height - count + i), reason, lines.last(count - 1 - i), lines)
            for i, reason in enumerate(last)
        ),
    )
    return SummaryRows(len(first), count, set_aside)


def _set_aside(cells: tuple[object, ...], reason: str, line: int, lines: SummaryLines) -> SetAsideLine:
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

    def summary_rows(self, rows: int, lines: SummaryLines) -> SummaryRows:
        """Return the rows that are no records.

        Args:
            rows: how many there are.
            lines: of the file.
        """
        return _summary_rows(self.head, self.tail, rows, lines)


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
    line = b"\n" + bytes(text.data[layout.start : end]).rstrip(b"\r")
    for at in range(end, len(text.data), CHUNK_BYTES):
        found = text.data.find(line, at, at + CHUNK_BYTES + len(line))
        while found >= 0:
            if text.data[found + len(line) : found + len(line) + 1] in (b"\n", b"\r", b""):
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
    suspects = frame.filter(frame.to_series(0) == names[0])
    same = pl.all_horizontal(
        pl.col(column) == name for column, name in zip(frame.columns, names, strict=True)
    )
    return bool(suspects.height and suspects.select(same.any()).item())


def first_summary_rows(head: pl.DataFrame) -> list[str]:
    """Return the reasons why the first rows are no records, in their order; empty where the first is one."""
    reasons: list[str] = []
    while len(reasons) < _MOST_FIRST and (reason := _first_reason(head.slice(len(reasons)))):
        reasons.append(reason)
    return reasons


def _first_reason(head: pl.DataFrame) -> str:
    """Return the reason why the first of these rows is no record; empty where it is one."""
    if head.height < 3 or head.width < 2:
        return ""
    row = [_plain(cell) for cell in head.row(0)]
    filled = [place for place, cell in enumerate(row) if cell]
    if is_ruler(row):
        return "ruler"
    below = head.slice(1)
    if filled and all(_UNIT.fullmatch(row[place]) for place in filled):
        values = [place for place in filled if _has_values(below.to_series(place))]
        if any(not _NUMBERS_OR_DATES.fullmatch(row[place]) for place in values):
            return "units"
    return "total" if _is_total(row, _usual_filled(below), _begins(below)) else ""


def last_summary_rows(tail: pl.DataFrame) -> list[str]:
    """Return the reasons why the last rows are no records, in their order; empty where the last is one."""
    if tail.height < 4 or tail.width < 2:
        return []
    usual = _usual_filled(tail)
    begins = _begins(tail.head(tail.height - _MOST_LAST))
    reasons: list[str] = []
    has_text = False
    for cells in reversed(tail.tail(_MOST_LAST).rows()):
        row = [_plain(cell) for cell in cells]
        if is_ruler(row):
            reasons.append("ruler")
        elif _is_total(row, usual, begins):
            reasons.append("total")
        elif _is_footer(row, usual):
            reasons.append("footer")
        else:
            break
        has_text = has_text or any(row)
    # Rows without a cell are rows, unless there is something below the table.
    return _block_of_text(tail, usual) or (reasons[::-1] if has_text else [])


def _block_of_text(tail: pl.DataFrame, usual: int) -> list[str]:
    """Return reasons for a text below the table and all that follows it, if none of that begins as a row does."""
    rows = [[_plain(cell) for cell in cells] for cells in tail.rows()]
    begins = _begins(tail.head(tail.height - _MOST_LAST))
    for place in range(max(0, len(rows) - _MOST_LAST), len(rows)):
        if _is_footer(rows[place], usual) and rows[place][0]:
            following = rows[place + 1 :]
            if following and not any(cell_shape(row[0]) in begins for row in following):
                ruled = ["ruler"] if place and is_ruler(rows[place - 1]) else []
                return [*ruled, *["footer"] * (len(rows) - place)]
    return []


def _begins(rows: pl.DataFrame) -> frozenset[str]:
    """Return the shapes of the first cells."""
    return frozenset(cell_shape(_plain(cell)) for cell in rows.to_series(0).to_list())


def cell_shape(cell: str) -> str:
    """Return a cell with every word as `a` and every digit as `9`."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d", "9", cell))


def _is_total(row: list[str], usual: int, begins: frozenset[str]) -> bool:
    """Whether a row says that it is a total or a balance of the account.

    A total has fewer cells than the others, or begins with the word where the others do not begin with a word.
    """
    filled = [cell for cell in row if cell]
    if any(_BALANCE.fullmatch(cell) for cell in filled[:_LABELS]):
        return True
    if begins and row[0] and _TOTAL.fullmatch(row[0]) and cell_shape(row[0]) not in begins:
        return True
    if not filled or len(filled) > max(usual - 1, usual // 2):
        return False
    return any(_TOTAL.fullmatch(cell) for cell in filled[:2]) or _is_label(filled, usual)


def _is_label(filled: list[str], usual: int) -> bool:
    """Whether a row is a label and its value, in a table of many more cells."""
    return (
        usual >= _MANY_CELLS
        and len(filled) == 2
        and not any(c.isdigit() for c in filled[0])
        and bool(_NUMBERS_OR_DATES.fullmatch(filled[1]))
    )


def _is_footer(row: list[str], usual: int) -> bool:
    """Whether a row is nothing but a text in its first cell, in a table of more cells; or empty."""
    filled = [cell for cell in row if cell]
    return usual >= 3 and (
        not filled or (len(filled) == 1 and row[0] == filled[0] and len(_LETTERS.findall(row[0])) > 1)
    )


def _usual_filled(rows: pl.DataFrame) -> int:
    counts = sorted(sum(bool(_plain(cell)) for cell in row) for row in rows.rows())
    return counts[len(counts) // 2] if counts else rows.width


def _has_values(cells: pl.Series) -> bool:
    filled = [cell for cell in cells.to_list() if cell and str(cell).strip()]
    return bool(filled) and sum(bool(_NUMBERS_OR_DATES.fullmatch(str(cell))) for cell in filled) > 0.8 * len(
        filled
    )


def _plain(cell: object) -> str:
    text = unicodedata.normalize("NFKD", "" if cell is None else str(cell).strip().lower())
    return "".join(c for c in text if not unicodedata.combining(c))
