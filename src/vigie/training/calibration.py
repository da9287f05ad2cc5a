"""Calibration of one model: margins to log-likelihood ratios, fitted on labelled rows held out from training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats
from vigie.calibration import metrics
from vigie.calibration.calibrator import Calibrator, probability

Labels = npt.NDArray[np.bool_]

LEVELS = (0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1.0)
SLICES = 8
MIN_ERROR = 0.3
"""Log-odds: lower bound of the uncertainty about the share of frauds of the next table."""


def fit_calibrator(margin: Floats, label: Labels) -> Calibrator:
    """Fit a calibrator.

    Source: J. Platt, "Probabilistic Outputs for Support Vector Machines", 1999.

    Args:
        margin: (rows,) in the order of time where there is one: slices of it show how far shares are misestimated.
        label: (rows,) true is fraud; both classes occur.
    """
    slope, shift = _fit_line(margin, label)
    knots = np.unique(np.quantile(margin, LEVELS))
    if len(knots) < 2:
        knots = np.array([knots[0] - 1, knots[0] + 1])
    fitted = Calibrator(
        tuple(map(float, knots)), tuple(float(v) for v in slope * knots + shift), 0.0, 1.0, 0.0, 0.0
    )
    errors = _share_errors(fitted, margin, label)
    wide = max(1.64 * float(np.std(errors)) if len(errors) > 1 else 1.0, MIN_ERROR)
    return Calibrator(fitted.scores, fitted.log_ratios, 0.0, 1.0, -wide, wide)


def calibration_error(margin: Floats, label: Labels, seed: int) -> float:
    """Return the expected calibration error, cross-fitted on two halves of the rows; NaN with too few frauds."""
    half = np.random.default_rng([seed, 29]).integers(0, 2, len(margin))
    chance = np.empty(len(margin))
    for part in (0, 1):
        other, here = half != part, half == part
        if not 0 < label[other].sum() < other.sum() or not here.any():
            return float("nan")
        slope, shift = _fit_line(margin[other], label[other])
        chance[here] = probability(slope * margin[here] + shift, float(label[other].mean()))
    return metrics.calibration_error(label, chance)


def _fit_line(margin: Floats, label: Labels) -> tuple[float, float]:
    """Fit slope and shift from margin to log-likelihood ratio."""
    from sklearn.linear_model import LogisticRegression

    scale = float(np.std(margin)) or 1.0
    weight = np.where(label, 0.5 / max(label.sum(), 1), 0.5 / max((~label).sum(), 1)) * len(label)
    model = LogisticRegression(C=10.0).fit((margin / scale)[:, None], label, sample_weight=weight)
    slope = max(float(model.coef_[0, 0]), 1e-3) / scale
    return slope, float(model.intercept_[0])


def _share_errors(fitted: Calibrator, margin: Floats, label: Labels) -> list[float]:
    """Return by how many log-odds the share of frauds of each slice is misestimated."""
    errors = []
    start = float(label.mean())
    for part in np.array_split(np.arange(len(margin)), SLICES):
        if label[part].sum() < 3 or label[part].all():
            continue
        share, ratio = start, fitted.log_ratio(margin[part])
        for _ in range(30):
            share = float(np.mean(1 / (1 + np.exp(-(ratio + np.log(share / (1 - share)))))))
            share = min(max(share, 1e-5), 1 - 1e-5)
        true = float(label[part].mean())
        errors.append(float(np.log(true / (1 - true)) - np.log(share / (1 - share))))
    return errors
