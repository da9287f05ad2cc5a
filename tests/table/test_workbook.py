"""Workbooks: merged cells and formulas without a value belong to the columns and rows that show them."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from vigie.table import read

ROWS, MERGED = 30, 3
HEADER = ["id", "client", "date", "amount"]
UNITS = ["int", "text", "date", "EUR"]


def write_merged(path: Path, *, row: int, column: int, units: bool) -> None:
    """Write a table whose header is at (row, column) and whose clients are merged over `MERGED` rows each."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, names in enumerate([HEADER, UNITS] if units else [HEADER]):
            sheet.write_row(row + number, column, names)
        row += 2 if units else 1
        for i in range(ROWS):
            sheet.write_row(row + i, column, [i, None, f"2026-01-{1 + i:02}", i * 1.5])
            if i % MERGED == 0:
                sheet.merge_range(row + i, column + 1, row + i + MERGED - 1, column + 1, f"C{i}")


@pytest.mark.parametrize(
    ("row", "column", "units"), [(0, 0, False), (3, 2, False), (0, 0, True), (3, 2, True)]
)
def test_merged_cells_count_in_each_of_their_rows(tmp_path: Path, row: int, column: int, units: bool) -> None:
    """Wherever the table begins, and with a line of units under its header; the other columns stay as they are."""
    write_merged(tmp_path / "t.xlsx", row=row, column=column, units=units)
    table = read(tmp_path / "t.xlsx")
    assert table.typed["client"].to_list() == [f"C{i - i % MERGED}" for i in range(ROWS)]
    assert table.frame["client"].null_count() == ROWS - ROWS // MERGED
    assert table.typed["date"].n_unique() == ROWS
    assert [note.template.split(":")[0] for note in table.report.notes] == ["{column}"]
    assert str(table.report.notes[0]).startswith("client: merged cells")
    assert [one.line for one in table.report.set_aside] == ([row + 2] if units else [])


def test_formulas_without_a_value_are_named_by_their_column(tmp_path: Path) -> None:
    """Also where the table does not begin in the first column of the sheet."""
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 2, HEADER)
        for i in range(ROWS):
            sheet.write_row(1 + i, 2, [i, f"C{i}", f"2026-01-{1 + i:02}"])
            sheet.write_formula(1 + i, 5, f"=C{i + 2}*2", value="")
    (note,) = read(tmp_path / "t.xlsx").report.notes
    assert str(note).startswith("amount: its formulas have no stored value")
