"""Weight of evidence to probability without labels, with an interval.

The shape of the evidence is learned on simulated worlds the models were not trained on: how much more often a
value occurs among frauds than among honest rows. What is left unknown on a table without labels is the share
of frauds. It is estimated from what the members believe on average, corrected by how that belief related to the
truth on other worlds; how far such estimates were off becomes the interval.
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

HARMONY = 0.15
"""Below this mean rank correlation the members contradict each other."""

LEAST, MOST = 1e-4, 0.5
"""Shares of frauds outside are not told from these."""

LEVELS = (0.0, 0.2, 0.4, 0.6, 0.75, 0.85, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
"""Quantiles of the evidence at which its meaning is learned."""

COVERAGE = 0.9

BUDGETS, FEWEST_ALERTS = (0.005, 0.01, 0.02, 0.05), 5
"""Shares of the rows at which it is measured how well precision is foretold, and rows that it takes."""


@dataclass(frozen=True)
class Studied:
    """A table with labels, scored by models that were not trained on it.

    Attributes:
        evidence: (rows,) what the ensemble said.
        belief: mean probability of fraud by the members' own reckoning.
        label: (rows,) true is fraud.
        weights: (rows,) how many rows of the table each stands for.
        strange: whether none of the models that voted knew its domain.
    """

    evidence: Floats
    belief: float
    label: npt.NDArray[np.bool_]
    weights: Floats
    strange: bool = True

    @property
    def share(self) -> float:
        """The true share of frauds."""
        return float(np.average(self.label, weights=self.weights))


@dataclass(frozen=True)
class Prevalence:
    """A share with its 90 % interval, all in [0, 1]."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibrator:
    """Evidence to log-likelihood ratio, and belief to share of frauds.

    Attributes:
        evidence: (knots,) ascending.
        ratio: (knots,) log-likelihood ratio of fraud against honest at each, never falling.
        intercept: of the line from the log-odds of belief to the log-odds of the share.
        slope: of that line.
        low: log-odds that 5 % of the true shares lay at least so far below the line; not positive.
        high: the same above; not negative.
        alerts: log-odds that the share of frauds among alerts lay below and above what was expected of it, 5 % at
            least so far each, with the estimated share and with the true one; None where nobody measured it.
    """

    evidence: tuple[float, ...]
    ratio: tuple[float, ...]
    intercept: float
    slope: float
    low: float
    high: float
    alerts: tuple[tuple[float, float], tuple[float, float]] | None = None

    def log_ratio(self, evidence: Floats) -> Floats:
        """(rows,) log-likelihood ratios; beyond the knots the last one holds."""
        return np.asarray(np.interp(evidence, self.evidence, self.ratio))

    def prevalence(self, belief: float) -> Prevalence:
        """The share of frauds of a table, from what the members believe on average.

        Source: quantification by averaged probabilities, A. Bella et al., ICDM 2010; the interval is a split
        conformal one, V. Vovk et al., "Algorithmic Learning in a Random World", 2005.
        """
        odds = self.intercept + self.slope * _logit(belief)
        estimate, low, high = (
            float(np.clip(_expit(odds + d), LEAST, MOST)) for d in (0.0, self.low, self.high)
        )
        return Prevalence(estimate, low, high)

    def precision(self, log_ratio: Floats, alert: npt.NDArray[np.bool_], share: Prevalence) -> Prevalence:
        """The share of frauds among alerts: no better known than it was on other tables.

        Args:
            log_ratio: (rows,) log-likelihood ratios.
            alert: (rows,) which rows are; at least one.
            share: of frauds in the table; without an interval where somebody knows it.
        """
        wanted = (share.estimate,) if self.alerts else (share.estimate, share.low, share.high)
        expected = [float(probability(log_ratio, s)[alert].mean()) for s in wanted]
        if self.alerts is None:
            return Prevalence(*expected)
        odds, missed = _logit(expected[0]), self.alerts[share.low == share.high]
        return Prevalence(expected[0], *(float(min(max(_expit(odds + d), 0.0), 1.0)) for d in missed))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON for a bundle."""
        said = {
            "format": 1,
            "kind": "evidence",
            "evidence": [round(x, 6) for x in self.evidence],
            "ratio": [round(x, 6) for x in self.ratio],
            "share": {"intercept": self.intercept, "slope": self.slope, "low": self.low, "high": self.high},
        }
        return said if self.alerts is None else said | {"alerts": [list(pair) for pair in self.alerts]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Calibrator | None:
        """Reads what `to_json` wrote; None where a bundle carries no calibration, as imported models do.

        Raises:
            InputRefused: a calibration of another format.
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
        share = {name: float(data["share"][name]) for name in ("intercept", "slope", "low", "high")}
        alerts = tuple((float(low), float(high)) for low, high in data.get("alerts", ()))
        return cls(
            tuple(map(float, data["evidence"])),
            tuple(map(float, data["ratio"])),
            **share,
            alerts=(alerts[0], alerts[1]) if alerts else None,
        )


