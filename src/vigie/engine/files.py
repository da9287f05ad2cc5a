"""Predictions of tables of any size: in memory where their rows are few enough, else out of core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from vigie import table as tables
from vigie import tempdirs
from vigie.engine import pipeline
from vigie.engine.backends.disk import DiskBackend
from vigie.engine.backends.spill import SpilledTable, spill_stream, spill_table
from vigie.engine.options import ScoringContext
from vigie.engine.output import RESULT_COLUMNS, Prediction
from vigie.errors import UsageRefused
from vigie.i18n.messages import msg
from vigie.settings import MAX_TABLE_BYTES
from vigie.table import Table, isolated
from vigie.table.options import DEFAULTS, ReadLimits, ReadOptions
from vigie.table.workbook_kind import WORKBOOK_EXTENSIONS

MIN_ROW_BYTES = {".parquet": 1, ".pq": 1, ".gz": 5}
"""Bytes of a row at least, by file extension, for files whose rows cannot be counted without opening them."""

_HEAD = 65_536


@dataclass(frozen=True)
class Limits:
    """Limits of an upload, and where working files go.

    Attributes:
        max_rows: refuse tables with more rows.
        max_columns: refuse tables with more columns.
        max_bytes: refuse tables with more bytes, counted after decompression.
        folder: parent of temporary folders; a table out of core takes about a kilobyte a row.
    """

    max_rows: int
    max_columns: int
    folder: Path
    max_bytes: int = MAX_TABLE_BYTES


@dataclass(frozen=True)
class WrittenPrediction:
    """A prediction that was written to a file.

    Attributes:
        summary: the summary of the prediction.
        columns: columns of the upload.
        set_aside: file of the lines that were set aside; None where there is none.
    """

    summary: dict[str, Any]
    columns: tuple[str, ...]
    set_aside: Path | None = None


def predict_table(table: Table, context: ScoringContext, folder: Path) -> Prediction:
    """Score every row of a table in memory; its features may be too large for memory.

    Args:
        table: the upload.
        context: catalog, options and progress.
        folder: parent of temporary folders.

    Raises:
        InputRefused: the table has nothing to compare or no useful column.
    """
    if context.sizes.fit_in_memory(table.typed.height):
        return pipeline.predict(table, context)
    with tempdirs.temporary_workdir(folder) as place:
        pieces, summary = _predict_spilled(spill_table(table, place / "typed"), context, place)
        return Prediction(table, pl.concat(list(pieces)), summary)


def predict_file(
    source: str,
    output: str | Path,
    context: ScoringContext,
    limits: Limits,
    reading: ReadOptions = DEFAULTS,
    change: Callable[[Prediction], Prediction] | None = None,
) -> WrittenPrediction:
    """Score every row of a file and write the rows with their result columns.

    Args:
        source: path of the upload, or `-` for CSV on stdin.
        output: as `vigie.table.write` takes it.
        context: catalog, options and progress.
        limits: limits of the upload, and where working files go.
        reading: what the user says of the file.
        change: changes the result columns before they are written, as alert rules do; for tables in memory.

    Raises:
        InputRefused: the table has nothing to compare or no useful column.
        UnreadableTable: the file is no table.
        UsageRefused: there is something to change, and the table does not fit into memory.
    """
    context.progress("reading", 0.0)
    if source != "-" and _may_be_large(Path(source), context.sizes.out_of_core):
        if change is not None:
            raise UsageRefused(
                msg(
                    "found a table that is scored in parts, expected fewer than {rows:,} rows for rules",
                    rows=context.sizes.out_of_core,
                ),
                hint="upload the table to the web app, which applies rules to tables of any size",
            )
        written = _predict_large_file(Path(source), output, context, limits, reading)
        if written is not None:
            return written
    table = tables.read(
        source,
        max_rows=limits.max_rows,
        max_columns=limits.max_columns,
        max_bytes=limits.max_bytes,
        options=reading,
    )
    prediction = pipeline.predict(table, context)
    if change is not None:
        prediction = change(prediction)
    context.progress("writing", 0.95)
    tables.write(table, prediction.additions, output)
    return WrittenPrediction(
        prediction.summary, tuple(table.frame.columns), tables.write_set_aside(table.report.set_aside, output)
    )


def _may_be_large(path: Path, rows: int) -> bool:
    """Return whether a file may have too many rows for memory; a workbook never has.

    The first lines of plain text tell the length of a line, within a third.
    """
    if path.suffix.lower() in WORKBOOK_EXTENSIONS or not path.is_file():
        return False
    least = MIN_ROW_BYTES.get(path.suffix.lower())
    if least is None:
        with path.open("rb") as file:
            head = file.read(_HEAD)
        least = max(1, len(head) * 2 // (3 * max(1, head.count(b"\n"))))
    return path.stat().st_size >= least * rows


def _predict_large_file(
    path: Path, output: str | Path, context: ScoringContext, limits: Limits, reading: ReadOptions
) -> WrittenPrediction | None:
    tempdirs.remove_stale(limits.folder)
    with (
        tempdirs.temporary_workdir(limits.folder) as folder,
        isolated.open_chunked(
            path,
            folder,
            source=path.name,
            limits=ReadLimits(limits.max_rows, limits.max_columns, limits.max_bytes),
            options=reading,
        ) as upload,
    ):
        if context.sizes.fit_in_memory(upload.rows):
            return None
        rows, mark = spill_stream(upload, folder / "typed")
        pieces, summary = _predict_spilled(rows, context, folder)
        context.progress("writing", 0.95)
        dialect = replace(upload.dialect, decimal=mark) if upload.dialect else None
        both = zip(upload.chunks(), pieces, strict=True)
        (folder / "written").mkdir()
        tables.write_chunks(both, upload.columns, dialect, output, folder / "written")
        set_aside = tables.write_set_aside(upload.report.set_aside, output)
        return WrittenPrediction(summary, upload.columns, set_aside)


def _predict_spilled(
    table: SpilledTable, context: ScoringContext, folder: Path
) -> tuple[Iterator[pl.DataFrame], dict[str, Any]]:
    """Return the result columns of a table on disk chunk by chunk, and the summary."""
    backend = DiskBackend(table, folder, context.sizes)
    scored = pipeline.predict_out_of_core(backend, context)
    return scored.rows.chunks(RESULT_COLUMNS), scored.summary
