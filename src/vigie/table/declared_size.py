"""What a file declares or unpacks to, checked before a library allocates it."""

from __future__ import annotations

import gzip
import html
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from vigie.errors import TableTooLarge, UnreadableTable
from vigie.table.encoding import CHUNK_BYTES
from vigie.table.options import ReadLimits

DAMAGED_HINT = "the file is damaged or is not what its extension says; export it again"
_CHUNK = 1024**2
_OVERLAP = 64
_CELL_BYTES = 32
"""Memory of a cell in the dense array that the reader of workbooks makes of a sheet."""
DAMAGED_ARCHIVE = (
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


def check_workbook(path: Path, source: str, limits: ReadLimits) -> None:
    """Check the unpacked size of a workbook, and the extent of its sheets by the references of its cells.

    Raises:
        UnreadableTable: the file is no workbook, or damaged.
        TableTooLarge: it exceeds a limit.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            declared = sum(member.file_size for member in archive.infolist())
            check_limit(source, declared, limits.max_bytes, "bytes")
            extents = [
                _extent(archive, member, source, limits.max_bytes)
                for member in sheet_members(archive).values()
            ]
    except DAMAGED_ARCHIVE as error:
        raise damaged(source, "an Excel workbook (.xlsx)") from error
    for rows, columns in extents:
        check_cells(source, rows, columns, limits)


def check_cells(source: str, rows: int, columns: int, limits: ReadLimits) -> None:
    """Check the extent of a sheet, up to its last cell.

    Raises:
        TableTooLarge: it exceeds a limit.
    """
    hint = "a cell far outside the table may be the cause: delete the rows and columns after the table"
    check_limit(source, rows - 1, limits.max_rows, "rows", hint)  # the header is no row
    check_limit(source, columns, limits.max_columns, "columns", hint)
    check_limit(source, rows * columns, max(1, limits.max_bytes // _CELL_BYTES), "cells", hint)


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
        check_limit(source, size + (limit or max_bytes) - max_bytes, limit or max_bytes, "bytes")
    return size


def damaged(source: str, expected: str) -> UnreadableTable:
    """Return the refusal of a file that its library cannot read."""
    return UnreadableTable(source, found="bytes that cannot be read", expected=expected, hint=DAMAGED_HINT)


def check_extent(source: str, rows: int, columns: int, *, max_rows: int, max_columns: int) -> None:
    """Check that a table has rows and columns, and not too many.

    Raises:
        UnreadableTable: it has none.
        TableTooLarge: it has too many.
    """
    if rows < 1 or columns < 1:
        raise UnreadableTable(
            source, found="a table without rows", hint="export the table again, with its rows"
        )
    check_limit(source, rows, max_rows, "rows", "split the table, or raise VIGIE_MAX_ROWS")
    check_limit(source, columns, max_columns, "columns", "remove columns, or raise VIGIE_MAX_COLUMNS")


def unpacked(path: Path, source: str, max_bytes: int) -> Iterator[bytes]:
    """Yield what a gzip file holds, in pieces.

    Raises:
        UnreadableTable: it is no gzip file, or not all of one.
        TableTooLarge: it holds more than `max_bytes`.
    """
    size = 0
    try:
        with gzip.open(path, "rb") as file:
            while piece := file.read(CHUNK_BYTES):
                size += len(piece)
                check_limit(source, size, max_bytes, "bytes")
                yield piece
    except EOFError as error:
        hint = "copy or compress the file again"
        raise UnreadableTable(
            source, found="gzip data that ends too early", expected="a whole file", hint=hint
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        hint = "compress the file again, or name it .csv when it is not compressed"
        raise UnreadableTable(
            source, found="bytes that are not gzip", expected="a .gz file", hint=hint
        ) from error


def check_limit(source: str, found: int, limit: int, unit: str, hint: str = "") -> None:
    """Check that a table has at most `limit` of a unit: `rows`, `columns`, `cells` or `bytes`.

    Raises:
        TableTooLarge: it has more.
    """
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


def _extent(archive: zipfile.ZipFile, sheet: str, source: str, max_bytes: int) -> tuple[int, int]:
    """Return rows and columns up to the last cell of a sheet."""
    rows = columns = 0
    rest = b""
    for piece in member_chunks(archive, sheet, source, max_bytes):
        chunk, rest = rest + piece, piece[-_OVERLAP:]
        for letters, digits in _REFERENCE.findall(chunk):
            rows = max(rows, int(digits))
            columns = max(columns, column_number(letters))
    return rows, columns


def member_chunks(archive: zipfile.ZipFile, name: str, source: str, max_bytes: int) -> Iterator[bytes]:
    """Yield the bytes of a member; refuse more than it may have, whatever it declares."""
    total = 0
    with archive.open(name) as file:
        while chunk := file.read(_CHUNK):
            total += len(chunk)
            check_limit(source, total, max_bytes, "bytes")
            yield chunk


def column_number(letters: bytes) -> int:
    """Return the number of a column of a sheet, from 1; 0 for none."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number
