"""Where an upload comes from: a path or stdin, and what its extension says it is."""

from __future__ import annotations

import gzip
import mmap
import sys
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from vigie.errors import InputRefused, NotFound, TableTooLarge, UnreadableTable
from vigie.i18n.messages import msg
from vigie.table.csv_reader import read_csv
from vigie.table.encoding import CHUNK_BYTES, Buffer
from vigie.table.json_lines import read_json_lines
from vigie.table.options import DEFAULTS, ReadOptions
from vigie.table.parquet import read_parquet
from vigie.table.parsing.columns import from_frame, parse_table
from vigie.table.table import CsvFormat, Table
from vigie.table.workbook import read_workbook

CSV_EXTENSIONS = (".csv", ".tsv", ".txt")
JSON_EXTENSIONS = (".jsonl", ".ndjson")
EXTENSIONS = (
    *(f"{one}.gz" for one in CSV_EXTENSIONS),
    *CSV_EXTENSIONS,
    ".parquet",
    ".pq",
    ".xlsx",
    *JSON_EXTENSIONS,
)
"""What the name of an upload may end with, the longer ones first."""
_READABLE = ".csv, .csv.gz, .tsv, .txt, .jsonl, .parquet or .xlsx"


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
    options: ReadOptions = DEFAULTS,
) -> Table:
    """Read an upload, or refuse it.

    Lines that do not fit are set aside, unless `options.strict`; they are in the table's report.

    Args:
        path: a .csv, .tsv or .txt file, also with .gz, a .jsonl, .parquet or .xlsx file, or "-" for CSV on stdin.
        max_rows: refuse more rows.
        max_columns: refuse more columns.
        max_bytes: refuse more bytes, counted after decompression.
        source: what the user calls the file, where that is not its name.
        options: what the user says of the file.
    """
    limits = _Limits(max_rows, max_columns, max_bytes)
    if str(path) == "-":
        most = -1 if max_bytes is None else max_bytes + 1
        return _csv(sys.stdin.buffer.read(most), None, source or "stdin", limits, options)
    path = Path(path)
    name = source or path.name
    _check_path(path, name)
    if not path.stat().st_size:
        raise UnreadableTable(name, found="an empty file", hint="export the table again, with its header")
    _check_bytes(path.stat().st_size, name, limits)
    return _file(path, name, limits, options)


def _file(path: Path, name: str, limits: _Limits, options: ReadOptions) -> Table:
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    size = {"max_rows": limits.max_rows, "max_columns": limits.max_columns}
    match suffixes:
        case [*_, suffix] if suffix in CSV_EXTENSIONS:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _csv(data, path, name, limits, options)
        case [suffix, ".gz"] if suffix in CSV_EXTENSIONS:
            return _csv(_gunzip(path, name, limits), None, name, limits, options)
        case [*_, suffix] if suffix in JSON_EXTENSIONS:
            frame = read_json_lines(path, source=name, **size)
        case [*_, ".parquet" | ".pq"]:
            frame = read_parquet(path, source=name, **size)
        case [*_, ".xlsx"]:
            _check_bytes(_unpacked_bytes(path), name, limits)
            return _workbook(path, name, options, size)
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


def _csv(data: Buffer, path: Path | None, name: str, limits: _Limits, options: ReadOptions) -> Table:
    _check_bytes(len(data), name, limits)
    size = {"max_rows": limits.max_rows, "max_columns": limits.max_columns}
    cells = read_csv(data, path, source=name, options=options, **size)
    comma = cells.separator == ";" if options.decimal is None else options.decimal == ","
    parsed = parse_table(cells.frame, comma_by_default=comma, mark=options.decimal)
    names = () if cells.names == tuple(cells.frame.columns) else cells.names
    dialect = CsvFormat(cells.encoding, cells.separator, parsed.mark, cells.bom, names)
    return Table(name, cells.frame, parsed.typed, dialect, replace(cells.report, columns=parsed.columns))


def _workbook(path: Path, name: str, options: ReadOptions, size: dict[str, int]) -> Table:
    content = read_workbook(path, source=name, options=options, **size)
    comma = None if options.decimal is None else options.decimal == ","
    parsed = parse_table(content.filled, comma_by_default=bool(comma), mark=options.decimal)
    return Table(name, content.frame, parsed.typed, report=replace(content.report, columns=parsed.columns))


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
