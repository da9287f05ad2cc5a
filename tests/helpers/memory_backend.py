"""The simplest backend, with which others are compared: one frame, every function called once, on all rows."""

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
)  # fmt: skip
from vigie.engine.sampling import row_buckets
from vigie.table import Table


class MemoryBackend:
    """Rows in memory; see `vigie.engine.backend.Backend`.

    Args:
        table: the table.
    """

    def __init__(self, table: Table) -> None:
        typed = table.typed
        self.source, self.columns, self.n_rows = table.source, tuple(typed.columns), typed.height
        self.report = table.report
        numbers, buckets = pl.Series(ROW, np.arange(typed.height)), pl.Series(BUCKET, row_buckets(typed))
        self.rows = typed.with_columns(numbers, buckets)

    @property
    def schema(self) -> Schema:
        return self.rows.schema

    def collect(
        self, rows: pl.DataFrame, function: ChunkFunction, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        return function(rows.select(columns or pl.all()))

    def count(
        self, rows: pl.DataFrame, function: ChunkFunction, columns: Sequence[str] | None = None, *, least: int = 1,
        limit: int | None = None,
    ) -> pl.DataFrame:  # fmt: skip
        return add_up(function(rows.select(columns or pl.all())).lazy(), least, limit).collect()

    def map_groups(self, rows: pl.DataFrame, function: GroupFunction) -> pl.DataFrame:
        found = function(function.assign(rows.lazy(), 1, function.extra).drop(PARTITION).collect())
        return (merge_keys(found) if len(function.keys) > 1 else found).sort(ROW)

    def map_rows(
        self, rows: pl.DataFrame, joined: Sequence[pl.DataFrame], function: RowFunction, schema: Schema, *,
        extend: bool = False, columns: Sequence[str] | None = None, share: Callable[[float], None] | None = None,
    ) -> pl.DataFrame:  # fmt: skip
        found = function(rows, [output.drop(BUCKET) for output in joined])
        return rows.with_columns(found) if extend else found

    def read(self, output: pl.DataFrame, buckets: Sequence[int]) -> pl.DataFrame:
        return output.filter(pl.col(BUCKET).is_in(buckets)).drop(BUCKET)

    def checkpoint(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows

    def release(self, *outputs: pl.DataFrame) -> None:
        """Do nothing: outputs are freed with their last reference."""
