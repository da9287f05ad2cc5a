"""The labelled tables that Vigie is measured on: label hidden, leak columns removed, as their README asks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
    chosen = os.environ.get("VIGIE_EVALUATION_DATA")
    return Path(chosen) if chosen else Path(__file__).resolve().parents[2] / "shared" / "data"


def folders() -> list[Path]:
    """The folders of tables that are here: that of `folder`, and shared/tables beside it."""
    return [one for one in (folder(), folder().with_name("tables")) if (one / "manifest.csv").exists()]


def names(source: Path | None = None) -> list[str]:
    """The tables that are here; empty where the folder is absent."""
    manifest = (source or folder()) / "manifest.csv"
    return pl.read_csv(manifest)["short_name"].to_list() if manifest.exists() else []


def load(name: str, *, rows: int | None = ROWS, source: Path | None = None) -> Dataset:
    """Reads one table and takes its label and leak columns away.

    Args:
        name: of the table.
        rows: the first so many; None for all of them.
        source: its folder, where it is not that of `folder`.
    """
    source = source or folder()
    row = (
        pl.read_csv(source / "manifest.csv", infer_schema_length=0)
        .filter(pl.col("short_name") == name)
        .row(0, named=True)
    )
    frame = pl.read_parquet(source / f"{name}.parquet")
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


def thin(data: Dataset, share: float, draw: int) -> Dataset | None:
    """Return a table with frauds drawn so that they are a share of the labelled rows; None with fewer than 20.

    Args:
        data: the table.
        share: of frauds.
        draw: seed of what is drawn.
    """
    frauds = np.flatnonzero(data.label & data.labelled)
    wanted = round(share / (1 - share) * int((data.labelled & ~data.label).sum()))
    if not 20 <= wanted < len(frauds):
        return None
    keep = ~data.label
    keep[np.random.default_rng([draw, 77]).choice(frauds, wanted, replace=False)] = True
    return replace(data, frame=data.frame.filter(keep), label=data.label[keep], labelled=data.labelled[keep])


def load_all(only: list[str] | None = None) -> Iterator[tuple[Dataset, Dataset]]:
    """Every table, or those named: all of its rows, and the first `ROWS` (the same again where it has no more)."""
    for name in names():
        if not only or name in only:
            whole = load(name, rows=None)
            yield whole, load(name) if whole.frame.height > ROWS else whole
