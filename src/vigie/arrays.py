"""Array types and the rank and sum functions that every layer shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Pool = Callable[[Callable[[], float]], float]
"""Gives a number that may already be known, else what it is asked with."""


def leave_one_out_zscore(
    x: Floats,
    ok: npt.NDArray[np.bool_],
    n: Floats,
    total: Floats,
    squares: Floats,
    pool: Pool,
) -> Floats:
    """Return (rows,) distance of `x` from others, in standard deviations.

    Args:
        x: (rows,) finite values.
        ok: (rows,) whether the value is known.
        n: (rows,) number of the others.
        total: (rows,) sum of the others.
        squares: (rows,) sum of their squares.
        pool: asks for the variance within groups where it is not known yet.
    """
    some, several = ok & (n >= 1), ok & (n >= 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / n
        var = np.maximum(squares / n - mean**2, 0.0)
        pooled = pool(
            lambda: float(np.mean(var[several]) if several.any() else np.var(x[ok]) if ok.any() else np.nan)
        )
        z = (x - mean) / np.sqrt((n * var + 3 * pooled) / (n + 3) + 1e-9)
        # Rounded, or the rounding of sums would tell apart who always does the same.
        return np.where(some, np.round(z * np.sqrt(n / (n + 1)), 6), np.nan)


def changes(ordered: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return whether each value differs from the one before; the first does. `np.r_` takes ten times as long for few."""
    out = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=out[1:])
    return out


def call_pool(ask: Callable[[], float]) -> float:
    """Return what `ask` returns: the pool of a table that is not stored."""
    return ask()


def time_ranks(time: Floats) -> Codes:
    """Return (rows,) the place of each row in time, equal times as they come."""
    out = np.empty(len(time), dtype=np.int64)
    out[np.argsort(time, kind="stable")] = np.arange(len(time))
    return out


def weighted_sum(parts: Iterable[Floats], weights: Iterable[float]) -> Floats:
    """Return (rows,) weighted sum of the parts; for each row to the last bit the same, whatever rows are beside it.

    A product of matrices is not: its library adds up in another order where there are other numbers of rows.
    """
    return np.asarray(sum(weight * part for part, weight in zip(parts, weights, strict=True)))


def mid_ranks(x: npt.NDArray[np.floating[Any]]) -> Floats:
    """Return the mid-rank of each finite value among the finite values, in (0, 1); NaN stays NaN."""
    known = np.isfinite(x)
    if not known.all():
        out = np.full(len(x), np.nan)
        out[known] = mid_ranks(x[known])
        return out
    ranks = pl.Series(x).rank("average").to_numpy()
    return np.asarray((ranks - 0.5) / max(len(x), 1), dtype=np.float64)


def sort_order(x: npt.NDArray[Any]) -> npt.NDArray[np.integer[Any]]:
    """Return (rows,) positions that sort `x`; the order of equal values is unspecified.

    On columns with many equal values numpy's argsort takes up to 20 times as long as polars'.
    """
    return pl.Series(x).arg_sort().to_numpy()
