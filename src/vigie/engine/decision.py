"""From evidence to what a user acts on: score, probability, level, alerts, or an honest "I cannot tell"."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats
from vigie.calibration import calibrator as calibration
from vigie.calibration.calibrator import Calibrator, Prevalence
from vigie.calibration.column_association import LEAST as LEAST_COHERENCE
from vigie.ensemble.combination import EnsembleScore
from vigie.fitted_state import Thresholds
from vigie.i18n.messages import Message, msg, phrase

SPREAD = 4.0
"""Divides the evidence before it becomes a score in (0, 1), so that neither end crowds."""

HIGH, MEDIUM = 0.5, 0.1
"""Probabilities from which a row is called so."""

FEWEST_ROWS = 50

KNOTS = 4000
"""Points of the curve that gives the trusted member's odds to the rows in the order of the evidence."""


@dataclass(frozen=True)
class Decision:
    """What to tell of each row, and of the table.

    Attributes:
        score: (rows,) in (0, 1), ranks the rows.
        probability: (rows,) NaN where Vigie abstains.
        level: (rows,) HIGH, MEDIUM or LOW.
        alert: (rows,) a row to look at.
        worth_words: (rows,) whether reasons are worded.
        prevalence: of the table; None where Vigie abstains.
        precision: expected share of frauds among the alerts; None where Vigie abstains or alerts nothing.
        abstained: why there are no probabilities; None where there are.
    """

    score: Floats
    probability: Floats
    level: npt.NDArray[np.str_]
    alert: npt.NDArray[np.bool_]
    worth_words: npt.NDArray[np.bool_]
    prevalence: Prevalence | None
    precision: Prevalence | None
    abstained: Message | None


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
        prior: a share of frauds the user knows.
        thresholds: of the fitted table.
        odds: (rows,) log-odds of the trusted member, where the calibrator is that member's own.

    Returns:
        The decision; without a precision, which is known of the fitted table only.
    """
    evidence = combined.evidence
    score = np.asarray(1 / (1 + np.exp(-(evidence - SPREAD) / SPREAD)))
    share, probability = None, np.full(len(evidence), np.nan)
    if calibrator is not None and thresholds.prior_log_odds is not None:
        share = _prevalence(combined, calibrator, prior)
        ratio = calibrator.log_ratio(_monotone(evidence, odds, thresholds.leader_log_odds))
        probability = calibration.at_odds(ratio, thresholds.prior_log_odds)
    level = _levels(probability, evidence, share is not None, thresholds.medium)
    alert, words = evidence >= thresholds.alert, evidence >= thresholds.explained
    abstained = phrase(thresholds.abstained) if thresholds.abstained else None
    return Decision(score, probability, level, alert, words, share, None, abstained)


def fit_decision(
    combined: EnsembleScore,
    coherence: float,
    calibrator: Calibrator | None,
    prior: float | None,
    budget: float | None,
    odds: Floats | None = None,
) -> tuple[Decision, Thresholds]:
    """Decide on a table, and find the thresholds by which later rows are decided.

    Args:
        combined: the scores of the ensemble.
        coherence: strongest association of two columns of the table, in [0, 1].
        calibrator: of the matched models; None without any.
        prior: a share of frauds the user knows.
        budget: a share of the rows below 1, or a number of rows, to alert; None leaves it to the calibration.
        odds: (rows,) log-odds of the trusted member, where the calibrator is that member's own.
    """
    evidence, rows = combined.evidence, len(combined.evidence)
    abstained = _doubt(combined, coherence, calibrator, labels_known=odds is not None)
    leader = None if odds is None or abstained else _quantiles(evidence, odds)
    ratio, prior_log_odds = np.zeros(0), None
    if calibrator is not None and abstained is None:
        ratio = calibrator.log_ratio(_monotone(evidence, odds, leader))
        prior_log_odds = calibration.prior_log_odds(ratio, _prevalence(combined, calibrator, prior).estimate)
    medium = float(np.quantile(evidence, 0.99)) if rows else 0.0
    lines = Thresholds(np.inf, np.inf, medium, prior_log_odds, str(abstained or ""), leader)
    found = decide(combined, calibrator, prior, lines, odds)
    ranked = np.argsort(-evidence, kind="stable")
    alert = np.zeros(rows, dtype=bool)
    if budget is not None:
        alert[ranked[: _count(budget, rows)]] = True
    elif found.prevalence is not None:
        alert[ranked[: worthwhile(found.probability[ranked])]] = True
    precision = None
    if found.prevalence is not None and calibrator is not None and alert.any():
        precision = calibrator.precision(ratio, alert, found.prevalence)
    words = alert | (found.level != "LOW")
    words[ranked[: max(10, rows // 50)]] = True
    found = replace(found, alert=alert, worth_words=words, precision=precision)
    return found, replace(lines, alert=_least(evidence, alert), explained=_least(evidence, words))


def _prevalence(combined: EnsembleScore, calibrator: Calibrator, prior: float | None) -> Prevalence:
    return calibrator.prevalence(combined.belief) if prior is None else Prevalence(prior, prior, prior)


def _least(evidence: Floats, chosen: npt.NDArray[np.bool_]) -> float:
    """The least score among the chosen rows; infinite without any."""
    return float(evidence[chosen].min()) if chosen.any() else float("inf")


def worthwhile(probability: Floats) -> int:
    """How many of the most suspicious rows to look at: the number with the best expected F1.

    Nobody's rate is imposed. A row that is less than `MEDIUM` is never one: where nothing stands out, the best F1
    would be to alert everything.

    Source: Z. C. Lipton, C. Elkan, B. Naryanaswamy, "Optimal Thresholding of Classifiers to Maximize F1
    Measure", ECML PKDD 2014.

    Args:
        probability: (rows,) of fraud, most suspicious first.
    """
    caught = np.cumsum(probability)
    if not len(caught):
        return 0
    best = int(np.argmax(2 * caught / (np.arange(1, len(caught) + 1) + caught[-1]))) + 1
    return min(best, int((probability >= MEDIUM).sum()))


def _quantiles(evidence: Floats, odds: Floats) -> Floats:
    """(2, knots) quantiles of the scores and of the trusted member's log-odds."""
    levels = np.linspace(0, 1, min(len(odds), KNOTS))
    return np.stack([np.quantile(x, levels) for x in (evidence, odds)])


