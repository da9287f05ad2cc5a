"""Array types and the rank and sum functions that every layer shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Pool = Callable[[Callable[[], float]], float]
"""Gives a number that may already be known, else what it is asked with."""

_RADIX_ROWS = 2_000
"""Rows from which sorting by digits is faster than by comparison."""


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


def runs(ordered: npt.NDArray[Any]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return where each run of equal values begins, and its length."""
    starts = np.flatnonzero(changes(ordered))
    lengths = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
    lengths[-1:] = len(ordered) - starts[-1:]
    return starts, lengths


def factorize(x: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Codes, npt.NDArray[np.intp]]:
    """Return the distinct values in ascending order, the position of each row's value among them, and how often each occurs.

    Args:
        x: (rows,) without NaN.
    """
    order = sort_order(x)
    ordered = x[order]
    starts, counts = runs(ordered)
    codes = np.empty(len(x), dtype=np.int64)
    codes[order] = np.repeat(np.arange(len(starts)), counts)
    return ordered[starts], codes, counts


def call_pool(ask: Callable[[], float]) -> float:
    """Return what `ask` returns: the pool of a table that is not stored."""
    return ask()


def time_ranks(time: Floats) -> Codes:
    """Return (rows,) the place of each row in time, equal times as they come."""
    out = np.empty(len(time), dtype=np.int64)
    out[sort_order(time)] = np.arange(len(time))
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
    order = sort_order(x)
    starts, lengths = runs(x[order])
    out = np.empty(len(x))
    out[order] = np.repeat((starts + lengths / 2) / max(len(x), 1), lengths)
    return out


def sort_order(x: npt.NDArray[Any], digits: int | None = None) -> npt.NDArray[np.intp]:
    """Return (rows,) positions that sort `x`; equal values stay in their order.

    A radix sort by digits of 16 bits, the least significant first, each of which numpy sorts in linear time. On 100,000 numbers
    it takes a quarter of the time of a sort by comparison, and as long with many equal values as with none.

    Args:
        x: (rows,) integers or numbers; NaN comes last.
        digits: sort by this many of the most significant digits in which the values differ, if not by all: enough to look the
            values up in a sorted table, where each search then begins near where the last one ended.
    """
    if len(x) < _RADIX_ROWS:
        return np.argsort(x, kind="stable")
    bits = _ordered_bits(x)
    length = int(bits.max()).bit_length()
    order: npt.NDArray[np.intp] | None = None
    for shift in range(0 if digits is None else max(length - 16 * digits, 0), length, 16):
        digit = (bits >> bits.dtype.type(shift)).astype(np.uint16)
        if order is None:
            order = np.argsort(digit, kind="stable")
        elif digit.any():
            order = order[np.argsort(digit[order], kind="stable")]
    return np.arange(len(x)) if order is None else order


def _ordered_bits(x: npt.NDArray[Any]) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Return (rows,) unsigned integers in the order of `x`, the least of them 0."""
    size, kind = x.dtype.itemsize, x.dtype.kind
    if kind == "f":
        # Adding nothing makes -0.0 and 0.0 equal.
        x = x + x.dtype.type(0)
        unknown = np.isnan(x)
        if unknown.any():
            x[unknown] = np.nan
        # Of negative numbers the bits other than the sign are turned.
        signed = x.view(f"i{size}")
        x = signed ^ ((signed >> (8 * size - 1)) & np.iinfo(signed.dtype).max)
    unsigned = x.view(f"u{size}")
    if kind != "u":
        unsigned = unsigned ^ unsigned.dtype.type(1 << (8 * size - 1))
    return np.asarray(unsigned - unsigned.min())
