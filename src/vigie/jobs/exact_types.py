"""Columns of a CSV as the numbers and dates that their cells are, for exports into files that have types.

Percentages, times of day, several currencies in one column and digits that name something stay the text they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from vigie.table import Table
from vigie.table.parsing.dates import parse_dates

_AROUND = "0123456789.,+-\u2212() '\u2019\u00a0\u2009\u202f"
_ZONE = r":\d{2}(?:[.,]\d+)?\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})$"


@dataclass(frozen=True)
class ExactColumns:
    """The converted columns of a table.

    Attributes:
        columns: number of the column -> (rows,) Int64, Float64, Date or Datetime; a moment with an offset is in UTC.
        partial: numbers of the columns in which a cell with text is null, as "N/A" is.
        units: number of the column -> the currency that all of its cells have.
    """

    columns: dict[int, pl.Series] = field(default_factory=dict)
    partial: set[int] = field(default_factory=set)
    units: dict[int, str] = field(default_factory=dict)


def exact_columns(table: Table) -> ExactColumns:
    """Convert the text columns of numbers and dates; columns that came with a type are left out."""
    found = ExactColumns()
    for number, (cells, values) in enumerate(zip(table.frame, table.typed, strict=True)):
        if cells.dtype != pl.String or values.dtype == pl.String:
            continue
        filled = cells.filter(values.is_not_null())
        if not len(filled):
            continue
        if values.dtype.is_numeric():
            _add_number(found, number, filled, values)
        elif values.dtype.is_temporal() and not filled.str.contains(r"^\s*\d+\s*$").any():
            found.columns[number] = _moments(filled, values)
        if number in found.columns and (cells.fill_null("").str.strip_chars() != "").sum() > len(filled):
            found.partial.add(number)
    return found


def _add_number(found: ExactColumns, number: int, filled: pl.Series, values: pl.Series) -> None:
    # What is left of each cell: nothing, the sign of an exponent, a currency, or the colon of a time of day.
    rest = set(filled.str.strip_chars(_AROUND).unique())
    if rest <= {"", "e", "E"}:
        found.columns[number] = values
    elif len(rest) == 1 and not rest & {"%", ":", "h", "H"}:
        found.columns[number] = values
        found.units[number] = rest.pop()


def _moments(filled: pl.Series, values: pl.Series) -> pl.Series:
    if filled.str.contains(_ZONE).any():
        return values.dt.replace_time_zone("UTC")
    if not filled.str.contains(":", literal=True).any() and (values == values.dt.truncate("1d")).all():
        return values.cast(pl.Date)
    return values


def is_month_first(table: Table) -> bool:
    """Return whether the dates of a CSV were read with the month before the day."""
    for cells, values in zip(table.frame, table.typed, strict=True):
        if cells.dtype != pl.String or not values.dtype.is_temporal():
            continue
        texts = cells.fill_null("").str.strip_chars()
        dates = parse_dates(texts, texts.filter(texts != ""))
        if dates is None:
            continue
        if dates.month_first or not dates.values.equals(values, null_equal=True, check_names=False):
            return True
    return False
