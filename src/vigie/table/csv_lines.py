"""The records of a CSV that has lines which do not fit: mended where only one reading is possible, else set aside.

Slower than the readers of a regular file, and never wrong in silence: a line is a row only when its quotes stand where they
belong, or cannot matter, and it has as many cells as the header.
"""

from __future__ import annotations

import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from vigie.errors import MalformedTable
from vigie.table import row_count
from vigie.table.csv_records import read_records
from vigie.table.delimiter import CsvLayout
from vigie.table.encoding import MARK, DecodedText, byte_chunks
from vigie.table.report import SetAsideLine
from vigie.table.summary_reasons import cell_shape

SET_ASIDE_SHARE = 0.05
"""Share of the lines that may be set aside."""
SET_ASIDE_LEAST = 3
"""Lines that may always be set aside."""
_MOST_LINES = 1000
"""Lines that one cell may go over."""
_MOST_FOOTER_LINES, _FOOTER_CELLS = 60, 2
"""Lines of a text below the table, and cells that such a line has."""
_SHAPE_EVERY = 64
"""Every so many lines the shape of the first cell is kept, to tell a text from a record."""
_SHARED_NAMES = 0.5
"""Share of the names of the columns in a line that is the header of another table."""
_INNER_OPEN = re.compile(r'[^"]"[^"]')


@dataclass(frozen=True)
class Record:
    """One record of the file.

    Attributes:
        line: number of its first line, from 1.
        cells: of the record; none for a blank line.
    """

    line: int
    cells: list[str]


class LineReader:
    """Reads the records after the header.

    Args:
        text: the file.
        layout: where the header is, and what separates cells.
        source: name for messages.
        strict: refuse the first line that does not fit.

    Attributes:
        set_aside: lines that were set aside so far.
        lines: lines that were read so far.
    """

    def __init__(self, text: DecodedText, layout: CsvLayout, source: str, *, strict: bool) -> None:
        self._text, self._layout, self._source, self._strict = text, layout, source, strict
        self._patterns = _patterns(layout.separator, layout.spaced)
        self._width = len(layout.header)
        self._before_footer = 0
        self._shapes: set[str] = set()
        self.set_aside: list[SetAsideLine] = []
        self.lines = 0

    def __iter__(self) -> Iterator[Record]:
        waiting: deque[str] = deque()
        source = _lines(self._text, self._layout)
        line = self._layout.lines_before
        is_header, other_table = not self._layout.no_header, False
        while True:
            raw = waiting.popleft() if waiting else next(source, None)
            if raw is None:
                break
            line += 1
            record, more = self._record(raw, waiting, source)
            if is_header:
                is_header = False
                if record == "quote":
                    raise row_count.unclosed_quote_error(self._source, line)
            elif isinstance(record, list) and self._is_header(record):
                self._put_aside(line, "header", raw, record)
                other_table = False
            elif other_table and record:
                self._put_aside(line, "table", raw, None)
                more = 0
            elif isinstance(record, list):
                if record:
                    self._before_footer = len(self.set_aside)
                    if line % _SHAPE_EVERY == 0 or len(self._shapes) < _SHAPE_EVERY:
                        self._shapes.add(cell_shape(record[0]))
                yield Record(line, record)
            else:
                other_table = record == "cells" and self._is_other_header(raw)
                self._put_aside(line, "table" if other_table else record, raw, None)
                more = 0
            for _ in range(more):
                waiting.popleft()
            line += more
        self.lines = line - self._layout.lines_before

    def finish(self) -> None:
        """Take the lines below the last record for a text below the table, and check that few enough others were set aside.

        The header again, as on each page of a report, is certain and not counted.

        Raises:
            MalformedTable: too many were.
        """
        below = self.set_aside[self._before_footer :]
        if not self._strict and len(below) <= _MOST_FOOTER_LINES and all(map(self._is_text, below)):
            self.set_aside[self._before_footer :] = [replace(one, reason="footer") for one in below]
        wrong = [one for one in self.set_aside if one.reason not in {"footer", "header"}]
        if len(wrong) > max(SET_ASIDE_LEAST, SET_ASIDE_SHARE * self.lines):
            raise self._error(wrong[0].line, wrong[0].reason, len(self._cells_of(wrong[0].text)))

    def _is_text(self, line: SetAsideLine) -> bool:
        """Whether a line that has too few cells is a text or a label with its value, and no record that was cut."""
        filled = [cell for cell in self._cells_of(line.text) if cell.strip()]
        return (
            line.reason == "cells"
            and (len(filled) < _FOOTER_CELLS or len(filled) == _FOOTER_CELLS < self._width - 1)
            and any(c.isalpha() for cell in filled for c in cell)
            and not any(cell_shape(cell) in self._shapes for cell in filled[:1])
        )

    def _is_header(self, record: list[str]) -> bool:
        first, *others = self._layout.named or ("",)
        return len(record) > 1 and record[1:] == others and record[0].lstrip(MARK) == first.lstrip(MARK)

    def _put_aside(self, line: int, reason: str, raw: str, cells: list[str] | None) -> None:
        if self._strict:
            raise self._error(line, reason, len(cells or self._cells_of(raw)) if reason != "quote" else 0)
        self.set_aside.append(SetAsideLine(line, reason, raw.rstrip("\r\n")))

    def _is_other_header(self, raw: str) -> bool:
        """Whether a line of another width names many of the columns: a second table begins."""
        shared = set(self._cells_of(raw)) & set(filter(None, self._layout.named))
        return len(shared) > _SHARED_NAMES * self._width

    def _error(self, line: int, reason: str, found: int) -> MalformedTable:
        if reason == "table":
            return two_tables_error(self._source, line)
        if reason == "cells":
            return row_count.width_error(self._source, line, found, self._width)
        if reason == "header":
            return repeated_header_error(self._source, line)
        return row_count.unclosed_quote_error(self._source, line)

    def _cells_of(self, raw: str) -> list[str]:
        return next(read_records([raw.rstrip("\r\n")], self._layout.separator), [])

    def _record(self, raw: str, waiting: deque[str], source: Iterator[str]) -> tuple[list[str] | str, int]:
        """Return the cells of the record that begins here, or why it is none, and how many of the next lines it takes."""
        body = raw.rstrip("\r\n")
        if not body:
            return [], 0
        if '"' not in body:
            return self._fitted(self._split(body)), 0
        if self._patterns.regular.fullmatch(body):
            return self._fitted(self._unquoted(body)), 0
        if self._patterns.open.fullmatch(body):
            return self._over_lines(raw, waiting, source)
        return self._with_stray_quotes(body), 0

    def _split(self, body: str) -> list[str]:
        cells = body.split(self._layout.separator)
        return [cell.lstrip(" ") for cell in cells] if self._layout.spaced else cells

    def _unquoted(self, body: str) -> list[str]:
        lines = io.StringIO(body, newline="")
        return next(read_records(lines, self._layout.separator, spaced=self._layout.spaced))

    def _over_lines(
        self, raw: str, waiting: deque[str], source: Iterator[str]
    ) -> tuple[list[str] | str, int]:
        """Join lines until the quote is closed; a record of another width shows that the quote is the fault."""
        joined = raw
        for taken in range(1, _MOST_LINES + 1):
            if len(waiting) < taken:
                following = next(source, None)
                if following is None:
                    break
                waiting.append(following)
            joined += waiting[taken - 1]
            if '"' not in waiting[taken - 1]:
                continue
            body = joined.rstrip("\r\n")
            if self._patterns.regular.fullmatch(body):
                cells = self._fitted(self._unquoted(body))
                return (cells, taken) if isinstance(cells, list) else ("cells", 0)
            if not self._patterns.open.fullmatch(body):
                break
        return "quote", 0

    def _with_stray_quotes(self, body: str) -> list[str] | str:
        """Take a quote within a cell for text, unless it and a later one enclose a separator."""
        if not self._patterns.literal.fullmatch(body):
            return "quote"
        cells = self._unquoted(body)
        opened = False
        for cell in self._split(body):
            if opened and cell.endswith('"') and not cell.startswith('"'):
                return "quote"
            opened = opened or (not cell.startswith('"') and bool(_INNER_OPEN.search(cell)))
        return self._fitted(cells)

    def _fitted(self, cells: list[str]) -> list[str] | str:
        """Return the cells, if they are as many as the header has.

        Empty cells too many are not removed: a separator within a text, unquoted, looks the same, and the row would be shifted.
        """
        return cells if len(cells) == self._width else "cells"


