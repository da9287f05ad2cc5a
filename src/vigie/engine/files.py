"""From a long file to a file of predictions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from vigie import tempdirs
from vigie.catalog import Catalog
from vigie.engine import out_of_core, spill
from vigie.engine.pipeline import Open, Options, Progress, quiet
from vigie.table import Table, stream, write_pieces

LEAST = {".parquet": 1, ".pq": 1, ".gz": 5}
"""Bytes of a row at least, by the end of the name, where opening the file says more."""

_HEAD = 65_536


@dataclass(frozen=True)
class Limits:
    """What is refused, and where there is room.

    Attributes:
        max_rows: refuse more.
        max_columns: refuse more.
        folder: for what does not fit into memory, about a kilobyte a row; removed afterwards.
    """

    max_rows: int
    max_columns: int
    folder: Path


def may_be_long(path: Path) -> bool:
    """Whether a file may have so many rows that they are scored in passes; a workbook never has.

    Of plain text the first lines say how long a line is, give or take a third.
    """
    if path.suffix.lower() == ".xlsx" or not path.is_file():
        return False
    least = LEAST.get(path.suffix.lower())
    if least is None:
        with path.open("rb") as file:
            head = file.read(_HEAD)
        least = max(1, len(head) * 2 // (3 * max(1, head.count(b"\n"))))
    return path.stat().st_size >= least * out_of_core.LONG


def predict_file(
    path: Path,
    output: str | Path,
    catalog: Catalog,
    open_bundle: Open,
    options: Options,
    limits: Limits,
    progress: Progress = quiet,
    source: str | None = None,
) -> tuple[dict[str, Any], tuple[str, ...]] | None:
    """Scores a file row by row into another one; None where its rows are few enough for `vigie.predict`.

    Args:
        path: of the upload.
        output: as `table.write` has it.
        catalog: where models are registered.
        open_bundle: fetches and verifies the bundle of an entry.
        options: what the user asked for.
        limits: what is refused, and where there is room.
        progress: told each stage and the share done.
        source: what the user calls the file.

    Returns:
        The summary, and the columns of the upload.
    """
    tempdirs.sweep(limits.folder)
    with tempdirs.working(limits.folder) as folder:
        known = stream.open_file(
            path,
            folder,
            source=source or path.name,
            max_rows=limits.max_rows,
            max_columns=limits.max_columns,
        )
        with known as upload:
            if upload.rows < out_of_core.LONG:
                return None
            rows, mark = spill.of_stream(upload, folder / "typed")
            scored = out_of_core.score(rows, catalog, open_bundle, options, folder, progress)
            progress("writing", 0.95)
            dialect = replace(upload.dialect, decimal=mark) if upload.dialect else None
            both = zip(upload.pieces(), scored.pieces(), strict=True)
            (folder / "written").mkdir()
            write_pieces(both, upload.columns, dialect, output, folder / "written")
            return scored.summary, upload.columns


def predict_table(
    table: Table,
    catalog: Catalog,
    open_bundle: Open,
    options: Options,
    folder: Path,
    progress: Progress = quiet,
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Scores a table that memory holds, but not its features; what to add to it, and the summary.

    Args:
        table: the upload.
        catalog: where models are registered.
        open_bundle: fetches and verifies the bundle of an entry.
        options: what the user asked for.
        folder: for what does not fit.
        progress: told each stage and the share done.
    """
    with tempdirs.working(folder) as place:
        scored = out_of_core.score(
            spill.of_table(table, place / "typed"), catalog, open_bundle, options, place, progress
        )
        return pl.concat(list(scored.pieces())), scored.summary
