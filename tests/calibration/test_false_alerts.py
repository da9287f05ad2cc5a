"""The share of false alerts stays below its bound, whatever was reviewed; reviewed rows of the reference allow alerts."""

from __future__ import annotations

import numpy as np
import pytest

from vigie.calibration.false_alerts import BoundedAlerts, bound_alerts, reference_rows

SEEDS = 60


def table(seed: int, *, share: float, distance: float, rows: int = 20_000) -> tuple[np.ndarray, ...]:
    """Scores, labels and the reference of a table whose frauds score higher."""
    rng = np.random.default_rng(seed)
    fraud = rng.random(rows) < share
    score = rng.normal(size=rows) + distance * fraud
    hashes = rng.integers(0, 2**63, rows).astype(np.uint64)
    return score, fraud, reference_rows(hashes, 100)


def reviewed(score: np.ndarray, reference: np.ndarray, count: int) -> np.ndarray:
    """The first rows of the reference, which a user is asked to review."""
    first = np.argsort(-score, kind="stable")
    out = np.zeros(len(score), dtype=bool)
    out[first[reference[first]][:count]] = True
    return out


def false_share(score: np.ndarray, fraud: np.ndarray, found: BoundedAlerts) -> float:
    return float(1 - fraud[np.argsort(-score, kind="stable")[: found.count]].mean()) if found.count else 0.0


@pytest.mark.parametrize("share", [0.003, 0.01, 0.05])
@pytest.mark.parametrize("bound", [0.2, 0.5])
def test_bound_holds(share: float, bound: float) -> None:
    """On nine of ten tables at least, also where frauds hardly stand out."""
    held = []
    for seed in range(SEEDS):
        score, fraud, reference = table(seed, share=share, distance=2.0 + seed % 3)
        labelled = reviewed(score, reference, 20)
        found = bound_alerts(score, reference, labelled, labelled & fraud, bound)
        held.append(false_share(score, fraud, found) <= bound)
    assert np.mean(held) >= 0.9


def test_bound_holds_where_a_user_reviews_until_there_are_alerts() -> None:
    """One row after the other, with a bound that the first rows hardly miss: the worst that reviewing can do."""
    wrong = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        fraud, reference = rng.random(1000) < 0.49, rng.random(1000) < 0.3
        score = -np.arange(1000.0)
        for count in range(5, 60):
            labelled = reviewed(score, reference, count)
            found = bound_alerts(score, reference, labelled, labelled & fraud, 0.5)
            if found.count:
                break
        wrong.append(false_share(score, fraud, found) > 0.5)
    assert np.mean(wrong) <= 0.1


def test_bound_holds_where_rows_repeat() -> None:
    """Rows of which each stands there ten times, frauds as well: a reference of whole groups would be of few distinct rows."""
    wrong = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        fraud, score = np.repeat(rng.random(100) < 0.45, 10), -np.repeat(np.arange(100.0), 10)
        reference = reference_rows(np.repeat(rng.integers(0, 2**63, 100).astype(np.uint64), 10), 100)
        assert 0 < reference.sum() < 600
        labelled = reviewed(score, reference, 20)
        found = bound_alerts(score, reference, labelled, labelled & fraud, 0.5)
        wrong.append(false_share(score, fraud, found) > 0.5)
    assert np.mean(wrong) <= 0.1


def test_reviewed_rows_allow_alerts() -> None:
    """Twenty reviewed rows allow many more alerts than were reviewed; without any there is no alert."""
    counts = []
    for seed in range(SEEDS):
        score, fraud, reference = table(seed, share=0.01, distance=4.0)
        labelled = reviewed(score, reference, 20)
        counts.append(bound_alerts(score, reference, labelled, labelled & fraud, 0.5).count)
        nothing = np.zeros(len(score), dtype=bool)
        assert bound_alerts(score, reference, nothing, nothing, 0.5) == BoundedAlerts(0.5, 0, 0, 0, 0)
    assert np.median(counts) > 60


def test_rows_that_are_not_reviewed_count_as_legitimate() -> None:
    """A reference of which less is known never allows more alerts."""
    score, fraud, reference = table(3, share=0.02, distance=4.0)
    labelled = reviewed(score, reference, 40)
    every = bound_alerts(score, reference, labelled, labelled & fraud, 0.5)
    forgotten = labelled & (np.arange(len(score)) % 3 > 0)
    some = bound_alerts(score, reference, forgotten, forgotten & fraud, 0.5)
    assert some.count <= every.count


def test_reference_does_not_depend_on_the_order() -> None:
    """The same rows are the reference; the fewer alerts a table has, the more rows."""
    hashes = np.random.default_rng(0).integers(0, 2**63, 10_000).astype(np.uint64)
    order = np.random.default_rng(1).permutation(10_000)
    assert (reference_rows(hashes, 50)[order] == reference_rows(hashes[order], 50)).all()
    assert reference_rows(hashes, 50).mean() == pytest.approx(0.4, abs=0.03)
    assert reference_rows(hashes, 10).mean() == pytest.approx(0.5, abs=0.03)
    assert reference_rows(hashes, 1000).mean() == pytest.approx(0.1, abs=0.02)
