"""Columns that look like labels: known only afterwards by their name, with two or three values."""

from __future__ import annotations

import polars as pl

from vigie.roles.inference import Roles

MAX_LABEL_VALUES = 3
"""Values of a label: fraud, legitimate, and a word for unknown."""


def label_columns(frame: pl.DataFrame, roles: Roles) -> list[str]:
    """Return the columns that look like labels, in the order of the table.

    Args:
        frame: (rows, columns) typed.
        roles: of its columns.
    """
    after = [item.column for item in roles.columns if item.role == "leak"]
    found = {column for column in after if 2 <= _distinct(frame[column]) <= MAX_LABEL_VALUES}
    return [column for column in frame.columns if column in found]


def _distinct(cells: pl.Series) -> int:
    """Return the number of values, where neither space around a text nor its case counts."""
    known = cells.drop_nulls()
    return (known.str.strip_chars().str.to_lowercase() if cells.dtype == pl.String else known).n_unique()
