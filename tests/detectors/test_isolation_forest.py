"""Isolation forests of our own: what they find, and that every way of asking them gives the same number."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import ensemble

from vigie.arrays import mid_ranks
from vigie.detectors import isolation_forest

RNG = np.random.default_rng(4)
TABLE = np.column_stack(
    [
        RNG.normal(size=6000),
        np.round(RNG.normal(size=6000)),
        np.zeros(6000),
        RNG.exponential(size=6000),
        np.ones(6000),
    ]
).astype(np.float32)


@pytest.fixture(scope="module")
def grown() -> isolation_forest.Forest:
    """Thirty trees on a table with ties and a constant column."""
    return isolation_forest.fit(TABLE, 3, 30)


def test_numpy_and_xgboost_agree_to_the_last_bit(grown: isolation_forest.Forest) -> None:
    """Many rows go through XGBoost, few through numpy: path lengths that add up exactly make them one."""
    together = grown.score(TABLE)
    apart = np.concatenate([grown.score(TABLE[at : at + 500]) for at in range(0, len(TABLE), 500)])
    np.testing.assert_array_equal(together, apart)
    assert ((together > 0) & (together < 1)).all()


def test_a_far_row_is_the_most_unusual(grown: isolation_forest.Forest) -> None:
    far = np.vstack([TABLE[:100], [[9.0, 9.0, 0.0, 30.0, 1.0]]]).astype(np.float32)
    assert grown.score(far).argmax() == 100


def test_it_ranks_like_the_well_known_one() -> None:
    """Against scikit-learn's, on its own terms: no further apart than two of its own seeds are."""
    ranks = [mid_ranks(isolation_forest.fit(TABLE, seed, 100).score(TABLE)) for seed in (0, 1)]
    theirs = [
        mid_ranks(-ensemble.IsolationForest(n_estimators=100, max_samples=256, random_state=seed).fit(TABLE).score_samples(TABLE))
        for seed in (0, 1)
    ]  # fmt: skip
    between = np.corrcoef(*theirs)[0, 1]
    assert np.corrcoef(ranks[0], theirs[0])[0, 1] > between - 0.03
    assert np.corrcoef(*ranks)[0, 1] > between - 0.03


def test_every_split_has_rows_on_both_sides(grown: isolation_forest.Forest) -> None:
    """No node is empty, none splits on a constant column, and a leaf of one row is not split."""
    inner = grown.feature >= 0
    assert not np.isin(grown.feature[inner], [2, 4]).any()
    assert (grown.length[~inner] >= 0).all()
    reached = grown.length > 0
    children = np.flatnonzero(inner[0])
    assert all((inner | reached)[0, [2 * i + 1, 2 * i + 2]].all() for i in children)


def test_the_same_seed_gives_the_same_forest(grown: isolation_forest.Forest) -> None:
    again = isolation_forest.fit(TABLE, 3, 30)
    np.testing.assert_array_equal(again.threshold, grown.threshold)
    assert not np.array_equal(isolation_forest.fit(TABLE, 4, 30).threshold, grown.threshold)


@pytest.mark.parametrize("x", [np.zeros((5, 0)), np.zeros((1, 3)), np.ones((9, 2)), np.zeros((0, 2))])
def test_tables_that_cannot_be_split(x: np.ndarray) -> None:
    """Nothing tells the rows apart: they are all as usual as each other."""
    found = isolation_forest.fit(x.astype(np.float32), 0, 10).score(x.astype(np.float32))
    assert len(found) == len(x)
    assert len(set(found)) <= 1
