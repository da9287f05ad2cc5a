"""What two kinds of trees may say beside each other: the folds decide as far as they can."""

from __future__ import annotations

import numpy as np
import pytest

from vigie.train import blending
from vigie.train.trees import Lesson


def judged(frauds: int, good: float, bad: float) -> tuple[list[np.ndarray], Lesson, list]:
    """One fold of which every tenth row is fraud, and two kinds that tell it so well."""
    label = np.arange(frauds * 10) % 10 == 0
    noise = np.random.default_rng(0).normal(size=(2, len(label)))
    held = np.stack([good * label, bad * label]) + noise
    lesson = Lesson(np.zeros((len(label), 1), dtype=np.float32), label, np.ones(len(label)))
    return [held], lesson, [(np.zeros(0, dtype=np.int64), np.arange(len(label)))]


def test_many_frauds_decide_and_few_leave_both_their_say() -> None:
    """The useless kind is left away where that is sure, and keeps a part where it is not."""
    sure = blending.shares(*judged(3000, 3.0, 0.0))
    open_yet = blending.shares(*judged(6, 3.0, 0.0))
    assert sure[1] < 0.15
    assert sure[1] < open_yet[1] < 0.5


def test_equals_share_evenly() -> None:
    """Two that err independently are better together, and neither is preferred."""
    say = blending.shares(*judged(500, 2.0, 2.0))
    assert say == pytest.approx([0.5, 0.5], abs=0.15)
    held, lesson, folds = judged(500, 2.0, 2.0)
    together = blending.precision(held, say, lesson, folds)
    assert together > max(blending.precision(held, np.eye(2)[kind], lesson, folds) for kind in (0, 1)) + 0.03


def test_one_kind_says_all() -> None:
    """Where a table has nothing but columns there is nothing to choose."""
    held, lesson, folds = judged(20, 2.0, 0.0)
    assert blending.shares([held[0][:1]], lesson, folds).tolist() == [1.0]
