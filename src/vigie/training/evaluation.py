"""Performance of both models on the rows held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vigie.arrays import Floats
from vigie.calibration import metrics
from vigie.calibration.calibrator import Calibrator
from vigie.models.trained.model import TrainedModel
from vigie.models.trained.table_model import Coverage, training_names
from vigie.roles.inference import Roles
from vigie.training import calibration
from vigie.training.boosters import Labels
from vigie.training.subsets import Subset

BUDGETS = (0.001, 0.005, 0.01, 0.05)
SLICES = 4
MIN_FRAUDS_PER_SLICE = 3


@dataclass(frozen=True)
class Evaluation:
    """One model on the rows held out: its performance as plain JSON, and the calibrator of its margins."""

    performance: dict[str, Any]
    calibrator: Calibrator


@dataclass(frozen=True)
class Evaluations:
    """Both models on the rows held out.

    Attributes:
        own: the table-specific model.
        transferable: the transferable model.
        coverage: what of the rows the table-specific model can use.
        curves: (rows,) `label`, and the margins `own` and `transferable`, which the model card plots.
    """

    own: Evaluation
    transferable: Evaluation
    coverage: Coverage
    curves: dict[str, Floats]


def evaluate(model: TrainedModel, held: Subset, roles: Roles, seed: int) -> Evaluations:
    """Evaluate both models on the rows held out."""
    encoder = model.table_model.encoder
    matrix = encoder.matrix(held.frame, training_names(encoder), held.evidence)
    coverage = model.table_model.coverage(
        matrix, encoder.match(held.frame, roles), held.evidence, held.frame.width
    )
    order = np.flatnonzero(held.known)
    if held.times is not None:
        order = order[np.argsort(held.times[order], kind="stable")]
    fraud = held.fraud[order]
    margins = {
        "own": model.table_model.margin(matrix)[order],
        "transferable": model.transferable.margin_of(held.evidence.inputs)[order],
    }
    timed = held.times is not None
    own_evaluation, transferable = (evaluate_margins(fraud, m, seed, timed=timed) for m in margins.values())
    return Evaluations(own_evaluation, transferable, coverage, {"label": fraud.astype(float), **margins})


def evaluate_margins(fraud: Labels, margin: Floats, seed: int, *, timed: bool) -> Evaluation:
    """Evaluate the margins of one model, and fit a calibrator to them.

    Args:
        fraud: (rows,) true is fraud, in the order of time where there is one.
        margin: (rows,) log-odds of the same rows.
        seed: of the halves that the calibration error is measured with.
        timed: whether the rows have a time; then slices of it are measured as well.
    """
    area, precision, top = metrics.measure(fraud, margin)
    error = calibration.calibration_error(margin, fraud, seed)
    performance: dict[str, Any] = {
        "rows": len(fraud),
        "frauds": int(fraud.sum()),
        "roc_auc": round(area, 4),
        "average_precision": round(precision, 4),
        "precision_at_1_percent": round(top, 4),
        "calibration_error": round(error, 4) if np.isfinite(error) else None,
        "budgets": [
            {
                "share": budget,
                "precision": round(metrics.precision_at(fraud, margin, budget), 4),
                "recall": round(metrics.recall_at(fraud, margin, budget), 4),
            }
            for budget in BUDGETS
            if budget * len(fraud) >= 1
        ],
    }
    if timed:
        performance["time_slices"] = _time_slices(fraud, margin)
    return Evaluation(performance, calibration.fit_calibrator(margin, fraud))


def _time_slices(fraud: Labels, margin: Floats) -> list[dict[str, Any]]:
    """Return the performance in each quarter of the rows held out, in the order of time."""
    out = []
    for rows in np.array_split(np.arange(len(fraud)), SLICES):
        here = fraud[rows]
        if MIN_FRAUDS_PER_SLICE <= here.sum() < len(here):
            area, precision, _ = metrics.measure(here, margin[rows])
            figures = {"roc_auc": round(area, 4), "average_precision": round(precision, 4)}
            out.append({"rows": len(rows), "frauds": int(here.sum()), **figures})
    return out
