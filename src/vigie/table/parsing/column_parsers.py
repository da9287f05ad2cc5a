"""How the columns of a table that no memory holds are read: settled on some of its rows, and held to on all.

The cells that were looked at propose readings, best first, as `parsing` would have it. The first that reads every cell
of the table is the column's; whoever reads a table in pieces begins again with the next one where a piece objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from vigie.table.parsing.columns import blanks_to_null, parse_table, simplify_type
from vigie.table.parsing.dates import parse_dates, parse_times_of_day
from vigie.table.parsing.nulls_and_booleans import is_missing, parse_booleans
from vigie.table.parsing.numbers import parse_numbers


@dataclass(frozen=True)
class ColumnParser:
    """One way to read a column.

    Attributes:
        kind: `flags`, `dates`, `numbers`, `clock`, `text`, or `given` for a column that came with a type.
        dtype: of what is read.
        sample: cells that propose formats.
        comma: whether the table's decimal mark is one.
        month_first: of dates in digits.
    """

    kind: str
    dtype: pl.DataType
    sample: pl.Series
    comma: bool = False
    month_first: bool = False

    def read(self, cells: pl.Series) -> pl.Series | None:
        """The values of a piece of the column, or None where a cell says something else."""
        if self.kind == "given":
            return simplify_type(cells)
        cells = cells.fill_null("")
        if self.kind == "text":
            return blanks_to_null(cells)
        values = None if _nothing(cells) else self._values(cells)
        if values is None:
            return (
                pl.Series(cells.name, [None], dtype=self.dtype).new_from_index(0, len(cells))
                if _nothing(cells)
                else None
            )
        if self.dtype == pl.Float64 and values.dtype == pl.Int64:
            values = values.cast(pl.Float64)
        return values if values.dtype == self.dtype else None

    def _values(self, cells: pl.Series) -> pl.Series | None:
        if self.kind == "flags":
            return parse_booleans(cells, is_sample=True)
        cells = cells.str.strip_chars()
        if self.kind == "clock":
            return parse_times_of_day(cells)
        if self.kind == "numbers":
            numbers = parse_numbers(cells, self.sample, self.comma)
            return None if numbers is None else numbers.values
        dates = parse_dates(cells, self.sample, month_first=self.month_first)
        return None if dates is None or bool(dates.month_first) != self.month_first else dates.values


def candidate_parsers(
    some: pl.DataFrame, *, comma_by_default: bool
) -> tuple[dict[str, list[ColumnParser]], str]:
    """For each column its readings, best first and plain text last; and the decimal mark of the table.

    Args:
        some: rows from all over the table, as uploaded.
        comma_by_default: take the comma where no column tells.
    """
    typed, mark = parse_table(some, comma_by_default=comma_by_default)
    return {cells.name: list(_of(cells, typed[cells.name], mark == ",")) for cells in some}, mark


def _of(cells: pl.Series, values: pl.Series, comma: bool) -> Iterator[ColumnParser]:
    if cells.dtype != pl.String:
        yield ColumnParser("given", values.dtype, cells.clear())
        return
    sample = cells.filter(cells.str.strip_chars() != "").str.strip_chars().head(2000)
    kinds = {pl.Boolean: "flags", pl.Int64: "numbers", pl.Float64: "numbers"}
    if values.dtype == pl.Datetime:
        first = parse_dates(cells.str.strip_chars(), sample)
        orders = (
            (bool(first.month_first), not first.month_first)
            if first and first.month_first is not None
            else (False,)
        )
        for order in orders:
            yield ColumnParser("dates", values.dtype, sample, comma, order)
    elif values.dtype in kinds:
        clock = (
            parse_times_of_day(cells.fill_null("").str.strip_chars()) if values.dtype == pl.Int64 else None
        )
        if clock is not None and clock.equals(values):
            yield ColumnParser("clock", values.dtype, sample)
            yield ColumnParser("text", pl.String(), sample)
            return
        yield ColumnParser(kinds[type(values.dtype)], values.dtype, sample, comma)
        if values.dtype == pl.Int64:
            yield ColumnParser("numbers", pl.Float64(), sample, comma)
        if clock is not None:
            # 143510 is a number until a piece of the table has 091523.
            yield ColumnParser("clock", values.dtype, sample)
    yield ColumnParser("text", pl.String(), sample)


def _nothing(cells: pl.Series) -> bool:
    """Whether no cell says anything: they are empty, or ways to say "missing"."""
    distinct = cells.str.strip_chars().unique().head(50).to_list()
    return len(distinct) < 50 and all(not cell or is_missing(cell) for cell in distinct)
