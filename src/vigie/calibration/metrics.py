"""Quality of a ranking or a probability on rows with labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats


def measure(
    label: npt.NDArray[np.bool_], score: Floats, weights: Floats | None = None
) -> tuple[float, float, float]:
    """Return ROC AUC, average precision and precision at the top 1 % of the rows.

    Args:
        label: (rows,) true is fraud; both classes must occur.
        score: (rows,) higher is more suspicious.
        weights: (rows,) how many rows each stands for.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    return (
        float(roc_auc_score(label, score, sample_weight=weights)),
        float(average_precision_score(label, score, sample_weight=weights)),
        precision_at(label, score, 0.01, weights),
    )


def precision_at(
    label: npt.NDArray[np.bool_], score: Floats, budget: float, weights: Floats | None = None
) -> float:
    """Return the share of frauds among the most suspicious `budget` (a share) of the rows."""
    weight = np.ones(len(label)) if weights is None else weights
    order = np.argsort(-score, kind="stable")
    inside = np.cumsum(weight[order]) <= max(budget * weight.sum(), weight[order[0]])
    return float(np.average(label[order][inside], weights=weight[order][inside]))


def recall_at(label: npt.NDArray[np.bool_], score: Floats, budget: float) -> float:
    """Return the share of all frauds that are among the most suspicious `budget` (a share) of the rows."""
    top = np.argsort(-score, kind="stable")[: max(1, int(budget * len(label)))]
    return float(label[top].sum() / max(label.sum(), 1))


def calibration_error(label: npt.NDArray[np.bool_], probability: Floats, bins: int = 15) -> float:
    """Return the expected calibration error over bins of equally many rows.

    Source: M. P. Naeini, G. F. Cooper, M. Hauskrecht, AAAI 2015.
    """
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [abs(float(label[p].mean()) - float(probability[p].mean())) * len(p) for p in parts]
    return float(sum(gaps) / len(label))
