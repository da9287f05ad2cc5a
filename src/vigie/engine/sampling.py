"""Samples of whole hash buckets: the same rows on every backend, whatever the order of the table.

The bucket of a row depends on its cells alone, that of an entity on its identifier, so a sample of entities holds all
rows of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.engine.backend import BUCKET, ROW, Backend, G, R

N_BUCKETS = 4096
_MIX = np.uint64(0x9E3779B97F4A7C15)


def row_buckets(frame: pl.DataFrame) -> npt.NDArray[np.uint16]:
    """Return the (rows,) hash bucket of each row by its cells, whatever the order of the columns."""
    total = np.zeros(frame.height, dtype=np.uint64)
    for series in frame:
        total += series.hash(seed=3).to_numpy()
    return ((total * _MIX) >> np.uint64(52)).astype(np.uint16)


def draw_sample(backend: Backend[R, G], n_rows: int, entity: str | None = None) -> pl.DataFrame:
    """Return the rows of whole buckets, about `n_rows`, in the order of the table.

    Args:
        backend: holds the rows.
        n_rows: number of rows.
        entity: column that identifies an entity, for a sample of entities.
    """
    bucket = pl.col(BUCKET)
    if entity is not None:
        bucket = (pl.col(entity).cast(pl.String).hash(seed=3) % N_BUCKETS).cast(pl.UInt16)
    sizes = dict(backend.count(backend.rows, partial(_sizes, bucket), [entity or BUCKET]).iter_rows())
    chosen = choose_buckets(sizes, n_rows)
    return backend.collect(backend.rows, partial(_rows_of, bucket, chosen)).sort(ROW)


def choose_buckets(sizes: Mapping[int, int], n_rows: int) -> list[int]:
    """Return buckets with about `n_rows` rows together; one with more than half of them is never taken.

    Args:
        sizes: bucket -> rows.
        n_rows: number of rows.
    """
    chosen: list[int] = []
    rows = 0
    for bucket in map(int, np.random.default_rng(0).permutation(N_BUCKETS)):
        size = sizes.get(bucket, 0)
        if 0 < size <= n_rows // 2 and rows + size <= n_rows * 1.1:
            chosen.append(bucket)
            rows += size
        if rows >= n_rows:
            break
    return chosen


def _sizes(bucket: pl.Expr, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by(bucket.alias(BUCKET)).agg(pl.len().cast(pl.Int64).alias("count"))


def _rows_of(bucket: pl.Expr, buckets: Sequence[int], rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(bucket.is_in(buckets))
