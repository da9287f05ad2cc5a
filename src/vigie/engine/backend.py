"""Backends: where the rows of a table are, and how functions run on them.

A backend knows rows and nothing of what is computed from them. Rows have a number, `ROW`, from 0 in the order of the
table, and a hash bucket of their cells, `BUCKET`. Functions are plain picklable objects, so that a cluster can ship them:

    chunk functions    see any rows; what they return is collected or counted
    group functions    see all rows of each entity of a grouping; their output is keyed by row
    row functions      see some rows and the outputs of group functions for the same rows

`tests/engine/test_backend_contract.py` holds what every backend must do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import numpy as np
import polars as pl

ROW, BUCKET, PARTITION = "v:row", "v:bucket", "v:partition"
Schema = Mapping[str, pl.DataType]
Share = Callable[[float], None]
"""Called with the share of a pass that is done, from 0 to 1."""
R = TypeVar("R")
"""A backend's handle of rows."""
G = TypeVar("G")
"""A backend's handle of the output of a group function."""


class ChunkFunction(Protocol):
    """A function of any rows."""

    @property
    def columns(self) -> tuple[str, ...] | None:
        """Columns of the rows that it looks at; None for all."""

    @property
    def schema(self) -> Schema:
        """Columns it returns."""

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return its columns for some rows; any number of rows."""


class GroupFunction(Protocol):
    """A function of all rows of each entity of a grouping."""

    @property
    def name(self) -> str:
        """Name of its output; different for different outputs of one run."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that identify an entity; a row belongs to one for each key."""

    @property
    def grouping_name(self) -> str:
        """Name of the grouping; functions of the same name partition rows in the same way."""

    @property
    def extra(self) -> tuple[str, ...]:
        """Columns it needs beside those of the table."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the numbers it returns."""

    @property
    def dtype(self) -> type[np.floating]:
        """Type of these numbers."""

    def assign(self, rows: pl.LazyFrame, partitions: int, extra: Sequence[str]) -> pl.LazyFrame:
        """Return the columns it needs and `PARTITION`, the partition of each row; a row comes once for each key."""

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return `ROW`, `BUCKET` and its numbers for the rows of a partition, in any order."""


class RowFunction(Protocol):
    """A function of some rows, each of which stands for itself."""

    @property
    def schema(self) -> Schema:
        """Columns it returns."""

    @property
    def columns(self) -> tuple[str, ...] | None:
        """Columns of the rows and outputs that it looks at; None for all."""

    @property
    def extends(self) -> bool:
        """Whether its columns are added to those of the rows; otherwise they replace them."""

    def __call__(self, rows: pl.DataFrame, joined: Sequence[pl.DataFrame]) -> pl.DataFrame:
        """Return its columns for some rows.

        Args:
            rows: (rows, columns) in the order of the table.
            joined: output of each group function for these rows, sorted by `ROW`; rows may be missing.
        """


class Backend(Protocol[R, G]):
    """The typed rows of one table. Handles are immutable: a method returns a new one."""

    @property
    def source(self) -> str:
        """Name of the table in messages."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table, in its order."""

    @property
    def schema(self) -> Schema:
        """Columns and types of the rows, with `ROW` and `BUCKET`."""

    @property
    def n_rows(self) -> int:
        """Number of rows."""

    @property
    def rows(self) -> R:
        """The rows, with `ROW` and `BUCKET`."""

    def collect(self, rows: R, function: ChunkFunction) -> pl.DataFrame:
        """Return what a function returns for each chunk of rows, concatenated in any order."""

    def count(
        self, rows: R, function: ChunkFunction, *, least: int = 1, limit: int | None = None
    ) -> pl.DataFrame:
        """Add up `count` for equal keys over what a function returns for each chunk of rows.

        Args:
            rows: rows of this backend.
            function: returns keys and, last, `count`.
            least: smaller sums are left out.
            limit: return so many keys at most.
        """

    def map_groups(self, rows: R, function: GroupFunction) -> G:
        """Run a group function on all rows of each entity."""

    def map_rows(self, rows: R, joined: Sequence[G], function: RowFunction, share: Share = ...) -> R:
        """Run a row function on all rows.

        Args:
            rows: rows of this backend.
            joined: outputs of group functions.
            function: sees them row by row.
            share: called with the share done, where that is known.
        """

    def read(self, output: G, buckets: Sequence[int]) -> pl.DataFrame:
        """Return `ROW` and the numbers of a group function for the rows of some hash buckets, sorted by `ROW`."""

    def checkpoint(self, rows: R) -> R:
        """Compute rows once, however often they are used afterwards."""

    def release(self, *outputs: G) -> None:
        """Free the room that outputs take; they are not used any more."""


def add_up(counts: pl.LazyFrame, least: int, limit: int | None) -> pl.LazyFrame:
    """Add up `count` for equal keys, which are all other columns; see `Backend.count`."""
    keys = pl.all().exclude("count")
    added = counts.group_by(keys).agg(pl.col("count").sum()).filter(pl.col("count") >= least)
    return added if limit is None else added.head(limit)


def merge_keys(output: pl.DataFrame) -> pl.DataFrame:
    """Return each row once, where a row came once for each key of its grouping: the largest number that is known."""
    return output.fill_nan(None).group_by(pl.selectors.starts_with("v:")).max()


def align(output: pl.DataFrame, rows: pl.Series) -> dict[str, np.ndarray]:
    """Return the numbers of a group function for given rows; NaN for a row that is missing.

    Args:
        output: `ROW` and the numbers, sorted by `ROW`.
        rows: row numbers.
    """
    if not (output.height == len(rows) and output[ROW].equals(rows)):
        output = pl.DataFrame({ROW: rows}).join(output, on=ROW, how="left", maintain_order="left")
    return {series.name: series.fill_null(float("nan")).to_numpy() for series in output.drop(ROW)}