def fit(tables: Sequence[Studied], rarer: Sequence[Studied] = ()) -> Calibrator:
    """Learns from tables with labels, each counting the same.

    Args:
        tables: as they are uploaded.
        rarer: tables with far fewer frauds, as whole portfolios have: what is said of a table must hold for those as
            well, though its best guess is not made for them.
    """
    knots, ratio = _ratios(tables)
    belief = np.array([_logit(table.belief) for table in tables])
    truth = np.array([_logit(table.share) for table in tables])
    slope, intercept = np.polyfit(belief, truth, 1)
    # A table in production is a stranger, so only strangers say how far off an estimate may be.
    kinds = [[one for one in kind if one.strange] or list(kind) for kind in (tables, rarer) if kind]
    errors = [
        [_logit(one.share) - (intercept + slope * _logit(one.belief)) for one in kind] for kind in kinds
    ]
    found = Calibrator(knots, ratio, float(intercept), float(slope), *_tails(errors))
    missed = [[pair for one in kind for pair in _missed(found, one)] for kind in kinds]
    told, known = (_tails([[pair[i] for pair in kind] for kind in missed]) for i in (0, 1))
    return replace(found, alerts=(told, known))


def _tails(errors: Sequence[Sequence[float]]) -> tuple[float, float]:
    """How far below and above nothing the errors of each kind of table reach, so that the interval holds for each."""
    tail = (1 - COVERAGE) / 2
    reach = [np.quantile(kind, [tail, 1 - tail]) for kind in errors if len(kind)]
    return (
        float(min(0.0, *(low for low, _ in reach), 0.0)),
        float(max(0.0, *(high for _, high in reach), 0.0)),
    )


def _missed(calibrator: Calibrator, table: Studied) -> list[tuple[float, float]]:
    """Log-odds by which precision lies above what is expected of it, for some budgets: share estimated, share known.

    Half a fraud and half an honest row are counted more, so that none among a few alerts is not impossible.
    """
    ratio, size = calibrator.log_ratio(table.evidence), table.weights.sum()
    order = np.argsort(-table.evidence, kind="stable")
    shares = (calibrator.prevalence(table.belief).estimate, table.share)
    chances = [at_odds(ratio, weighted_odds(ratio, share, table.weights)) for share in shares]
    found, reached = [], np.cumsum(table.weights[order])
    for budget in BUDGETS:
        top = order[: int(np.searchsorted(reached, budget * size, side="right"))]
        weight = table.weights[top]
        if len(top) < FEWEST_ALERTS:
            continue
        frauds = float(weight[table.label[top]].sum())
        true = np.log((frauds + 0.5) / (float(weight.sum()) - frauds + 0.5))
        expected = [_logit(float(np.average(chance[top], weights=weight))) for chance in chances]
        found.append((float(true) - expected[0], float(true) - expected[1]))
    return found


def probability(log_ratio: Floats, share: float) -> Floats:
    """(rows,) probabilities of fraud that average to `share` over the table.

    Args:
        log_ratio: (rows,) log-likelihood ratios.
        share: of frauds, in (0, 1).
    """
    return at_odds(log_ratio, odds(log_ratio, share))


def odds(log_ratio: Floats, share: float) -> float:
    """The log-odds before any evidence, at which the probabilities average to `share` over the table."""
    return weighted_odds(log_ratio, share)


def weighted_odds(log_ratio: Floats, share: float, weights: Floats | None = None) -> float:
    """The same of a sample, each row of which stands for `weights` rows."""
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
    """(rows,) probabilities of fraud from log-likelihood ratios and the log-odds before any evidence."""
    return np.asarray(_expit(log_ratio + prior))


def _ratios(tables: Sequence[Studied]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    require("train", "training a model")
    from sklearn.isotonic import IsotonicRegression

    x = np.concatenate([table.evidence for table in tables])
    y = np.concatenate([table.label for table in tables]).astype(float)
    weights = np.concatenate([_balanced(table) for table in tables])
    model = IsotonicRegression(y_min=0.002, y_max=0.998).fit(x, y, sample_weight=weights)
    whole = np.concatenate([table.weights / table.weights.sum() for table in tables])
    order = np.argsort(x, kind="stable")
    share = np.cumsum(whole[order]) / whole.sum()
    knots = np.unique(x[order][np.minimum(np.searchsorted(share, LEVELS), len(x) - 1)])
    # Averaged around each knot, so that the steps of the isotonic fit do not tie rows.
    edges = np.r_[knots[0], (knots[1:] + knots[:-1]) / 2, knots[-1]]
    chance = np.array([model.predict(np.linspace(a, b, 9)).mean() for a, b in pairwise(edges.tolist())])
    rising = np.maximum.accumulate(chance)
    return tuple(map(float, knots)), tuple(float(np.log(p / (1 - p))) for p in rising)


def _balanced(table: Studied) -> Floats:
    frauds, honest = table.weights[table.label].sum(), table.weights[~table.label].sum()
    return np.asarray(
        np.where(table.label, table.weights / max(frauds, 1e-9), table.weights / max(honest, 1e-9))
    )


def _logit(share: float) -> float:
    p = min(max(share, LEAST), 1 - LEAST)
    return float(np.log(p / (1 - p)))


def _expit(odds: Floats | float) -> Any:
    return 1 / (1 + np.exp(-odds))
