"""Cells of an Excel workbook with their formats, read from its XML: the installed readers give values alone."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

_NAMES = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
_EPOCH = datetime(1899, 12, 30)


@dataclass(frozen=True)
class Cell:
    """A cell: a number or text, and the format it is shown in."""

    value: float | str | None
    format: str

    @property
    def moment(self) -> datetime:
        """The date that the number is."""
        assert isinstance(self.value, float)
        return _EPOCH + timedelta(seconds=round(86_400 * self.value))


def read(data: bytes) -> dict[str, list[list[Cell]]]:
    """Return the rows of each sheet by its name; cells that were not written are empty."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        formats = _formats(ET.fromstring(book.read("xl/styles.xml")))
        names = [
            sheet.attrib["name"]
            for sheet in ET.fromstring(book.read("xl/workbook.xml")).iterfind(".//m:sheet", _NAMES)
        ]
        return {
            name: _rows(ET.fromstring(book.read(f"xl/worksheets/sheet{number}.xml")), formats)
            for number, name in enumerate(names, start=1)
        }


def _formats(styles: ET.Element) -> list[str]:
    custom = {
        one.attrib["numFmtId"]: one.attrib["formatCode"] for one in styles.iterfind(".//m:numFmt", _NAMES)
    }
    used = styles.iterfind("m:cellXfs/m:xf", _NAMES)
    return [custom.get(one.attrib["numFmtId"], one.attrib["numFmtId"]) for one in used]


def _rows(sheet: ET.Element, formats: list[str]) -> list[list[Cell]]:
    found: list[list[Cell]] = []
    for row in sheet.iterfind(".//m:row", _NAMES):
        cells: list[Cell] = []
        for cell in row.iterfind("m:c", _NAMES):
            place = _column(cell.attrib["r"])
            cells += [Cell(None, "0")] * (place - len(cells))
            style = formats[int(cell.attrib.get("s", "0"))]
            text = cell.findtext("m:is/m:t", namespaces=_NAMES)
            number = cell.findtext("m:v", namespaces=_NAMES)
            assert cell.find("m:f", _NAMES) is None, "a cell is a formula"
            cells.append(Cell(float(number) if text is None and number is not None else text, style))
        found.append(cells)
    width = max(map(len, found), default=0)
    return [cells + [Cell(None, "0")] * (width - len(cells)) for cells in found]


def _column(reference: str) -> int:
    letters = re.match(r"[A-Z]+", reference)
    assert letters is not None
    number = 0
    for letter in letters[0]:
        number = 26 * number + ord(letter) - 64
    return number - 1
