"""Members and weights to one score, and how far the members tell the same story.

A member's vote is its margin in units of its own spread on this table, so that no member shouts. The label-free
anomaly energy always votes too: a reference model may add to meaning, never replace it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats, weighted_sum
from vigie.fitted_state import ScoringState

ANOMALY_WEIGHT = 0.55
"""What the anomaly energy counts beside all the members together."""

SELF_TRAINING_WEIGHT = 0.4
"""What the student, who sees the table's own columns, counts beside everybody else."""

SIMILARITY_POWER = 3.0
"""How much more a better match counts: weights are similarity to this power."""


@dataclass(frozen=True)
class MemberVote:
    """One reference model on one table.

    Attributes:
        name: of the model.
        similarity: of its match, 0 to 1.
        skill: its ROC AUC on simulated worlds it was not trained on, 0 to 1.
        margin: (rows,) its log-odds on this table.
        ranks: (rows,) mid-ranks of the margin, where they are not those of these rows alone, as in a weighted sample.
        trust: what it counts beside everybody else together, 0 to 1: a model that learned from labels of this very
            kind of table is not one voice among others. 0 for all the rest.
        bound: column of its training table -> column of this one, where it is trusted.
    """

    name: str
    similarity: float
    skill: float
    margin: Floats
    ranks: Floats | None = None
    trust: float = 0.0
    bound: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EnsembleScore:
    """What the ensemble says.

    Attributes:
        evidence: (rows,) weight of evidence for fraud, higher is more suspicious; what calibration starts from.
        agreement: (rows,) in [0, 1].
        weights: of the members, summing to 1; empty without members.
        harmony: mean rank correlation between the members, and with the anomaly; NaN without members.
        belief: mean probability of fraud by the members' own reckoning, which no table shares; NaN without members.
        trust: what the trusted member counts, 0 without one.
    """

    evidence: Floats
    agreement: Floats
    weights: tuple[float, ...]
    harmony: float
    belief: float
    trust: float = 0.0


def combine(
    anomaly: Floats,
    members: Sequence[MemberVote],
    *,
    rows: int | None = None,
    weights: Floats | None = None,
    state: ScoringState | None = None,
) -> EnsembleScore:
    """One score from the anomaly score and the members.

    Args:
        anomaly: (rows,) mid-ranks of the anomaly score, in (0, 1).
        members: the matched models; may be empty.
        rows: of the whole table where these are a sample of it.
        weights: (rows,) how many rows each stands for, in a sample.
        state: what is known of the table as a whole.
    """
    known = state or ScoringState()
    rows = int(known.rows.get(lambda: float(rows or len(anomaly))))
    trusted = max(range(len(members)), key=lambda i: members[i].trust, default=-1)
    if trusted >= 0 and members[trusted].trust > 0:
        return _led(anomaly, members, trusted, weights, known)
    base = tail_score(anomaly, rows)
    if not members:
        return EnsembleScore(base, np.full(len(base), np.nan), (), float("nan"), float("nan"))
    ranks = np.stack(
        [known.ranks.of(f"model {m.name}", m.margin) if m.ranks is None else m.ranks for m in members]
    )
    everyone = np.vstack([ranks, anomaly])
    stable = known.agreement_weights.refit(lambda: _stability(everyone))[: len(members)]
    raw = np.array([m.similarity**SIMILARITY_POWER * max(m.skill - 0.5, 0.02) for m in members]) * stable
    shares = raw / raw.sum()
    votes = weighted_sum((tail_score(r, rows) for r in ranks), shares)
    evidence = ANOMALY_WEIGHT * base + (1 - ANOMALY_WEIGHT) * votes
    agreement = 1 - np.minimum(2 * everyone.std(axis=0), 1.0)
    odds = weighted_sum((m.margin for m in members), shares)
    belief = known.mean_probability.refit(lambda: _belief(odds, weights))
    return EnsembleScore(evidence, agreement, tuple(float(w) for w in shares), float(stable.mean()), belief)


def _belief(odds: Floats, weights: Floats | None) -> float:
    return float(np.average(1 / (1 + np.exp(-odds)), weights=weights)) if len(odds) else float("nan")


def _led(
    anomaly: Floats,
    members: Sequence[MemberVote],
    leader: int,
    weights: Floats | None,
    known: ScoringState,
) -> EnsembleScore:
    """The others as ever, and beside them the member that is trusted."""
    chosen, rows = members[leader], int(known.rows.get(lambda: float(len(anomaly))))
    others = [replace(m, trust=0.0) for i, m in enumerate(members) if i != leader]
    rest = combine(anomaly, others, rows=rows, weights=weights, state=known)
    ranks = known.ranks.of(f"model {chosen.name}", chosen.margin) if chosen.ranks is None else chosen.ranks
    evidence = (1 - chosen.trust) * rest.evidence + chosen.trust * tail_score(ranks, rows)
    shares = [(1 - chosen.trust) * share for share in rest.weights]
    shares.insert(leader, chosen.trust if others else 1.0)
    both = np.stack([ranks, anomaly])
    agreement = 1 - np.minimum(2 * both.std(axis=0), 1.0)
    belief = known.mean_probability.refit(lambda: _belief(chosen.margin, weights))
    return EnsembleScore(evidence, agreement, tuple(shares), rest.harmony, belief, chosen.trust)


def add_self_training(
    combined: EnsembleScore, student: Floats | None, state: ScoringState | None = None
) -> EnsembleScore:
    """The ensemble with the student's vote; nothing changes without one.

    Args:
        combined: what the ensemble says.
        student: (rows,) mid-ranks of the student.
        state: what is known of the table as a whole.
    """
    if student is None:
        return combined
    known = state or ScoringState()
    rows, ranks = int(known.rows.get(lambda: float(len(student)))), known.ranks.of("self-training", student)
    share = SELF_TRAINING_WEIGHT * (1 - combined.trust)
    both = (1 - share) * combined.evidence + share * tail_score(ranks, rows)
    return replace(combined, evidence=both)


def tail_score(ranks: Floats, rows: int) -> Floats:
    """Tail energy of mid-ranks, in nats: how few rows are at least as suspicious."""
    return np.asarray(-np.log(1 - ranks + 0.5 / max(rows, 1)))


def _stability(ranks: npt.NDArray[np.float64]) -> Floats:
    """(members,) mean correlation of each with the others, floored: one that contradicts all hardly counts."""
    if ranks.shape[1] < 3:
        return np.ones(len(ranks))
    together = np.corrcoef(ranks + 1e-12 * np.arange(ranks.shape[1]))
    others = (together.sum(axis=1) - 1) / max(len(ranks) - 1, 1)
    return np.asarray(np.clip(np.nan_to_num(others), 0.05, 1.0))
