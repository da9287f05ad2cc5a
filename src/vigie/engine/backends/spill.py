"""The typed rows of a table on disk, in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from vigie.engine.backend import BUCKET, ROW
from vigie.engine.sampling import row_buckets
from vigie.table import Table
from vigie.table.chunks import CHUNK_ROWS, ChunkedTable
from vigie.table.parsing.column_parsers import ColumnParser, candidate_parsers

PROBED_ROWS = 40_000
"""Rows that decide how the columns of a stream are parsed."""


@dataclass(frozen=True)
class SpilledTable:
    """Typed rows on disk, with `ROW` and `BUCKET`.

    Attributes:
        folder: folder of the chunks, `00000.parquet` and so on.
        source: name of the table in messages.
        columns: columns of the table, in its order.
        n_rows: number of rows.
    """

    folder: Path
    source: str
    columns: tuple[str, ...]
    n_rows: int


def spill_table(table: Table, folder: Path, chunk_rows: int = CHUNK_ROWS) -> SpilledTable:
    """Write the typed rows of a table in memory.

    Args:
        table: the table.
        folder: new folder.
        chunk_rows: rows of a chunk.
    """
    _write(table.typed.iter_slices(chunk_rows), folder)
    return SpilledTable(folder, table.source, tuple(table.typed.columns), table.typed.height)


def spill_stream(stream: ChunkedTable, folder: Path, probed: int = PROBED_ROWS) -> tuple[SpilledTable, str]:
    """Parse a table chunk by chunk and write its typed rows; also return its decimal mark.

    Rows from all over the table decide how each column is parsed. Where a cell does not fit, the column falls back to
    its next parser and the table is read again.

    Args:
        stream: the table.
        folder: new folder.
        probed: number of rows that decide, about.
    """
    step = max(1, stream.rows // probed)
    some = pl.concat([piece.gather_every(step) for piece in stream.chunks()])
    separator = stream.dialect.separator if stream.dialect else ""
    parsers, mark = candidate_parsers(some, comma_by_default=separator == ";")
    while True:
        try:
            _write((_parsed(piece, parsers) for piece in stream.chunks()), folder)
        except _DoesNotFit as error:
            parsers[error.column].pop(0)
        else:
            return SpilledTable(folder, stream.source, stream.columns, stream.rows), mark


class _DoesNotFit(Exception):
    """A cell does not fit the parser of its column."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


def _parsed(piece: pl.DataFrame, parsers: Mapping[str, list[ColumnParser]]) -> pl.DataFrame:
    columns = []
    for cells in piece:
        values = parsers[cells.name][0].read(cells)
        if values is None:
            raise _DoesNotFit(cells.name)
        columns.append(values.alias(cells.name))
    return pl.DataFrame(columns)


def _write(chunks: Iterable[pl.DataFrame], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    first = 0
    for number, chunk in enumerate(chunks):
        rows = pl.Series(ROW, np.arange(first, first + chunk.height, dtype=np.uint32))
        chunk.with_columns(rows, pl.Series(BUCKET, row_buckets(chunk))).write_parquet(
            folder / f"{number:05}.parquet", compression="lz4", row_group_size=max(1, chunk.height)
        )
        first += chunk.height
