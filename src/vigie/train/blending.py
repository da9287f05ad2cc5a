"""What each kind of trees may say beside the other, judged on rows that neither has seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vigie.arrays import Floats
from vigie.train.trees import Lesson, Rows

SHARES = np.linspace(0, 1, 11)
SILENT = 0.05
"""A share below which a kind of trees is left away."""


def shares(held: Sequence[Floats], lesson: Lesson, folds: Sequence[tuple[Rows, Rows]]) -> Floats:
    """(kinds,) the say of each kind, one or two: the mean over all shares, each counted the more the better it did.

    Few frauds can hardly tell one share from another, and leave both kinds about half; many decide. Frauds are counted
    a fold, not over all folds: folds of the same weeks are all misled alike by what holds in these weeks only.

    Args:
        held: of each fold (kinds, rows judged), margins.
        lesson: the rows.
        folds: positions fitted on and positions judged on.
    """
    if len(held[0]) == 1:
        return np.ones(1)
    reached = np.array([precision(held, np.array([share, 1 - share]), lesson, folds) for share in SHARES])
    frauds = np.mean([lesson.label[judged].sum() for _, judged in folds])
    likely = np.exp((reached - reached.max()) * frauds)
    first = float(likely @ SHARES / likely.sum())
    first = 0.0 if first < SILENT else 1.0 if first > 1 - SILENT else first
    return np.array([first, 1 - first])


def precision(
    held: Sequence[Floats], say: Floats, lesson: Lesson, folds: Sequence[tuple[Rows, Rows]]
) -> float:
    """Mean average precision over the folds of all kinds together.

    Args:
        held: as `shares` takes them.
        say: (kinds,) of each.
        lesson: the rows.
        folds: positions fitted on and positions judged on.
    """
    from sklearn.metrics import average_precision_score

    reached = [
        average_precision_score(lesson.label[rows], say @ margins, sample_weight=lesson.weights[rows])
        for margins, (_, rows) in zip(held, folds, strict=True)
    ]
    return float(np.mean(reached))
