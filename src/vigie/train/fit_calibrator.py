"""Margins of one head to log-likelihood ratios, from rows with labels that the head had not seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats
from vigie.calibration import metrics
from vigie.calibration.calibrator import Calibrator, probability

Labels = npt.NDArray[np.bool_]

LEVELS = (0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1.0)
SLICES = 8
LEAST_ERROR = 0.3
"""Log-odds: nobody knows the share of frauds of the next table better than this."""


def fit(margin: Floats, label: Labels) -> Calibrator:
    """Learns what a margin means.

    Source: J. Platt, "Probabilistic Outputs for Support Vector Machines", 1999.

    Args:
        margin: (rows,) in the order of time where there is one: slices of it tell how far shares are misjudged.
        label: (rows,) true is fraud; both classes occur.
    """
    slope, shift = _line(margin, label)
    knots = np.unique(np.quantile(margin, LEVELS))
    if len(knots) < 2:
        knots = np.array([knots[0] - 1, knots[0] + 1])
    found = Calibrator(
        tuple(map(float, knots)), tuple(float(v) for v in slope * knots + shift), 0.0, 1.0, 0.0, 0.0
    )
    errors = _errors(found, margin, label)
    wide = max(1.64 * float(np.std(errors)) if len(errors) > 1 else 1.0, LEAST_ERROR)
    return Calibrator(found.scores, found.log_ratios, 0.0, 1.0, -wide, wide)


def error(margin: Floats, label: Labels, seed: int) -> float:
    """Expected calibration error, each half of the rows judged by a line fitted on the other; NaN with few frauds."""
    half = np.random.default_rng([seed, 29]).integers(0, 2, len(margin))
    chance = np.empty(len(margin))
    for part in (0, 1):
        away, here = half != part, half == part
        if not 0 < label[away].sum() < away.sum() or not here.any():
            return float("nan")
        slope, shift = _line(margin[away], label[away])
        chance[here] = probability(slope * margin[here] + shift, float(label[away].mean()))
    return metrics.calibration_error(label, chance)


def _line(margin: Floats, label: Labels) -> tuple[float, float]:
    """Slope and shift from margin to log-likelihood ratio."""
    from sklearn.linear_model import LogisticRegression

    scale = float(np.std(margin)) or 1.0
    weight = np.where(label, 0.5 / max(label.sum(), 1), 0.5 / max((~label).sum(), 1)) * len(label)
    model = LogisticRegression(C=10.0).fit((margin / scale)[:, None], label, sample_weight=weight)
    slope = max(float(model.coef_[0, 0]), 1e-3) / scale
    return slope, float(model.intercept_[0])


def _errors(found: Calibrator, margin: Floats, label: Labels) -> list[float]:
    """Log-odds by which the share of frauds of each slice is misjudged."""
    errors = []
    start = float(label.mean())
    for part in np.array_split(np.arange(len(margin)), SLICES):
        if label[part].sum() < 3 or label[part].all():
            continue
        share, ratio = start, found.log_ratio(margin[part])
        for _ in range(30):
            share = float(np.mean(1 / (1 + np.exp(-(ratio + np.log(share / (1 - share)))))))
            share = min(max(share, 1e-5), 1 - 1e-5)
        true = float(label[part].mean())
        errors.append(float(np.log(true / (1 - true)) - np.log(share / (1 - share))))
    return errors
