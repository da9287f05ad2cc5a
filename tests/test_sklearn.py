"""`FraudDetector` is an outlier detector of scikit-learn: its signs, its checks, and a pipeline on a frame."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

import vigie
from vigie.engine.decision import review_count
from vigie.errors import InputRefused, UsageRefused
from vigie.sklearn import FraudDetector

EXAMPLE = Path(__file__).parents[1] / "examples" / "mobile_money_fr.csv"


@pytest.fixture(scope="module", autouse=True)
def module_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home for the fixtures of this module, which are made before that of a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIGIE_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("DATABASE_URL", raising=False)
        yield


@pytest.fixture(scope="module")
def payments() -> pl.DataFrame:
    """Rows of the example, with cells as text."""
    return pl.read_csv(EXAMPLE, separator=";", infer_schema=False).head(600)


@pytest.fixture(scope="module")
def fitted(payments: pl.DataFrame) -> FraudDetector:
    return FraudDetector(contamination=0.02).fit(payments)


def test_the_signs_are_those_of_scikit_learn(fitted: FraudDetector, payments: pl.DataFrame) -> None:
    """Lower is more suspicious, 0 is the threshold, -1 is an outlier; scores are those of `vigie.predict`."""
    score = vigie.predict(payments).results["fraud_score"].to_numpy()
    samples, decision, labels = (
        getattr(fitted, name)(payments) for name in ("score_samples", "decision_function", "predict")
    )
    np.testing.assert_array_equal(samples, -score)
    np.testing.assert_array_equal(decision, samples - fitted.offset_)
    np.testing.assert_array_equal(labels, np.where(decision < 0, -1, 1))
    assert (labels == -1).sum() == 12
    assert score[labels == -1].min() > score[labels == 1].max()
    np.testing.assert_array_equal(clone(fitted).fit_predict(payments), labels)


def test_automatic_contamination_takes_the_alerts(payments: pl.DataFrame) -> None:
    """Those of `vigie.predict`, also where nothing is calibrated."""
    alerts = vigie.predict(payments).results["alert"].to_numpy() == 1
    assert 0 < alerts.sum() < 100
    np.testing.assert_array_equal(FraudDetector().fit_predict(payments) == -1, alerts)
    rng = np.random.default_rng(0)
    noise = pl.DataFrame({"a": rng.normal(size=80), "b": rng.normal(size=80)})
    assert vigie.predict(noise).summary["alerts"] == review_count(noise.height) == 1
    assert (FraudDetector().fit_predict(noise) == -1).sum() == 1


@pytest.mark.slow
def test_the_checks_of_scikit_learn_pass() -> None:
    """All that scikit-learn has for an outlier detector, on arrays; it skips what this machine has not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(FraudDetector(), on_fail=None, on_skip=None)
    failed = [(one["check_name"], str(one["exception"])) for one in results if one["status"] == "failed"]
    assert failed == []
    assert sum(one["status"] == "passed" for one in results) > 40


@pytest.mark.parametrize("library", ["polars", "pandas"])
def test_it_works_in_a_pipeline_on_a_frame(payments: pl.DataFrame, library: str) -> None:
    """A step before it may drop columns; the names reach the roles."""
    frame: Any = payments
    if library == "pandas":
        frame = pd.DataFrame(payments.to_dict(as_series=False))
    first = payments.columns[0]
    kept = FunctionTransformer(lambda x: x.drop(columns=[first]) if library == "pandas" else x.drop(first))
    pipeline = make_pipeline(kept, FraudDetector(contamination=0.02))
    labels = pipeline.fit(frame).predict(frame)
    assert (labels == -1).sum() == 12
    assert list(pipeline[-1].feature_names_in_) == payments.columns[1:]
    assert {one["role"] for one in pipeline[-1].scorer_.fitted.summary["roles"]} > {"amount"}


def test_a_fitted_detector_can_be_pickled(fitted: FraudDetector, payments: pl.DataFrame) -> None:
    """Its scorer is stored as `Scorer.to_bytes` stores it."""
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.score_samples(payments), fitted.score_samples(payments))


def test_invalid_parameters_and_tables_are_refused(fitted: FraudDetector, payments: pl.DataFrame) -> None:
    """When fitting; other columns than those of the fitted table too."""
    for share in (0, 0.7, -1):
        with pytest.raises(UsageRefused, match=f"contamination: found {share}"):
            FraudDetector(contamination=share).fit(payments)
    with pytest.raises(UsageRefused, match="expected_fraud_rate"):
        FraudDetector(expected_fraud_rate=2).fit(payments)
    with pytest.raises(InputRefused):
        FraudDetector().fit(payments.head(1))
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(payments.rename({payments.columns[0]: "other"}))
