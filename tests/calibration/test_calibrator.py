"""Probabilities on tables whose truth is known, without ever showing it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigie.calibration import calibrator as calibration
from vigie.calibration.calibrator import (
    MAX_SHARE,
    MIN_SHARE,
    CalibrationSample,
    Calibrator,
    Prevalence,
    fit,
    probability,
)
from vigie.calibration.metrics import calibration_error
from vigie.errors import InputRefused

SHIFT = 3.0


def sample_of(seed: int, share: float, rows: int = 3000) -> CalibrationSample:
    """A table whose score is normal, higher by SHIFT among frauds; the members believe a third too much."""
    rng = np.random.default_rng(seed)
    label = rng.random(rows) < share
    score = rng.normal(size=rows) + SHIFT * label
    mean_probability = float(np.clip(1.5 * share * np.exp(rng.normal(0, 0.2)), 0, 0.9))
    return CalibrationSample(score, mean_probability, label, np.ones(rows))


@pytest.fixture(scope="module")
def calibrator() -> Calibrator:
    """Taught by forty tables of all shares of fraud."""
    shares = np.geomspace(0.005, 0.2, 40)
    return fit([sample_of(seed, float(share)) for seed, share in enumerate(shares)])


@pytest.mark.parametrize("share", [0.01, 0.03, 0.1])
def test_probabilities_are_close_to_the_truth(calibrator: Calibrator, share: float) -> None:
    """On an unknown table, with the share it estimates by itself."""
    table = sample_of(1000, share, rows=40_000)
    estimate = calibrator.prevalence(table.mean_probability)
    assert 0.6 < estimate.estimate / share < 1.6
    found = probability(calibrator.log_ratio(table.score), estimate.estimate)
    assert calibration_error(table.label, found) < 0.5 * share
    exact = probability(calibrator.log_ratio(table.score), share)
    assert calibration_error(table.label, exact) < 0.2 * share + 0.002
    sure = exact > 0.8
    assert table.label[sure].mean() > 0.7
    assert table.label[exact < 0.01].mean() < 0.01


def test_the_interval_holds_as_often_as_it_states(calibrator: Calibrator) -> None:
    rng = np.random.default_rng(5)
    shares = np.exp(rng.uniform(np.log(0.005), np.log(0.2), 400))
    held = []
    for share in shares:
        found = calibrator.prevalence(float(np.clip(1.5 * share * np.exp(rng.normal(0, 0.2)), 0, 0.9)))
        held.append(found.low <= share <= found.high)
    assert 0.8 < np.mean(held) <= 1


def as_others(seed: int, share: float) -> CalibrationSample:
    """A table on which fraud stands out more, or less, than on most."""
    rng = np.random.default_rng([seed, 1])
    shift = rng.uniform(1, 5)
    label = rng.random(4000) < share
    score = np.where(label, rng.normal(shift, 1, 4000), rng.normal(size=4000))
    return CalibrationSample(
        score, float(np.clip(0.03 * np.exp(rng.normal(0, 0.2)), 0, 0.9)), label, np.ones(4000)
    )


def test_the_precision_of_alerts_holds_as_often_as_it_states() -> None:
    """Tables differ in how well fraud stands out, and in how much of it there is: both are in the interval."""
    rng = np.random.default_rng(3)
    shares = np.exp(rng.uniform(np.log(0.005), np.log(0.2), 280))
    tables = [as_others(seed, float(share)) for seed, share in enumerate(shares)]
    found = fit(tables[:140])
    for known in (False, True):
        held = []
        for one in tables[140:]:
            share = Prevalence(*[one.share] * 3) if known else found.prevalence(one.mean_probability)
            alert = one.score >= np.quantile(one.score, 0.98)
            stated = found.precision(found.log_ratio(one.score), alert, share)
            # As it was measured: none, or all, of so few is no proof that there are never any.
            true = (one.label[alert].sum() + 0.5) / (alert.sum() + 1)
            held.append(stated.low <= true <= stated.high)
        assert 0.82 < np.mean(held) <= 1


def test_the_interval_holds_where_frauds_are_far_rarer_too() -> None:
    """The best guess stays that for most tables; the interval reaches the whole portfolios."""
    shares = np.geomspace(0.005, 0.2, 60)
    most = [as_others(seed, float(share)) for seed, share in enumerate(shares)]
    rarer = [
        as_others(seed + 500, float(share)) for seed, share in enumerate(np.geomspace(0.0008, 0.005, 30))
    ]
    alone, both = fit(most), fit(most, rarer)
    assert both.prevalence(0.03).estimate == alone.prevalence(0.03).estimate
    assert both.prevalence(0.03).low < 0.003 < alone.prevalence(0.03).low


def test_a_calibration_without_alerts_uses_the_share_alone(calibrator: Calibrator) -> None:
    """As the bundles of earlier releases, and the calibrations of models that learned from labels."""
    plain = replace(calibrator, alerts=None)
    assert "alerts" not in plain.to_json()
    assert Calibrator.from_json(json.loads(json.dumps(plain.to_json()))).alerts is None
    ratio = np.linspace(-4, 4, 1000)
    stated = plain.precision(ratio, ratio > 2, Prevalence(0.02, 0.01, 0.04))
    assert stated.estimate == pytest.approx(probability(ratio, 0.02)[ratio > 2].mean())
    assert stated.low == pytest.approx(probability(ratio, 0.01)[ratio > 2].mean())


@settings(max_examples=60, deadline=None)
@given(
    mean_probability=st.floats(0, 1),
    slope=st.floats(-2, 4),
    intercept=st.floats(-6, 6),
    low=st.floats(-5, 0),
    high=st.floats(0, 5),
)
def test_an_interval_is_always_in_order(
    mean_probability: float, slope: float, intercept: float, low: float, high: float
) -> None:
    found = Calibrator((0.0, 1.0), (-1.0, 1.0), intercept, slope, low, high).prevalence(mean_probability)
    assert MIN_SHARE <= found.low <= found.estimate <= found.high <= MAX_SHARE


def test_more_evidence_is_never_less_probable(calibrator: Calibrator) -> None:
    score = np.linspace(-10, 20, 1000)
    ratio = calibrator.log_ratio(score)
    assert (np.diff(ratio) >= 0).all()
    assert np.isfinite(ratio).all(), "beyond what was studied too"
    found = probability(ratio, 0.05)
    assert (np.diff(found) >= 0).all()
    assert calibrator.scores == tuple(sorted(calibrator.scores))


@settings(max_examples=40, deadline=None)
@given(st.floats(1e-4, 0.5), st.integers(0, 100))
def test_probabilities_average_to_the_share(share: float, seed: int) -> None:
    ratio = np.random.default_rng(seed).normal(0, 2, 300)
    found = probability(ratio, share)
    assert found.mean() == pytest.approx(share, rel=1e-6)
    assert ((found > 0) & (found < 1)).all()


def test_json_and_back(calibrator: Calibrator) -> None:
    again = Calibrator.from_json(json.loads(json.dumps(calibrator.to_json())))
    assert again is not None
    np.testing.assert_allclose(again.scores, calibrator.scores, atol=1e-6)
    np.testing.assert_allclose(again.log_ratios, calibrator.log_ratios, atol=1e-6)
    assert again.prevalence(0.1) == calibrator.prevalence(0.1)
    assert Calibrator.from_json(again.to_json()) == again
    assert Calibrator.from_json({}) is None
    assert Calibrator.from_json({"kind": "platt", "a": 1}) is None


def test_a_calibration_of_another_format_is_refused(calibrator: Calibrator) -> None:
    """By its format, whether older (without shares) or newer."""
    written = calibrator.to_json()
    with pytest.raises(InputRefused, match="format 1 with evidence"):
        Calibrator.from_json({name: value for name, value in written.items() if name != "share"})
    with pytest.raises(InputRefused, match="format 7"):
        Calibrator.from_json({**written, "format": 7})


def test_a_weighted_row_is_so_many_rows() -> None:
    """A sample of the honest rows with their weight teaches what the whole table would."""
    whole = [sample_of(seed, 0.05) for seed in range(12)]
    rng = np.random.default_rng(0)
    sampled = []
    for table in whole:
        keep = table.label | (rng.random(len(table.label)) < 0.3)
        weights = np.where(table.label, 1.0, (~table.label).sum() / (keep & ~table.label).sum())
        sampled.append(
            CalibrationSample(table.score[keep], table.mean_probability, table.label[keep], weights[keep])
        )
        assert sampled[-1].share == pytest.approx(table.share)
    one, other = fit(whole), fit(sampled)
    at = np.linspace(-1, 4, 20)
    np.testing.assert_allclose(one.log_ratio(at), other.log_ratio(at), atol=0.7)


def test_evidence_without_signal_gives_every_row_the_same() -> None:
    rng = np.random.default_rng(0)
    tables = [
        CalibrationSample(rng.normal(size=3000), 0.05, rng.random(3000) < 0.05, np.ones(3000))
        for _ in range(10)
    ]
    tables = [CalibrationSample(t.score, 0.02 + 0.01 * i, t.label, t.weights) for i, t in enumerate(tables)]
    ratio = fit(tables).log_ratio(np.linspace(-1.5, 1.5, 30))
    assert np.ptp(ratio) < 0.5


def test_limits_are_sensible() -> None:
    assert 0 < MIN_SHARE < MAX_SHARE < 1
    assert 0 < calibration.MIN_RANK_CORRELATION < 1
    assert calibration.QUANTILES[0] == 0
    assert calibration.QUANTILES[-1] == 1
