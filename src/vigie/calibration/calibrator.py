"""Ensemble scores to probabilities without labels, with an interval.

The likelihood ratio of a score (how much more often it occurs among frauds than among legitimate rows) is learned on simulated
tables that the models were not trained on. What stays unknown of a table without labels is its share of frauds. It is
estimated from the members' mean probability, corrected by how that related to the true share of other tables; the errors of
these estimates become the interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats
from vigie.errors import InputRefused
from vigie.extras import require
from vigie.i18n.messages import msg

MIN_RANK_CORRELATION = 0.15
"""Mean rank correlation below which the members contradict each other."""

MIN_SHARE, MAX_SHARE = 1e-4, 0.5
"""Estimated shares of frauds are clipped to these."""

QUANTILES = (0.0, 0.2, 0.4, 0.6, 0.75, 0.85, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
"""Quantiles of the score at which its likelihood ratio is learned."""

COVERAGE = 0.9

BUDGETS, MIN_ALERTS = (0.005, 0.01, 0.02, 0.05), 5
"""Shares of the rows at which the error of the expected precision is measured, and rows that it takes."""


@dataclass(frozen=True)
class CalibrationSample:
    """A table with labels, scored by models that were not trained on it.

    Attributes:
        score: (rows,) of the ensemble.
        mean_probability: of the members, over the rows.
        label: (rows,) true is fraud.
        weights: (rows,) how many rows of the table each stands for.
        out_of_domain: whether none of the members was trained on its domain.
    """

    score: Floats
    mean_probability: float
    label: npt.NDArray[np.bool_]
    weights: Floats
    out_of_domain: bool = True

    @property
    def share(self) -> float:
        """Return the true share of frauds."""
        return float(np.average(self.label, weights=self.weights))


@dataclass(frozen=True)
class Prevalence:
    """A share with its 90 % interval, all in [0, 1]."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibrator:
    """Scores to log-likelihood ratios, and mean probabilities to shares of frauds.

    Attributes:
        scores: (knots,) ascending.
        log_ratios: (knots,) log-likelihood ratio of fraud against legitimate at each, never falling.
        intercept: of the line from the log-odds of the mean probability to the log-odds of the share of frauds.
        slope: of that line.
        low: log-odds by which 5 % of the true shares lay at least below the line; not positive.
        high: the same above; not negative.
        alerts: log-odds by which the precision of alerts lay below and above the expected one, 5 % at least so far each,
            with the estimated share of frauds and with the true one; None where it was not measured.
    """

    scores: tuple[float, ...]
    log_ratios: tuple[float, ...]
    intercept: float
    slope: float
    low: float
    high: float
    alerts: tuple[tuple[float, float], tuple[float, float]] | None = None

    def log_ratio(self, scores: Floats) -> Floats:
        """Return (rows,) log-likelihood ratios; those of the first and last knot beyond them."""
        return np.asarray(np.interp(scores, self.scores, self.log_ratios))

    def prevalence(self, mean_probability: float) -> Prevalence:
        """Estimate the share of frauds of a table from the members' mean probability.

        Source: quantification by averaged probabilities, A. Bella et al., ICDM 2010; the interval is a split
        conformal one, V. Vovk et al., "Algorithmic Learning in a Random World", 2005.
        """
        odds = self.intercept + self.slope * _logit(mean_probability)
        estimate, low, high = (
            float(np.clip(_expit(odds + d), MIN_SHARE, MAX_SHARE)) for d in (0.0, self.low, self.high)
        )
        return Prevalence(estimate, low, high)

    def precision(self, log_ratio: Floats, alert: npt.NDArray[np.bool_], share: Prevalence) -> Prevalence:
        """Estimate the share of frauds among alerts, with the interval that other tables had.

        Args:
            log_ratio: (rows,) log-likelihood ratios.
            alert: (rows,) true for an alert; at least one.
            share: of frauds in the table; without an interval where it is known.
        """
        wanted = (share.estimate,) if self.alerts else (share.estimate, share.low, share.high)
        expected = [float(probability(log_ratio, s)[alert].mean()) for s in wanted]
        if self.alerts is None:
            return Prevalence(*expected)
        odds, errors = _logit(expected[0]), self.alerts[share.low == share.high]
        return Prevalence(expected[0], *(float(min(max(_expit(odds + d), 0.0), 1.0)) for d in errors))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON for a bundle."""
        out = {
            "format": 1,
            "kind": "evidence",
            "evidence": [round(x, 6) for x in self.scores],
            "ratio": [round(x, 6) for x in self.log_ratios],
            "share": {"intercept": self.intercept, "slope": self.slope, "low": self.low, "high": self.high},
        }
        return out if self.alerts is None else out | {"alerts": [list(pair) for pair in self.alerts]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Calibrator | None:
        """Read what `to_json` wrote; None where a bundle has no calibration, as those of imported models.

        Raises:
            InputRefused: the calibration has another format.
            ValueError, KeyError, TypeError: it is not what `to_json` wrote.
        """
        if data.get("kind") != "evidence":
            return None
        if data.get("format") != 1 or "share" not in data:
            raise InputRefused(
                msg(
                    "calibration: found format {get!r} with {data}, expected format 1 with evidence, ratio and share",
                    get=data.get("format"),
                    data=", ".join(sorted(data)),
                ),
                hint="the model was written by another Vigie: train or import it again",
            )
        knots = np.array([data["evidence"], data["ratio"]], dtype=np.float64)
        if not knots.size or not np.isfinite(knots).all() or (np.diff(knots[0]) < 0).any():
            raise ValueError("calibration without ascending, finite knots")
        share = {name: float(data["share"][name]) for name in ("intercept", "slope", "low", "high")}
        alerts = tuple((float(low), float(high)) for low, high in data.get("alerts", ()))
        return cls(
            tuple(map(float, data["evidence"])),
            tuple(map(float, data["ratio"])),
            **share,
            alerts=(alerts[0], alerts[1]) if alerts else None,
        )


def fit(tables: Sequence[CalibrationSample], rarer: Sequence[CalibrationSample] = ()) -> Calibrator:
    """Fit a calibrator to tables with labels, each of which counts the same.

    Args:
        tables: with shares of fraud as uploads have them.
        rarer: tables with far fewer frauds, as whole portfolios have; the intervals cover these too, the estimates are
            not fitted to them.
    """
    knots, ratio = _log_ratios(tables)
    estimates = np.array([_logit(table.mean_probability) for table in tables])
    truth = np.array([_logit(table.share) for table in tables])
    slope, intercept = np.polyfit(estimates, truth, 1)
    # A table in production is out of domain, so the intervals come from such tables.
    kinds = [[one for one in kind if one.out_of_domain] or list(kind) for kind in (tables, rarer) if kind]
    errors = [
        [_logit(one.share) - (intercept + slope * _logit(one.mean_probability)) for one in kind]
        for kind in kinds
    ]
    found = Calibrator(knots, ratio, float(intercept), float(slope), *_tails(errors))
    alerts = [[pair for one in kind for pair in _precision_errors(found, one)] for kind in kinds]
    estimated, known = (_tails([[pair[i] for pair in kind] for kind in alerts]) for i in (0, 1))
    return replace(found, alerts=(estimated, known))


def _tails(errors: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return how far the errors of each kind of table reach below and above zero, so that the interval holds for each."""
    tail = (1 - COVERAGE) / 2
    reach = [np.quantile(kind, [tail, 1 - tail]) for kind in errors if len(kind)]
    return (
        float(min(0.0, *(low for low, _ in reach), 0.0)),
        float(max(0.0, *(high for _, high in reach), 0.0)),
    )


