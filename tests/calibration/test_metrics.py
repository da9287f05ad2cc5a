"""Measures against what a hand would compute."""

from __future__ import annotations

import numpy as np
import pytest

from vigie.calibration.metrics import calibration_error, measure, precision_at, recall_at

LABEL = np.array([True, False, True, False, False, False, False, False, False, False])


def test_a_perfect_and_a_reversed_ranking() -> None:
    perfect = np.where(LABEL, 1.0, 0.0) + np.arange(10) / 100
    assert measure(LABEL, perfect) == (1.0, 1.0, 1.0)
    auc, precision, top = measure(LABEL, -perfect)
    assert auc == 0
    assert precision < 0.3
    assert top == 0


def test_average_precision_by_hand() -> None:
    """Frauds at ranks 1 and 3: (1/1 + 2/3) / 2."""
    score = np.array([9.0, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    auc, average, top = measure(LABEL, score)
    assert average == pytest.approx(5 / 6)
    assert auc == pytest.approx(1 - 1 / 16)
    assert top == 1


def test_precision_and_recall_of_a_budget() -> None:
    score = np.array([9.0, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    assert precision_at(LABEL, score, 0.2) == 0.5
    assert precision_at(LABEL, score, 0.001) == 1, "at least one row"
    assert recall_at(LABEL, score, 0.2) == 0.5
    assert recall_at(LABEL, score, 0.5) == 1
    assert recall_at(np.zeros(10, dtype=bool), score, 0.5) == 0


def test_a_weighted_row_is_so_many_rows() -> None:
    """A sample with weights measures what the whole table would."""
    rng = np.random.default_rng(0)
    label, score, times = rng.random(400) < 0.2, rng.random(400), rng.integers(1, 4, 400)
    score += label * 0.3
    whole = measure(np.repeat(label, times), np.repeat(score, times))
    sampled = measure(label, score, times.astype(float))
    assert sampled[:2] == pytest.approx(whole[:2])
    assert sampled[2] == pytest.approx(whole[2], abs=0.15)


def test_calibration_error() -> None:
    rng = np.random.default_rng(0)
    probability = rng.random(20_000)
    label = rng.random(20_000) < probability
    assert calibration_error(label, probability) < 0.02
    assert calibration_error(label, np.zeros(20_000)) == pytest.approx(label.mean())
    assert calibration_error(np.array([True]), np.array([1.0])) == 0
