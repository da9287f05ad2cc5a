"""Parquet: tables that know their types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from vigie.errors import TableTooLarge, UnreadableTable
from vigie.table.parsing.columns import check_flat

_VENDOR_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
_DAMAGED = "the file is damaged or is not what its extension says; export it again"


def read_parquet(path: Path, *, source: str, max_rows: int, max_columns: int) -> pl.DataFrame:
    """Return the whole of a file that is not too large."""
    lazy, _ = scan_parquet(path, source=source, max_rows=max_rows, max_columns=max_columns)
    try:
        return lazy.collect()
    except _VENDOR_ERRORS as error:
        raise _damaged(source, "a Parquet file") from error


def scan_parquet(path: Path, *, source: str, max_rows: int, max_columns: int) -> tuple[pl.LazyFrame, int]:
    """Return the file and its number of rows, from its metadata."""
    try:
        lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        columns = lazy.collect_schema()
        rows = int(lazy.select(pl.len()).collect().item())
    except _VENDOR_ERRORS as error:
        raise _damaged(source, "a Parquet file") from error
    _check_size(source, rows, len(columns), max_rows, max_columns)
    check_flat(columns, source)
    return lazy, rows


def read_batches(lazy: pl.LazyFrame, source: str, rows: int) -> Iterator[pl.DataFrame]:
    """Yield the rows in order, in batches."""
    try:
        yield from lazy.collect_batches(chunk_size=rows, maintain_order=True)
    except _VENDOR_ERRORS as error:
        raise _damaged(source, "a table as its first look has it") from error


def _check_size(source: str, rows: int, columns: int, max_rows: int, max_columns: int) -> None:
    if rows < 1 or columns < 1:
        raise UnreadableTable(
            source, found="a table without rows", hint="export the table again, with its rows"
        )
    if rows > max_rows:
        hint = "split the table, or raise VIGIE_MAX_ROWS"
        raise TableTooLarge(source, found=rows, limit=max_rows, unit="rows", hint=hint)
    if columns > max_columns:
        hint = "remove columns, or raise VIGIE_MAX_COLUMNS"
        raise TableTooLarge(source, found=columns, limit=max_columns, unit="columns", hint=hint)


def _damaged(source: str, expected: str) -> UnreadableTable:
    return UnreadableTable(source, found="bytes that cannot be read", expected=expected, hint=_DAMAGED)
