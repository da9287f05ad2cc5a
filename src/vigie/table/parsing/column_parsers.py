"""How the columns of a table that no memory holds are parsed: settled on some of its rows, and held to on all.

The cells that were looked at propose parsers, best first, as `parse_table` would have it. The first that every piece of
the table accepts is the column's; the table is read again with the next one where a piece objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import polars as pl

from vigie.table.parsing import tolerance
from vigie.table.parsing.column_names import names_identifier
from vigie.table.parsing.columns import blanks_to_null, parse_table, simplify_type
from vigie.table.parsing.dates import parse_dates, parse_most_dates, parse_times_of_day
from vigie.table.parsing.nulls_and_booleans import is_missing, parse_booleans
from vigie.table.parsing.numbers import parse_numbers
from vigie.table.parsing.spelling import Spelling, spelling_of
from vigie.table.report import ColumnReport

_PLAIN = Spelling()
_EXPECTED = {"numbers": "number", "dates": "time", "clock": "time"}


@dataclass(frozen=True)
class ParsedPiece:
    """A piece of a column, parsed.

    Attributes:
        values: null where a cell is empty or unreadable.
        report: its cells without a value; None where the column is not of numbers or moments.
    """

    values: pl.Series
    report: ColumnReport | None = None


@dataclass(frozen=True)
class ColumnParser:
    """One way to parse a column.

    Attributes:
        kind: `flags`, `dates`, `numbers`, `clock`, `text`, or `typed` for a column that came with a type.
        dtype: of the values.
        sample: cells that propose formats.
        comma: whether the table's decimal mark is one.
        month_first: of dates in digits.
        tolerant: null where a cell is something else, instead of objecting.
        mark: decimal mark of the column, where it is known.
        spelling: of its cells.
    """

    kind: str
    dtype: pl.DataType
    sample: pl.Series
    comma: bool = False
    month_first: bool = False
    tolerant: bool = False
    mark: str = ""
    spelling: Spelling = _PLAIN

    def parse(self, cells: pl.Series) -> ParsedPiece | None:
        """Parse a piece of the column; None where a cell is something else."""
        if self.kind == "typed":
            return ParsedPiece(simplify_type(cells))
        cells = cells.fill_null("")
        if self.kind == "text":
            return ParsedPiece(blanks_to_null(cells))
        if _nothing(cells):
            values = pl.Series(cells.name, [None], dtype=self.dtype).new_from_index(0, len(cells))
        else:
            found = self._values(cells)
            if found is None:
                return None
            values = found
        if self.dtype == pl.Float64 and values.dtype == pl.Int64:
            values = values.cast(pl.Float64)
        return ParsedPiece(values, self._report(cells, values)) if values.dtype == self.dtype else None

    def accepts(self, report: ColumnReport) -> bool:
        """Return whether few enough cells of the whole column are unreadable.

        Args:
            report: of all pieces, merged.
        """
        return not self.tolerant or tolerance.is_tolerated(report, self.dtype)

    def _values(self, cells: pl.Series) -> pl.Series | None:
        if self.kind == "flags":
            return parse_booleans(cells, is_sample=True)
        cells = self.spelling.plain(cells.str.strip_chars())
        if self.tolerant:
            found = tolerance.parse_most_of(
                self.kind, cells, self.sample, self.comma, self.month_first, self.mark
            )
            return None if found is None else found.values
        if self.kind == "clock":
            return parse_times_of_day(cells)
        if self.kind == "numbers":
            numbers = parse_numbers(cells, self.sample, self.comma)
            return None if numbers is None else numbers.values
        dates = parse_dates(cells, self.sample, month_first=self.month_first)
        return None if dates is None or bool(dates.month_first) != self.month_first else dates.values

    def _report(self, cells: pl.Series, values: pl.Series) -> ColumnReport | None:
        if self.kind not in _EXPECTED:
            return None
        expected = _EXPECTED[self.kind]
        if values.null_count():
            cells = self.spelling.plain(cells.str.strip_chars())
            report = tolerance.describe_cells(cells, values, read_as=expected, expected=expected)
            if report is not None:
                return report
        return ColumnReport(cells.name, expected, expected, len(values) - values.null_count())


def merge_reports(parts: Iterable[tuple[int, ColumnReport]]) -> dict[str, ColumnReport]:
    """Return column -> the report of the whole column.

    Args:
        parts: rows before the piece, and the report of a column in it; in the order of the rows.
    """
    merged: dict[str, ColumnReport] = {}
    for offset, part in parts:
        known = merged.get(
            part.column, replace(part, filled=0, unreadable=tolerance.NO_CELLS, placeholders=0)
        )
        merged[part.column] = replace(
            known,
            filled=known.filled + part.filled,
            unreadable=known.unreadable.plus(part.unreadable, offset=offset),
            placeholders=known.placeholders + part.placeholders,
        )
    return merged


class ParserChoice:
    """The parsers of a table while its pieces are read again and again, until all are accepted.

    Args:
        candidates: column -> its parsers, best first and plain text last.
    """

    def __init__(self, candidates: dict[str, list[ColumnParser]]) -> None:
        self._candidates = candidates
        self._text: dict[str, ColumnReport] = {}

    @property
    def parsers(self) -> dict[str, ColumnParser]:
        """Column -> the parser to try."""
        return {name: found[0] for name, found in self._candidates.items()}

    def reject(self, name: str) -> None:
        """Fall back to the next parser of a column, since a piece of it objected."""
        self._candidates[name].pop(0)

    def reject_unreadable(self, reports: dict[str, ColumnReport]) -> set[str]:
        """Fall back where too many cells of a column are unreadable; return these columns.

        Args:
            reports: column -> the report of the whole column.
        """
        parsers = self.parsers
        rejected = {name for name, report in reports.items() if not parsers[name].accepts(report)}
        for name in rejected:
            found, first = self._candidates[name], self._candidates[name].pop(0)
            if first.kind == "numbers":
                self._candidates[name] = [parser for parser in found if parser.kind != "numbers"]
            if tolerance.is_reported(reports[name]):
                self._text[name] = replace(reports[name], read_as="text")
        return rejected

    def reports(self, found: dict[str, ColumnReport]) -> tuple[ColumnReport, ...]:
        """Return what there is to say of the columns, in their order, once every parser is accepted.

        Args:
            found: column -> the report of the whole column.
        """
        parsers = self.parsers
        text = {name: report for name, report in self._text.items() if parsers[name].kind == "text"}
        both = {name: report for name, report in found.items() if report.unreadable.count} | text
        return tuple(both[name] for name in self._candidates if name in both)


def candidate_parsers(
    some: pl.DataFrame, *, comma_by_default: bool, mark: str | None = None
) -> tuple[dict[str, list[ColumnParser]], str]:
    """Return for each column its parsers, best first and plain text last; and the decimal mark of the table.

    Args:
        some: rows from all over the table, as uploaded.
        comma_by_default: take the comma where no column tells.
        mark: the decimal mark of the table, where the user names it.
    """
    parsed = parse_table(some, comma_by_default=comma_by_default, mark=mark)
    comma = parsed.mark == ","
    reported = {column.column for column in parsed.columns}
    return {
        cells.name: list(_candidates(cells, parsed.typed[cells.name], comma, cells.name not in reported))
        for cells in some
    }, parsed.mark


def _candidates(
    cells: pl.Series, values: pl.Series, comma: bool, is_complete: bool
) -> Iterator[ColumnParser]:
    """Yield the strict parsers, then the same ones tolerant, then text."""
    if cells.dtype != pl.String:
        yield ColumnParser("typed", values.dtype, cells.clear())
        return
    trimmed = cells.fill_null("").str.strip_chars()
    spelling = spelling_of(trimmed.filter(trimmed != ""))
    trimmed = spelling.plain(trimmed)
    sample, mark = trimmed.filter(trimmed != "").head(2000), ""
    parsers = [
        replace(parser, spelling=spelling)
        for parser in (_strict(trimmed, values, comma, sample) if values.dtype != pl.String else ())
    ]
    # Where every cell has a value, the parsers read these cells already.
    strict = parsers if is_complete else [parser for parser in parsers if parser.parse(cells) is not None]
    if not strict and (found := tolerance.parse_most(trimmed, sample, comma=comma)) is not None:
        mark = found.mark
        parsers = list(_tolerant(found, comma, sample))
    elif values.dtype == pl.Float64:
        numbers = parse_numbers(trimmed, sample, comma)
        mark = numbers.mark if numbers else ""
    yield from strict
    if not names_identifier(cells.name):
        mark = mark or ("," if comma else ".")
        for parser in parsers:
            if parser.kind in _EXPECTED:
                yield replace(parser, tolerant=True, mark=mark, spelling=spelling)
    yield ColumnParser("text", pl.String(), sample)


def _tolerant(found: tolerance.TolerantColumn, comma: bool, sample: pl.Series) -> Iterator[ColumnParser]:
    dtype = found.values.dtype
    yield ColumnParser(found.kind, dtype, sample, comma, bool(found.month_first))
    if dtype == pl.Int64 and found.kind == "numbers":
        yield ColumnParser("numbers", pl.Float64(), sample, comma)


def _strict(trimmed: pl.Series, values: pl.Series, comma: bool, sample: pl.Series) -> Iterator[ColumnParser]:
    kinds = {pl.Boolean: "flags", pl.Int64: "numbers", pl.Float64: "numbers"}
    if values.dtype == pl.Datetime:
        first = parse_dates(trimmed, sample) or parse_most_dates(trimmed, sample)
        orders = (
            (bool(first.month_first), not first.month_first)
            if first and first.month_first is not None
            else (False,)
        )
        for order in orders:
            yield ColumnParser("dates", values.dtype, sample, comma, order)
    elif values.dtype in kinds:
        clock = parse_times_of_day(trimmed) if values.dtype == pl.Int64 else None
        if clock is not None and clock.equals(values):
            yield ColumnParser("clock", values.dtype, sample)
            return
        yield ColumnParser(kinds[type(values.dtype)], values.dtype, sample, comma)
        if values.dtype == pl.Int64:
            yield ColumnParser("numbers", pl.Float64(), sample, comma)
        if clock is not None:
            # 143510 is a number until a piece of the table has 091523.
            yield ColumnParser("clock", values.dtype, sample)


def _nothing(cells: pl.Series) -> bool:
    """Return whether every cell is empty, or a way to say "missing"."""
    distinct = cells.str.strip_chars().unique().head(50).to_list()
    return len(distinct) < 50 and all(not cell or is_missing(cell) for cell in distinct)
