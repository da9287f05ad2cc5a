"""A catalog with the shipped library, and what scores a table with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest

from vigie import table
from vigie.bundles.bundle import Bundle
from vigie.bundles.verification import open_bundle
from vigie.catalog import Catalog, ModelVersion
from vigie.db import database
from vigie.detectors import isolation_forest
from vigie.engine import pipeline
from vigie.engine.options import Options, ScoringContext
from vigie.engine.output import Prediction
from vigie.ensemble import self_training
from vigie.simulator import SimulatedTable, generate
from vigie.starter_models import registry

ADDITIONS = {
    "fraud_score": pl.Float64,
    "fraud_probability": pl.Float64,
    "anomaly_score": pl.Float64,
    "agreement": pl.Float64,
    "risk_level": pl.String,
    "alert": pl.Int8,
    "reasons": pl.String,
}


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """The shipped library, registered in a catalog that only these tests see."""
    engine = database.open(f"sqlite:///{tmp_path_factory.mktemp('predict') / 'catalog.sqlite'}")
    opened = Catalog(engine)
    registry.register(opened)
    yield opened
    engine.dispose()


def opener(entry: ModelVersion) -> Bundle:
    """The bundle of an entry, verified."""
    return open_bundle(entry.store, entry.bundle)


Score = Callable[..., Prediction]


@pytest.fixture(scope="session")
def score(catalog: Catalog) -> Score:
    """`score(frame, **options)`."""

    def run(frame: pl.DataFrame, **options: Any) -> Prediction:
        return pipeline.predict(table.from_frame(frame), ScoringContext(catalog, opener, Options(**options)))

    return run


@pytest.fixture(scope="session")
def simulated() -> SimulatedTable:
    """Two thousand transfers of mobile money."""
    return generate("mobile_money", 2, 2000)


@pytest.fixture(scope="session")
def scored(score: Score, simulated: SimulatedTable) -> Prediction:
    """Its predictions."""
    return score(simulated.frame)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small forests and short training, for tests that do not measure detection."""
    monkeypatch.setattr(isolation_forest, "TREES", 8)
    monkeypatch.setattr(self_training, "ROUNDS", 4)
    monkeypatch.setattr(self_training, "MIN_ROWS", 200)


def check(found: Prediction, frame: pl.DataFrame) -> None:
    """What holds for every prediction of every table."""
    additions = found.additions
    assert dict(additions.schema) == ADDITIONS
    assert additions.columns == list(ADDITIONS)
    assert additions.height == frame.height
    assert found.table.frame.height == frame.height
    for name in ("fraud_score", "anomaly_score"):
        values = additions[name]
        assert values.null_count() == 0
        assert values.is_between(0, 1).all()
    for name in ("fraud_probability", "agreement"):
        assert additions[name].is_nan().sum() == 0, "unknown is null, never NaN"
        assert additions[name].drop_nulls().is_between(0, 1).all()
    assert additions["risk_level"].is_in(["HIGH", "MEDIUM", "LOW"]).all()
    assert additions["alert"].is_in([0, 1]).all()
    assert additions["reasons"].null_count() == 0
    summary = found.summary
    assert (summary["rows"], summary["columns"]) == frame.shape
    assert summary["alerts"] == additions["alert"].sum()
    assert sum(summary["risk_levels"].values()) == frame.height
    assert (summary["abstained_because"] is None) == (summary["abstained_because_fr"] is None)
    unknown = additions["fraud_probability"].null_count()
    assert unknown == (0 if summary["calibrated"] else frame.height)