@dataclass(frozen=True)
class _Patterns:
    """Of a line without its line end.

    Attributes:
        regular: every quote stands where it belongs.
        open: the same, but the last cell's quote is not closed.
        literal: quotes may stand within cells too, where they are text.
    """

    regular: re.Pattern[str]
    open: re.Pattern[str]
    literal: re.Pattern[str]


@lru_cache(maxsize=16)
def _patterns(separator: str, spaced: bool) -> _Patterns:
    mark = re.escape(separator) + (" *" if spaced else "")
    inside = r'(?:[^"]|"")*+'
    quoted, plain = rf'"{inside}"', rf'[^"\r\n{re.escape(separator)}]*'
    loose = rf'(?!")[^\r\n{re.escape(separator)}]*'
    cells, loose_cells = rf"(?:{quoted}|{plain})", rf"(?:{quoted}(?={re.escape(separator)}|$)|{loose})"
    return _Patterns(
        re.compile(rf"{cells}(?:{mark}{cells})*"),
        re.compile(rf'(?:{cells}{mark})*"{inside}'),
        re.compile(rf"{loose_cells}(?:{mark}{loose_cells})*"),
    )


def _lines(text: DecodedText, layout: CsvLayout) -> Iterator[str]:
    for _, piece in byte_chunks(text.data, layout.start):
        yield from io.StringIO(piece.decode("utf-8"), newline="")


def two_tables_error(source: str, line: int) -> MalformedTable:
    """Return the refusal of a file that holds a second table."""
    return MalformedTable(
        source,
        line=line,
        found="a second table",
        expected="a row",
        hint="save each table in a file of its own",
    )


def repeated_header_error(source: str, line: int) -> MalformedTable:
    """Return the refusal of a table that repeats its header."""
    return MalformedTable(
        source,
        line=line,
        found="the header again",
        expected="a row",
        hint="several files were joined; remove all headers but the first",
    )
