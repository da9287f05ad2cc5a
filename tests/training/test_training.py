"""A model trained on one half of a table scores the other half, under other names and without labels."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.predict.conftest import opener
from tests.predict.renamings import renamed
from tests.training.conftest import LABEL, Halves, TrainedCatalog, precision

import vigie
from vigie import table as tables
from vigie import training
from vigie.boosting.xgboost_predict import margins
from vigie.bundles.verification import SignaturePolicy
from vigie.calibration import metrics
from vigie.engine import pipeline
from vigie.engine.backends.disk import DiskBackend
from vigie.engine.backends.spill import spill_table
from vigie.engine.options import Options, ScoringContext, Sizes
from vigie.engine.output import Prediction
from vigie.engine.scorer import Scorer
from vigie.errors import InputRefused, UnsignedBundle
from vigie.models.load import load_model
from vigie.models.trained.model import TrainedModel
from vigie.stores.open import connect
from vigie.training import boosters
from vigie.training.boosters import TrainingSet


@pytest.fixture(scope="module")
def same(trained: TrainedCatalog, halves: Halves) -> Prediction:
    """The second half under its own names."""
    return trained.score(halves.second)


def test_the_owners_model_leads(same: Prediction) -> None:
    """The table-specific model has nearly the whole weight, and its calibrator gives the probabilities."""
    first, *others = same.summary["matches"]
    assert first["name"] == "owner"
    assert first["weight"] > 0.9
    assert sum(match["weight"] for match in others) == pytest.approx(1 - first["weight"], abs=1e-3)
    assert same.summary["calibrated"]


def test_it_beats_the_starter_models(before: Prediction, same: Prediction, halves: Halves) -> None:
    """The starter models alone rank worse."""
    assert precision(halves.second_label, same) > precision(halves.second_label, before) + 0.05


def test_it_is_as_good_as_plain_trees_on_raw_columns(same: Prediction, halves: Halves) -> None:
    """At least 95 % of XGBoost on the raw columns."""
    codes = {}
    for half, frame in (("first", halves.first), ("second", halves.second)):
        columns = [
            s.to_physical() if s.dtype.is_temporal() or s.dtype.is_numeric() else s.rank("dense")
            for s in frame
        ]
        codes[half] = np.stack(
            [c.cast(pl.Float64).fill_null(float("nan")).to_numpy() for c in columns], axis=1
        )
    training_set = TrainingSet(
        codes["first"].astype(np.float32), halves.first_label, np.ones(len(halves.first))
    )
    plain = boosters.fit_booster(training_set, boosters.DEFAULT_PARAMETERS, 150, seed=0, threads=1)
    reached = metrics.measure(halves.second_label, margins(plain, codes["second"].astype(np.float32)))[1]
    assert precision(halves.second_label, same) >= 0.95 * reached


@pytest.mark.parametrize("variant", ["french", "abbreviated", "camelCase", "nameless"])
def test_other_names_change_little(
    trained: TrainedCatalog, halves: Halves, same: Prediction, variant: str
) -> None:
    """At least 95 % of the average precision under other names, in another order."""
    if variant == "nameless":
        names = {name: f"champ_{i}" for i, name in enumerate(sorted(halves.second.columns))}
    else:
        names = renamed(halves.second, halves.roles, variant)
    other = halves.second.rename(names)
    found = trained.score(other.select(sorted(other.columns)))
    assert precision(halves.second_label, found) >= 0.95 * precision(halves.second_label, same)


def test_a_fifth_of_the_columns_may_be_missing(
    trained: TrainedCatalog, halves: Halves, same: Prediction
) -> None:
    """At least 85 % of the average precision, on average over what is missing."""
    width = halves.second.width
    reached = []
    for draw in range(3):
        gone = np.random.default_rng(draw).choice(width, max(1, round(0.2 * width)), replace=False)
        kept = [name for i, name in enumerate(halves.second.columns) if i not in gone]
        reached.append(precision(halves.second_label, trained.score(halves.second.select(kept))))
    assert np.mean(reached) >= 0.85 * precision(halves.second_label, same)


def test_new_columns_change_little(trained: TrainedCatalog, halves: Halves, same: Prediction) -> None:
    """Columns that were not there in training are not taken for others."""
    rng = np.random.default_rng(3)
    more = halves.second.with_columns(
        pl.Series("agent_region", rng.choice(["n", "s", "e", "w"], halves.second.height)),
        pl.Series("solde_agent", rng.lognormal(6, 1, halves.second.height).round(2)),
    )
    assert precision(halves.second_label, trained.score(more)) >= 0.95 * precision(halves.second_label, same)


def test_probabilities_follow_scores(same: Prediction) -> None:
    """A row with a higher score never has a lower probability."""
    added = same.additions.sort("fraud_score")
    assert (added["fraud_probability"].diff().drop_nulls() >= -1e-12).all()


def test_the_share_of_frauds_is_estimated(same: Prediction, halves: Halves) -> None:
    """The true share lies in the interval that the model's own calibrator gives."""
    share = same.summary["prevalence"]
    assert share["low"] <= halves.second_label.mean() <= share["high"]


