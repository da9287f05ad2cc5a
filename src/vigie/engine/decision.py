"""From evidence to what a user acts on: score, probability, level, alerts, or an honest "I cannot tell"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats
from vigie.calibration import calibrator as calibration
from vigie.calibration.calibrator import Calibrator, Prevalence
from vigie.calibration.column_association import LEAST as LEAST_COHERENCE
from vigie.ensemble.combination import EnsembleScore
from vigie.fitted_state import FittedState
from vigie.i18n.messages import Message, msg, phrase, translate

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
    coherence: float,
    calibrator: Calibrator | None,
    prior: float | None,
    budget: float | None,
    state: FittedState | None = None,
    odds: Floats | None = None,
) -> Decision:
    """Calibrates, or abstains, and draws the line of alerts.

    Args:
        combined: what the ensemble says.
        coherence: strongest tie between two columns of the table, in [0, 1].
        calibrator: of the matched models; None without any.
        prior: a share of frauds the user knows.
        budget: a share of the rows below 1, or a number of rows, to alert; None leaves it to the calibration.
        state: what is known of the table as a whole; with another table's, its lines are kept, and what is said of
            the table (its precision) is not said of these rows.
        odds: (rows,) margins of the trusted member, where the calibrator is that member's own.
    """
    known = state or FittedState()
    if known.frozen:
        return _by_its_lines(combined, calibrator, prior, known, odds)
    rows = len(combined.evidence)
    score = np.asarray(1 / (1 + np.exp(-(combined.evidence - SPREAD) / SPREAD)))
    abstained = _doubt(combined, coherence, calibrator, labels_known=odds is not None)
    share: Prevalence | None = None
    ratio = np.zeros(0)
    probability = np.full(rows, np.nan)
    if calibrator is not None and abstained is None:
        share = calibrator.prevalence(combined.belief) if prior is None else Prevalence(prior, prior, prior)
        told = combined.evidence if odds is None else _in_order(odds, combined.evidence, known)
        ratio, estimate = calibrator.log_ratio(told), share.estimate
        probability = calibration.at_odds(ratio, known.now("odds", lambda: calibration.odds(ratio, estimate)))
    ranked = np.argsort(-combined.evidence, kind="stable")
    alert = np.zeros(rows, dtype=bool)
    if budget is not None:
        alert[ranked[: _count(budget, rows)]] = True
    elif share is not None:
        alert[ranked[: worthwhile(probability[ranked])]] = True
    precision = None
    if share is not None and calibrator is not None and alert.any():
        precision = calibrator.precision(ratio, alert, share)
    level = _levels(probability, combined.evidence, share is not None, known)
    words = alert | (level != "LOW")
    words[ranked[: max(10, rows // 50)]] = True
    known.now("doubt", lambda: [abstained, translate(abstained, "fr")] if abstained else [])
    known.now("alert line", lambda: _line(combined.evidence, alert))
    known.now("words line", lambda: _line(combined.evidence, words))
    return Decision(score, probability, level, alert, words, share, precision, abstained)


def _line(evidence: Floats, chosen: npt.NDArray[np.bool_]) -> float:
    """The least evidence that was enough; infinity where nothing was."""
    return float(evidence[chosen].min()) if chosen.any() else float("inf")


def _by_its_lines(
    combined: EnsembleScore,
    calibrator: Calibrator | None,
    prior: float | None,
    known: FittedState,
    odds: Floats | None,
) -> Decision:
    """Rows judged where another table drew its lines."""
    evidence = combined.evidence
    score = np.asarray(1 / (1 + np.exp(-(evidence - SPREAD) / SPREAD)))
    doubt: list[str] = known.once("doubt", list)
    share, probability = None, np.full(len(evidence), np.nan)
    if calibrator is not None and not doubt:
        share = calibrator.prevalence(combined.belief) if prior is None else Prevalence(prior, prior, prior)
        told = evidence if odds is None else _in_order(odds, evidence, known)
        probability = calibration.at_odds(calibrator.log_ratio(told), known.once("odds", float))
    level = _levels(probability, evidence, share is not None, known)
    alert, words = evidence >= known.once("alert line", float), evidence >= known.once("words line", float)
    abstained = phrase(doubt[0]) if doubt else None
    return Decision(score, probability, level, alert, words, share, None, abstained)


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


def _in_order(odds: Floats, evidence: Floats, known: FittedState) -> Floats:
    """The same odds, given to the rows in the order of the evidence, so that score and probability never disagree."""
    levels = np.linspace(0, 1, min(len(odds), KNOTS))
    steps = known.now("leader's odds", lambda: np.stack([np.quantile(x, levels) for x in (evidence, odds)]))
    return np.asarray(np.interp(evidence, steps[0], steps[1]))


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
    if combined.harmony < calibration.HARMONY:
        return msg("the models contradict each other on this table")
    return None


def _count(budget: float, rows: int) -> int:
    return min(rows, round(budget * rows) if budget < 1 else int(budget))


def _levels(
    probability: Floats, evidence: Floats, calibrated: bool, known: FittedState
) -> npt.NDArray[np.str_]:
    """By probability; where there is none, by how far out the row is, which promises nothing."""
    far = known.now("far out", lambda: float(np.quantile(evidence, 0.99)) if len(evidence) else 0.0)
    high, medium = (HIGH, MEDIUM) if calibrated else (float("inf"), far)
    x = probability if calibrated else evidence
    return np.where(x >= high, "HIGH", np.where(x >= medium, "MEDIUM", "LOW"))
