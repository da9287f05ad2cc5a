"""Weight of evidence to probability without labels, with an interval, and when to abstain.

The shape of the evidence is learned on simulated worlds the models were not trained on: how much more often a
value occurs among frauds than among honest rows. What is left unknown on a table without labels is the share
of frauds; it is estimated from the table's own evidence. How far such an estimate may be off was measured on
other worlds too, and becomes the interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from vigie.scoring.groups import Floats

LEAST, MOST = 5e-4, 0.3
"""Shares of fraud that can be told from a table at all; an estimate outside says only "less" or "more"."""

HARMONY = 0.15
"""Below this mean rank correlation the members contradict each other."""

KNOTS = 12


@dataclass(frozen=True)
class Calibrator:
    """Evidence to log-likelihood ratio, and how wrong a prevalence estimated with it was.

    Attributes:
        evidence: (knots,) ascending.
        ratio: (knots,) log-likelihood ratio of fraud against honest at each, never falling.
        low: factor on an estimated prevalence that 95 % of the true ones exceeded.
        high: factor that 95 % of them stayed below.
    """

    evidence: tuple[float, ...]
    ratio: tuple[float, ...]
    low: float
    high: float

    def log_ratio(self, evidence: Floats) -> Floats:
        """(rows,) log-likelihood ratios; beyond the knots the last one holds."""
        return np.asarray(np.interp(evidence, self.evidence, self.ratio))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON for a bundle."""
        return {
            "format": 1,
            "kind": "evidence",
            "evidence": list(self.evidence),
            "ratio": list(self.ratio),
            "low": self.low,
            "high": self.high,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Calibrator:
        """Reads what `to_json` wrote."""
        return cls(tuple(data["evidence"]), tuple(data["ratio"]), float(data["low"]), float(data["high"]))


@dataclass(frozen=True)
class Prevalence:
    """Estimated share of frauds with its 90 % interval, all in [0, 1]."""

    estimate: float
    low: float
    high: float


def fit(
    evidence: Sequence[Floats], labels: Sequence[npt.NDArray[np.bool_]], weights: Sequence[Floats]
) -> Calibrator:
    """Learns the log-likelihood ratio from tables with labels, each counting the same.

    Args:
        evidence: for each table (rows,).
        labels: for each table (rows,).
        weights: for each table (rows,) how many rows of the table each stands for.
    """
    from sklearn.isotonic import IsotonicRegression

    x = np.concatenate(list(evidence))
    y = np.concatenate(list(labels)).astype(float)
    w = np.concatenate([_balanced(label, weight) for label, weight in zip(labels, weights, strict=True)])
    knots = np.unique(
        np.quantile(x, np.r_[np.linspace(0, 0.9, KNOTS - 6), 0.95, 0.98, 0.99, 0.995, 0.999, 1.0])
    )
    model = IsotonicRegression(y_min=0.005, y_max=0.995).fit(x, y, sample_weight=w)
    # Smoothed between neighbouring knots, so that equal steps of the isotonic fit do not tie rows.
    middle = np.array([model.predict(np.linspace(a, b, 9)).mean() for a, b in _spans(knots)])
    rising = np.maximum.accumulate(middle) + 1e-6 * np.arange(len(middle))
    ratio = np.log(rising / (1 - rising))
    rough = Calibrator(tuple(map(float, knots)), tuple(map(float, ratio)), 1.0, 1.0)
    errors = []
    for values, label, weight in zip(evidence, labels, weights, strict=True):
        estimate = estimate_prevalence(rough.log_ratio(values), weight)
        errors.append(float(np.average(label, weights=weight)) / max(estimate, 1e-5))
    return Calibrator(
        rough.evidence, rough.ratio, float(np.quantile(errors, 0.05)), float(np.quantile(errors, 0.95))
    )


def estimate_prevalence(log_ratio: Floats, weights: Floats | None = None) -> float:
    """Share of frauds that best explains the evidence of a table.

    Source: M. Saerens, P. Latinne, C. Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori
    Probabilities: A Simple Procedure", Neural Computation 14 (2002), by expectation maximisation.

    Args:
        log_ratio: (rows,) log-likelihood ratios.
        weights: (rows,) how many rows each stands for; all the same when not given.
    """
    ratio = np.exp(np.clip(log_ratio, -12, 12))
    share = 0.01
    for _ in range(500):
        posterior = share * ratio / (share * ratio + 1 - share)
        updated = float(np.average(posterior, weights=weights))
        if abs(updated - share) < 1e-7:
            break
        share = min(max(updated, 1e-6), 0.9)
    return float(share)


def prevalence(calibrator: Calibrator, evidence: Floats, prior: float | None = None) -> Prevalence:
    """Estimated share of frauds of a table, or the user's own with the table's own doubt around it.

    Args:
        calibrator: of the matched models.
        evidence: (rows,).
        prior: a share the user knows.
    """
    if prior is not None:
        return Prevalence(prior, prior, prior)
    estimate = estimate_prevalence(calibrator.log_ratio(evidence))
    return Prevalence(
        estimate,
        min(estimate * calibrator.low, estimate),
        min(max(estimate * calibrator.high, estimate), 1.0),
    )


def probability(log_ratio: Floats, share: float) -> Floats:
    """(rows,) probability of fraud for a log-likelihood ratio and a share of frauds."""
    odds = log_ratio + np.log(share / (1 - share))
    return np.asarray(1 / (1 + np.exp(-odds)))


def _balanced(label: npt.NDArray[np.bool_], weight: Floats) -> Floats:
    frauds, honest = weight[label].sum(), weight[~label].sum()
    return np.where(label, weight / max(frauds, 1e-9), weight / max(honest, 1e-9))


def _spans(knots: Floats) -> list[tuple[float, float]]:
    edges = np.r_[knots[0], (knots[1:] + knots[:-1]) / 2, knots[-1]]
    return list(pairwise(edges.tolist()))
