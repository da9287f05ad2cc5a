"""A handful of marks: weights held to what they were, trees that begin at nothing, rows that are open."""

from __future__ import annotations

import numpy as np

from vigie.calibration import metrics
from vigie.ensemble import active_learning


def test_weights_are_held_to_what_they_were() -> None:
    """With one mark the order of the ensemble hardly moves, with many it follows the marks."""
    rng = np.random.default_rng(0)
    prior, other = rng.normal(size=500), rng.normal(size=500)
    rows = np.argsort(prior)[::12][:40]
    fraud = other[rows] > 0.3
    nothing = np.zeros((500, 1), dtype=np.float32)
    few = active_learning.refine_scores(prior, other[:, None], nothing, rows[:1], fraud[:1], 0)
    many = active_learning.refine_scores(prior, other[:, None], nothing, rows, fraud, 0)
    alike = [np.corrcoef(prior, found.score)[0, 1] for found in (few, many)]
    assert alike[0] > 0.85 > alike[1]
    assert np.corrcoef(other, many.score)[0, 1] > 0.5


def test_trees_begin_at_nothing_where_the_ensemble_has_the_wrong_idea() -> None:
    """A column of the table that tells the marks apart is believed against everything that was said before."""
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(2000, 3)).astype(np.float32)
    label = inputs[:, 1] > 0.9
    prior = -inputs[:, 1] + rng.normal(size=2000)
    rows = rng.choice(2000, 50, replace=False)
    found = active_learning.refine_scores(prior, prior[:, None], inputs, rows, label[rows], 0)
    rest = np.setdiff1d(np.arange(2000), rows)
    before, after = (metrics.measure(label[rest], x[rest])[1] for x in (prior, found.score))
    assert before < 0.15
    assert after > 0.8
    assert found.weights[2] > 0.5


def test_marks_of_one_kind_leave_most_to_the_ensemble() -> None:
    """Whatever they say: one kind alone tells nothing of what the other looks like."""
    rng = np.random.default_rng(2)
    prior, inputs = rng.normal(size=400), rng.normal(size=(400, 2)).astype(np.float32)
    for fraud in (True, False):
        found = active_learning.refine_scores(
            prior, prior[:, None], inputs, np.arange(40), np.full(40, fraud), 0
        )
        assert found.weights[0] > 0.8
        assert found.weights[2] == 0


def test_suggested_rows_lie_where_the_labels_change() -> None:
    """The most suspicious first; once the top is known to be fraud and the rest fine, the rows between them."""
    score = np.linspace(1, 0, 4000)
    top, deep = np.arange(0, 400, 10), np.arange(800, 4000, 80)
    marked, fraud = np.r_[top, deep], np.arange(80) < 40
    first = active_learning.rows_to_label(score, marked[:0], fraud[:0], 20, 0)
    assert set(range(10)) <= set(first)
    same = active_learning.rows_to_label(score, top, fraud[:40], 20, 0)
    assert {1, 2, 3} <= set(same)
    both = np.array(active_learning.rows_to_label(score, marked, fraud, 40, 0))
    assert not set(both.tolist()) & set(marked.tolist())
    assert ((both > 200) & (both < 1600)).mean() > 0.4
