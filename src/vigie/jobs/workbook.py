"""Alerts as an Excel workbook; text cells stay text, so that a spreadsheet executes no cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

_MAX_ROWS = 20_000
_MIN_ROWS = 100
_MAX_COLUMNS = 16_000
_MAX_TEXT = 32_767
_BEFORE = ("fraud_score", "fraud_probability", "risk_level", "reasons")
_AFTER = ("anomaly_score", "agreement")
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd hh:mm:ss",
}


def write(path: Path, frame: pl.DataFrame, additions: pl.DataFrame, order: Any) -> None:
    """Write the alerts, most suspicious first, and at least 100 rows; nothing for a table with too many columns.

    Args:
        path: file to write.
        frame: (rows, columns) the table.
        additions: (rows, 7) the output columns.
        order: (rows,) indices of the rows, most suspicious first.
    """
    count = min(len(order), _MAX_ROWS, max(int(additions["alert"].sum()), _MIN_ROWS))
    rows = order[:count]
    if frame.width + len(_BEFORE) + len(_AFTER) + 1 > _MAX_COLUMNS:
        return
    columns = [additions[name].gather(rows) for name in _BEFORE]
    columns += [series.gather(rows).cast(pl.String, strict=False) for series in frame]
    columns += [additions[name].gather(rows) for name in _AFTER]
    with xlsxwriter.Workbook(str(path), _OPTIONS) as book:
        sheet = book.add_worksheet("alerts")
        bold = book.add_format({"bold": True})
        for column, name in enumerate(("row", *(series.name for series in columns))):
            sheet.write_string(0, column, name[:_MAX_TEXT], bold)
        for line, cells in enumerate(zip(*columns, strict=True), start=1):
            # Rows count from 1 wherever a user reads them.
            sheet.write_number(line, 0, int(rows[line - 1]) + 1)
            for column, cell in enumerate(cells, start=1):
                _write_cell(sheet, line, column, cell)
        sheet.freeze_panes(1, 1)


def _write_cell(sheet: Any, line: int, column: int, cell: Any) -> None:
    if isinstance(cell, str):
        sheet.write_string(line, column, cell[:_MAX_TEXT])
    elif cell is not None:
        sheet.write_number(line, column, float(cell))
