"""Where an upload comes from: a path or stdin, and what its extension says it is."""

from __future__ import annotations

import gzip
import mmap
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from vigie.errors import InputRefused, NotFound, TableTooLarge, UnreadableTable
from vigie.i18n.messages import msg
from vigie.table.csv_reader import read_csv
from vigie.table.encoding import CHUNK_BYTES, Buffer
from vigie.table.parquet import read_parquet, read_workbook
from vigie.table.parsing.columns import from_frame, parse_table
from vigie.table.report import ReadReport
from vigie.table.table import CsvFormat, Table

CSV_EXTENSIONS = (".csv", ".tsv", ".txt")
EXTENSIONS = (*(f"{one}.gz" for one in CSV_EXTENSIONS), *CSV_EXTENSIONS, ".parquet", ".pq", ".xlsx")
"""What the name of an upload may end with, the longer ones first."""
_READABLE = ".csv, .csv.gz, .tsv, .txt, .parquet or .xlsx"


@dataclass(frozen=True)
class _Limits:
    max_rows: int
    max_columns: int
    max_bytes: int | None


def read(
    path: str | Path,
    *,
    max_rows: int = 50_000_000,
    max_columns: int = 2_000,
    max_bytes: int | None = None,
    source: str | None = None,
) -> Table:
    """Read an upload, or refuse it; never repair it.

    Args:
        path: a .csv, .tsv or .txt file, also with .gz, a .parquet or .xlsx file, or "-" for CSV on stdin.
        max_rows: refuse more rows.
        max_columns: refuse more columns.
        max_bytes: refuse more bytes, counted after decompression.
        source: what the user calls the file, where that is not its name.
    """
    limits = _Limits(max_rows, max_columns, max_bytes)
    if str(path) == "-":
        most = -1 if max_bytes is None else max_bytes + 1
        return _csv(sys.stdin.buffer.read(most), None, source or "stdin", limits)
    path = Path(path)
    name = source or path.name
    _check_path(path, name)
    if not path.stat().st_size:
        raise UnreadableTable(name, found="an empty file", hint="export the table again, with its header")
    _check_bytes(path.stat().st_size, name, limits)
    return _file(path, name, limits)


def _file(path: Path, name: str, limits: _Limits) -> Table:
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    size = {"max_rows": limits.max_rows, "max_columns": limits.max_columns}
    match suffixes:
        case [*_, suffix] if suffix in CSV_EXTENSIONS:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _csv(data, path, name, limits)
        case [suffix, ".gz"] if suffix in CSV_EXTENSIONS:
            return _csv(_gunzip(path, name, limits), None, name, limits)
        case [*_, ".parquet" | ".pq"]:
            frame = read_parquet(path, source=name, **size)
        case [*_, ".xlsx"]:
            _check_bytes(_unpacked_bytes(path), name, limits)
            frame = read_workbook(path, source=name, **size)
        case _:
            found = msg("the extension {suffixes!r}", suffixes=suffixes[-1]) if suffixes else "no extension"
            raise UnreadableTable(name, found=found, expected=_READABLE, hint="export the table as CSV")
    return from_frame(frame, name)


def _check_path(path: Path, name: str) -> None:
    try:
        if path.is_dir():
            raise UnreadableTable(name, found="a folder", hint="name one file in it")
        if not path.exists():
            raise NotFound("file", name, hint="check the name and the folder it is looked for in")
        with path.open("rb"):
            pass
    except OSError as error:
        raise InputRefused(
            msg(
                "{name}: found a file that cannot be opened ({strerror}), expected one that can be read",
                name=name,
                strerror=error.strerror,
            ),
            hint="check its permissions and that no other program locks it",
        ) from error


def _check_bytes(size: int, name: str, limits: _Limits) -> None:
    if limits.max_bytes is not None and size > limits.max_bytes:
        hint = "split the table, or raise VIGIE_MAX_TABLE_BYTES"
        raise TableTooLarge(name, found=size, limit=limits.max_bytes, unit="bytes", hint=hint)


def _unpacked_bytes(path: Path) -> int:
    """Return the unpacked size of a workbook, in bytes; a file that is no archive is refused by its reader."""
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile:
        return 0


def _csv(data: Buffer, path: Path | None, name: str, limits: _Limits) -> Table:
    _check_bytes(len(data), name, limits)
    cells = read_csv(data, path, source=name, max_rows=limits.max_rows, max_columns=limits.max_columns)
    parsed = parse_table(cells.frame, comma_by_default=cells.separator == ";")
    dialect = CsvFormat(cells.encoding, cells.separator, parsed.mark, cells.bom)
    return Table(name, cells.frame, parsed.typed, dialect, ReadReport(columns=parsed.columns))


def _gunzip(path: Path, name: str, limits: _Limits) -> bytes:
    out = bytearray()
    try:
        with gzip.open(path, "rb") as file:
            while piece := file.read(CHUNK_BYTES):
                out += piece
                _check_bytes(len(out), name, limits)
    except EOFError as error:
        hint = "copy or compress the file again"
        raise UnreadableTable(
            name, found="gzip data that ends too early", expected="a whole file", hint=hint
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        hint = "compress the file again, or name it .csv when it is not compressed"
        raise UnreadableTable(
            name, found="bytes that are not gzip", expected="a .gz file", hint=hint
        ) from error
    return bytes(out)
