"""Reads tables whose libraries trust what a file declares (Parquet, workbooks) in a child process with limits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from vigie.errors import TooLargeToOpen, UnreadableTable
from vigie.extras import require
from vigie.isolation import ChildFailed, Limits, call, machine_memory
from vigie.settings import MAX_TABLE_BYTES
from vigie.table import chunks, parquet, reading
from vigie.table.declared_size import DAMAGED_HINT, check_size
from vigie.table.options import DEFAULTS, ReadLimits, ReadOptions
from vigie.table.report import ReadReport
from vigie.table.table import Table
from vigie.table.workbook_kind import WORKBOOK_EXTENSIONS, check_declared

_ISOLATED = {".parquet", ".pq", *WORKBOOK_EXTENSIONS}
_MIB = 1024**2
_LEAST_MEMORY = 512 * _MIB
_CPU_SECONDS, _CPU_SECONDS_PER_MIB = 120, 4
_WALL_FACTOR = 5


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

    Lines that do not fit are set aside, unless `options.strict`; they are in the table's report. Parquet files and workbooks are opened in a child process, which may die of them.

    Args:
        path: a .csv, .tsv or .txt file, also with .gz, a .parquet, .xlsx, .xls or .ods file, or "-" for CSV on stdin.
        max_rows: refuse more rows.
        max_columns: refuse more columns.
        max_bytes: refuse more bytes, counted after decompression; by default 8 GiB.
        source: what the user calls the file, where that is not its name.
        options: what the user says of the file.

    Raises:
        InputRefused: the file is unreadable, malformed or too large.
        NotFound: there is no such file.
    """
    limits = ReadLimits(max_rows, max_columns, MAX_TABLE_BYTES if max_bytes is None else max_bytes)
    path = Path(path) if str(path) != "-" else path
    if isinstance(path, str) or path.suffix.lower() not in _ISOLATED or not path.is_file():
        name = source or (path if isinstance(path, str) else path.name)
        try:
            return reading.read(path, source=source, limits=limits, options=options)
        except MemoryError:
            raise TooLargeToOpen(name, "memory") from None
    name = source or path.name
    if path.suffix.lower() in WORKBOOK_EXTENSIONS:
        require("excel", "reading a workbook")
    with tempfile.TemporaryDirectory(prefix="vigie-table-") as folder:
        arguments = {
            "path": str(path.absolute()),
            "folder": folder,
            "source": name,
            "limits": asdict(limits),
            "options": asdict(options),
        }
        report = _call("vigie.table.isolated:read_into", arguments, name, path, limits.max_bytes)
        # The files are mapped: they stay readable after the folder is removed.
        frame, typed = (pl.read_ipc(Path(folder, part)) for part in ("frame", "typed"))
    return Table(name, frame, typed, report=ReadReport.from_record(report))


def read_into(
    path: str, folder: str, source: str, limits: dict[str, int], options: dict[str, Any]
) -> dict[str, Any]:
    """Read a table and write its frames into a folder; the child's part of `read`."""
    allowed = ReadLimits(**limits)
    if Path(path).suffix.lower() in WORKBOOK_EXTENSIONS:
        check_declared(Path(path), source, allowed)
    elif Path(path).stat().st_size:
        decode_parquet(path, source, limits)
    table = reading.read(path, source=source, limits=allowed, options=ReadOptions(**options))
    check_size(table.frame, source, allowed.max_bytes)
    for name, frame in (("frame", table.frame), ("typed", table.typed)):
        frame.write_ipc(Path(folder, name), compression="uncompressed")
    return table.report.to_record()


@contextmanager
def open_chunked(
    path: Path, folder: Path, *, source: str, limits: ReadLimits, options: ReadOptions = DEFAULTS
) -> Iterator[chunks.ChunkedTable]:
    """Open a file as `vigie.table.chunks.open_chunked` does; Parquet is decoded once in a child process before.

    Raises:
        InputRefused: the file is unreadable, malformed or too large.
    """
    if path.suffix.lower() in _ISOLATED and path.stat().st_size:
        arguments = {"path": str(path.absolute()), "source": source, "limits": asdict(limits)}
        _call("vigie.table.isolated:decode_parquet", arguments, source, path, limits.max_bytes)
    with chunks.open_chunked(path, folder, source=source, limits=limits, options=options) as opened:
        yield opened


def read_head(path: Path, rows: int) -> tuple[int, pl.DataFrame | None]:
    """Return the number of rows of a Parquet file and its first rows, read in a child process.

    Args:
        path: the file.
        rows: most rows to return.

    Returns:
        No rows where only the reader of whole files can tell what the file is.
    """
    with tempfile.TemporaryDirectory(prefix="vigie-table-") as folder:
        arguments = {"path": str(path.absolute()), "folder": folder, "rows": rows}
        try:
            found = _limited("vigie.table.isolated:head_into", arguments, path, MAX_TABLE_BYTES)
        except ChildFailed:
            return 0, None
        return found["rows"], pl.read_ipc(Path(folder, "head")) if found["rows"] else None


def head_into(path: str, folder: str, rows: int) -> dict[str, int]:
    """Write the first rows of a Parquet file into a folder; the child's part of `read_head`."""
    lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    if any(dtype.is_nested() or dtype == pl.Binary for dtype in lazy.collect_schema().dtypes()):
        return {"rows": 0}
    total = int(lazy.select(pl.len()).collect().item())
    lazy.head(rows).collect().write_ipc(Path(folder, "head"), compression="uncompressed")
    return {"rows": total}


def decode_parquet(path: str, source: str, limits: dict[str, int]) -> int:
    """Decode all batches of a Parquet file; return the bytes. The child's part of `open_chunked`."""
    allowed = ReadLimits(**limits)
    lazy, _ = parquet.scan_parquet(
        Path(path), source=source, max_rows=allowed.max_rows, max_columns=allowed.max_columns
    )
    total = 0
    for batch in parquet.read_batches(lazy, source, 65_536):
        total += check_size(batch, source, allowed.max_bytes - total, limit=allowed.max_bytes)
    return total


def _call(function: str, arguments: dict[str, Any], name: str, path: Path, max_bytes: int) -> Any:
    try:
        return _limited(function, arguments, path, max_bytes)
    except ChildFailed as failed:
        if failed.reason == "crash":
            raise UnreadableTable(name, found="bytes that cannot be read", hint=DAMAGED_HINT) from None
        raise TooLargeToOpen(name, failed.reason) from None


def _limited(function: str, arguments: dict[str, Any], path: Path, max_bytes: int) -> Any:
    mib = path.stat().st_size // _MIB
    cpu = _CPU_SECONDS + _CPU_SECONDS_PER_MIB * mib
    memory = max(_LEAST_MEMORY, min(4 * max_bytes + _LEAST_MEMORY, machine_memory() * 4 // 5))
    return call(function, arguments, Limits(memory, cpu, float(_WALL_FACTOR * cpu), 2 * max_bytes + _MIB))
