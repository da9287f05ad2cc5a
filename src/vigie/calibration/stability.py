"""Population stability index: how far the distribution of a column has moved between two tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats

BINS = 10
MOVED, CHANGED = 0.1, 0.25
"""Index from which a distribution has moved, and from which it has changed much."""
_PRIOR = 0.5
"""Rows added to each category, so that an empty one has a share."""
_NORMAL_95 = 1.645


@dataclass(frozen=True)
class Stability:
    """How far a distribution has moved.

    Attributes:
        index: population stability index, from 0.
        noise: what 95 of 100 pairs of samples of these sizes, of one distribution, stay below.
    """

    index: float
    noise: float

    @property
    def verdict(self) -> str:
        """`stable`, `moved` or `changed`; what chance alone explains is stable."""
        if self.index < max(MOVED, self.noise):
            return "stable"
        return "moved" if self.index < CHANGED else "changed"


def of_values(before: Floats, after: Floats) -> Stability | None:
    """Return the stability of numbers in bins of equal counts of the earlier table; None without numbers.

    Args:
        before: (rows,) of the earlier table; NaN is ignored.
        after: (rows,) of the later table.
    """
    before, after = before[np.isfinite(before)], after[np.isfinite(after)]
    if not len(before) or not len(after):
        return None
    edges = np.unique(np.quantile(before, np.linspace(0, 1, BINS + 1)[1:-1]))
    counts = [
        np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
        for values in (before, after)
    ]
    return of_counts(counts[0], counts[1])


def of_counts(before: npt.NDArray[np.int64], after: npt.NDArray[np.int64]) -> Stability | None:
    """Return the stability of categories by their numbers of rows; None where a table has no row.

    Source: N. Siddiqi, "Credit Risk Scorecards", 2006, for the index and its two limits; B. Yurdakul, "Statistical
    Properties of Population Stability Index", 2018, for its distribution under chance: (1/n + 1/m) times chi-squared.

    Args:
        before: (categories,) rows of the earlier table.
        after: (categories,) rows of the later table.
    """
    n, m = int(before.sum()), int(after.sum())
    if not n or not m:
        return None
    first, second = ((counts + _PRIOR) / (counts + _PRIOR).sum() for counts in (before, after))
    index = float(((second - first) * np.log(second / first)).sum())
    return Stability(index, (1 / n + 1 / m) * _chi_squared_95(len(before) - 1))


def _chi_squared_95(freedom: int) -> float:
    """Return the 95 % quantile of the chi-squared distribution; 0 without freedom.

    Source: E. B. Wilson, M. M. Hilferty, "The Distribution of Chi-Square", PNAS 17, 1931.
    """
    if freedom < 1:
        return 0.0
    spread = 2 / (9 * freedom)
    return float(freedom * (1 - spread + _NORMAL_95 * spread**0.5) ** 3)
