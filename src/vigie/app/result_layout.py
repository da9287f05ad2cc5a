"""Layout of a stored result: names of the files and of the columns of the ranked table.

The worker writes a result and the pages read it. The ranked table holds all rows, most suspicious first. Its columns have
prefixes, so that no column of an upload conflicts with another: `v:` for Vigie's own, `c:` for the cells of an upload as
text, and `t:` for the same cells as numbers or dates, to sort by.
"""

from __future__ import annotations

RANKED = "ranked.parquet"
CSV = "predictions.csv"
PARQUET = "predictions.parquet"
WORKBOOK = "alerts.xlsx"
CHARTS = "charts.json"
SCORER = "plan.npz"
FILES = (RANKED, CSV, PARQUET, WORKBOOK, CHARTS, SCORER)


def own_column(name: str) -> str:
    """Return the name of a column of Vigie."""
    return f"v:{name}"


def cell_column(number: int) -> str:
    """Return the name of the text column of the upload's column `number`."""
    return f"c:{number}"


def typed_column(number: int) -> str:
    """Return the name of the typed column of the upload's column `number`."""
    return f"t:{number}"
