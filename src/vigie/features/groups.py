"""Rows that share an entity: sums, habits and time windows within each group, vectorised.

One sort per entity, then everything is differences of cumulative sums and binary searches, so that the cost
is O(n log n) however many groups there are and however skewed they are. Must not know what a column means.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from vigie.arrays import (
    Codes,
    Floats,
    Pool,
    call_pool,
    changes,
    factorize,
    leave_one_out_zscore,
    runs,
    sort_order,
    time_ranks,
)

Bounds = npt.NDArray[np.int32]

_KEPT_WINDOWS = 4


class Groups:
    """The rows of a table grouped by one entity and, within a group, ordered by time.

    Args:
        codes: (rows,) integers that name the group of each row; -1 where the entity is unknown. An unknown
            entity is a group of its own, so that missing values are never taken for one busy customer.
        time: (rows,) seconds or steps; None keeps the order of the rows.
        moments: (rows,) place of each row in time, as `time_ranks` returns it, where it is known already.
    """

    def __init__(self, codes: Codes, time: Floats | None = None, moments: Codes | None = None) -> None:
        unknown = codes < 0
        if unknown.any():
            codes = codes.copy()
            codes[unknown] = codes.max(initial=0) + 1 + np.arange(int(unknown.sum()))
        self.known = ~unknown
        self.size = len(codes)
        self.order = _sorted(codes, time, moments)
        ordered = codes[self.order]
        self._starts, self._lengths = runs(ordered)
        self._group = np.repeat(np.arange(len(self._starts)), self._lengths)
        self._first = np.repeat(self._starts, self._lengths)
        self._time = None if time is None else time[self.order].astype(float)
        self._bounds_of: dict[tuple[float, float], tuple[Bounds, Bounds]] = {}

    def _back(self, ordered: npt.NDArray[np.generic]) -> Floats:
        """Put values in sorted order back into the order of the rows; unknown entities become NaN."""
        out = np.empty(self.size)
        out[self.order] = ordered
        out[~self.known] = np.nan
        return out

    @cached_property
    def repeats(self) -> bool:
        """Whether enough entities come back for habits to mean anything: at least 5 % of the rows are repeats."""
        return self.size > 0 and (self.size - len(self._starts)) >= 0.05 * self.size

    def group_of_row(self) -> Codes:
        """Return the dense group number of each row, in the order of the rows."""
        out = np.empty(self.size, dtype=np.int64)
        out[self.order] = self._group
        return out

    def count(self) -> Floats:
        """Return the number of rows in the group of each row."""
        return self._back(np.repeat(self._lengths, self._lengths))

    def position(self) -> Floats:
        """Return the number of rows of the same group before this one."""
        return self._back(np.arange(self.size) - self._first)

    def sum(self, x: Floats) -> Floats:
        """Return the sum of `x` over the group of each row."""
        return self._back(np.repeat(np.add.reduceat(x[self.order], self._starts), self._lengths))

    def max(self, x: Floats) -> Floats:
        """Return the largest `x` in the group of each row."""
        return self._back(np.repeat(np.maximum.reduceat(x[self.order], self._starts), self._lengths))

    def leave_one_out_max(self, x: Floats) -> Floats:
        """Return the largest `x` among the other rows of the group; NaN for a group of one."""
        ordered = x[self.order]
        best = np.repeat(np.maximum.reduceat(ordered, self._starts), self._lengths)
        is_best = ordered == best
        n_best = np.repeat(np.add.reduceat(is_best.astype(float), self._starts), self._lengths)
        second = np.repeat(
            np.maximum.reduceat(np.where(is_best, -np.inf, ordered), self._starts), self._lengths
        )
        out = np.where(is_best & (n_best == 1), second, best)
        out[~np.isfinite(out)] = np.nan
        return self._back(out)

    def leave_one_out_mean(self, x: Floats, prior: float, strength: float) -> Floats:
        """Return the mean of `x` over the other rows of the group, shrunk to `prior` as if by `strength` more rows."""
        n = self.count() - 1
        return np.asarray((self.sum(x) - x + strength * prior) / (n + strength))

    def leave_one_out_zscore(self, x: Floats, pool: Pool | None = None) -> Floats:
        """Return how far `x` lies from the group's other rows, in standard deviations; NaN for a group of one.

        Mean and variance leave the row itself out; the variance is shrunk to the pooled within-group variance
        so that three equal amounts do not make a fourth look infinitely strange.

        Args:
            x: (rows,) NaN where unknown: neither a row nor one of the others.
            pool: where the pooled variance may already be known.
        """
        ok = np.isfinite(x)
        filled = np.where(ok, x, 0.0)
        n = self.sum(ok.astype(float)) - ok
        return leave_one_out_zscore(
            filled, ok, n, self.sum(filled) - filled, self.sum(filled**2) - filled**2, pool or call_pool
        )

    def rank_within(self, x: Floats) -> Floats:
        """Return the mid-rank of `x` within the group, in (0, 1); NaN for a group of one."""
        group = self.group_of_row()
        by_value = sort_order(x)
        order = by_value[sort_order(group[by_value])]
        key_group, key_x = group[order], x[order]
        tie_start = np.flatnonzero(changes(key_group) | changes(key_x))
        tie_length = np.diff(tie_start, append=self.size)
        middle = np.repeat(tie_start + tie_length / 2, tie_length)
        out = np.empty(self.size)
        out[order] = middle
        first, n = np.empty(self.size), self.count()
        first[self.order] = self._first
        return np.where(n > 1, (out - first) / n, np.nan)

    def distinct(self, codes: Codes) -> Floats:
        """Return the number of different `codes` in the group of each row."""
        fresh = self._fresh(codes).astype(float)
        return self._back(np.repeat(np.add.reduceat(fresh, self._starts), self._lengths))

    def first_seen(self, codes: Codes) -> Floats:
        """Return 1 where this row is the first of its group to show its code, else 0."""
        out = np.zeros(self.size)
        out[self.order] = self._fresh(codes)
        return out

    def _fresh(self, codes: Codes) -> npt.NDArray[np.bool_]:
        """Return, in sorted order, whether no row of the group before this one shows its code."""
        ordered = codes[self.order]
        low = int(ordered.min(initial=0))
        pair = self._group * (int(ordered.max(initial=0)) - low + 1) + (ordered - low)
        order = _sorted(pair, None)
        sorted_pair = pair[order]
        out = np.zeros(self.size, dtype=bool)
        out[order] = changes(sorted_pair)
        return out

    def gap_before(self) -> Floats:
        """Return the time since the previous row of the group; NaN for the first."""
        time = self._ordered_time()
        gap = np.diff(time, prepend=np.nan)
        gap[self._starts] = np.nan
        return self._back(gap)

    def gap_after(self) -> Floats:
        """Return the time to the next row of the group; NaN for the last."""
        time = self._ordered_time()
        gap = np.diff(time, append=np.nan)
        gap[self._starts + self._lengths - 1] = np.nan
        return self._back(gap)

    def previous(self, x: Floats) -> Floats:
        """Return `x` of the previous row of the group; NaN for the first."""
        shifted = _later(x[self.order], np.nan)
        shifted[self._starts] = np.nan
        return self._back(shifted)

    def previous_max(self, x: Floats) -> Floats:
        """Return the largest `x` among the earlier rows of the group; NaN for the first. `x` must be finite."""
        ordered = x[self.order]
        # By place among all values, which is exact: the same whatever other groups are here.
        values, place, _ = factorize(ordered)
        running = np.maximum.accumulate(place + self._group * len(values)) - self._group * len(values)
        shifted = _later(values[running], np.nan)
        shifted[self._starts] = np.nan
        return self._back(shifted)

    def last_where(self, mask: npt.NDArray[np.bool_], x: Floats) -> Floats:
        """Return `x` of the latest earlier row of the group where `mask` holds; NaN where there is none."""
        marked = np.where(mask[self.order], np.arange(self.size), -1)
        latest = _later(np.maximum.accumulate(marked), -1)
        return self._back(np.where(latest >= self._first, x[self.order][latest], np.nan))

    def next_where(self, mask: npt.NDArray[np.bool_], x: Floats) -> Floats:
        """Return `x` of the next later row of the group where `mask` holds; NaN where there is none."""
        marked = np.where(mask[self.order], np.arange(self.size), self.size)
        coming = _later(np.minimum.accumulate(marked[::-1]), self.size)[::-1]
        inside = coming < self._first + np.repeat(self._lengths, self._lengths)
        return self._back(np.where(inside, x[self.order][np.minimum(coming, self.size - 1)], np.nan))

    def window(self, before: float, after: float, x: Floats | None = None) -> Floats:
        """Return the number of rows, or the sum of `x`, of the same group with time in [t - before, t + after], the row itself included."""
        low, high = self._window(before, after)
        if x is None:
            return self._back(high - low)
        total = np.zeros(self.size + 1)
        np.cumsum(x[self.order], out=total[1:])
        return self._back(total[high] - total[low])

    def _window(self, before: float, after: float) -> tuple[Bounds, Bounds]:
        """Return (rows,) the first place of each window, and the one after its last.

        The latest are kept, since the number of rows and sums over them are asked for one after the other.
        """
        known = self._bounds_of.get((before, after))
        if known is None:
            known = self._bounds(before, after)
            self._bounds_of = dict([*self._bounds_of.items()][1 - _KEPT_WINDOWS :]) | {(before, after): known}
        return known

    def _bounds(self, before: float, after: float) -> tuple[Bounds, Bounds]:
        time = self._ordered_time()
        start = time - (time.min() if self.size else 0.0)
        stride = (float(start.max()) if self.size else 0.0) + before + after + 1.0
        key = start + self._group * stride
        low = np.searchsorted(key, key - before, side="left")
        high = np.searchsorted(key, key + after, side="right")
        return low.astype(np.int32), high.astype(np.int32)

    def _ordered_time(self) -> Floats:
        if self._time is None:
            raise ValueError("these groups were made without a time")
        return self._time


def _later(x: npt.NDArray[Any], first: float) -> npt.NDArray[Any]:
    """Return the values one place later, a new one at the first."""
    out = np.empty_like(x)
    out[:1], out[1:] = first, x[:-1]
    return out


def _sorted(codes: Codes, time: Floats | None, moments: Codes | None = None) -> Codes:
    """Return the rows by code, then time, then as they come: one sort of one integer, six times as fast as of two."""
    size = len(codes)
    if not size:
        return np.zeros(0, dtype=np.int64)
    low, high = int(codes.min()), int(codes.max())
    if (high - low + 1) * size > 2**62:
        return np.lexsort((time, codes)) if time is not None else sort_order(codes)
    if moments is None:
        moments = np.arange(size) if time is None else time_ranks(time)
    return np.asarray(sort_order((codes - low) * size + moments), dtype=np.int64)


def pairs(one: Codes, other: Codes) -> Codes:
    """Return one code for each pair of codes, in the order of `dense_codes` but with gaps: enough to group by.

    Args:
        one: (rows,) dense codes; -1 is unknown.
        other: the same.
    """
    unknown = (one < 0) | (other < 0)
    return np.where(unknown, -1, one * (int(other.max(initial=-1)) + 1) + other)


def dense_codes(*columns: Codes) -> Codes:
    """Return one code for each combination of the given codes; -1 where any of them is unknown."""
    combined = columns[0].astype(np.int64)
    for column in columns[1:]:
        combined = np.where(
            (combined < 0) | (column < 0), -1, combined * (int(column.max(initial=0)) + 1) + column
        )
    known = combined >= 0
    out = np.full(len(combined), -1, dtype=np.int64)
    out[known] = factorize(combined[known])[1]
    return out
