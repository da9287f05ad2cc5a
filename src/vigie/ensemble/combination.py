"""Votes of the members and the anomaly score to one score, and how far the votes agree.

There are two scores. That by ranks alone (`combine`, `add_self_training`) is what the calibrators of the reference models
were fitted to, and what trusted models lead. That by size (`score_by_size`) ranks the rows everywhere else: the reference
models and self-training add to what the detectors found, by so little that they cannot bury it where fraud is rare.
Where what the detectors find is mostly what single columns say, the sum of what these say has most of the weight. The most
suspicious rows come from all of this; the order of the many ordinary ones also from how all columns together rank them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vigie.arrays import Floats, mid_ranks, weighted_sum
from vigie.fitted_state import ScoringState

ANOMALY_WEIGHT = 0.55
"""Weight of the anomaly score beside all members together, in the score by ranks."""

SELF_TRAINING_WEIGHT = 0.4
"""Weight of self-training, which sees the table's own columns, beside all others together, in the score by ranks."""

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

LEADER_TRUST = 0.5
"""Trust from which a member leads: the score is the one by ranks, and the member's calibrator counts."""

PRECISION_WEIGHT = 2.0
"""A trusted member counts by its trust times the exponential of its average precision times this number."""

SIMILARITY_POWER = 3.0
"""Weights of members are their similarity to this power."""


@dataclass(frozen=True)
class MemberVote:
    """The vote of a reference model on a table.

    Attributes:
        name: of the model.
        similarity: of its match, from 0 to 1.
        skill: its ROC AUC on simulated tables that it was not trained on, from 0 to 1.
        margin: (rows,) log-odds of fraud.
        ranks: (rows,) mid-ranks of the margin, where they are not those of these rows, as in a weighted sample.
        trust: weight beside all others together, from 0 to 1; above 0 for a model trained on such a table, and a little for
            one that the user trained on another.
        precision: its average precision, as measured on rows held out or as its owner states, from 0 to 1.
    """

    name: str
    similarity: float
    skill: float
    margin: Floats
    ranks: Floats | None = None
    trust: float = 0.0
    precision: float = 0.0


@dataclass(frozen=True)
class EnsembleScore:
    """The score of the ensemble.

    Attributes:
        score: (rows,) in nats, higher is more suspicious.
        agreement: (rows,) of the votes, in [0, 1]; NaN without members.
        weights: of the members, summing to 1; empty without members.
        rank_correlation: mean rank correlation of the members with each other and the anomaly score; NaN without members.
        mean_probability: mean probability of fraud by the members' own log-odds; NaN without members.
        trust: weight of the trusted members together, 0 without any.
        members: (rows,) weighted tail scores of the members without the trusted ones; None without any.
        leader: (rows,) tail scores of the trusted members; None without any.
        rank_score: (rows,) the score by ranks, for which the calibrator was fitted; None where `score` is that.
        self_trained: (rows,) tail scores of self-training; None without it, and where `score` is by ranks.
        column_risk_weight: of the column risk in `score`; 0 without it, and where `score` is by ranks.
    """

    score: Floats
    agreement: Floats
    weights: tuple[float, ...]
    rank_correlation: float
    mean_probability: float
    trust: float = 0.0
    members: Floats | None = None
    leader: Floats | None = None
    rank_score: Floats | None = None
    self_trained: Floats | None = None
    column_risk_weight: float = 0.0


def combine(
    anomaly: Floats,
    members: Sequence[MemberVote],
    *,
    rows: int | None = None,
    weights: Floats | None = None,
    state: ScoringState | None = None,
) -> EnsembleScore:
    """Combine the anomaly score and the votes of the members.

    Args:
        anomaly: (rows,) mid-ranks of the anomaly score, in (0, 1).
        members: votes of the matched models; may be empty.
        rows: of the whole table where these are a sample of it.
        weights: (rows,) how many rows each stands for, in a sample.
        state: of the fitted table.
    """
    state = state or ScoringState()
    rows = int(state.rows.get(lambda: float(rows or len(anomaly))))
    if any(member.trust > 0 for member in members):
        return _with_trusted_members(anomaly, members, weights, state)
    base = tail_score(anomaly, rows)
    if not members:
        return EnsembleScore(base, np.full(len(base), np.nan), (), float("nan"), float("nan"))
    votes = np.vstack([*(_ranks(member, state) for member in members), anomaly])
    agreeing = state.agreement_weights.refit(lambda: _mean_correlation(votes))[: len(members)]
    raw = np.array([m.similarity**SIMILARITY_POWER * max(m.skill - 0.5, 0.02) for m in members]) * agreeing
    shares = raw / raw.sum()
    voted = weighted_sum((tail_score(ranks, rows) for ranks in votes[:-1]), shares)
    score = ANOMALY_WEIGHT * base + (1 - ANOMALY_WEIGHT) * voted
    odds = weighted_sum((m.margin for m in members), shares)
    return EnsembleScore(
        score,
        _agreement(votes),
        tuple(float(share) for share in shares),
        float(agreeing.mean()),
        state.mean_probability.refit(lambda: _mean_probability(odds, weights)),
        members=voted,
    )