def _precision_errors(calibrator: Calibrator, table: CalibrationSample) -> list[tuple[float, float]]:
    """Return the log-odds by which precision exceeds the expected one, for each budget: with the estimated share, with the true one.

    Half a fraud and half a legitimate row are added, so that no fraud among a few alerts has finite log-odds.
    """
    ratio, size = calibrator.log_ratio(table.score), table.weights.sum()
    order = np.argsort(-table.score, kind="stable")
    shares = (calibrator.prevalence(table.mean_probability).estimate, table.share)
    chances = [at_odds(ratio, prior_log_odds(ratio, share, table.weights)) for share in shares]
    found, reached = [], np.cumsum(table.weights[order])
    for budget in BUDGETS:
        top = order[: int(np.searchsorted(reached, budget * size, side="right"))]
        weight = table.weights[top]
        if len(top) < MIN_ALERTS:
            continue
        frauds = float(weight[table.label[top]].sum())
        true = np.log((frauds + 0.5) / (float(weight.sum()) - frauds + 0.5))
        expected = [_logit(float(np.average(chance[top], weights=weight))) for chance in chances]
        found.append((float(true) - expected[0], float(true) - expected[1]))
    return found


def probability(log_ratio: Floats, share: float) -> Floats:
    """Return (rows,) probabilities of fraud that average to `share` over the table.

    Args:
        log_ratio: (rows,) log-likelihood ratios.
        share: of frauds, in (0, 1).
    """
    return at_odds(log_ratio, prior_log_odds(log_ratio, share))


