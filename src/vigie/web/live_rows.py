"""Cells of live rows: numbers, dates, and yes and no, as the uploaded file writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from vigie.table.parsing.dates import parse_dates, parse_times_of_day
from vigie.table.parsing.nulls_and_booleans import parse_booleans
from vigie.table.parsing.numbers import parse_numbers


@dataclass(frozen=True)
class CellStyle:
    """How an upload writes its cells.

    Attributes:
        decimal: "." or ",".
        month_first: whether its dates have the month before the day.
    """

    decimal: str = "."
    month_first: bool = False

    def text(self, cell: Any) -> str:
        """Return a cell as the upload would write it."""
        return str(cell).replace(".", self.decimal) if isinstance(cell, float) else str(cell)


def parse(rows: pl.DataFrame, schema: Mapping[str, pl.DataType], style: CellStyle) -> pl.DataFrame:
    """Return the rows with text parsed where the fitted table has numbers, dates or booleans.

    Args:
        rows: columns of text, and columns that have a type already.
        schema: column -> type in the fitted table.
        style: of the upload.
    """
    return rows.with_columns(
        _parsed(series, schema[series.name], style)
        for series in rows
        if series.dtype == pl.String and series.name in schema and schema[series.name] != pl.String
    )


def _parsed(series: pl.Series, dtype: pl.DataType, style: CellStyle) -> pl.Series:
    """Return the values of a column; a column that is not written so stays text, which is read as ISO 8601 later."""
    cells = series.fill_null("").str.strip_chars()
    sample = cells.filter(cells != "")
    if not len(sample):
        return series
    found: pl.Series | None = None
    if dtype.is_numeric():
        numbers = parse_numbers(cells, sample, style.decimal == ",")
        found = parse_times_of_day(cells) if numbers is None else numbers.values
    elif dtype == pl.Boolean:
        found = parse_booleans(cells, is_sample=True)
    elif dtype.is_temporal():
        dates = parse_dates(cells, sample, month_first=style.month_first)
        found = None if dates is None else dates.values
    return series if found is None else found.cast(dtype, strict=False).rename(series.name)
