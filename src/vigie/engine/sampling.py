"""Samples of whole hash buckets: the same rows on every backend, whatever the order of the table.

The bucket of a row depends on its cells alone, that of an entity on its identifier, so a sample of entities holds all
rows of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.engine.backend import BUCKET, ROW, Backend, G, R, Schema

N_BUCKETS = 4096
_MIX = np.uint64(0x9E3779B97F4A7C15)


def row_buckets(frame: pl.DataFrame) -> npt.NDArray[np.uint16]:
    """Return the (rows,) hash bucket of each row by its cells, whatever the order of the columns."""
    total = np.zeros(frame.height, dtype=np.uint64)
    for series in frame:
        total += series.hash(seed=3).to_numpy()
    return ((total * _MIX) >> np.uint64(52)).astype(np.uint16)


def entity_bucket(column: str) -> pl.Expr:
    """Return the hash bucket of the entity that a column identifies."""
    return (pl.col(column).cast(pl.String).hash(seed=3) % N_BUCKETS).cast(pl.UInt16)


def choose_buckets(sizes: Mapping[int, int], wanted: int) -> list[int]:
    """Return buckets with about `wanted` rows together; one with more than half of them is never taken.

    Args:
        sizes: bucket -> rows.
        wanted: number of rows.
    """
    order = np.random.default_rng(0).permutation(N_BUCKETS)
    chosen: list[int] = []
    rows = 0
    for bucket in map(int, order):
        size = sizes.get(bucket, 0)
        if 0 < size <= wanted // 2 and rows + size <= wanted * 1.1:
            chosen.append(bucket)
            rows += size
        if rows >= wanted:
            break
    return chosen


def draw_sample(backend: Backend[R, G], wanted: int, bucket: pl.Expr | None = None) -> pl.DataFrame:
    """Return the rows of whole buckets, about `wanted`, in the order of the table.

    Args:
        backend: holds the rows.
        wanted: number of rows.
        bucket: the bucket of a row; by its cells when not given.
    """
    bucket = pl.col(BUCKET) if bucket is None else bucket
    counted = backend.count(backend.rows, BucketSizes(bucket))
    sizes = dict(zip(counted["bucket"].to_list(), counted["count"].to_list(), strict=True))
    chosen = choose_buckets(sizes, wanted)
    return backend.collect(backend.rows, RowsOfBuckets(bucket, tuple(chosen), backend.schema)).sort(ROW)


@dataclass(frozen=True)
class BucketSizes:
    """Chunk function: rows of each bucket."""

    bucket: pl.Expr
    schema: ClassVar[Schema] = {"bucket": pl.UInt16(), "count": pl.Int64()}

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns it looks at."""
        return tuple(self.bucket.meta.root_names())

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the sizes in a chunk."""
        return rows.group_by(self.bucket.alias("bucket")).agg(pl.len().cast(pl.Int64).alias("count"))


@dataclass(frozen=True)
class RowsOfBuckets:
    """Chunk function: the rows of some buckets."""

    bucket: pl.Expr
    buckets: Sequence[int]
    schema: Schema
    columns: ClassVar[None] = None

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of a chunk."""
        return rows.filter(self.bucket.is_in(self.buckets))
