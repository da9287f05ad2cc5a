"""A simulated table split in two by time: the first half is trained on, the second has no labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.predict.conftest import opener

from vigie import table as tables
from vigie import training
from vigie.bundles.verification import SignaturePolicy
from vigie.calibration import metrics
from vigie.catalog import Catalog, ModelVersion
from vigie.db import database
from vigie.engine import pipeline
from vigie.engine.options import Options, ScoringContext
from vigie.engine.output import Prediction
from vigie.simulator import generate
from vigie.starter_models import registry
from vigie.stores.open import connect

LABEL = "is_fraud"


@dataclass(frozen=True)
class Halves:
    """Both halves of a table, and the label of each."""

    first: pl.DataFrame
    second: pl.DataFrame
    first_label: np.ndarray
    second_label: np.ndarray
    roles: dict[str, str]

    @property
    def labelled(self) -> pl.DataFrame:
        return self.first.with_columns(pl.Series(LABEL, self.first_label.astype(int)))


def split_by_time(domain: str, seed: int, rows: int) -> Halves:
    """A simulated table, split by time."""
    table = generate(domain, seed, rows)
    column = next(name for name, role in table.roles.items() if role == "time")
    order = table.frame[column].arg_sort().to_numpy()
    middle = len(order) // 2
    first, second = np.sort(order[:middle]), np.sort(order[middle:])
    return Halves(
        table.frame[first], table.frame[second], table.label[first], table.label[second], table.roles
    )


@pytest.fixture(scope="session")
def halves() -> Halves:
    """Six thousand online payments, numbered columns among them."""
    return split_by_time("card_not_present", 4, 6000)


@pytest.fixture(scope="session")
def made(halves: Halves) -> training.TrainingResult:
    """The model of the first half."""
    table = tables.from_frame(halves.labelled, "first half")
    return training.train(table, label=LABEL, name="owner", time_budget=1000, trials=4, threads=1)


@dataclass(frozen=True)
class TrainedCatalog:
    """A catalog with the starter models and the trained model."""

    catalog: Catalog
    entry: ModelVersion

    def score(self, frame: pl.DataFrame) -> Prediction:
        options = Options(reasons=False)
        return pipeline.predict(tables.from_frame(frame), ScoringContext(self.catalog, opener, options))


@pytest.fixture(scope="session")
def trained(
    made: training.TrainingResult, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TrainedCatalog]:
    """The trained model, published and registered."""
    folder: Path = tmp_path_factory.mktemp("trained")
    engine = database.open(f"sqlite:///{folder / 'catalog.sqlite'}")
    catalog = Catalog(engine)
    registry.register(catalog)
    store = connect((folder / "models").as_uri())
    entry = training.publish(
        catalog, made.bundle, store, SignaturePolicy(False, None, folder), page=made.page
    )
    yield TrainedCatalog(catalog, entry)
    engine.dispose()


@pytest.fixture(scope="session")
def before(halves: Halves, tmp_path_factory: pytest.TempPathFactory) -> Prediction:
    """The second half scored by the starter models alone."""
    engine = database.open(f"sqlite:///{tmp_path_factory.mktemp('before') / 'catalog.sqlite'}")
    catalog = Catalog(engine)
    registry.register(catalog)
    found = pipeline.predict(
        tables.from_frame(halves.second), ScoringContext(catalog, opener, Options(reasons=False))
    )
    engine.dispose()
    return found


def precision(label: np.ndarray, prediction: Prediction) -> float:
    """Average precision of the scores."""
    return metrics.measure(label, prediction.additions["fraud_score"].to_numpy())[1]
