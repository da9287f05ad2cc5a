"""Three models of one owner on a fourth table: thirds of a simulated table under other names, and its later rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.predict.conftest import opener
from tests.training.conftest import LABEL, split_by_time

from vigie import simulator, training
from vigie import table as tables
from vigie.bundles.verification import SignaturePolicy
from vigie.calibration import metrics
from vigie.catalog import Catalog, ModelVersion
from vigie.db import database
from vigie.engine import pipeline, scorer_io
from vigie.engine.members import UNRECOGNISED_TRUST
from vigie.engine.options import Options, ScoringContext
from vigie.engine.output import Prediction
from vigie.engine.scorer import Scorer
from vigie.starter_models import registry
from vigie.stores.open import connect
from vigie.table import Table

PREFIXES = ("", "old_", "x_")


@dataclass(frozen=True)
class Siblings:
    """The models of three tables, the starter models, and a fourth table with its hidden label."""

    folder: Path
    entries: tuple[ModelVersion, ...]
    frame: pl.DataFrame
    label: np.ndarray

    def fit(self, table: Table, *entries: ModelVersion) -> tuple[Scorer, Prediction]:
        """Fit a scorer with the starter models and some of the others."""
        engine = database.open(f"sqlite:///{self.folder}/{len(entries)}-{entries[0].name}.sqlite")
        try:
            catalog = Catalog(engine)
            registry.register(catalog)
            catalog.register_all(entries)
            return pipeline.fit(table, ScoringContext(catalog, opener, Options(reasons=False)))
        finally:
            engine.dispose()


@pytest.fixture(scope="module")
def siblings(tmp_path_factory: pytest.TempPathFactory) -> Siblings:
    folder = tmp_path_factory.mktemp("siblings")
    halves = split_by_time("card_not_present", 336, 2400)
    engine = database.open(f"sqlite:///{folder}/training.sqlite")
    catalog = Catalog(engine)
    fraud, part = halves.first_label, np.arange(halves.first.height) % 3
    entries = []
    for number, prefix in enumerate(PREFIXES):
        rows = np.flatnonzero(part == number)
        frame = halves.first[rows].rename({name: prefix + name for name in halves.first.columns})
        made = training.train(
            tables.from_frame(frame.with_columns(pl.Series(LABEL, fraud[rows].astype(int))), f"part {number}"),
            label=LABEL, name=f"sibling{number}", time_budget=1000, trials=2, threads=1,
        )  # fmt: skip
        store, policy = connect((folder / "models").as_uri()), SignaturePolicy(False, None, folder)
        entries.append(training.publish(catalog, made.bundle, store, policy, page=made.page))
    engine.dispose()
    return Siblings(folder, tuple(entries), halves.second, halves.second_label)


def test_siblings_share_the_vote_and_rank_better_than_the_best_of_them(siblings: Siblings) -> None:
    """Nine tenths of the vote are theirs, none has nearly all of it, and a stored scorer repeats their scores."""
    table = tables.from_frame(siblings.frame)
    scorer, together = siblings.fit(table, *siblings.entries)
    weights = {match["name"]: match["weight"] for match in together.summary["matches"]}
    assert set(weights) == {entry.name for entry in siblings.entries}
    assert sum(weights.values()) >= 0.9
    assert max(weights.values()) < 0.6
    alone = [siblings.fit(table, entry)[1] for entry in siblings.entries]
    reached = [metrics.measure(siblings.label, one.additions["fraud_score"].to_numpy())[1] for one in alone]
    assert metrics.measure(siblings.label, together.additions["fraud_score"].to_numpy())[1] > max(reached)
    again = Scorer.from_bytes(scorer.to_bytes())
    assert again.score(table.typed).equals(together.additions, null_equal=True)


def test_on_a_table_of_another_kind_a_sibling_has_a_fifth_of_the_vote_at_most(siblings: Siblings) -> None:
    """The starter models keep the rest, and the scale of the probabilities; a stored scorer repeats the scores."""
    other = simulator.generate("card_present", 7, 1500).frame
    scorer, found = siblings.fit(tables.from_frame(other), *siblings.entries)
    weights = {match["name"]: match["weight"] for match in found.summary["matches"]}
    own = [name for name in weights if name.startswith("sibling")]
    assert (len(weights), len(own)) == (3, 1)
    assert UNRECOGNISED_TRUST[0] <= weights[own[0]] <= UNRECOGNISED_TRUST[1]
    assert [member.trust for member in scorer.members if member.name == own[0]] == pytest.approx(
        [weights[own[0]]], abs=1e-4
    )
    assert Scorer.from_bytes(scorer.to_bytes()).score(other).equals(found.additions, null_equal=True)


def test_a_scorer_stored_before_siblings_shared_the_vote_has_one_leader(siblings: Siblings) -> None:
    """Then only the most trusted model counted, and its file says nothing of average precision."""
    scorer, _ = siblings.fit(tables.from_frame(siblings.frame), *siblings.entries)
    arrays = scorer_io._arrays(scorer.to_bytes())
    head = json.loads(arrays["head"].tobytes())
    for number, member in enumerate(head["members"]):
        del member["precision"]
        member["trust"] = 0.5 + number / 10
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
    again = Scorer.from_bytes(scorer_io._archive(arrays))
    assert [member.trust for member in again.members] == [0, 0, 0.7]
