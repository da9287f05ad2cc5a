"""Votes of the members and the anomaly score to one score, and how far the votes agree.

Margins become mid-ranks within the table, so that no member dominates by the scale of its margins. The anomaly score always
has `ANOMALY_WEIGHT`: reference models add to it and never replace it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vigie.arrays import Floats, weighted_sum
from vigie.fitted_state import ScoringState

ANOMALY_WEIGHT = 0.55
"""Weight of the anomaly score beside all members together."""

SELF_TRAINING_WEIGHT = 0.4
"""Weight of self-training, which sees the table's own columns, beside all others together."""

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
        trust: weight beside all others together, from 0 to 1; above 0 only for a model trained on such a table.
    """

    name: str
    similarity: float
    skill: float
    margin: Floats
    ranks: Floats | None = None
    trust: float = 0.0


@dataclass(frozen=True)
class EnsembleScore:
    """The score of the ensemble.

    Attributes:
        score: (rows,) weighted tail scores in nats, higher is more suspicious; what calibration starts from.
        agreement: (rows,) of the votes, in [0, 1]; NaN without members.
        weights: of the members, summing to 1; empty without members.
        rank_correlation: mean rank correlation of the members with each other and the anomaly score; NaN without members.
        mean_probability: mean probability of fraud by the members' own log-odds; NaN without members.
        trust: weight of the trusted member, 0 without one.
    """

    score: Floats
    agreement: Floats
    weights: tuple[float, ...]
    rank_correlation: float
    mean_probability: float
    trust: float = 0.0


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
    trusted = max(range(len(members)), key=lambda i: members[i].trust, default=-1)
    if trusted >= 0 and members[trusted].trust > 0:
        return _with_trusted_member(anomaly, members, trusted, weights, state)
    base = tail_score(anomaly, rows)
    if not members:
        return EnsembleScore(base, np.full(len(base), np.nan), (), float("nan"), float("nan"))
    votes = np.vstack([*(_ranks(member, state) for member in members), anomaly])
    agreeing = state.agreement_weights.refit(lambda: _mean_correlation(votes))[: len(members)]
    raw = np.array([m.similarity**SIMILARITY_POWER * max(m.skill - 0.5, 0.02) for m in members]) * agreeing
    shares = raw / raw.sum()
    score = ANOMALY_WEIGHT * base + (1 - ANOMALY_WEIGHT) * weighted_sum(
        (tail_score(ranks, rows) for ranks in votes[:-1]), shares
    )
    odds = weighted_sum((m.margin for m in members), shares)
    return EnsembleScore(
        score,
        _agreement(votes),
        tuple(float(share) for share in shares),
        float(agreeing.mean()),
        state.mean_probability.refit(lambda: _mean_probability(odds, weights)),
    )


def _with_trusted_member(
    anomaly: Floats,
    members: Sequence[MemberVote],
    leader: int,
    weights: Floats | None,
    state: ScoringState,
) -> EnsembleScore:
    """Return the other members combined, and beside them the member that is trusted."""
    chosen, rows = members[leader], int(state.rows.get(lambda: float(len(anomaly))))
    others = [replace(m, trust=0.0) for i, m in enumerate(members) if i != leader]
    rest = combine(anomaly, others, rows=rows, weights=weights, state=state)
    ranks = _ranks(chosen, state)
    shares = [(1 - chosen.trust) * share for share in rest.weights]
    shares.insert(leader, chosen.trust if others else 1.0)
    return EnsembleScore(
        (1 - chosen.trust) * rest.score + chosen.trust * tail_score(ranks, rows),
        _agreement(np.stack([ranks, anomaly])),
        tuple(shares),
        rest.rank_correlation,
        state.mean_probability.refit(lambda: _mean_probability(chosen.margin, weights)),
        chosen.trust,
    )


def add_self_training(
    combined: EnsembleScore, scores: Floats | None, state: ScoringState | None = None
) -> EnsembleScore:
    """Return the score with the vote of self-training; unchanged without one.

    Args:
        combined: the score of the ensemble.
        scores: (rows,) of self-training.
        state: of the fitted table.
    """
    if scores is None:
        return combined
    state = state or ScoringState()
    rows, ranks = int(state.rows.get(lambda: float(len(scores)))), state.ranks.of("self-training", scores)
    share = SELF_TRAINING_WEIGHT * (1 - combined.trust)
    return replace(combined, score=(1 - share) * combined.score + share * tail_score(ranks, rows))


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
