"""A simulated world cut in two by time: an owner trains on the first half, the second comes without labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.predict.conftest import opener

from vigie import table as tables
from vigie import train
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
    """Both halves of a world, the label of each apart."""

    first: pl.DataFrame
    second: pl.DataFrame
    first_label: np.ndarray
    second_label: np.ndarray
    roles: dict[str, str]

    @property
    def labelled(self) -> pl.DataFrame:
        return self.first.with_columns(pl.Series(LABEL, self.first_label.astype(int)))


def cut(domain: str, seed: int, rows: int) -> Halves:
    """A world, cut by its time."""
    world = generate(domain, seed, rows)
    column = next(name for name, role in world.roles.items() if role == "time")
    order = world.frame[column].arg_sort().to_numpy()
    middle = len(order) // 2
    first, second = np.sort(order[:middle]), np.sort(order[middle:])
    return Halves(
        world.frame[first], world.frame[second], world.label[first], world.label[second], world.roles
    )


@pytest.fixture(scope="session")
def halves() -> Halves:
    """Six thousand online payments, numbered columns among them."""
    return cut("card_not_present", 4, 6000)


@pytest.fixture(scope="session")
def made(halves: Halves) -> train.Trained:
    """The model of the first half."""
    table = tables.from_frame(halves.labelled, "first half")
    return train.train(table, label=LABEL, name="owner", time_budget=1000, trials=4, threads=1)


@dataclass(frozen=True)
class Desk:
    """A catalog with the shipped library and the owner's model."""

    catalog: Catalog
    entry: ModelVersion

    def score(self, frame: pl.DataFrame) -> Prediction:
        options = Options(reasons=False)
        return pipeline.predict(tables.from_frame(frame), ScoringContext(self.catalog, opener, options))


@pytest.fixture(scope="session")
def desk(made: train.Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The owner's model, published and registered."""
    folder: Path = tmp_path_factory.mktemp("trained")
    engine = database.open(f"sqlite:///{folder / 'catalog.sqlite'}")
    catalog = Catalog(engine)
    registry.register(catalog)
    shelf = connect((folder / "models").as_uri())
    entry = train.shelve(catalog, made.bundle, shelf, SignaturePolicy(False, None, folder), page=made.page)
    yield Desk(catalog, entry)
    engine.dispose()


@pytest.fixture(scope="session")
def before(halves: Halves, tmp_path_factory: pytest.TempPathFactory) -> Prediction:
    """The second half scored by the shipped library alone."""
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