def _with_trusted_members(
    anomaly: Floats, members: Sequence[MemberVote], weights: Floats | None, state: ScoringState
) -> EnsembleScore:
    """Return the other members combined, and beside them those that are trusted.

    Together these weigh as much as the most trusted of them does alone. Among them log-odds are averaged, so that a member
    that is sure of a row counts more there than one that is not.

    Source: logarithmic opinion pool, C. Genest, J. V. Zidek, Statistical Science 1, 1986.
    """
    rows, others = int(state.rows.require()), [member for member in members if member.trust == 0]
    rest = combine(anomaly, others, weights=weights, state=state)
    shares = trusted_shares(members)
    trust = max(member.trust for member in members)
    trusted = [(member, share) for member, share in zip(members, shares, strict=True) if member.trust > 0]
    pool = _pool(trusted)
    ranks = _ranks(pool, state)
    of_others = iter(rest.weights)
    part = trust if others else 1.0
    leads = trust >= LEADER_TRUST or not others
    led = tail_score(ranks, rows)
    return EnsembleScore(
        (1 - trust) * rest.score + trust * led,
        _agreement(np.stack([ranks, anomaly])) if leads else rest.agreement,
        tuple(
            part * share if member.trust > 0 else (1 - trust) * next(of_others)
            for member, share in zip(members, shares, strict=True)
        ),
        rest.rank_correlation,
        state.mean_probability.refit(lambda: _mean_probability(pool.margin, weights))
        if leads
        else rest.mean_probability,
        trust,
        rest.members,
        led,
    )


def _pool(trusted: Sequence[tuple[MemberVote, float]]) -> MemberVote:
    """Return the trusted members, each with its share, as one; a single one is returned as it is."""
    if len(trusted) == 1:
        return trusted[0][0]
    margin = weighted_sum((member.margin for member, _ in trusted), (share for _, share in trusted))
    return replace(trusted[0][0], name=" + ".join(member.name for member, _ in trusted), margin=margin)


def trusted_shares(members: Sequence[MemberVote]) -> tuple[float, ...]:
    """Return the share of each member among the trusted ones, by trust and average precision; 0 without trust.

    They sum to 1 where any is trusted.
    """
    raw = [member.trust * float(np.exp(PRECISION_WEIGHT * member.precision)) for member in members]
    total = sum(raw) or 1.0
    return tuple(value / total for value in raw)


def leading_member(members: Sequence[MemberVote]) -> int | None:
    """Return the position of the member that leads: the largest share of those trusted enough; None without one."""
    shares = trusted_shares(members)
    enough = [i for i, member in enumerate(members) if member.trust >= LEADER_TRUST]
    return max(enough, key=lambda i: shares[i], default=None)


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


def add_self_training(combined: EnsembleScore, self_trained: Floats | None) -> EnsembleScore:
    """Return the score by ranks with the vote of self-training; unchanged without one.

    Args:
        combined: the score by ranks.
        self_trained: (rows,) tail scores of self-training; None without it.
    """
    if self_trained is None:
        return combined
    share = SELF_TRAINING_WEIGHT * (1 - combined.trust)
    return replace(combined, score=(1 - share) * combined.score + share * self_trained)


def self_training_tail_score(scores: Floats, state: ScoringState) -> Floats:
    """Return (rows,) tail scores of self-training in nats.

    Args:
        scores: (rows,) of self-training.
        state: of the fitted table.
    """
    rows = int(state.rows.get(lambda: float(len(scores))))
    return tail_score(state.ranks.of("self-training", scores), rows)


def tail_score(ranks: Floats, rows: int) -> Floats:
    """Return (rows,) -log of the share of rows at least as suspicious, in nats, from mid-ranks in a table of `rows` rows."""
    return np.asarray(-np.log(1 - ranks + 0.5 / max(rows, 1)))


def _ranks(member: MemberVote, state: ScoringState) -> Floats:
    return state.ranks.of(f"model {member.name}", member.margin) if member.ranks is None else member.ranks


def _agreement(votes: Floats) -> Floats:
    """Return (rows,) 1 where all votes are equal, 0 where their standard deviation is half of their range or more."""
    return np.asarray(1 - np.minimum(2 * votes.std(axis=0), 1.0))


def _mean_probability(odds: Floats, weights: Floats | None) -> float:
    return float(np.average(1 / (1 + np.exp(-odds)), weights=weights)) if len(odds) else float("nan")


def _mean_correlation(votes: Floats) -> Floats:
    """Return (votes,) mean correlation of each vote with the others, at least 0.05: one that contradicts all hardly counts."""
    if votes.shape[1] < 3:
        return np.ones(len(votes))
    correlation = np.corrcoef(votes + 1e-12 * np.arange(votes.shape[1]))
    others = (correlation.sum(axis=1) - 1) / max(len(votes) - 1, 1)
    return np.asarray(np.clip(np.nan_to_num(others), 0.05, 1.0))
