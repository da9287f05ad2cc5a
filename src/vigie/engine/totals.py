"""Totals of rows that were scored chunk by chunk: levels, alerts, the exact budget, the rows to look at first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.engine.backend import ROW, Backend, G, R, Schema
from vigie.engine.decision import alert_count
from vigie.engine.output import LEVELS, RESULT_COLUMNS, TOP_ROWS

SCORE_ORDER = "v:order"
"""Column of the score as a whole number of the same order."""
SCORED: Schema = {
    ROW: pl.Int64(), **dict.fromkeys(RESULT_COLUMNS[:4], pl.Float64()),
    "risk_level": pl.String(), "alert": pl.Int8(), "reasons": pl.String(), SCORE_ORDER: pl.Int64(),
}  # fmt: skip
_BITS = 16


def order_of(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return (rows,) whole numbers in the same order, which can be counted by their leading bits."""
    bits = (numbers + 0.0).view(np.int64)
    return np.where(bits < 0, bits ^ np.int64(2**63 - 1), bits)


def keep_budget(backend: Backend[R, G], scored: R, budget: float) -> R:
    """Return scored rows with exactly as many alerts as a budget allows; of equal rows the first in the table.

    Args:
        backend: holds the rows.
        scored: rows of the schema `SCORED`.
        budget: a share of the rows below 1, or a number of rows.
    """
    wanted = alert_count(budget, backend.n_rows)
    least, last = np.iinfo(np.int64).max, -1
    if wanted:
        order = pl.col(SCORE_ORDER)
        least, equal = nth_largest(backend, scored, order, pl.lit(True), wanted)
        last = -nth_largest(backend, scored, -pl.col(ROW), order == least, equal)[0]
    return backend.map_rows(scored, (), partial(_mark_alerts, least, last), SCORED)


def summarise_rows(backend: Backend[R, G], scored: R) -> dict[str, Any]:
    """Return the part of the summary that takes every row of the table.

    Args:
        backend: holds the rows.
        scored: rows of the schema `SCORED`.
    """
    totals = backend.collect(scored, _totals, ("risk_level", "alert", "agreement")).sum().row(0, named=True)
    top = _top(backend.collect(scored, _top))
    return {
        "agreement": round(totals["agreement"] / totals["known"], 4) if totals["known"] else None,
        "alerts": totals["alerts"],
        "risk_levels": {level: totals[level] for level in LEVELS},
        "top": [
            {"row": row + 1, "fraud_score": score, "fraud_probability": probability, "reasons": reasons}
            for row, score, probability, reasons in top.select(
                ROW, "fraud_score", "fraud_probability", "reasons"
            ).iter_rows()
        ],
    }


def nth_largest(backend: Backend[R, G], rows: R, value: pl.Expr, where: pl.Expr, n: int) -> tuple[int, int]:
    """Return the n-th largest whole number, and how many of its equals are among the n largest.

    Sorts nothing: counts by leading bits, in four passes.

    Args:
        backend: holds the rows.
        rows: rows of this backend.
        value: a whole number for each row.
        where: which rows count; at least `n`.
        n: rank, from 1.
    """
    columns = sorted({*value.meta.root_names(), *where.meta.root_names()})
    found = 0
    for shift in range(64 - _BITS, -1, -_BITS):
        counted = backend.count(rows, partial(_leading_bits, value, where, shift), columns)
        for bits, size in counted.sort("bits", descending=True).iter_rows():
            found = bits
            if n <= size:
                break
            n -= size
        where = where & (value // 2**shift == found)
    return found, n


def _leading_bits(value: pl.Expr, where: pl.Expr, shift: int, rows: pl.DataFrame) -> pl.DataFrame:
    bits = (value.cast(pl.Int64) // 2**shift).alias("bits")
    return rows.filter(where).group_by(bits).agg(pl.len().cast(pl.Int64).alias("count"))


def _mark_alerts(
    least: int, last_row: int, rows: pl.DataFrame, joined: Sequence[pl.DataFrame]
) -> pl.DataFrame:
    order = pl.col(SCORE_ORDER)
    alert = (order > least) | ((order == least) & (pl.col(ROW) <= last_row))
    return rows.with_columns(alert.cast(pl.Int8).alias("alert"))


def _totals(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        *((pl.col("risk_level") == level).sum().cast(pl.Int64).alias(level) for level in LEVELS),
        pl.col("alert").cast(pl.Int64).sum().alias("alerts"),
        pl.col("agreement").count().cast(pl.Int64).alias("known"),
        pl.col("agreement").sum(),
    )


def _top(rows: pl.DataFrame) -> pl.DataFrame:
    top = rows.top_k(TOP_ROWS, by=[SCORE_ORDER, ROW], reverse=[False, True])
    return top.sort(SCORE_ORDER, ROW, descending=[True, False])
