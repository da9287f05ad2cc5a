"""A result as an Excel workbook of two sheets: the rows to review, and all rows.

Numbers and dates are cells of their type, with formats of the reader's language; text stays text, so that a spreadsheet
executes no cell of an upload.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from vigie.app.result_layout import VERDICT_COLUMNS
from vigie.engine.output import RESULT_COLUMNS
from vigie.i18n.translator import Translator
from vigie.web.exports.result_table import ResultTable

MAX_CELLS = 1_500_000
"""Cells of the sheet of all rows; what is beyond them is in the other formats."""
MAX_ROWS = 1_048_576 - 1
MAX_COLUMNS = 16_000
_MAX_TEXT = 32_767
_MAX_DIGITS = 10**15
"""A spreadsheet keeps fifteen digits of a number: longer ones stay text."""
_FIRST_DATE = date(1900, 3, 1)
"""Before it the calendar of a spreadsheet is one day off."""
_UTC = ("Z", "z", "UTC", "GMT", "+00:00", "+0000")
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_WIDTHS = {"reasons": 60, "comment": 40, "verdict_at": 20}


def write(path: Path, table: ResultTable, roles: Mapping[str, str], t: Translator) -> None:
    """Write the workbook.

    Args:
        path: file to write.
        table: rows of the result; its alerts are on the first sheet, most suspicious first.
        roles: column of the upload -> role.
        t: translator of the reader's language.
    """
    with xlsxwriter.Workbook(str(path), _OPTIONS) as book:
        style = _Styles(book, table, roles, t)
        _Sheet(book, t("exports.review_sheet"), style).write_ranked(table, table.alerts[:MAX_ROWS])
        _Sheet(book, t("exports.all_sheet"), style).write_all(table)


class _Styles:
    """Formats of the columns."""

    def __init__(self, book: Any, table: ResultTable, roles: Mapping[str, str], t: Translator) -> None:
        self.bold = book.add_format({"bold": True, "bottom": 1})
        self.date = book.add_format({"num_format": t("exports.date_format")})
        self.moment = book.add_format({"num_format": t("exports.moment_format")})
        self.moment_utc = book.add_format({"num_format": t("exports.moment_format") + ' "UTC"'})
        self.more = t("exports.more_rows")
        score, share = (book.add_format({"num_format": code}) for code in ("0.000", "0.0%"))
        self.results = {
            "fraud_score": score, "fraud_probability": share, "anomaly_score": share, "agreement": share,
        }  # fmt: skip
        self.cells: dict[str, Any] = {}
        for number, name in enumerate(table.columns):
            if roles.get(name) == "amount" or number in table.units:
                unit = table.units.get(number, "").replace('"', "")
                self.cells[name] = book.add_format(
                    {"num_format": f'#,##0.00 "{unit}"' if unit else "#,##0.00"}
                )

    def of_date(self, value: date) -> Any:
        """Return the format of a day, a moment, or a moment in UTC."""
        if not isinstance(value, datetime):
            return self.date
        return self.moment if value.tzinfo is None else self.moment_utc


class _Sheet:
    """One sheet, written from top to bottom."""

    def __init__(self, book: Any, name: str, style: _Styles) -> None:
        self._sheet, self._style = book.add_worksheet(name), style
        self._line = 0

    def write_ranked(self, table: ResultTable, ranking: Sequence[int]) -> None:
        """Write some rows, most suspicious first: results and verdicts before the cells."""
        before, after = (*RESULT_COLUMNS[:2], "risk_level", *VERDICT_COLUMNS, "reasons"), RESULT_COLUMNS[2:4]
        names = ["row", "rank", *before, *table.columns, *after]
        self._head([*names], table, count=len(ranking))
        if table.width > MAX_COLUMNS or not ranking:
            return
        batch = table.select(ranking)
        additions = _renamed(batch.additions)
        numbers = [(row + 1, table.ranks[row]) for row in ranking]
        self._rows(numbers, additions.select(before), batch.cells, batch.typed, additions.select(after))

    def write_all(self, table: ResultTable) -> None:
        """Write the rows in the order of the upload, as many as a sheet can show."""
        names = ["row", *table.columns, *RESULT_COLUMNS, *VERDICT_COLUMNS]
        shown = min(table.height, MAX_ROWS, MAX_CELLS // len(names))
        self._head(names, table, count=shown)
        if table.width > MAX_COLUMNS:
            return
        done = 0
        for batch in table.batches():
            count = min(batch.cells.height, shown - done)
            if count <= 0:
                break
            numbers = ((row + 1,) for row in range(done, done + count))
            after = _renamed(batch.additions).head(count)
            self._rows(numbers, pl.DataFrame(), batch.cells.head(count), batch.typed.head(count), after)
            done += count
        if done < table.height:
            self._sheet.write_string(self._line + 2, 0, self._style.more)

    def _head(self, names: Sequence[str], table: ResultTable, *, count: int) -> None:
        if table.width > MAX_COLUMNS:
            self._sheet.write_string(0, 0, self._style.more)
            return
        for column, name in enumerate(names):
            self._sheet.set_column(column, column, _WIDTHS.get(name, 14))
        for column, name in enumerate(names):
            self._sheet.write_string(0, column, name[:_MAX_TEXT], self._style.bold)
        self._sheet.freeze_panes(1, 1)
        self._sheet.autofilter(0, 0, max(1, count), len(names) - 1)

    def _rows(
        self,
        numbers: Iterable[tuple[int, ...]],
        before: pl.DataFrame,
        cells: pl.DataFrame,
        typed: pl.DataFrame,
        after: pl.DataFrame,
    ) -> None:
        """Write rows: numbers, results, cells of the upload, results."""
        texts = [series.cast(pl.String, strict=False) for series in cells]
        columns: list[tuple[str | None, pl.Series, pl.Series | None]]
        columns = [(series.name, series, None) for series in before]
        columns += [(None, series, text) for series, text in zip(typed, texts, strict=True)]
        columns += [(series.name, series, None) for series in after]
        formats = [
            self._style.cells.get(series.name) if own is None else self._style.results.get(own)
            for own, series, _ in columns
        ]
        values = zip(*(series for _, series, _ in columns), strict=True)
        written = zip(*(text if text is not None else series for _, series, text in columns), strict=True)
        for first, row, raw in zip(numbers, values, written, strict=True):
            self._line += 1
            for column, number in enumerate(first):
                self._sheet.write_number(self._line, column, number)
            for column, (value, text, style) in enumerate(
                zip(row, raw, formats, strict=True), start=len(first)
            ):
                self._cell(column, value, text, style)

    def _cell(self, column: int, value: Any, text: Any, style: Any) -> None:
        if isinstance(value, str):
            self._sheet.write_string(self._line, column, value[:_MAX_TEXT])
        elif isinstance(value, bool):
            self._sheet.write_boolean(self._line, column, value)
        elif isinstance(value, int | float) and abs(value) < _MAX_DIGITS:
            self._sheet.write_number(self._line, column, value, style)
        elif isinstance(value, date) and _representable(value, text):
            moment = value.replace(tzinfo=None) if isinstance(value, datetime) else value
            self._sheet.write_datetime(self._line, column, moment, self._style.of_date(value))
        elif text:
            self._sheet.write_string(self._line, column, str(text)[:_MAX_TEXT])


def _representable(value: date, text: str | None) -> bool:
    """Whether a spreadsheet can show a date as it was written: it knows no time zones and no days before 1900."""
    if isinstance(value, datetime):
        in_utc = value.tzinfo is None or not isinstance(text, str) or text.rstrip().endswith(_UTC)
        return in_utc and value.date() >= _FIRST_DATE
    return value >= _FIRST_DATE


def _renamed(additions: pl.DataFrame) -> pl.DataFrame:
    return additions.rename(dict(zip(additions.columns, (*RESULT_COLUMNS, *VERDICT_COLUMNS), strict=True)))
