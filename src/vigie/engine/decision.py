"""Ensemble scores to fraud scores, probabilities, levels and alerts, or a reason why there are no probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats, sort_order
from vigie.calibration import calibrator as calibration
from vigie.calibration.calibrator import COVERAGE, Calibrator, Prevalence
from vigie.calibration.column_association import MIN_ASSOCIATION
from vigie.calibration.false_alerts import BoundedAlerts, bound_alerts
from vigie.calibration.reviewed import binomial_quantile
from vigie.engine.members import UncalibratedLeader
from vigie.ensemble.combination import EnsembleScore
from vigie.fitted_state import Thresholds
from vigie.i18n.messages import Message, as_message, msg

SCALE = 4.0
"""Centre and scale, in nats, of the logistic function from the ensemble score to the fraud score."""

HIGH, MEDIUM = 0.5, 0.1
"""Least probabilities of these levels."""

MIN_ROWS = 50
"""Rows below which nothing is calibrated."""

KNOTS = 4000
"""Points of the curve from the score to what the calibrator takes."""

REVIEW_SHARE, REVIEW_ROWS = 0.005, 200
"""Alerts where the user gives no budget and the share of frauds is only estimated: this share of the rows, rounded up, and
never more than so many."""


MAX_COUNTED = 2_000
"""Alerts beyond which the error of sampling them is nothing beside that of the estimate."""


@dataclass(frozen=True)
class ReviewedReference:
    """What is known of the rows that decide how many alerts a share of false ones allows.

    Attributes:
        max_share: of false alerts.
        reference: (rows,) the rows that decide.
        labelled: (rows,) those that were reviewed, in the reference or not.
        fraud: (rows,) those that are labelled fraud.
    """

    max_share: float
    reference: npt.NDArray[np.bool_]
    labelled: npt.NDArray[np.bool_]
    fraud: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Decision:
    """The decision on each row, and on the table.

    Attributes:
        score: (rows,) the fraud score in (0, 1), in the order of the ensemble score.
        probability: (rows,) of fraud; NaN where Vigie abstains.
        level: (rows,) HIGH, MEDIUM or LOW.
        alert: (rows,) true for an alert.
        explained: (rows,) whether the row gets reasons.
        prevalence: of the table; None where Vigie abstains.
        precision: expected share of frauds among the alerts; None where Vigie abstains or alerts nothing.
        abstained: why there are no probabilities; None where there are.
        by_default: whether the number of alerts is that of `review_count`.
        bounded: how many alerts a share of false ones allows; None where the user gives no such share.
    """

    score: Floats
    probability: Floats
    level: npt.NDArray[np.str_]
    alert: npt.NDArray[np.bool_]
    explained: npt.NDArray[np.bool_]
    prevalence: Prevalence | None
    precision: Prevalence | None
    abstained: Message | None
    by_default: bool = False
    bounded: BoundedAlerts | None = None


def decide(
    combined: EnsembleScore,
    calibrator: Calibrator | None,
    prior: float | None,
    thresholds: Thresholds,
    odds: Floats | None = None,
) -> Decision:
    """Calibrate rows and compare them with the thresholds of a fitted table.

    Args:
        combined: the scores of the ensemble.
        calibrator: of the matched models; None without any.
        prior: the share of frauds, where the user knows it.
        thresholds: of the fitted table.
        odds: (rows,) log-odds of the trusted member, where the calibrator is that member's own.

    Returns:
        The decision; without a precision, which is known of the fitted table only.
    """
    x = combined.score
    score = np.asarray(1 / (1 + np.exp(-(x - SCALE) / SCALE)))
    share, probability = None, np.full(len(x), np.nan)
    if calibrator is not None and thresholds.prior_log_odds is not None:
        share = _prevalence(combined, calibrator, prior)
        ratio = calibrator.log_ratio(_calibrator_input(x, odds, thresholds))
        probability = calibration.at_odds(ratio, thresholds.prior_log_odds)
    level = _levels(probability, x, share is not None, thresholds.medium)
    alert, explained = x >= thresholds.alert, x >= thresholds.explained
    abstained = as_message(thresholds.abstained) if thresholds.abstained else None
    return Decision(score, probability, level, alert, explained, share, None, abstained)


def fit_decision(
    combined: EnsembleScore,
    association: float,
    calibrator: Calibrator | None,
    prior: float | None,
    budget: float | None,
    odds: Floats | None = None,
    leader: UncalibratedLeader | None = None,
    n_rows: int | None = None,
    reviewed: ReviewedReference | None = None,
) -> tuple[Decision, Thresholds]:
    """Decide on a table, and find the thresholds by which later rows are decided.

    Args:
        combined: the scores of the ensemble.
        association: strongest association of two columns of the table, in [0, 1].
        calibrator: of the matched models; None without any.
        prior: the share of frauds, where the user knows it.
        budget: a share of the rows below 1, or a number of rows, to alert; None for the default.
        odds: (rows,) log-odds of the trusted member, where the calibrator is that member's own.
        leader: the leading model, where it has no calibrator; without a budget there are as many alerts as it classifies
            as fraud.
        n_rows: rows of the whole table, where these are a sample.
        reviewed: where the user bounds the share of false alerts, which then decides instead of a budget.
    """
    x, rows = combined.score, len(combined.score)
    abstained = _abstention_reason(combined, association, calibrator, leader, trusted=odds is not None)
    medium = float(np.quantile(x, 0.99)) if rows else 0.0
    thresholds = Thresholds(np.inf, np.inf, medium, abstained=str(abstained or ""))
    ratio = np.zeros(0)
    if calibrator is not None and abstained is None:
        thresholds = _with_curves(thresholds, combined, odds)
        ratio = calibrator.log_ratio(_calibrator_input(x, odds, thresholds))
        prior_log_odds = calibration.prior_log_odds(ratio, _prevalence(combined, calibrator, prior).estimate)
        thresholds = replace(thresholds, prior_log_odds=prior_log_odds)
    found = decide(combined, calibrator, prior, thresholds, odds)
    ranked = sort_order(-x)
    # Where the share of frauds is only estimated, the estimate is too wide for the alerts with the best F1.
    known_share = found.prevalence is not None and (prior is not None or odds is not None)
    by_default = budget is None and leader is None and not known_share and reviewed is None
    if by_default:
        budget = _sampled_count(rows, n_rows or rows)
    bounded = None
    if reviewed is None:
        count = _count_alerts(found.probability[ranked], budget, leader)
    else:
        bounded = bound_alerts(x, reviewed.reference, reviewed.labelled, reviewed.fraud, reviewed.max_share)
        count = bounded.count
    alert = np.isin(np.arange(rows), ranked[:count])
    if reviewed is not None:
        alert &= reviewed.fraud | ~reviewed.labelled
    precision = None
    if found.prevalence is not None and calibrator is not None and alert.any():
        alerts = round(int(alert.sum()) * (n_rows or rows) / rows)
        precision = with_sampling_error(calibrator.precision(ratio, alert, found.prevalence), alerts)
    explained = alert | (found.level != "LOW")
    explained[ranked[: max(10, rows // 50)]] = True
    found = replace(
        found,
        alert=alert,
        explained=explained,
        precision=precision,
        by_default=by_default,
        abstained=abstained,
        bounded=bounded,
    )
    return found, replace(thresholds, alert=_least(x, alert), explained=_least(x, explained))


def with_sampling_error(precision: Prevalence, alerts: int) -> Prevalence:
    """Return the interval of the share of frauds among so many alerts, where the given one is of rows like them.

    Of few alerts none or all may be fraud, though a twentieth of all such rows is.

    Args:
        precision: expected, with its interval.
        alerts: number of alerts.
    """
    if not 1 <= alerts <= MAX_COUNTED:
        return precision
    tail = (1 - COVERAGE) / 2
    low = binomial_quantile(precision.low, alerts, tail) / alerts
    high = binomial_quantile(precision.high, alerts, 1 - tail) / alerts
    return replace(precision, low=min(low, precision.low), high=max(high, precision.high))


def _prevalence(combined: EnsembleScore, calibrator: Calibrator, prior: float | None) -> Prevalence:
    return (
        calibrator.prevalence(combined.mean_probability) if prior is None else Prevalence(prior, prior, prior)
    )


def _least(x: Floats, chosen: npt.NDArray[np.bool_]) -> float:
    """Return the least score among the chosen rows; infinite without any."""
    return float(x[chosen].min()) if chosen.any() else float("inf")


def _count_alerts(probability: Floats, budget: float | None, leader: UncalibratedLeader | None) -> int:
    """Return the number of alerts: by the budget, else by the leading model, else by the probabilities in descending order."""
    if budget is not None:
        return alert_count(budget, len(probability))
    return f1_optimal_count(probability) if leader is None else leader.frauds


def review_count(rows: int) -> int:
    """Return the number of alerts where the user gives no budget: as many as a reviewer can look at."""
    return min(math.ceil(REVIEW_SHARE * rows), REVIEW_ROWS)


def _sampled_count(rows: int, n_rows: int) -> int:
    """Return the default number of alerts of a table, as a number of a sample of its rows."""
    return min(rows, math.ceil(review_count(n_rows) * rows / max(n_rows, 1)))


def f1_optimal_count(probability: Floats) -> int:
    """Return the number of alerts with the best expected F1.

    No alert rate is imposed. A row below `MEDIUM` is never an alert: where no row stands out, F1 would be best with alerts
    everywhere.

    Source: Z. C. Lipton, C. Elkan, B. Naryanaswamy, "Optimal Thresholding of Classifiers to Maximize F1
    Measure", ECML PKDD 2014.

    Args:
        probability: (rows,) of fraud, most suspicious first.
    """
    found = np.cumsum(probability)
    if not len(found):
        return 0
    best = int(np.argmax(2 * found / (np.arange(1, len(found) + 1) + found[-1]))) + 1
    return min(best, int((probability >= MEDIUM).sum()))


def alert_count(budget: float, rows: int) -> int:
    """Return the number of alerts of a budget: a share of the rows below 1, or a number of rows."""
    return min(rows, round(budget * rows) if budget < 1 else int(budget))


def _with_curves(thresholds: Thresholds, combined: EnsembleScore, odds: Floats | None) -> Thresholds:
    """Return the thresholds with the curve from the score to what the calibrator was fitted to."""
    if odds is not None:
        return replace(thresholds, leader_log_odds=_quantiles(combined.score, odds))
    if combined.rank_score is not None:
        return replace(thresholds, rank_scores=_quantiles(combined.score, combined.rank_score))
    return thresholds


def _quantiles(x: Floats, other: Floats) -> Floats:
    """Return (2, knots) quantiles of two kinds of numbers of the same rows."""
    levels = np.linspace(0, 1, min(len(other), KNOTS))
    return np.stack([np.quantile(values, levels) for values in (x, other)])


def _calibrator_input(x: Floats, odds: Floats | None, thresholds: Thresholds) -> Floats:
    """Return (rows,) what the calibrator was fitted to, in the order of the scores: score and probability never disagree.

    That is the log-odds of the trusted member, the score by ranks, or the score itself.
    """
    knots = thresholds.rank_scores if odds is None else thresholds.leader_log_odds
    return x if knots is None else np.asarray(np.interp(x, knots[0], knots[1]))


def _abstention_reason(
    combined: EnsembleScore,
    association: float,
    calibrator: Calibrator | None,
    leader: UncalibratedLeader | None,
    *,
    trusted: bool,
) -> Message | None:
    if leader is not None:
        return msg(
            "the model {name} leads and was never calibrated: `vigie models calibrate {name}` does it with a labelled table",
            name=leader.name,
        )
    if calibrator is None:
        return msg("no reference model is similar enough to this table")
    if len(combined.score) < MIN_ROWS:
        return msg("too few rows to calibrate")
    if trusted:
        return None
    if association < MIN_ASSOCIATION:
        return msg(
            "its columns have nothing to do with one another, so there is no pattern that a fraud could break"
        )
    if combined.rank_correlation < calibration.MIN_RANK_CORRELATION:
        return msg("the models contradict each other on this table")
    return None


def _levels(probability: Floats, x: Floats, calibrated: bool, medium: float) -> npt.NDArray[np.str_]:
    """By probability; where there is none, MEDIUM from the score `medium` on and never HIGH."""
    values, high, least = (probability, HIGH, MEDIUM) if calibrated else (x, float("inf"), medium)
    return np.where(values >= high, "HIGH", np.where(values >= least, "MEDIUM", "LOW"))
