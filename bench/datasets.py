"""The labelled tables that Vigie is measured on: label hidden, leak columns removed, as their README asks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

ROWS = 100_000
"""The other methods were measured on the first 100,000 rows: beside them, so are we."""


@dataclass(frozen=True)
class Dataset:
    """One table for evaluation: `labelled` marks the rows whose label is known."""

    name: str
    family: str
    tier: str
    frame: pl.DataFrame
    label: np.ndarray
    labelled: np.ndarray


def folder() -> Path:
    """The folder of the tables: VIGIE_EVALUATION_DATA, or shared/data beside the checkout."""
    given = os.environ.get("VIGIE_EVALUATION_DATA")
    return Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data"


def names() -> list[str]:
    """The tables that are here; empty where the folder is absent."""
    manifest = folder() / "manifest.csv"
    return pl.read_csv(manifest)["short_name"].to_list() if manifest.exists() else []


def load(name: str, *, rows: int | None = ROWS) -> Dataset:
    """Reads one table and takes its label and leak columns away.

    Args:
        name: of the table.
        rows: the first so many; None for all of them.
    """
    row = (
        pl.read_csv(folder() / "manifest.csv", infer_schema_length=0)
        .filter(pl.col("short_name") == name)
        .row(0, named=True)
    )
    frame = pl.read_parquet(folder() / f"{name}.parquet")
    if row["shuffle_rows"] == "1":
        frame = frame.sample(fraction=1.0, shuffle=True, seed=0)
    frame = frame if rows is None else frame.head(rows)
    label = frame[row["label_column"]].cast(pl.String)
    labelled = label.is_not_null() & (label != (row["unlabelled_value"] or ""))
    leaks = [column for column in (row["leak_columns"] or "").split("|") if column]
    return Dataset(
        name=name,
        family=row["family"],
        tier=row["use_tier"],
        frame=frame.drop([row["label_column"], *leaks]),
        label=(label == row["positive_value"]).fill_null(False).to_numpy(),
        labelled=labelled.to_numpy(),
    )


def load_all(only: list[str] | None = None) -> Iterator[tuple[Dataset, Dataset]]:
    """Every table, or those named: all of its rows, and the first `ROWS` (the same again where it has no more)."""
    for name in names():
        if not only or name in only:
            whole = load(name, rows=None)
            yield whole, load(name) if whole.frame.height > ROWS else whole
