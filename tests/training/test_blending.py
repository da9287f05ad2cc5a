"""Shares of two kinds of boosters, as far as the folds can tell them apart."""

from __future__ import annotations

import numpy as np
import pytest

from vigie.training import blending
from vigie.training.boosters import TrainingSet


def validated(frauds: int, good: float, bad: float) -> tuple[list[np.ndarray], TrainingSet, list]:
    """One fold of which every tenth row is fraud, and two kinds of that strength."""
    label = np.arange(frauds * 10) % 10 == 0
    noise = np.random.default_rng(0).normal(size=(2, len(label)))
    held = np.stack([good * label, bad * label]) + noise
    rows = TrainingSet(np.zeros((len(label), 1), dtype=np.float32), label, np.ones(len(label)))
    return [held], rows, [(np.zeros(0, dtype=np.int64), np.arange(len(label)))]


def test_many_frauds_decide_and_few_leave_both_a_share() -> None:
    """The useless kind is left out where that is certain, and keeps a share where it is not."""
    sure = blending.blend_shares(*validated(3000, 3.0, 0.0))
    unsure = blending.blend_shares(*validated(6, 3.0, 0.0))
    assert sure[1] < 0.15
    assert sure[1] < unsure[1] < 0.5


def test_equally_good_kinds_share_evenly() -> None:
    """Two with independent errors are better together, and neither is preferred."""
    shares = blending.blend_shares(*validated(500, 2.0, 2.0))
    assert shares == pytest.approx([0.5, 0.5], abs=0.15)
    held, rows, folds = validated(500, 2.0, 2.0)
    together = blending.blended_precision(held, shares, rows, folds)
    assert (
        together
        > max(blending.blended_precision(held, np.eye(2)[kind], rows, folds) for kind in (0, 1)) + 0.03
    )


def test_a_single_kind_has_the_whole_weight() -> None:
    """Where there are no features there is nothing to blend."""
    held, rows, folds = validated(20, 2.0, 0.0)
    assert blending.blend_shares([held[0][:1]], rows, folds).tolist() == [1.0]
