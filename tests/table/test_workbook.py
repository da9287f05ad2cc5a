"""Workbooks of all kinds; merged cells and formulas without a value belong to the columns and rows that show them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from vigie.errors import TableTooLarge
from vigie.table import read

ROWS, MERGED = 30, 3
HEADER = ["id", "client", "date", "amount"]
UNITS = ["int", "text", "date", "EUR"]


def write_merged(path: Path, *, row: int, column: int, units: bool) -> None:
    """Write a table whose header is at (row, column) and whose clients are merged over `MERGED` rows each.

    With units it also has a subtotal below row 9, and a longer sheet that is hidden.
    """
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, names in enumerate([HEADER, UNITS] if units else [HEADER]):
            sheet.write_row(row + number, column, names)
        row += 2 if units else 1
        for i in range(ROWS):
            if units and i == 9:
                sheet.write_row(row + i, column, [None, "Sous-total", None, 54])
                row += 1
            sheet.write_row(row + i, column, [i, None, f"2026-01-{1 + i:02}", i * 1.5])
            if i % MERGED == 0:
                sheet.merge_range(row + i, column + 1, row + i + MERGED - 1, column + 1, f"C{i}")
        if units:
            other = book.add_worksheet()
            other.hide()
            for i in range(2 * ROWS):
                other.write_row(i, 0, [f"code {i}", i])


@pytest.mark.parametrize(
    ("row", "column", "units"), [(0, 0, False), (3, 2, False), (0, 0, True), (3, 2, True)]
)
def test_merged_cells_count_in_each_of_their_rows(tmp_path: Path, row: int, column: int, units: bool) -> None:
    """Wherever the table begins, and with units and a subtotal among its rows; the other columns stay as they are."""
    write_merged(tmp_path / "t.xlsx", row=row, column=column, units=units)
    table = read(tmp_path / "t.xlsx")
    assert table.typed["client"].to_list() == [f"C{i - i % MERGED}" for i in range(ROWS)]
    assert table.frame["client"].null_count() == ROWS - ROWS // MERGED
    assert table.typed["date"].n_unique() == ROWS
    assert [note.template.split(":")[0] for note in table.report.notes] == ["{column}"]
    assert str(table.report.notes[0]).startswith("client: merged cells")
    assert [one.line for one in table.report.set_aside] == ([row + 2, row + 12] if units else [])


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


@pytest.mark.parametrize("name", ["90_statement.xls", "91_statement.ods"])
@pytest.mark.parametrize("extension", [".xls", ".xlsx", ".ods"])
def test_older_and_open_workbooks_are_read_whatever_they_are_called(
    tmp_path: Path, name: str, extension: str
) -> None:
    """The sheet with the table is found, its header in row 3, and the total is set aside."""
    path = tmp_path / f"statement{extension}"
    path.write_bytes((Path(__file__).parent / "cases" / name).read_bytes())
    table = read(path)
    assert table.frame.columns == ["Date", "Bénéficiaire", "Débit", "Crédit"]
    assert (table.frame.height, table.report.header_line, table.report.sheet) == (30, 3, "Mouvements")
    assert [(one.line, one.reason) for one in table.report.set_aside] == [(34, "total")]
    assert table.typed["Débit"].sum() == sum(10.5 + i for i in range(30) if i % 3)


def open_document(content: str) -> bytes:
    """An OpenDocument sheet with these rows."""
    out = io.BytesIO()
    kinds = "xmlns:table='urn:oasis:names:tc:opendocument:xmlns:table:1.0' xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' xmlns:text='urn:oasis:names:tc:opendocument:xmlns:text:1.0'"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            "<manifest:manifest xmlns:manifest='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0'/>",
        )
        sheet = f"<table:table table:name='S'>{content}</table:table>"
        archive.writestr(
            "content.xml",
            f"<office:document-content {kinds}><office:body><office:spreadsheet>{sheet}</office:spreadsheet></office:body></office:document-content>",
        )
    return out.getvalue()


def test_repeated_cells_of_an_open_document_are_counted_before_they_are_made(tmp_path: Path) -> None:
    """A small file that stands for a billion cells is refused; empty cells to the end of the sheet are none."""
    cell = "<table:table-cell office:value-type='string' {}><text:p>x</text:p></table:table-cell>"
    row = f"<table:table-row>{cell.format('')}{cell.format('')}</table:table-row>"
    wide = cell.format("table:number-columns-repeated='1000'")
    bomb = f"<table:table-row table:number-rows-repeated='1000000'>{wide}</table:table-row>"
    end = "<table:table-row table:number-rows-repeated='1048000'><table:table-cell table:number-columns-repeated='1024'/></table:table-row>"
    path = tmp_path / "t.ods"
    path.write_bytes(open_document(row * 9 + bomb))
    with pytest.raises(TableTooLarge, match=r"1,000,000,000|1,000,00[89]"):
        read(path)
    path.write_bytes(open_document(row * 9 + end))
    assert read(path).frame.shape == (8, 2)