def _monotone(evidence: Floats, odds: Floats | None, knots: Floats | None) -> Floats:
    """(rows,) the trusted member's log-odds in the order of the scores, so that score and probability never disagree.

    Without such a member, the scores.
    """
    if odds is None or knots is None:
        return evidence
    return np.asarray(np.interp(evidence, knots[0], knots[1]))


def _doubt(
    combined: EnsembleScore, coherence: float, calibrator: Calibrator | None, *, labels_known: bool
) -> Message | None:
    if calibrator is None:
        return msg("no reference model is similar enough to this table")
    if len(combined.evidence) < FEWEST_ROWS:
        return msg("too few rows to calibrate")
    if labels_known:
        return None
    if coherence < LEAST_COHERENCE:
        return msg(
            "its columns have nothing to do with one another, so there is no pattern that a fraud could break"
        )
    if combined.harmony < calibration.MIN_RANK_CORRELATION:
        return msg("the models contradict each other on this table")
    return None


def _count(budget: float, rows: int) -> int:
    return min(rows, round(budget * rows) if budget < 1 else int(budget))


def _levels(probability: Floats, evidence: Floats, calibrated: bool, medium: float) -> npt.NDArray[np.str_]:
    """By probability; where there is none, MEDIUM from the score `medium` on and never HIGH."""
    x, high, least = (probability, HIGH, MEDIUM) if calibrated else (evidence, float("inf"), medium)
    return np.where(x >= high, "HIGH", np.where(x >= least, "MEDIUM", "LOW"))
