"""Totals of a table whose rows were scored chunk by chunk: levels, alerts, the exact budget, the rows to look at first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.engine.backend import ROW, Backend, G, R, Schema
from vigie.engine.output import LEVELS, RESULT_COLUMNS, TOP_ROWS, alerts_of

SCORE_ORDER = "v:order"
"""Column of the score as a whole number of the same order."""
SCORED_SCHEMA: Schema = {
    ROW: pl.Int64(),
    **dict.fromkeys(RESULT_COLUMNS[:4], pl.Float64()),
    "risk_level": pl.String(),
    "alert": pl.Int8(),
    "reasons": pl.String(),
    SCORE_ORDER: pl.Int64(),
}
_BITS = 16
_TOTALS: Schema = {
    **dict.fromkeys((*LEVELS, "alerts", "with_agreement"), pl.Int64()),
    "agreement": pl.Float64(),
}


def order_of(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return (rows,) whole numbers in the same order, which can be counted by their leading bits."""
    bits = (numbers + 0.0).view(np.int64)
    return np.where(bits < 0, bits ^ np.int64(2**63 - 1), bits)


def keep_budget(backend: Backend[R, G], scored: R, budget: float) -> R:
    """Return scored rows with exactly as many alerts as a budget allows.

    Args:
        backend: holds the rows.
        scored: rows of `SCORED_SCHEMA`.
        budget: a share of the rows below 1, or a number of rows.
    """
    order, row, wanted = pl.col(SCORE_ORDER), pl.col(ROW), alerts_of(budget, backend.n_rows)
    if not wanted:
        return backend.map_rows(scored, (), MarkAlerts(np.iinfo(np.int64).max, -1))
    least, left = nth_largest(backend, scored, order, pl.lit(True), wanted)
    last, _ = nth_largest(backend, scored, -row, order == least, left)
    return backend.map_rows(scored, (), MarkAlerts(least, -last))


def summarise_rows(backend: Backend[R, G], scored: R) -> dict[str, Any]:
    """Return the part of the summary that needs every row of the table.

    Args:
        backend: holds the rows.
        scored: rows of `SCORED_SCHEMA`.
    """
    totals = backend.collect(scored, ChunkTotals()).sum().row(0, named=True)
    top = backend.collect(scored, TopRows())
    agreed = totals["with_agreement"]
    return {
        "agreement": round(totals["agreement"] / agreed, 4) if agreed else None,
        "alerts": totals["alerts"],
        "risk_levels": {level: totals[level] for level in LEVELS},
        "top": [
            {
                "row": one[ROW] + 1,
                **{name: one[name] for name in ("fraud_score", "fraud_probability", "reasons")},
            }
            for one in TopRows()(top).iter_rows(named=True)
        ],
    }


def nth_largest(backend: Backend[R, G], rows: R, value: pl.Expr, where: pl.Expr, n: int) -> tuple[int, int]:
    """Return the n-th largest whole number, and how many of its equals are among the n largest; n is at least 1.

    Sorts nothing: counts by leading bits, in four passes.

    Args:
        backend: holds the rows.
        rows: rows of this backend.
        value: a whole number for each row.
        where: which rows count.
        n: rank, from 1.
    """
    left, found = n, 0
    for shift in range(64 - _BITS, -1, -_BITS):
        counted = backend.count(rows, LeadingBits(value, where, shift))
        for bits, size in counted.sort("bits", descending=True).iter_rows():
            found = bits
            if left <= size:
                break
            left -= size
        where = where & (value // 2**shift == found)
    return found, left


@dataclass(frozen=True)
class LeadingBits:
    """Chunk function: rows by the leading bits of a whole number."""

    value: pl.Expr
    where: pl.Expr
    shift: int
    schema: ClassVar[Schema] = {"bits": pl.Int64(), "count": pl.Int64()}

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns it looks at."""
        return tuple(sorted({*self.value.meta.root_names(), *self.where.meta.root_names()}))

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the counts of a chunk."""
        bits = (self.value.cast(pl.Int64) // 2**self.shift).alias("bits")
        return rows.filter(self.where).group_by(bits).agg(pl.len().cast(pl.Int64).alias("count"))


@dataclass(frozen=True)
class MarkAlerts:
    """Row function: alerts are the rows with the highest scores, of equal ones the first in the table.

    Attributes:
        least: least `SCORE_ORDER` of an alert.
        last_row: number of the last alert among the rows with this score.
    """

    least: int
    last_row: int
    schema: ClassVar[Schema] = SCORED_SCHEMA
    columns: ClassVar[None] = None
    extends: ClassVar[bool] = False

    def __call__(self, rows: pl.DataFrame, joined: object) -> pl.DataFrame:
        """Return the scored rows with other alerts."""
        above, equal = pl.col(SCORE_ORDER) > self.least, pl.col(SCORE_ORDER) == self.least
        alert = above | (equal & (pl.col(ROW) <= self.last_row))
        return rows.with_columns(alert.cast(pl.Int8).alias("alert"))


@dataclass(frozen=True)
class ChunkTotals:
    """Chunk function: levels, alerts and agreement, in one row."""

    schema: ClassVar[Schema] = _TOTALS
    columns: ClassVar[tuple[str, ...]] = ("risk_level", "alert", "agreement")

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the totals of a chunk."""
        levels = ((pl.col("risk_level") == level).sum().alias(level) for level in LEVELS)
        agreement = pl.col("agreement")
        return rows.select(
            *levels,
            pl.col("alert").cast(pl.Int64).sum().alias("alerts"),
            agreement.count().alias("with_agreement"),
            agreement.sum().alias("agreement"),
        ).cast(pl.Schema(_TOTALS))


@dataclass(frozen=True)
class TopRows:
    """Chunk function: the most suspicious rows, of equal ones the first in the table."""

    schema: ClassVar[Schema] = SCORED_SCHEMA
    columns: ClassVar[None] = None

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the most suspicious rows of a chunk."""
        top = rows.top_k(TOP_ROWS, by=[SCORE_ORDER, ROW], reverse=[False, True])
        return top.sort(SCORE_ORDER, ROW, descending=[True, False])
