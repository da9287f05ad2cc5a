"""Scores, probabilities, levels and alerts, or an honest "I cannot tell"; and the reasons in words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.tables import people, roles_from

from vigie.arrays import Floats
from vigie.calibration.calibrator import MIN_RANK_CORRELATION, Calibrator, Prevalence
from vigie.calibration.column_association import MIN_ASSOCIATION
from vigie.detectors import isolation_forest
from vigie.engine.decision import (
    MIN_ROWS,
    Decision,
    decide,
    f1_optimal_count,
    fit_decision,
    review_count,
    with_sampling_error,
)
from vigie.engine.reasons import COUNT, reasons
from vigie.ensemble.combination import EnsembleScore
from vigie.features import VOCABULARY
from vigie.i18n.messages import translate
from vigie.i18n.translator import Translator
from vigie.models import model_inputs

N = 400
CALIBRATOR = Calibrator((0.0, 1.0, 3.0, 6.0), (-3.0, -1.0, 2.0, 6.0), 0.0, 1.0, -1.0, 1.0)


def combined(
    rows: int = N, *, rank_correlation: float = 0.8, mean_probability: float = 0.03
) -> EnsembleScore:
    """An ensemble that has spoken."""
    tail_score = np.random.default_rng(0).permutation(-np.log((np.arange(rows) + 0.5) / rows))
    return EnsembleScore(tail_score, np.full(rows, 0.7), (1.0,), rank_correlation, mean_probability)


def decision(
    described: EnsembleScore | None = None,
    *,
    association: float = 0.5,
    calibrator: Calibrator | None = CALIBRATOR,
    prior: float | None = None,
    budget: float | None = None,
) -> Decision:
    """The decision on a sound table, unless arguments say otherwise."""
    return fit_decision(described or combined(), association, calibrator, prior, budget)[0]


def test_scores_rank_as_the_evidence_and_stay_inside() -> None:
    described = combined()
    found = decision(described)
    assert ((found.score > 0) & (found.score < 1)).all()
    np.testing.assert_array_equal(np.argsort(found.score), np.argsort(described.score))
    order = np.argsort(found.score)
    assert (np.diff(found.probability[order]) >= 0).all()


@pytest.mark.parametrize(
    ("why", "found"),
    [
        ("no reference model", decision(calibrator=None)),
        ("too few rows", decision(combined(MIN_ROWS - 1))),
        ("nothing to do with one another", decision(association=MIN_ASSOCIATION - 0.01)),
        ("contradict each other", decision(combined(rank_correlation=MIN_RANK_CORRELATION - 0.01))),
    ],
)
def test_abstention_gives_no_probability(why: str, found: Decision) -> None:
    """And says so, in both languages; scores and levels stay, and HIGH is never said."""
    assert found.abstained is not None
    assert why in found.abstained
    assert translate(found.abstained, "fr") != found.abstained
    assert np.isnan(found.probability).all()
    assert found.prevalence is None
    assert found.precision is None
    assert found.alert.sum() == review_count(len(found.score))
    assert np.isfinite(found.score).all()
    assert set(found.level) <= {"MEDIUM", "LOW"}
    assert (found.level == "MEDIUM").mean() < 0.05


def test_a_sound_table_is_not_abstained_from() -> None:
    found = decision()
    assert found.abstained is None
    assert found.prevalence is not None
    assert found.probability.mean() == pytest.approx(found.prevalence.estimate)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.001, 0.4))
def test_a_rate_the_user_knows_is_kept(prior: float) -> None:
    found = decision(prior=prior)
    assert found.probability.mean() == pytest.approx(prior, rel=1e-6)
    assert found.prevalence is not None
    assert found.prevalence.low == found.prevalence.estimate == found.prevalence.high == prior


@pytest.mark.parametrize(("budget", "alerts"), [(0.01, 4), (0.1, 40), (7, 7), (1, 1), (10_000, N)])
@pytest.mark.parametrize("calibrator", [CALIBRATOR, None])
def test_a_budget_is_kept_exactly(budget: float, alerts: int, calibrator: Calibrator | None) -> None:
    """By the highest evidence, also where Vigie abstains."""
    described = combined()
    found = decision(described, calibrator=calibrator, budget=budget)
    assert found.alert.sum() == alerts
    if alerts < N:
        assert described.score[found.alert].min() > described.score[~found.alert].max()


def test_a_budget_is_kept_where_rows_are_equal() -> None:
    described = EnsembleScore(np.ones(N), np.ones(N), (1.0,), 0.8, 0.03)
    assert decision(described, budget=13).alert.sum() == 13


def test_alerts_and_levels_follow_the_probability() -> None:
    found = decision(prior=0.1)
    assert found.probability[found.alert].min() >= found.probability[~found.alert].max()
    np.testing.assert_array_equal(found.level == "HIGH", found.probability >= 0.5)
    np.testing.assert_array_equal(found.level == "LOW", found.probability < 0.1)
    assert found.alert.any()


def test_the_number_of_alerts_has_the_best_expected_f1() -> None:
    """No other number of rows would be expected to do better, and rows that are likely honest are left alone."""
    found = decision(prior=0.1)
    p = np.sort(found.probability)[::-1]
    f1 = [2 * p[:n].sum() / (n + p.sum()) for n in range(1, N + 1)]
    assert f1[found.alert.sum() - 1] == pytest.approx(max(f1))
    assert f1_optimal_count(np.full(N, 0.01)) == 0
    assert f1_optimal_count(np.full(N, 0.2)) == N
    assert f1_optimal_count(np.array([0.9, 0.8, 0.05, 0.05])) == 2
    assert f1_optimal_count(np.zeros(0)) == 0


@pytest.mark.parametrize("alerts", [3, 20, 200])
def test_the_precision_of_few_alerts_may_be_that_of_none_or_all(alerts: int) -> None:
    """However many frauds there are among all such rows; of many alerts the interval is that of these."""
    typical = Prevalence(0.6, 0.03, 0.95)
    found = with_sampling_error(typical, alerts)
    assert ((found.low, found.high) == (0.0, 1.0)) == (alerts <= 20)
    assert found.estimate == typical.estimate
    assert found.low <= typical.low
    assert found.high >= typical.high
    rng = np.random.default_rng(0)
    assert (rng.binomial(alerts, typical.low, 4000) / alerts < found.low).mean() <= 0.06
    assert (rng.binomial(alerts, typical.high, 4000) / alerts > found.high).mean() <= 0.06
    assert with_sampling_error(typical, 10**6) == typical


def test_the_expected_precision_is_that_of_the_alerts() -> None:
    found = decision(budget=20)
    assert found.precision is not None
    assert found.precision.low <= found.precision.estimate <= found.precision.high
    assert found.precision.estimate == pytest.approx(found.probability[found.alert].mean())
    assert decision(prior=0.0005, budget=None).precision is None or decision(prior=0.0005).alert.any()


def test_whatever_is_shown_is_worded() -> None:
    found = decision(budget=20)
    assert found.explained[found.alert].all()
    assert found.explained[found.level != "LOW"].all()
    assert found.explained[np.argsort(-found.score)[:10]].all()


def test_an_empty_ensemble() -> None:
    empty = EnsembleScore(np.zeros(0), np.zeros(0), (), float("nan"), float("nan"))
    found, thresholds = fit_decision(empty, 0.0, None, None, None)
    assert len(decide(empty, None, None, thresholds).score) == 0
    assert len(found.score) == len(found.level) == len(found.alert) == 0


@pytest.mark.parametrize("budget", [None, 0.05, 7])
@pytest.mark.parametrize("odds", [None, np.linspace(-6, 4, N)])
def test_the_thresholds_decide_the_table_as_it_was(budget: float | None, odds: Floats | None) -> None:
    """Row by row as well: a row is decided by the thresholds and by nothing beside it."""
    described = combined()
    found, thresholds = fit_decision(described, 0.5, CALIBRATOR, None, budget, odds)
    again = decide(described, CALIBRATOR, None, thresholds, odds)
    for name in ("score", "probability", "level", "alert", "explained"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name))
    assert again.prevalence == found.prevalence
    assert again.precision is None
    one = EnsembleScore(
        described.score[3:4],
        described.agreement[3:4],
        (1.0,),
        described.rank_correlation,
        described.mean_probability,
    )
    alone = decide(one, CALIBRATOR, None, thresholds, None if odds is None else odds[3:4])
    assert alone.probability[0] == found.probability[3]


@pytest.fixture
def gathered(monkeypatch: pytest.MonkeyPatch) -> model_inputs.ModelInputs:
    """The evidence of a small table."""
    monkeypatch.setattr(isolation_forest, "TREES", 5)
    frame = people(300)
    roles = {"time": "time", "customer": "customer", "merchant": "counterparty", "amount": "amount"}
    return model_inputs.build_inputs(frame, roles_from({**roles, "category": "category"}))


def test_reasons_are_words_of_known_features_one_a_family(gathered: model_inputs.ModelInputs) -> None:
    """At most three, in the language asked for, the strongest first, and the same rows in both languages."""
    rows = np.argsort(-gathered.anomaly)[:40]
    english, french = (reasons(gathered, rows, language) for language in ("en", "fr"))
    of, to_french = {}, {}
    for feature in VOCABULARY:
        text, translated = (Translator(language)(f"feature.{feature.name}") for language in ("en", "fr"))
        of[text], to_french[text] = feature, translated
    assert any(english)
    for row, text, other in zip(rows, english, french, strict=True):
        described = [words for words in text.split("; ") if words]
        assert len(described) <= COUNT
        assert [to_french[words] for words in described] == [words for words in other.split("; ") if words]
        features = [of[words] for words in described]
        assert len({f.family for f in features}) == len(features)
        strength = [gathered.tails[row, VOCABULARY.index(f)] * f.weight for f in features]
        assert strength == sorted(strength, reverse=True)
        assert all(gathered.varying[VOCABULARY.index(f)] for f in features)


def test_the_most_suspicious_row_has_the_most_evidence(gathered: model_inputs.ModelInputs) -> None:
    order = np.argsort(-gathered.anomaly)
    top, bottom = reasons(gathered, order[:20], "en"), reasons(gathered, order[-20:], "en")
    assert all(top)
    assert sum(map(len, top)) > 2 * sum(map(len, bottom))
    assert reasons(gathered, order[:0], "en") == []
