"""What a file declares or unpacks to, checked before a library allocates it."""

from __future__ import annotations

import html
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from vigie.errors import TableTooLarge, UnreadableTable

_CHUNK = 1024**2
_OVERLAP = 64
_CELL_BYTES = 32
"""Memory of a cell in the dense array that the reader of workbooks makes of a sheet."""
_DAMAGED_ARCHIVE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, OSError, ValueError, KeyError),
)
_REFERENCE = re.compile(
    rb"""<(?:\w+:)?(?:c|row)\b[^>]{0,256}?\br\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,9})["']"""
)
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")
_SHEET_NAME = re.compile(rb"""\sname\s*=\s*["']([^"']*)["']""")
_SHEET_ID = re.compile(rb"""\s(?:\w+:)id\s*=\s*["']([^"']+)["']""")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_ATTRIBUTE = re.compile(rb"""\b(Id|Target)\s*=\s*["']([^"']+)["']""")


def check_workbook(path: Path, source: str, *, max_rows: int, max_columns: int, max_bytes: int) -> None:
    """Check the unpacked size of a workbook, and the extent of its sheets by the references of its cells.

    Raises:
        UnreadableTable: the file is no workbook, or damaged.
        TableTooLarge: it exceeds a limit.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            declared = sum(member.file_size for member in archive.infolist())
            _check(source, declared, max_bytes, "bytes")
            extents = [_extent(archive, [member], max_bytes) for member in sheet_members(archive).values()]
    except TableTooLarge:
        raise
    except _DAMAGED_ARCHIVE as error:
        raise UnreadableTable(
            source,
            found="bytes that cannot be read",
            expected="an Excel workbook (.xlsx)",
            hint="the file is damaged or is not what its extension says; export it again",
        ) from error
    hint = "a cell far outside the table may be the cause: delete the rows and columns after the table"
    for rows, columns in extents:
        _check(source, rows - 1, max_rows, "rows", hint)  # the header is no row
        _check(source, columns, max_columns, "columns", hint)
        _check(source, rows * columns, max(1, max_bytes // _CELL_BYTES), "cells", hint)


def check_size(frame: pl.DataFrame, source: str, max_bytes: int, *, limit: int | None = None) -> int:
    """Check the size of a frame: 8 bytes per number and the length of each text.

    Args:
        frame: the frame.
        source: name for the error.
        max_bytes: bytes that are left.
        limit: limit that the error names; by default `max_bytes`.

    Returns:
        The size, in bytes.

    Raises:
        TableTooLarge: the size exceeds `max_bytes`.
    """
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    lengths = frame.select(pl.col(texts).str.len_bytes().cast(pl.Int64).sum()).row(0) if texts else ()
    size = 8 * frame.height * frame.width + sum(length or 0 for length in lengths)
    if size > max_bytes:
        _check(source, size + (limit or max_bytes) - max_bytes, limit or max_bytes, "bytes")
    return size


def _check(source: str, found: int, limit: int, unit: str, hint: str = "") -> None:
    if found > limit:
        hint = hint or "split the table, or raise VIGIE_MAX_TABLE_BYTES"
        raise TableTooLarge(source, found=found, limit=limit, unit=unit, hint=hint)


def sheet_members(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return sheet -> its member of a workbook; the members by their own names where the workbook does not tell."""
    names = set(archive.namelist())
    members = {
        name: name for name in sorted(names) if name.startswith("xl/worksheets/") and name.endswith(".xml")
    }
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return members
    targets: dict[bytes, str] = {}
    for relation in _RELATION.findall(_head(archive, "xl/_rels/workbook.xml.rels")):
        attributes = dict(_ATTRIBUTE.findall(relation))
        target = attributes.get(b"Target", b"").decode(errors="replace")
        targets[attributes.get(b"Id", b"")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    found: dict[str, str] = {}
    for sheet in _SHEET.findall(_head(archive, "xl/workbook.xml")):
        name, member = _SHEET_NAME.search(sheet), _SHEET_ID.search(sheet)
        if name and member and targets.get(member[1]) in names:
            found[html.unescape(name[1].decode(errors="replace"))] = targets[member[1]]
    return found or members


def _head(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        return file.read(4 * _CHUNK)


def _extent(archive: zipfile.ZipFile, sheets: list[str], max_bytes: int) -> tuple[int, int]:
    """Return rows and columns up to the last cell of the largest sheet."""
    rows = columns = 0
    for sheet in sheets:
        for chunk in _chunks(archive, sheet, max_bytes):
            for letters, digits in _REFERENCE.findall(chunk):
                rows = max(rows, int(digits))
                columns = max(columns, _column(letters))
    return rows, columns


def _chunks(archive: zipfile.ZipFile, name: str, max_bytes: int) -> Iterator[bytes]:
    """Yield the bytes of a member with some overlap; refuse more than it may have, whatever it declares."""
    rest, total = b"", 0
    with archive.open(name) as file:
        while chunk := file.read(_CHUNK):
            total += len(chunk)
            _check(name, total, max_bytes, "bytes")
            yield rest + chunk
            rest = chunk[-_OVERLAP:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number
