"""The rows to look at as .xlsx: text stays text, so that nothing in a cell is ever executed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

_MOST_ROWS = 20_000
_FEWEST_ROWS = 100
_MOST_COLUMNS = 16_000
_LONGEST = 32_767
_FIRST = ("fraud_score", "fraud_probability", "risk_level", "reasons")
_LAST = ("anomaly_score", "agreement")


def write(path: Path, frame: pl.DataFrame, additions: pl.DataFrame, order: Any) -> None:
    """The alerts, most suspicious first; where there are hardly any, the first hundred rows of the ranking."""
    wanted = min(len(order), _MOST_ROWS, max(int(additions["alert"].sum()), _FEWEST_ROWS))
    some = order[:wanted]
    if frame.width + len(_FIRST) + len(_LAST) + 1 > _MOST_COLUMNS:
        return
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd hh:mm:ss",
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet("alerts")
        bold = book.add_format({"bold": True})
        chosen = [additions[name].gather(some) for name in _FIRST]
        chosen += [series.gather(some).cast(pl.String, strict=False) for series in frame]
        chosen += [additions[name].gather(some) for name in _LAST]
        for column, name in enumerate(("row", *(series.name for series in chosen))):
            sheet.write_string(0, column, name[:_LONGEST], bold)
        for line, cells in enumerate(zip(*chosen, strict=True), start=1):
            # Rows of a workbook count from 1, as everywhere a person reads.
            sheet.write_number(line, 0, int(some[line - 1]) + 1)
            for column, cell in enumerate(cells, start=1):
                _cell(sheet, line, column, cell)
        sheet.freeze_panes(1, 1)


def _cell(sheet: Any, line: int, column: int, cell: Any) -> None:
    if isinstance(cell, str):
        sheet.write_string(line, column, cell[:_LONGEST])
    elif cell is not None:
        sheet.write_number(line, column, float(cell))
