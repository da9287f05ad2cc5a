"""Trees: rounds worth having where one column decides, and what is left when that column is missing."""

from __future__ import annotations

import numpy as np

from vigie.boosting.xgboost_predict import margins
from vigie.calibration import metrics
from vigie.train import trees
from vigie.train.trees import Lesson


def test_a_deciding_column_does_not_end_learning() -> None:
    """Average precision is perfect after a round or two; without the column there is as much as the others can tell."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(3000, 5)).astype(np.float32)
    label = inputs[:, 0] + inputs[:, 1] > 2.2
    inputs[:, 4] = label
    lesson = Lesson(inputs, label, np.ones(3000))
    half = np.arange(3000) < 1500
    folds = [(np.flatnonzero(half), np.flatnonzero(~half))]
    found = trees.judge(lesson, folds, trees.BY_DEFAULT, seed=0, threads=1)
    assert found.average_precision > 0.99
    assert found.rounds > 30
    first = Lesson(inputs[half], label[half], np.ones(1500))
    booster = trees.fit(first, trees.BY_DEFAULT, found.rounds, seed=0, threads=1, needs=np.eye(5, dtype=bool))
    later = inputs[~half].copy()
    later[:, 4] = np.nan
    assert metrics.measure(label[~half], margins(booster, later))[1] > 0.75
