"""Where an upload comes from: a path or stdin, and what its extension says it is."""

from __future__ import annotations

import mmap
import sys
from dataclasses import replace
from pathlib import Path

from vigie.errors import InputRefused, NotFound, UnreadableTable
from vigie.i18n.messages import msg
from vigie.table.csv_reader import read_csv
from vigie.table.declared_size import check_limit, unpacked
from vigie.table.encoding import Buffer
from vigie.table.json_lines import read_json_lines
from vigie.table.options import DEFAULTS, ReadLimits, ReadOptions
from vigie.table.other_layouts import json_error
from vigie.table.parquet import read_parquet
from vigie.table.parsing.columns import from_frame, parse_table
from vigie.table.table import CsvFormat, Table
from vigie.table.workbook import read_workbook
from vigie.table.workbook_kind import WORKBOOK_EXTENSIONS

CSV_EXTENSIONS = (".csv", ".tsv", ".txt")
JSON_EXTENSIONS = (".jsonl", ".ndjson")
EXTENSIONS = (
    *(f"{one}.gz" for one in CSV_EXTENSIONS),
    *CSV_EXTENSIONS,
    ".parquet",
    ".pq",
    *WORKBOOK_EXTENSIONS,
    *JSON_EXTENSIONS,
)
"""What the name of an upload may end with, the longer ones first."""
_ARCHIVES = frozenset({".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst"})
_READABLE = ".csv, .csv.gz, .tsv, .txt, .jsonl, .parquet, .xlsx, .xls or .ods"


def read(
    path: str | Path,
    *,
    source: str | None = None,
    limits: ReadLimits | None = None,
    options: ReadOptions = DEFAULTS,
) -> Table:
    """Read an upload in this process; `vigie.table.read` opens Parquet and Excel in a child process instead.

    Args:
        path: as `vigie.table.read` has it.
        source: what the user calls the file, where that is not its name.
        limits: of its size.
        options: what the user says of the file.
    """
    limits = limits or ReadLimits()
    if str(path) == "-":
        data = sys.stdin.buffer.read(limits.max_bytes + 1)
        return _csv(data, None, source or "stdin", limits, options)
    path = Path(path)
    name = source or path.name
    _check_path(path, name)
    if not path.stat().st_size:
        raise UnreadableTable(name, found="an empty file", hint="export the table again, with its header")
    check_limit(name, path.stat().st_size, limits.max_bytes, "bytes")
    return _file(path, name, limits, options)


def _file(path: Path, name: str, limits: ReadLimits, options: ReadOptions) -> Table:
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    size = {"max_rows": limits.max_rows, "max_columns": limits.max_columns}
    match suffixes:
        case [*_, suffix] if suffix in CSV_EXTENSIONS:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _csv(data, path, name, limits, options)
        case [suffix, ".gz"] if suffix in CSV_EXTENSIONS:
            whole = b"".join(unpacked(path, name, limits.max_bytes))
            return _csv(whole, None, name, limits, options)
        case [*_, suffix] if suffix in JSON_EXTENSIONS:
            frame = read_json_lines(path, source=name, **size)
        case [*_, ".parquet" | ".pq"]:
            frame = read_parquet(path, source=name, **size)
        case [*_, suffix] if suffix in WORKBOOK_EXTENSIONS:
            return _workbook(path, name, options, size)
        case _:
            raise _unknown_extension(name, suffixes[-1] if suffixes else "")
    return from_frame(frame, name)


def _unknown_extension(name: str, suffix: str) -> UnreadableTable:
    if suffix == ".json":
        return json_error(name)
    found = msg("the extension {suffixes!r}", suffixes=suffix) if suffix else "no extension"
    hint = "unpack the archive: the table is in it" if suffix in _ARCHIVES else "export the table as CSV"
    return UnreadableTable(name, found=found, expected=_READABLE, hint=hint)


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


def _csv(data: Buffer, path: Path | None, name: str, limits: ReadLimits, options: ReadOptions) -> Table:
    check_limit(name, len(data), limits.max_bytes, "bytes")
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