def test_it_does_not_lead_on_other_tables(trained: TrainedCatalog, halves: Halves) -> None:
    """On a table of another kind the table-specific model has no weight, and the transferable one votes among others."""
    from vigie.simulator import generate

    other = generate("insurance", 1, 800)
    found = trained.score(other.frame)
    mine = [match["weight"] for match in found.summary["matches"] if match["name"] == "owner"]
    assert all(weight < 0.6 for weight in mine)


def test_the_bundle_survives_a_round_trip(
    made: training.TrainingResult, trained: TrainedCatalog, halves: Halves
) -> None:
    """The same trees see the same inputs in the same order after a round trip through sorted JSON."""
    recipe = json.loads(json.dumps(made.bundle.features, sort_keys=True))
    there = load_model(made.bundle.booster, recipe)
    here = load_model(made.bundle.booster, made.bundle.features)
    assert isinstance(there, TrainedModel)
    assert isinstance(here, TrainedModel)
    assert there.table_model.encoder.inputs == here.table_model.encoder.inputs
    assert there.recipe() == here.recipe() == made.bundle.features
    assert there.to_bytes() == made.bundle.booster


def test_a_model_of_the_first_format_is_still_read(made: training.TrainingResult) -> None:
    """It had one booster that used all inputs."""
    kept = load_model(made.bundle.booster, made.bundle.features)
    assert isinstance(kept, TrainedModel)
    table_model = kept.table_model
    only = next(one for one in table_model.models if one.inputs == len(table_model.encoder.inputs))
    trees_of = [kept.transferable.to_bytes(), bytes(only.booster.save_raw("ubj"))]
    recipe = json.loads(json.dumps(kept.recipe()))
    recipe |= {"format": 1, "bytes": list(map(len, trees_of))}
    del recipe["own"]["voices"]
    before = load_model(b"".join(trees_of), recipe)
    assert isinstance(before, TrainedModel)
    inputs = np.random.default_rng(0).normal(size=(50, only.inputs)).astype(np.float32)
    np.testing.assert_array_equal(before.table_model.margin(inputs), margins(only.booster, inputs))


def test_a_model_of_a_later_format_is_refused(made: training.TrainingResult) -> None:
    """Its trees might mean something else."""
    recipe = {**made.bundle.features, "format": 3}
    with pytest.raises(InputRefused, match="format 3") as refused:
        load_model(made.bundle.booster, recipe)
    assert "upgrade" in refused.value.hint


def test_the_same_seed_gives_the_same_bytes(made: training.TrainingResult, halves: Halves) -> None:
    """Nothing depends on the clock while the number of trials is the same."""
    table = tables.from_frame(halves.labelled, "first half")
    again = training.train(table, label=LABEL, name="owner", time_budget=1000, trials=4, threads=1)
    assert again.bundle.version == made.bundle.version
    assert again.bundle.booster == made.bundle.booster
    assert again.bundle.features == made.bundle.features


def test_no_value_of_the_table_is_kept(made: training.TrainingResult, halves: Halves) -> None:
    """No text of a cell, and of entities no hash either."""
    whole = json.dumps(
        [made.bundle.features, made.bundle.profile, made.bundle.calibration, made.bundle.performance]
    )
    for name in halves.first.columns:
        if halves.first[name].dtype == pl.String:
            texts = {text for text in halves.first[name].drop_nulls().unique() if len(text) >= 8}
            assert not [text for text in texts if f'"{text}"' in whole]
    private = [
        item
        for item in made.bundle.profile["own"]["columns"]
        if item["role"] in {"customer", "account", "phone"}
    ]
    assert private
    assert all(item["shares"] == {} for item in private)


