"""The score by size: what the detectors found, and what members, self-training and columns add to it.

The reference models and self-training add so little that they cannot bury what the detectors found where fraud is rare. Where
that is mostly what single columns say, the sum of what these say has most of the weight. The most suspicious rows come from
all of this; the order of the many ordinary ones also from how all columns together rank them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vigie.arrays import Floats, mid_ranks
from vigie.ensemble.combination import EnsembleScore
from vigie.fitted_state import ScoringState

MEMBERS_TERM, SELF_TRAINING_TERM = 0.4, 0.4
"""What the tail scores of all members together, and of self-training, are multiplied by in the score by size."""

COLUMN_RISK_WEIGHT, COLUMN_RISK_CORRELATION = 0.5, (0.65, 0.8)
"""Weight at most of the column risk beside all others together; and the rank correlation with the detectors from
which it begins to count, and counts fully. Where they are correlated the sum of the columns is what the detectors see, without
the noise of single ones; where they are not, the detectors see something else."""

CORRELATION_ROWS = 60_000
"""Rows the correlation is measured on, the first in an order that does not depend on their values."""

MAX_SUPPORT = 2.0
"""What both of them together add at most, in units of the score by size: the detectors alone reach four times as much."""

EXTREME_QUANTILE, EXTREME_RANGE = 0.999, (2.8, 3.4)
"""Quantile of the detectors' excess that says whether some rows lie far beyond all others: below the range none does, and the
score is the one by ranks; above it the score is by size; between them a mixture."""

SUPPORTED_RANGE = (0.88, 0.92)
"""Mean rank, among all rows, that members and self-training give the extreme rows. Above the range the size of each counts.
Below it these rows may be a structure of the table rather than fraud: the size of a row counts as far as self-training
confirms it, and the score is the larger one of that by size and that by ranks. Between them a mixture."""

CONFIRMED_RANGE = (0.5, 0.95)
"""Rank by self-training up to which the size of a row is not confirmed, and from which on it is."""

ORDINARY_SHARE = 0.97
"""Share of the rows that are ordinary: all columns together rank these, and do not decide which rows are the most suspicious."""

ORDINARY_COLUMNS_WEIGHT = (0.1, 1.0)
"""Weight of these ranks among ordinary rows: where the columns have a known meaning, and where they have none."""

EXTREME_ROWS = 20
"""Extreme rows at least whose ranks are averaged."""


def score_by_size(
    combined: EnsembleScore,
    excess: Floats,
    self_trained: Floats | None,
    state: ScoringState | None = None,
    *,
    column_risk: Floats | None = None,
    agreeing: float = 0.0,
    column_ranks: Floats | None = None,
    anonymity: float = 0.0,
) -> EnsembleScore:
    """Return the score by size in place of that by ranks, which stays as `rank_score`.

    Where no row lies far beyond all others the score by ranks is mixed in. Where the members and self-training rank the extreme
    rows low, only what self-training confirms counts. The column risk is mixed in where it is what the detectors see too.

    Args:
        combined: by ranks.
        excess: (rows,) the detectors combined by the size of their scores.
        self_trained: (rows,) tail scores of self-training; None without it.
        state: of the fitted table.
        column_risk: (rows,) tail scores of the columns in their direction of risk, in nats; None without any.
        agreeing: how much of it counts, from 0 to 1: whether the table has several such columns.
        column_ranks: (rows,) mean mid-ranks by all columns of the table; None where ordinary rows are not ranked by them.
        anonymity: how few of the columns have a known meaning, from 0 to 1.
    """
    state = state or ScoringState()
    score = _supported_score(combined, excess, self_trained, state)
    if combined.leader is not None:
        score = (1 - combined.trust) * score + combined.trust * combined.leader
    by_size = state.size_weight.refit(lambda: _size_weight(excess))
    score = by_size * score + (1 - by_size) * combined.score
    weight = 0.0
    if column_risk is not None:
        weight = state.column_risk_weight.refit(lambda: agreeing * _column_risk_weight(excess, column_risk))
        score = (1 - weight) * score + weight * column_risk
    if column_ranks is not None:
        score = _rank_ordinary_rows(score, column_ranks, anonymity, state)
    return replace(
        combined,
        score=score,
        rank_score=combined.score,
        self_trained=self_trained,
        column_risk_weight=weight,
    )


def _column_risk_weight(excess: Floats, column_risk: Floats) -> float:
    """Return the weight of the column risk, from 0 to `COLUMN_RISK_WEIGHT`."""
    ranks = [mid_ranks(x[:CORRELATION_ROWS]) for x in (excess, column_risk)]
    if any(len(x) < 2 or np.ptp(x) == 0 for x in ranks):
        return 0.0
    correlation = float(np.corrcoef(ranks[0], ranks[1])[0, 1])
    return COLUMN_RISK_WEIGHT * _share_of_range(correlation, COLUMN_RISK_CORRELATION)


def _supported_score(
    combined: EnsembleScore, excess: Floats, self_trained: Floats | None, state: ScoringState
) -> Floats:
    """Return (rows,) the score by size, as far as members and self-training support it."""
    votes = [vote for vote in (combined.members, self_trained) if vote is not None]
    # In a scorer stored before, the weight of the score by size says it too.
    unsupported = state.unsupported.refit(lambda: _unsupported(excess, votes), default=0.0)
    added = support(combined.members, self_trained)
    score = excess + added
    if unsupported == 0:
        return score
    confirmed = excess if self_trained is None else excess * _confirmation(self_trained)
    return (1 - unsupported) * score + unsupported * np.maximum(confirmed + added, combined.score)


def _confirmation(self_trained: Floats) -> Floats:
    """Return (rows,) how far self-training confirms that a row is suspicious, from 0 to 1, from its tail scores."""
    low, high = CONFIRMED_RANGE
    return np.asarray(np.clip((1 - np.exp(-self_trained) - low) / (high - low), 0.0, 1.0))


def _rank_ordinary_rows(score: Floats, column_ranks: Floats, anonymity: float, state: ScoringState) -> Floats:
    """Return (rows,) the score, in which rows below a threshold stay below it and are also ranked by the columns."""

    def fit() -> Floats:
        threshold = float(np.quantile(score, ORDINARY_SHARE)) if len(score) else 0.0
        return np.array([threshold, np.interp(anonymity, (0, 1), ORDINARY_COLUMNS_WEIGHT)])

    threshold, weight = state.ordinary_rows.refit(fit, default=np.zeros(2))  # none in a scorer stored before
    ranked = (1 - weight) * score + weight * threshold * column_ranks
    return np.where(score < threshold, ranked, score)


def _size_weight(excess: Floats) -> float:
    """Return the weight of the score by size, from 0 to 1."""
    return (
        _share_of_range(float(np.quantile(excess, EXTREME_QUANTILE)), EXTREME_RANGE) if len(excess) else 0.0
    )


def _unsupported(excess: Floats, votes: Sequence[Floats]) -> float:
    """Return how low members and self-training rank the extreme rows, from 0 to 1."""
    if not len(excess) or not votes:
        return 0.0
    extreme = excess >= np.quantile(excess, np.clip(1 - EXTREME_ROWS / len(excess), 0.5, EXTREME_QUANTILE))
    rank = float(np.mean([mid_ranks(vote)[extreme].mean() for vote in votes]))
    return 1 - _share_of_range(rank, SUPPORTED_RANGE)


def _share_of_range(value: float, limits: tuple[float, float]) -> float:
    """Return how far a value is from the lower to the upper limit, from 0 to 1."""
    low, high = limits
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def support(members: Floats | None, self_trained: Floats | None) -> Floats | float:
    """Return (rows,) what the members and self-training add to the detectors, from 0 to `MAX_SUPPORT`.

    Args:
        members: (rows,) weighted tail scores of the members; None without any.
        self_trained: (rows,) tail scores of self-training; None without it.
    """
    total: Floats | float = 0.0
    if members is not None:
        total = total + MEMBERS_TERM * members
    if self_trained is not None:
        total = total + SELF_TRAINING_TERM * self_trained
    return np.asarray(MAX_SUPPORT * np.tanh(total / MAX_SUPPORT))
