"""Boosters: early stopping where one column decides, and performance without that column."""

from __future__ import annotations

import numpy as np

from vigie.boosting.xgboost_predict import margins
from vigie.calibration import metrics
from vigie.training import boosters
from vigie.training.boosters import TrainingSet


def test_a_deciding_column_does_not_stop_boosting() -> None:
    """Average precision is perfect after a round or two; without the column, the others still separate the classes."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(3000, 5)).astype(np.float32)
    label = inputs[:, 0] + inputs[:, 1] > 2.2
    inputs[:, 4] = label
    rows = TrainingSet(inputs, label, np.ones(3000))
    half = np.arange(3000) < 1500
    folds = [(np.flatnonzero(half), np.flatnonzero(~half))]
    found = boosters.cross_validate(rows, folds, boosters.DEFAULT_PARAMETERS, seed=0, threads=1)
    assert found.average_precision > 0.99
    assert found.rounds > 30
    first = TrainingSet(inputs[half], label[half], np.ones(1500))
    booster = boosters.fit_booster(
        first,
        boosters.DEFAULT_PARAMETERS,
        found.rounds,
        seed=0,
        threads=1,
        dependencies=np.eye(5, dtype=bool),
    )
    later = inputs[~half].copy()
    later[:, 4] = np.nan
    assert metrics.measure(label[~half], margins(booster, later))[1] > 0.75