def test_performance_is_measured_on_rows_held_out(made: training.TrainingResult) -> None:
    """Both models have figures, by time slice too, and the rows held out are the last ones."""
    performance = made.bundle.performance
    assert performance["held_out"]["by"] == "time"
    assert performance["own"]["rows"] == performance["transferable"]["rows"] == 600
    assert performance["own"]["average_precision"] > performance["own"]["frauds"] / performance["own"]["rows"]
    assert performance["own"]["calibration_error"] is not None
    assert performance["own"]["time_slices"]


def test_publishing_twice_changes_nothing(
    trained: TrainedCatalog, made: training.TrainingResult, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same model is the same entry."""
    store = connect((tmp_path_factory.getbasetemp() / "again").as_uri())
    for _ in range(2):
        entry = training.publish(
            trained.catalog,
            made.bundle,
            store,
            SignaturePolicy(False, None, tmp_path_factory.getbasetemp()),
            page=made.page,
        )
    assert entry.id == trained.entry.id


def test_an_unsigned_model_is_refused_where_signatures_are_required(
    trained: TrainedCatalog, made: training.TrainingResult, tmp_path: object
) -> None:
    """It could never be opened."""
    from pathlib import Path

    folder = Path(str(tmp_path))
    with pytest.raises(UnsignedBundle):
        training.publish(
            trained.catalog,
            made.bundle,
            connect(folder.as_uri()),
            SignaturePolicy(True, None, folder),
            page=made.page,
        )


def test_the_card_has_the_figures(made: training.TrainingResult) -> None:
    """Figures of both models, and curves in the page; both without a script."""
    assert f"{made.bundle.performance['own']['roc_auc']:.3f}" in made.card
    assert "What the bundle holds of the table" in made.card
    assert len(re.findall("<svg", made.page)) == 2
    assert "<script" not in made.page


def test_a_standing_plan_keeps_the_leader(trained: TrainedCatalog, halves: Halves) -> None:
    """Asked about the table it was made from, the stored plan gives the scores and probabilities of the prediction."""
    from vigie.engine import pipeline

    table = tables.from_frame(halves.second.head(1500))
    plan, scored = pipeline.fit(table, ScoringContext(trained.catalog, opener, Options(reasons=False)))
    again = Scorer.from_bytes(plan.to_bytes()).score(table.typed)
    for name in ("fraud_score", "fraud_probability"):
        assert np.allclose(again[name].to_numpy(), scored.additions[name].to_numpy(), atol=1e-9)


def test_a_table_out_of_core_keeps_the_leader(
    trained: TrainedCatalog, halves: Halves, same: Prediction, tmp_path: Path
) -> None:
    """A table on disk is scored by the model trained on it as one in memory is, entities' shares included."""
    sizes = Sizes(sample=20_000, partition=900, thread=700)
    rows = spill_table(tables.from_frame(halves.second), tmp_path / "typed", 700)
    context = ScoringContext(trained.catalog, opener, Options(reasons=False), sizes=sizes)
    found = pipeline.predict_out_of_core(DiskBackend(rows, tmp_path, sizes), context)
    score = pl.concat(list(found.rows.chunks(("fraud_score",))))["fraud_score"]
    np.testing.assert_allclose(score.to_numpy(), same.additions["fraud_score"].to_numpy(), atol=1e-9)


def test_training_from_python_registers_the_model(halves: Halves, tmp_path: Path) -> None:
    """With the label found by its name; the model leads on the other half, and its card can be shown and saved."""
    with vigie.open_catalog() as catalog:
        made = vigie.train(halves.labelled, name="mine", trials=2, time_budget=1000, catalog=catalog)
        assert made.entry == catalog.find("mine")
        found = vigie.predict(halves.second, catalog=catalog, reasons=False)
    assert found.summary["matches"][0]["name"] == "mine"
    assert made.summary["performance"]["own"]["roc_auc"] > 0.7
    assert made._repr_markdown_() == made.card
    made.save_card(tmp_path / "card.html")
    made.save_card(tmp_path / "card.md")
    assert (tmp_path / "card.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "card.md").read_text() == made.card
