"""A simulated world cut in two by time: an owner trains on the first half, the second comes without labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.predict.conftest import opener

from vigie import database, predict
from vigie import table as tables
from vigie import train as story
from vigie.artifacts import store
from vigie.artifacts.opening import Gate
from vigie.catalog import Catalog, Entry
from vigie.library import starter
from vigie.predict import Prediction
from vigie.scoring import evaluate
from vigie.worlds import generate

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
def made(halves: Halves) -> story.Trained:
    """The model of the first half."""
    table = tables.from_frame(halves.labelled, "first half")
    return story.train(table, label=LABEL, name="owner", time_budget=1000, trials=4, threads=1)


@dataclass(frozen=True)
class Desk:
    """A catalog with the shipped library and the owner's model."""

    catalog: Catalog
    entry: Entry

    def score(self, frame: pl.DataFrame) -> Prediction:
        options = predict.Options(reasons=False)
        return predict.predict(tables.from_frame(frame), self.catalog, opener, options)


@pytest.fixture(scope="session")
def desk(made: story.Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The owner's model, published and registered."""
    folder: Path = tmp_path_factory.mktemp("trained")
    engine = database.open(f"sqlite:///{folder / 'catalog.sqlite'}")
    catalog = Catalog(engine)
    starter.register(catalog)
    shelf = store.connect((folder / "models").as_uri())
    entry = story.shelve(catalog, made.bundle, shelf, Gate(False, None, folder), page=made.page)
    yield Desk(catalog, entry)
    engine.dispose()


@pytest.fixture(scope="session")
def before(halves: Halves, tmp_path_factory: pytest.TempPathFactory) -> Prediction:
    """The second half scored by the shipped library alone."""
    engine = database.open(f"sqlite:///{tmp_path_factory.mktemp('before') / 'catalog.sqlite'}")
    catalog = Catalog(engine)
    starter.register(catalog)
    found = predict.predict(tables.from_frame(halves.second), catalog, opener, predict.Options(reasons=False))
    engine.dispose()
    return found


def precision(label: np.ndarray, prediction: Prediction) -> float:
    """Average precision of the scores."""
    return evaluate.measure(label, prediction.additions["fraud_score"].to_numpy())[1]
