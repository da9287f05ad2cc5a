"""A result as CSV or Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from vigie.table.writing import DECIMALS, csv_chunks
from vigie.web.exports.result_table import ResultTable


def csv(table: ResultTable) -> Iterator[bytes]:
    """Yield the table as a CSV; every cell of the upload stays as it was uploaded."""
    return csv_chunks(((batch.cells, batch.additions) for batch in table.batches()), table.dialect)


def write_parquet(table: ResultTable, folder: Path) -> Path:
    """Write the table with numbers and dates as such; return the path of the file.

    Args:
        table: what to write.
        folder: an empty folder.
    """
    parts = []
    for number, batch in enumerate(table.batches()):
        parts.append(folder / f"{number:05}.parquet")
        rounded = batch.additions.with_columns(pl.selectors.float().round(DECIMALS))
        batch.exact.hstack(rounded).write_parquet(parts[-1])
    if len(parts) == 1:
        return parts[0]
    pl.scan_parquet(parts).sink_parquet(folder / "all.parquet")
    return folder / "all.parquet"