def prior_log_odds(log_ratio: Floats, share: float, weights: Floats | None = None) -> float:
    """Return the prior log-odds at which the probabilities average to `share` over the table.

    Args:
        log_ratio: (rows,) log-likelihood ratios.
        share: of frauds, in (0, 1).
        weights: (rows,) how many rows each stands for; one where it is not given.
    """
    low, high, at = -25.0, 25.0, 0.0
    for _ in range(60):
        chance = _expit(log_ratio + at)
        miss = float(np.average(chance, weights=weights)) - share
        low, high = (at, high) if miss < 0 else (low, at)
        # Newton's step, which needs a tenth of the passes over the table; halves where it would leave the bracket.
        slope = float(np.average(chance * (1 - chance), weights=weights))
        step = at - miss / slope if slope > 0 else low
        after = step if low < step < high else (low + high) / 2
        if abs(after - at) < 1e-12:
            break
        at = after
    return at


def at_odds(log_ratio: Floats, prior: float) -> Floats:
    """Return (rows,) probabilities of fraud from log-likelihood ratios and prior log-odds."""
    return np.asarray(_expit(log_ratio + prior))


def _log_ratios(tables: Sequence[CalibrationSample]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    require("train", "training a model")
    from sklearn.isotonic import IsotonicRegression

    x = np.concatenate([table.score for table in tables])
    y = np.concatenate([table.label for table in tables]).astype(float)
    weights = np.concatenate([_balanced(table) for table in tables])
    model = IsotonicRegression(y_min=0.002, y_max=0.998).fit(x, y, sample_weight=weights)
    whole = np.concatenate([table.weights / table.weights.sum() for table in tables])
    order = np.argsort(x, kind="stable")
    share = np.cumsum(whole[order]) / whole.sum()
    knots = np.unique(x[order][np.minimum(np.searchsorted(share, QUANTILES), len(x) - 1)])
    # Averaged around each knot, so that the steps of the isotonic fit do not tie rows.
    edges = np.r_[knots[0], (knots[1:] + knots[:-1]) / 2, knots[-1]]
    chance = np.array([model.predict(np.linspace(a, b, 9)).mean() for a, b in pairwise(edges.tolist())])
    rising = np.maximum.accumulate(chance)
    return tuple(map(float, knots)), tuple(float(np.log(p / (1 - p))) for p in rising)


def _balanced(table: CalibrationSample) -> Floats:
    frauds, legitimate = table.weights[table.label].sum(), table.weights[~table.label].sum()
    return np.asarray(
        np.where(table.label, table.weights / max(frauds, 1e-9), table.weights / max(legitimate, 1e-9))
    )


def _logit(share: float) -> float:
    p = min(max(share, MIN_SHARE), 1 - MIN_SHARE)
    return float(np.log(p / (1 - p)))


def _expit(odds: Floats | float) -> Any:
    return 1 / (1 + np.exp(-odds))
