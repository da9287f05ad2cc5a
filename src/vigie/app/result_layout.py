"""Layout of a stored result: names of the files and of the columns of the ranked table.

The worker writes a result; pages and exports read it. The ranked table holds all rows, most suspicious first. Its columns
have prefixes, so that no column of an upload conflicts with another: `v:` for Vigie's own, `c:` for the cells of an upload
as text, and `t:` for the same cells as numbers or dates, to sort by. The other two tables are in the order of the upload:
its cells with the result columns, and its columns of numbers and dates with their types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RANKED = "ranked.parquet"
ROWS = "predictions.parquet"
EXACT = "exact.parquet"
CHARTS = "charts.json"
SCORER = "plan.npz"
FILES = (RANKED, ROWS, EXACT, CHARTS, SCORER)

VERDICT_COLUMNS = ("verdict", "verdict_by", "verdict_at", "comment")
"""Columns of an exported table after the result columns: the label of a row, who gave it, when, and the comment."""


def own_column(name: str) -> str:
    """Return the name of a column of Vigie."""
    return f"v:{name}"


def cell_column(number: int) -> str:
    """Return the name of the text column of the upload's column `number`."""
    return f"c:{number}"


def typed_column(number: int) -> str:
    """Return the name of the typed column of the upload's column `number`."""
    return f"t:{number}"


def find_typed(description: Mapping[str, Any], column: str | None) -> str | None:
    """Return the name of the typed column of the upload's column `column`; None where the ranked table has none."""
    columns = list(description["columns"])
    number = columns.index(column) if column in columns else None
    return typed_column(number) if number is not None and number in description.get("typed", []) else None
