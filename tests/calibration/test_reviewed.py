"""Intervals from reviewed rows hold what they promise, and claim nothing where rows were chosen."""

from __future__ import annotations

import numpy as np
import pytest

from vigie.calibration.reviewed import OFFERED, binomial_interval, review, sample


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        (14, 14, 0.7684, 1.0),
        (0, 14, 0.0, 0.2316),
        (5, 10, 0.1871, 0.8129),
        (1, 1, 0.025, 1.0),
        (50, 1000, 0.0373, 0.0654),
    ],
)
def test_the_binomial_interval_is_the_published_one(hits: int, n: int, low: float, high: float) -> None:
    """Figures of Clopper and Pearson, as every statistics package has them."""
    assert binomial_interval(hits, n) == pytest.approx((low, high), abs=5e-5)


def test_chosen_rows_give_only_what_is_certain() -> None:
    """The first fourteen of forty are fraud: at least fourteen are, and perhaps all."""
    found = review(40, range(1, 15), [], seed=7)
    assert (found.known, found.frauds, found.sample, found.low, found.high) == (14, 14, 0, 14, 40)
    assert found.rate is not None
    assert found.rate[0] == pytest.approx(0.7684, abs=1e-4)


@pytest.mark.parametrize("fraud", [True, False])
def test_what_is_certain_holds_against_a_misleading_sample(fraud: bool) -> None:
    """All rows of the sample are alike, and so many of the others are not that its interval cannot hold."""
    drawn = sample(40, 4, seed=7)
    others = [rank for rank in range(1, 41) if rank not in drawn][:15]
    found = review(40, *((drawn, others) if fraud else (others, drawn)), seed=7)
    assert (found.low, found.high) == ((20, 25) if fraud else (15, 20))
    assert found.sample == 0


def test_labels_outside_the_alerts_do_not_count() -> None:
    """The budget decides which rows are judged."""
    found = review(10, [3, 11, 40], [5, 12], seed=0)
    assert (found.known, found.frauds, found.low, found.high) == (2, 1, 1, 9)


def test_all_reviewed_is_certain() -> None:
    """No interval is left."""
    found = review(6, [1, 2], [3, 4, 5, 6], seed=0)
    assert (found.low, found.high, found.sample) == (2, 2, 0)


@pytest.mark.parametrize("alerts", [0, 1, 3, 20, 100, 1000])
def test_a_sample_has_rows_of_every_depth(alerts: int) -> None:
    """As many of each fifth; all rows of a small budget; the same for the same seed."""
    drawn = sample(alerts, OFFERED, seed=3)
    assert drawn == sample(alerts, OFFERED, seed=3)
    assert len(drawn) == len(set(drawn)) == min(alerts, 5 * OFFERED)
    assert all(1 <= rank <= alerts for rank in drawn)
    if alerts >= 100:
        fifths = np.bincount([(rank - 1) * 5 // alerts for rank in drawn], minlength=5)
        assert fifths.tolist() == [OFFERED] * 5


def test_a_sample_hardly_moves_with_the_budget() -> None:
    """Rows that were reviewed stay of use when the budget becomes a little larger."""
    kept = [len(set(sample(200, 4, seed)) & set(sample(210, 4, seed))) for seed in range(50)]
    assert np.mean(kept) > 10


def test_intervals_of_reviewed_samples_cover_the_truth() -> None:
    """Of many tables whose frauds thin out with the rank, at least 95 % have their number within the interval."""
    rng, covered, wide = np.random.default_rng(5), 0, 0
    for seed in range(400):
        alerts = int(rng.integers(60, 300))
        fraud = rng.random(alerts) < np.linspace(rng.random(), rng.random() / 2, alerts)
        ranks = np.flatnonzero(fraud) + 1
        drawn = set(sample(alerts, OFFERED, seed))
        # The first rows are reviewed too, as users do.
        seen = drawn | set(range(1, 11))
        found = review(alerts, seen & set(ranks.tolist()), seen - set(ranks.tolist()), seed)
        assert found.sample >= 5 * OFFERED
        covered += found.low <= fraud.sum() <= found.high
        wide += found.high - found.low == alerts - found.known
    assert covered / 400 >= 0.95
    assert wide == 0
