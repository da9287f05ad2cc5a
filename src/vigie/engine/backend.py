"""Backends: where the rows of a table are, and how functions run on them.

A backend knows rows and nothing of what is computed from them. Rows have a number, `ROW`, from 0 in the order of the
table, and a hash bucket of their cells, `BUCKET`. Functions are picklable, so that a cluster can ship them. What every
backend must do is in `tests/helpers/backend_contract.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import polars as pl

from vigie.arrays import Floats
from vigie.engine.partitioning import BUCKET, PARTITION, ROW, GroupFunction
from vigie.table.report import ReadReport

__all__ = [
    "BUCKET",
    "PARTITION",
    "ROW",
    "Backend",
    "ChunkFunction",
    "G",
    "GroupFunction",
    "R",
    "RowFunction",
    "Schema",
]

Schema = Mapping[str, pl.DataType]
ChunkFunction = Callable[[pl.DataFrame], pl.DataFrame]
"""Sees any rows, also none; what it returns is collected or counted."""
RowFunction = Callable[[pl.DataFrame, Sequence[pl.DataFrame]], pl.DataFrame]
"""Sees some rows, and the outputs of group functions for them, sorted by `ROW`; rows may be missing there."""
R = TypeVar("R")
"""A backend's handle of rows."""
G = TypeVar("G")
"""A backend's handle of the output of a group function."""


class Backend(Protocol[R, G]):
    """The typed rows of one table. Handles are immutable: methods return new ones.

    Attributes:
        source: name of the table in messages.
        columns: columns of the table, in its order.
        n_rows: number of rows.
        report: how the table was read.
        rows: the rows, with `ROW` and `BUCKET`.
    """

    source: str
    columns: tuple[str, ...]
    n_rows: int
    report: ReadReport
    rows: R

    @property
    def schema(self) -> Schema:
        """Columns and types of the rows, with `ROW` and `BUCKET`."""

    def collect(self, rows: R, function: ChunkFunction, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return what a function returns for each chunk of rows, concatenated in any order.

        Args:
            rows: rows of this backend.
            function: called with each chunk.
            columns: columns that it needs; all when not given.
        """

    def count(
        self, rows: R, function: ChunkFunction, columns: Sequence[str] | None = None, *, least: int = 1, limit: int | None = None
    ) -> pl.DataFrame:  # fmt: skip
        """Add up `count` for equal keys over what a function returns for each chunk of rows.

        Args:
            rows: rows of this backend.
            function: returns keys and, last, `count`.
            columns: columns that it needs; all when not given.
            least: smaller sums are left out.
            limit: return so many keys at most.
        """

    def map_groups(self, rows: R, function: GroupFunction) -> G:
        """Run a function on all rows of each entity."""

    def map_rows(
        self, rows: R, joined: Sequence[G], function: RowFunction, schema: Schema, *,
        extend: bool = False, columns: Sequence[str] | None = None, share: Callable[[float], None] | None = None,
    ) -> R:  # fmt: skip
        """Run a function on all rows.

        Args:
            rows: rows of this backend.
            joined: outputs of group functions.
            function: called with some rows and the outputs for them.
            schema: columns it returns.
            extend: whether its columns are added to those of the rows; otherwise they replace them.
            columns: columns of the rows and outputs that it needs; all when not given.
            share: called with the share done, from 0 to 1.
        """

    def read(self, output: G, buckets: Sequence[int]) -> pl.DataFrame:
        """Return `ROW` and the numbers of a group function for the rows of some hash buckets, sorted by `ROW`."""

    def checkpoint(self, rows: R) -> R:
        """Return rows that are computed once, however often they are used."""

    def release(self, *outputs: G) -> None:
        """Free the space that outputs take; they are not used again."""


def add_up(counts: pl.LazyFrame, least: int, limit: int | None) -> pl.LazyFrame:
    """Add up `count` for equal keys; see `Backend.count`."""
    added = counts.group_by(pl.exclude("count")).agg(pl.col("count").sum()).filter(pl.col("count") >= least)
    return added if limit is None else added.head(limit)


def merge_keys(output: pl.DataFrame) -> pl.DataFrame:
    """Return each row once, where it came once for each key of its grouping: the largest number that is known."""
    return output.fill_nan(None).group_by(pl.selectors.starts_with("v:")).max()


def align(output: pl.DataFrame, rows: pl.Series) -> dict[str, Floats]:
    """Return the (rows,) numbers of a group function for given row numbers; NaN for a row that is missing."""
    if not (output.height == len(rows) and output[ROW].equals(rows)):
        output = pl.DataFrame({ROW: rows}).join(output, on=ROW, how="left", maintain_order="left")
    return {series.name: series.fill_null(float("nan")).to_numpy() for series in output.drop(ROW)}
