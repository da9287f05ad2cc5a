"""The typed rows of a long table, on disk, in pieces of one size.

Each row has its number and its lot, which depends on its cells alone: whoever draws lots gets the same rows, wherever
they lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.engine.backend import LOT, ROW
from vigie.table import Table
from vigie.table.chunks import CHUNK_ROWS, ChunkedTable
from vigie.table.parsing.column_parsers import ParserChoice, candidate_parsers, merge_reports
from vigie.table.report import NOTHING_TO_REPORT, ColumnReport, ReadReport

LOTS = 4096
LOOKED_AT = 40_000
"""Rows that propose how the columns are read."""

_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Spill:
    """Rows on disk.

    Attributes:
        folder: of the pieces, `00000.parquet` and so on.
        source: what the user calls the table.
        columns: of the table, in its order.
        rows: how many.
        report: how the table was read.
    """

    folder: Path
    source: str
    columns: tuple[str, ...]
    rows: int
    report: ReadReport = NOTHING_TO_REPORT

    def scan(self) -> pl.LazyFrame:
        """All rows, with `ROW` and `LOT`."""
        return pl.scan_parquet(self.pieces())

    def pieces(self) -> list[Path]:
        """The files in order; each has PIECE rows but the last."""
        return sorted(self.folder.glob("*.parquet"))

    def sizes(self, lot: pl.Expr) -> dict[int, int]:
        """Lot -> rows."""
        return counted(self.scan(), lot)

    def of_lots(self, lot: pl.Expr, lots: Iterable[int]) -> pl.DataFrame:
        """The rows of some lots, in the order of the table."""
        return self.scan().filter(lot.is_in(list(lots))).collect(engine="streaming").sort(ROW)

    def values(self, column: str) -> pl.DataFrame:
        """(values, 2) the values of a column and `len`, how many rows have each."""
        return self.scan().group_by(column).len().collect(engine="streaming")


def of_table(table: Table, folder: Path) -> Spill:
    """Spills a table that is in memory."""
    folder.mkdir()
    for number, piece in enumerate(table.typed.iter_slices(CHUNK_ROWS)):
        _write(piece, folder, number)
    return Spill(folder, table.source, tuple(table.typed.columns), table.typed.height, table.report)


def of_stream(stream: ChunkedTable, folder: Path) -> tuple[Spill, str]:
    """Reads a table and spills what its cells say; also its decimal mark.

    Rows from all over the table propose how each column is read. Where a cell says something else the column falls
    back to its next reading, and the table is read again.
    """
    folder.mkdir()
    step = max(1, stream.rows // LOOKED_AT)
    some = pl.concat([piece.gather_every(step) for piece in stream.chunks()])
    separator = stream.dialect.separator if stream.dialect else ""
    candidates, mark = candidate_parsers(some, comma_by_default=separator == ";")
    choice = ParserChoice(candidates)
    while (reports := _typed(stream, choice, folder)) is None:
        pass
    report = replace(stream.report, columns=choice.reports(reports))
    return Spill(folder, stream.source, stream.columns, stream.rows, report), mark


def _typed(stream: ChunkedTable, choice: ParserChoice, folder: Path) -> dict[str, ColumnReport] | None:
    """Write all pieces; the reports of the columns, or None where one of them fell back to its next parser."""
    parsers, reports = choice.parsers, []
    for number, piece in enumerate(stream.chunks()):
        columns = []
        for cells in piece:
            parsed = parsers[cells.name].parse(cells)
            if parsed is None:
                choice.reject(cells.name)
                return None
            if parsed.report:
                reports.append((number * CHUNK_ROWS, parsed.report))
            columns.append(parsed.values.alias(cells.name))
        _write(pl.DataFrame(columns), folder, number)
    merged = merge_reports(reports)
    return None if choice.reject_unreadable(merged) else merged


def _write(piece: pl.DataFrame, folder: Path, number: int) -> None:
    first = number * CHUNK_ROWS
    rows = pl.Series(ROW, np.arange(first, first + piece.height, dtype=np.uint32))
    piece.with_columns(rows, pl.Series(LOT, lots(piece))).write_parquet(
        folder / f"{number:05}.parquet", compression="lz4", row_group_size=CHUNK_ROWS
    )


def lots(frame: pl.DataFrame) -> npt.NDArray[np.uint16]:
    """(rows,) a number below LOTS, by the cells of each row, whatever the order of its columns."""
    total = np.zeros(frame.height, dtype=np.uint64)
    for series in frame:
        total += series.hash(seed=3).to_numpy()
    return ((total * _MIX) >> np.uint64(52)).astype(np.uint16)


def lot_of(column: str) -> pl.Expr:
    """The lot of whoever a column shows."""
    return (pl.col(column).cast(pl.String).hash(seed=3) % LOTS).cast(pl.UInt16)


def drawn(counts: Mapping[int, int], wanted: int) -> list[int]:
    """The lots whose rows are about as many as wanted, drawn in an order of its own; nobody's lot may be half of them.

    Args:
        counts: lot -> rows.
        wanted: rows.
    """
    order = np.random.default_rng(0).permutation(LOTS)
    chosen: list[int] = []
    rows = 0
    for lot in map(int, order):
        size = counts.get(lot, 0)
        if 0 < size <= wanted // 2 and rows + size <= wanted * 1.1:
            chosen.append(lot)
            rows += size
        if rows >= wanted:
            break
    return chosen


def counted(rows: pl.LazyFrame, lot: pl.Expr) -> dict[int, int]:
    """lot -> rows."""
    found = rows.group_by(lot.alias(LOT)).len().collect(engine="streaming")
    return dict(zip(found[LOT].to_list(), found["len"].to_list(), strict=True))


def each(spill: Spill) -> Iterator[pl.DataFrame]:
    """The pieces in order."""
    for path in spill.pieces():
        yield pl.read_parquet(path)
