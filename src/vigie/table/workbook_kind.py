"""What kind of workbook a file is, by its content: the extension may say another one, and exports of banks are often text or HTML."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from vigie.errors import UnreadableTable
from vigie.table.declared_size import (
    DAMAGED_ARCHIVE,
    check_cells,
    check_limit,
    check_workbook,
    damaged,
    member_chunks,
)
from vigie.table.encoding import is_binary
from vigie.table.options import ReadLimits

WORKBOOK_EXTENSIONS = (".xlsx", ".xlsm", ".xls", ".ods")
EXPECTED = "a workbook (.xlsx, .xls or .ods)"
_HEAD = 4096
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MARKUP = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body|table|meta|style|\?xml)\b", re.IGNORECASE
)
_CONTENT = "content.xml"
_ELEMENT = re.compile(rb"<(/?)table:(table-row|table-cell|table)\b([^>]*)>")
_COLUMNS = re.compile(rb"""table:number-columns-repeated=["'](\d{1,9})["']""")
_ROWS = re.compile(rb"""table:number-rows-repeated=["'](\d{1,9})["']""")


def is_markup(head: bytes) -> bool:
    """Return whether a file begins as HTML or XML does."""
    return bool(_MARKUP.match(head))


def refuse_markup(source: str) -> UnreadableTable:
    """Return the refusal of a page that is called a table."""
    return UnreadableTable(
        source,
        found="an HTML or XML page",
        hint="open it in a spreadsheet program and save it as .xlsx or CSV",
    )


def workbook_kind(path: Path, source: str) -> str:
    """Return `xlsx`, `xls` or `ods`.

    Args:
        path: of the file.
        source: name for messages.

    Raises:
        UnreadableTable: it is none of these.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(_ZIP):
        try:
            with zipfile.ZipFile(path) as archive:
                names = set(archive.namelist())
        except DAMAGED_ARCHIVE as error:
            raise damaged(source, EXPECTED) from error
        return "ods" if _CONTENT in names and "mimetype" in names else "xlsx"
    if head.startswith(_OLE):
        return "xls"
    if is_markup(head):
        raise refuse_markup(source)
    if head and b"\0" not in head and not is_binary(head):
        raise UnreadableTable(
            source, found="text, not a workbook", expected=EXPECTED, hint="give the file the extension .csv"
        )
    raise damaged(source, EXPECTED)


def check_declared(path: Path, source: str, limits: ReadLimits) -> None:
    """Check what a workbook declares before a library allocates it; an .xls file can hold no more than 65,536 rows of 256.

    Raises:
        UnreadableTable: the file is no workbook, or damaged.
        TableTooLarge: it exceeds a limit.
    """
    kind = workbook_kind(path, source)
    if kind == "xlsx":
        check_workbook(path, source, limits)
    elif kind == "ods":
        _check_open_document(path, source, limits)


def _check_open_document(path: Path, source: str, limits: ReadLimits) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            check_limit(
                source, sum(member.file_size for member in archive.infolist()), limits.max_bytes, "bytes"
            )
            extents = list(_extents(archive, source, limits.max_bytes))
    except DAMAGED_ARCHIVE as error:
        raise damaged(source, EXPECTED) from error
    for rows, columns in extents:
        check_cells(source, rows, columns, limits)


def _extents(archive: zipfile.ZipFile, source: str, max_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield rows and columns of each sheet up to its last cell that is not empty; cells and rows may be repeated."""
    row = repeated = width = rows = columns = 0
    for closing, element, attributes in _elements(archive, source, max_bytes):
        if element == b"table":
            if closing:
                yield rows, columns
            row = rows = columns = 0
        elif element == b"table-row":
            if not closing:
                repeated, width, filled = _repeated(_ROWS, attributes), 0, 0
            if closing or attributes.endswith(b"/"):
                row += repeated
                rows, columns = (row, max(columns, filled)) if filled else (rows, columns)
        elif not closing:
            width += _repeated(_COLUMNS, attributes)
            if b"value-type=" in attributes or not attributes.endswith(b"/"):
                filled = width


def _elements(archive: zipfile.ZipFile, source: str, max_bytes: int) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield the elements of the sheets: `/` where one ends, its name, its attributes."""
    rest = b""
    for chunk in member_chunks(archive, _CONTENT, source, max_bytes):
        data = rest + chunk
        end = data.rfind(b">") + 1
        yield from _ELEMENT.findall(data, 0, end)
        rest = data[end:]


def _repeated(pattern: re.Pattern[bytes], attributes: bytes) -> int:
    found = pattern.search(attributes)
    return int(found[1]) if found else 1
