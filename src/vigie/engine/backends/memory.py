"""Rows in memory, as one frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from vigie.engine.backend import (
    BUCKET,
    PARTITION,
    ROW,
    ChunkFunction,
    GroupFunction,
    RowFunction,
    Schema,
    add_up,
    merge_keys,
)
from vigie.engine.sampling import row_buckets
from vigie.table import Table


class MemoryBackend:
    """Rows in memory: every function is called once, on all rows.

    Args:
        table: the table.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.source, self.columns, self.n_rows = table.source, tuple(table.typed.columns), table.typed.height
        self.rows = table.typed.with_columns(
            pl.Series(ROW, np.arange(self.n_rows)), pl.Series(BUCKET, row_buckets(table.typed))
        )

    @property
    def schema(self) -> Schema:
        """Columns and types of the rows."""
        return self.rows.schema

    def collect(self, rows: pl.DataFrame, function: ChunkFunction) -> pl.DataFrame:
        """Return what a function returns for the rows."""
        return function(rows)

    def count(
        self, rows: pl.DataFrame, function: ChunkFunction, *, least: int = 1, limit: int | None = None
    ) -> pl.DataFrame:
        """Add up `count` for equal keys."""
        return add_up(function(rows).lazy(), least, limit).collect()

    def map_groups(self, rows: pl.DataFrame, function: GroupFunction) -> pl.DataFrame:
        """Run a group function on all rows."""
        part = function.assign(rows.lazy(), 1, function.extra).drop(PARTITION).collect()
        found = function(part)
        return (merge_keys(found) if len(function.keys) > 1 else found).sort(ROW)

    def map_rows(
        self,
        rows: pl.DataFrame,
        joined: Sequence[pl.DataFrame],
        function: RowFunction,
        share: Callable[[float], None] | None = None,
    ) -> pl.DataFrame:
        """Run a row function on all rows."""
        found = function(rows, [output.drop(BUCKET) for output in joined])
        return rows.with_columns(found) if function.extends else found

    def read(self, output: pl.DataFrame, buckets: Sequence[int]) -> pl.DataFrame:
        """Return the output of a group function for the rows of some hash buckets."""
        return output.filter(pl.col(BUCKET).is_in(buckets)).drop(BUCKET)

    def checkpoint(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows, which are computed already."""
        return rows

    def release(self, *outputs: pl.DataFrame) -> None:
        """Do nothing: outputs are freed with their last reference."""
