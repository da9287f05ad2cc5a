"""Share of frauds among alerts, from the rows that users reviewed.

Reviewed rows say something of all alerts only when they were drawn at random; rows that were chosen, as the most suspicious
ones, say what is certain and no more. The random sample of an alert budget is stratified by rank: as many rows from each
fifth of the alerts, drawn by keys that depend on a seed and a rank alone, so that the sample hardly moves with the budget.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

STRATA = 5
PER_STRATUM = (20, 10, 4, 2)
"""Rows of each stratum that samples have, the larger samples first."""
OFFERED = 4
"""Rows of each stratum in the sample that is offered to a user."""
CONFIDENCE = 0.95
_STEPS = 60


@dataclass(frozen=True)
class Reviewed:
    """What reviewed rows say of the alerts.

    Attributes:
        alerts: number of alerts.
        known: alerts labelled fraud or legitimate.
        frauds: alerts labelled fraud.
        rate: interval of the share of frauds among rows like the reviewed ones; None without any.
        sample: size of the random sample that is reviewed; 0 without one.
        low: least number of frauds among all alerts: certain, or with `CONFIDENCE` where there is a sample.
        high: largest number of frauds among all alerts, in the same sense.
    """

    alerts: int
    known: int
    frauds: int
    rate: tuple[float, float] | None
    sample: int
    low: int
    high: int


def review(alerts: int, frauds: Collection[int], legitimate: Collection[int], seed: int) -> Reviewed:
    """Estimate the frauds among the first ranks.

    Args:
        alerts: number of alerts.
        frauds: ranks, from 1, of rows labelled fraud.
        legitimate: ranks, from 1, of rows labelled legitimate.
        seed: of the random sample.
    """
    fraud = {rank for rank in frauds if rank <= alerts}
    fine = {rank for rank in legitimate if rank <= alerts}
    known = len(fraud) + len(fine)
    low, high, size = len(fraud), alerts - len(fine), 0
    for per_stratum in PER_STRATUM if known < alerts else ():
        drawn = sample(alerts, per_stratum, seed)
        if len(drawn) < alerts and all(rank in fraud or rank in fine for rank in drawn):
            least, most = binomial_interval(sum(rank in fraud for rank in drawn), len(drawn))
            inside = max(low, math.floor(least * alerts)), min(high, math.ceil(most * alerts))
            # A sample may be one of the few that mislead: what is certain then contradicts it, and holds.
            if inside[0] <= inside[1]:
                (low, high), size = inside, len(drawn)
            break
    rate = binomial_interval(len(fraud), known) if known else None
    return Reviewed(alerts, known, len(fraud), rate, size, low, high)


def sample(alerts: int, per_stratum: int, seed: int) -> list[int]:
    """Return ranks, from 1, drawn at random: `per_stratum` of each fifth of the alerts, or all of a smaller one."""
    keys = np.random.default_rng(seed).random(alerts)
    drawn: list[int] = []
    for ranks in np.array_split(np.arange(alerts), min(STRATA, max(1, alerts))):
        drawn += (ranks[np.argsort(keys[ranks], kind="stable")[:per_stratum]] + 1).tolist()
    return sorted(drawn)


def binomial_interval(hits: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the exact interval of a share, which contains it at least as often as `confidence` says.

    Source: C. J. Clopper, E. S. Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the Case of the
    Binomial", Biometrika 26, 1934.

    Args:
        hits: 0 to n.
        n: at least 1.
        confidence: in (0, 1).
    """
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else _solve(hits, n, tail)
    high = 1.0 if hits == n else 1 - _solve(n - hits, n, tail)
    return low, high


def binomial_quantile(share: float, n: int, level: float) -> int:
    """Return the least number of hits that n draws exceed with a probability of at most 1 - `level`.

    Args:
        share: of hits, in [0, 1].
        n: at least 1.
        level: in (0, 1).
    """
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        exceeded = share >= 1 or (share > 0 and at_least(middle + 1, n, share) > 1 - level)
        low, high = (middle + 1, high) if exceeded else (low, middle)
    return low


def _solve(hits: int, n: int, tail: float) -> float:
    """Return the share at which `hits` or more of n have the probability `tail`."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if at_least(hits, n, middle) < tail:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def at_least(hits: int, n: int, share: float) -> float:
    """Return the probability of `hits` or more of n, for a share in (0, 1)."""
    k = np.arange(hits, n + 1)
    log = math.lgamma(n + 1) - _log_factorials(k) - _log_factorials(n - k)
    return float(np.exp(log + k * math.log(share) + (n - k) * math.log1p(-share)).sum())


def _log_factorials(
    numbers: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([math.lgamma(int(number) + 1) for number in numbers])
