"""Parquet: tables that know their types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from vigie.table.declared_size import check_extent, damaged
from vigie.table.parsing.columns import check_flat

_VENDOR_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


def read_parquet(path: Path, *, source: str, max_rows: int, max_columns: int) -> pl.DataFrame:
    """Return the whole of a file that is not too large."""
    lazy, _ = scan_parquet(path, source=source, max_rows=max_rows, max_columns=max_columns)
    try:
        return lazy.collect()
    except _VENDOR_ERRORS as error:
        raise damaged(source, "a Parquet file") from error


def scan_parquet(path: Path, *, source: str, max_rows: int, max_columns: int) -> tuple[pl.LazyFrame, int]:
    """Return the file and its number of rows, from its metadata."""
    try:
        lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        columns = lazy.collect_schema()
        rows = int(lazy.select(pl.len()).collect().item())
    except _VENDOR_ERRORS as error:
        raise damaged(source, "a Parquet file") from error
    check_extent(source, rows, len(columns), max_rows=max_rows, max_columns=max_columns)
    check_flat(columns, source)
    return lazy, rows


def read_batches(lazy: pl.LazyFrame, source: str, rows: int) -> Iterator[pl.DataFrame]:
    """Yield the rows in order, in batches."""
    try:
        yield from lazy.collect_batches(chunk_size=rows, maintain_order=True)
    except _VENDOR_ERRORS as error:
        raise damaged(source, "a table as its first look has it") from error
