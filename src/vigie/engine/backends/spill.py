"""The typed rows of a table on disk, in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from vigie.engine.backend import BUCKET, ROW
from vigie.engine.sampling import row_buckets
from vigie.parallel import in_threads
from vigie.table import Table
from vigie.table.chunks import CHUNK_ROWS, ChunkedTable
from vigie.table.parsing.column_parsers import (
    ColumnParser,
    ParsedPiece,
    ParserChoice,
    candidate_parsers,
    merge_reports,
)  # fmt: skip
from vigie.table.report import NOTHING_TO_REPORT, ColumnReport, ReadReport

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
        report: how the table was read.
    """

    folder: Path
    source: str
    columns: tuple[str, ...]
    n_rows: int
    report: ReadReport = NOTHING_TO_REPORT


def spill_table(table: Table, folder: Path, chunk_rows: int = CHUNK_ROWS) -> SpilledTable:
    """Write the typed rows of a table in memory.

    Args:
        table: the table.
        folder: new folder.
        chunk_rows: rows of a chunk.
    """
    _write(table.typed.iter_slices(chunk_rows), folder)
    return SpilledTable(folder, table.source, tuple(table.typed.columns), table.typed.height, table.report)


def spill_stream(stream: ChunkedTable, folder: Path, probed: int = PROBED_ROWS) -> tuple[SpilledTable, str]:
    """Parse a table chunk by chunk and write its typed rows; also return its decimal mark.

    Rows from all over the table decide how each column is parsed. Where a cell does not fit, or too many are unreadable,
    the column falls back to its next parser and the table is read again.

    Args:
        stream: the table.
        folder: new folder.
        probed: number of rows that decide, about.
    """
    step = max(1, stream.rows // probed)
    some = pl.concat([piece.gather_every(step) for piece in stream.chunks()])
    separator = stream.dialect.separator if stream.dialect else ""
    parsers, mark = candidate_parsers(some, comma_by_default=separator == ";", mark=stream.decimal)
    choice = ParserChoice(parsers)
    while True:
        reports: list[tuple[int, ColumnReport]] = []
        try:
            _write(_parsed(stream, choice, reports), folder)
        except _DoesNotFit as error:
            choice.reject(error.column)
            continue
        merged = merge_reports(reports)
        if not choice.reject_unreadable(merged):
            report = replace(stream.report, columns=choice.reports(merged))
            return SpilledTable(folder, stream.source, stream.columns, stream.rows, report), mark


class _DoesNotFit(Exception):
    """A cell does not fit the parser of its column."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


def _parsed(
    stream: ChunkedTable, choice: ParserChoice, reports: list[tuple[int, ColumnReport]]
) -> Iterator[pl.DataFrame]:
    """Yield the typed chunks; append the rows before each chunk and the reports of its columns."""
    parsers, first = choice.parsers, 0
    for piece in stream.chunks():
        found: dict[str, ParsedPiece | None] = {}
        in_threads(partial(_parse_column, parsers, found), list(piece))
        columns = []
        for cells in piece:
            parsed = found[cells.name]
            if parsed is None:
                raise _DoesNotFit(cells.name)
            if parsed.report is not None:
                reports.append((first, parsed.report))
            columns.append(parsed.values.alias(cells.name))
        first += piece.height
        yield pl.DataFrame(columns)


def _parse_column(
    parsers: Mapping[str, ColumnParser], found: dict[str, ParsedPiece | None], cells: pl.Series
) -> None:
    found[cells.name] = parsers[cells.name].parse(cells)


def _write(chunks: Iterable[pl.DataFrame], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    first = 0
    for number, chunk in enumerate(chunks):
        rows = pl.Series(ROW, np.arange(first, first + chunk.height, dtype=np.uint32))
        chunk.with_columns(rows, pl.Series(BUCKET, row_buckets(chunk))).write_parquet(
            folder / f"{number:05}.parquet", compression="lz4", row_group_size=max(1, chunk.height)
        )
        first += chunk.height
