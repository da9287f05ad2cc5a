"""Predictions beside the file they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vigie import tempdirs
from vigie.app import result_layout
from vigie.jobs.context import JobContext
from vigie.jobs.upload_files import temporary_root
from vigie.sources import patterns
from vigie.sources.open import open_source
from vigie.stores.base import join

_BATCH = 100_000


def write_beside(context: JobContext, url: str, key: str, run: Mapping[str, Any]) -> None:
    """Write the predictions of a finished run as a CSV beside its file, whole or not at all.

    Args:
        context: resources of the installation.
        url: address of the watched location.
        key: path of the file below it.
        run: `result` and `summary` of the run.

    Raises:
        Unavailable: the location cannot be written, or the result cannot be read.
    """
    source = open_source(url)
    with tempdirs.temporary_workdir(temporary_root(context)) as folder:
        rows, text = folder / result_layout.ROWS, folder / "predictions.csv"
        with rows.open("wb") as file:
            for data in context.store.stream(join(run["result"], result_layout.ROWS)):
                file.write(data)
        with text.open("wb") as file:
            for data in _csv(rows, run["summary"]["file"]):
                file.write(data)
        source.put(patterns.result_key(key), text)


def _csv(rows: Path, description: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the stored rows as a CSV in the format of the upload."""
    import polars as pl

    from vigie.table import CsvFormat
    from vigie.table.writing import csv_chunks

    stored = pl.scan_parquet(rows)
    height, width = int(stored.select(pl.len()).collect().item()), len(description["columns"])
    dialect = CsvFormat(**description["dialect"]) if description.get("dialect") else None

    def batches() -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        for start in range(0, max(height, 1), _BATCH):
            part = stored.slice(start, _BATCH).collect()
            yield part[:, :width], part[:, width:]

    return csv_chunks(batches(), dialect)
