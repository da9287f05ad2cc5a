"""Votes of the members and the anomaly score to one score, and how far the votes agree.

There are two scores. That by ranks alone (here) is what the calibrators of the reference models were fitted to, and what
trusted models lead. That by size (`vigie.ensemble.size_score`) ranks the rows everywhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vigie.arrays import Floats, weighted_sum
from vigie.fitted_state import ScoringState

ANOMALY_WEIGHT = 0.55
"""Weight of the anomaly score beside all members together, in the score by ranks."""

SELF_TRAINING_WEIGHT = 0.4
"""Weight of self-training, which sees the table's own columns, beside all others together, in the score by ranks."""

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
