"""Files to read."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

Cell = str | int | float | None
WriteBytes = Callable[[str, bytes], Path]
WriteWorkbook = Callable[[Sequence[Sequence[Cell]]], Path]

_CONTENT_TYPES = """<?xml version="1.0"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"""
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = """<?xml version="1.0"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Type="{type}" Target="{target}"/></Relationships>"""
_WORKBOOK = f"""<?xml version="1.0"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{_RELATION}">
<sheets><sheet name="Data" sheetId="1" r:id="rId1"/></sheets></workbook>"""


@pytest.fixture
def write_bytes(tmp_path: Path) -> WriteBytes:
    """Writes a file of a name and returns its path."""

    def write(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def write_workbook(tmp_path: Path) -> WriteWorkbook:
    """Writes the smallest workbook with one sheet of these rows."""

    def write(rows: Sequence[Sequence[Cell]]) -> Path:
        path = tmp_path / "table.xlsx"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", _CONTENT_TYPES)
            archive.writestr(
                "_rels/.rels", _RELATIONS.format(type=f"{_RELATION}/officeDocument", target="xl/workbook.xml")
            )
            archive.writestr("xl/workbook.xml", _WORKBOOK)
            archive.writestr(
                "xl/_rels/workbook.xml.rels",
                _RELATIONS.format(type=f"{_RELATION}/worksheet", target="worksheets/sheet1.xml"),
            )
            archive.writestr("xl/worksheets/sheet1.xml", _sheet(rows))
        return path

    return write


def _sheet(rows: Sequence[Sequence[Cell]]) -> str:
    lines = [
        f'<row r="{y}">'
        + "".join(_cell(f"{chr(64 + x)}{y}", cell) for x, cell in enumerate(row, 1))
        + "</row>"
        for y, row in enumerate(rows, 1)
        if any(cell is not None for cell in row)
    ]
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?><worksheet xmlns="{namespace}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _cell(reference: str, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f'<c r="{reference}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
    return f'<c r="{reference}"><v>{cell}</v></c>'
