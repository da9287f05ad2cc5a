"""A student of the ensemble that sees the table's own columns, anonymous ones too.

The ensemble knows what fraud means but only through features; the student sees the columns themselves, in their own
units, and learns from the rows that the ensemble finds most suspicious what else they have in common. It is fitted on
one half of the rows and asked about the other, so that it cannot repeat what it was told of a row; and it never votes
alone, so that it cannot drift to something else.

Source: co-training, A. Blum, T. Mitchell, COLT 1998; learning from positive and unlabelled rows, C. Elkan, K. Noto,
KDD 2008.
"""

from __future__ import annotations

import numpy as np

from vigie.scoring import boosting
from vigie.scoring.groups import Floats, mid_ranks

SHARES = (0.03, 0.1)
"""Shares of the rows taken for suspicious: nobody knows the true one, so there is a student for each."""

FEWEST = 200
"""Rows below which there is nothing to learn from."""

SAMPLE = 60_000
ROUNDS, DEPTH = 60, 3


def vote(columns: Floats, suspicion: Floats, seed: int) -> Floats | None:
    """(rows,) mean mid-rank of the students, or None where the table is too small or has no columns.

    Args:
        columns: (rows, columns) the table's own, as numbers.
        suspicion: (rows,) what the ensemble says, higher is more suspicious.
        seed: of the halves and trees.
    """
    if len(columns) < FEWEST or not columns.shape[1]:
        return None
    rng = np.random.default_rng([seed, 11])
    half = rng.integers(0, 2, len(columns))
    ranks = mid_ranks(suspicion)
    votes = [mid_ranks(_cross_fitted(columns, ranks >= 1 - share, half, rng, seed)) for share in SHARES]
    return np.asarray(np.mean(votes, axis=0))


def _cross_fitted(
    columns: Floats, label: np.ndarray, half: np.ndarray, rng: np.random.Generator, seed: int
) -> Floats:
    xgboost = boosting.load()
    out = np.zeros(len(columns))
    x = columns.astype(np.float32)
    for part in (0, 1):
        learn = np.flatnonzero(half != part)
        if len(learn) > SAMPLE:
            learn = np.sort(rng.choice(learn, SAMPLE, replace=False))
        y = label[learn].astype(np.float32)
        weight = np.where(y > 0, 0.5 / max(y.sum(), 1), 0.5 / max((1 - y).sum(), 1)) * len(y)
        parameters = {
            "objective": "binary:logistic",
            "max_depth": DEPTH,
            "eta": 0.1,
            "subsample": 0.7,
            "colsample_bytree": 0.6,
            "lambda": 5.0,
            "min_child_weight": 5.0,
            "seed": seed,
            # The trees are too small to share: on a busy machine a second thread costs ten times what it saves.
            "nthread": 1,
        }
        lesson = xgboost.DMatrix(x[learn], y, weight=weight, nthread=1)
        model = xgboost.train(parameters, lesson, ROUNDS)
        out[half == part] = model.inplace_predict(x[half == part], predict_type="margin")
    return out
