"""Weights of the two kinds of boosters, from rows that neither has been fitted on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vigie.arrays import Floats
from vigie.training.boosters import Rows, TrainingSet

SHARES = np.linspace(0, 1, 11)
MIN_SHARE = 0.05
"""A kind of booster with a smaller share is left out."""


def blend_shares(margins: Sequence[Floats], rows: TrainingSet, folds: Sequence[tuple[Rows, Rows]]) -> Floats:
    """Return the (kinds,) share of each kind, one or two: the mean over all shares, weighted by how well each did.

    With few frauds, shares can hardly be distinguished and both kinds get about half. Frauds are counted per fold, not over all
    folds: folds of the same weeks share the same chance patterns.

    Args:
        margins: of each fold (kinds, rows validated).
        rows: the training set.
        folds: positions fitted on and positions validated on.
    """
    if len(margins[0]) == 1:
        return np.ones(1)
    reached = np.array(
        [blended_precision(margins, np.array([share, 1 - share]), rows, folds) for share in SHARES]
    )
    frauds = np.mean([rows.label[validated].sum() for _, validated in folds])
    likelihood = np.exp((reached - reached.max()) * frauds)
    first = float(likelihood @ SHARES / likelihood.sum())
    first = 0.0 if first < MIN_SHARE else 1.0 if first > 1 - MIN_SHARE else first
    return np.array([first, 1 - first])


def blended_precision(
    margins: Sequence[Floats], shares: Floats, rows: TrainingSet, folds: Sequence[tuple[Rows, Rows]]
) -> float:
    """Return the mean average precision over the folds of all kinds together.

    Args:
        margins: of each fold (kinds, rows validated).
        shares: (kinds,) of each.
        rows: the training set.
        folds: positions fitted on and positions validated on.
    """
    from sklearn.metrics import average_precision_score

    reached = [
        average_precision_score(rows.label[validated], shares @ margin, sample_weight=rows.weights[validated])
        for margin, (_, validated) in zip(margins, folds, strict=True)
    ]
    return float(np.mean(reached))
