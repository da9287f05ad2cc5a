"""Reference models: what they are taught, what they may never learn, and the way through bytes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from vigie.features import BY_NAME
from vigie.models import reference
from vigie.models.model_inputs import INPUTS
from vigie.models.reference import ImportedModel, ReferenceModel

Lessons = tuple[list[npt.NDArray[np.float32]], list[npt.NDArray[np.bool_]]]
KNOWN = (
    "rank_amount",
    "rank_amount_habit",
    "rank_account_age",
    "rank_category_pair",
    "detector_tails_energy",
)


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    """Four tables in which large amounts by young accounts are fraud, and the rest is noise."""
    inputs, labels = [], []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x = np.full((400, len(INPUTS)), np.nan, dtype=np.float32)
        for name in KNOWN:
            x[:, INPUTS.index(name)] = rng.random(400)
        risk = x[:, INPUTS.index("rank_amount")] - x[:, INPUTS.index("rank_account_age")]
        inputs.append(x)
        labels.append(risk > np.quantile(risk, 0.95))
    return inputs, labels


@pytest.fixture(scope="module")
def model(lessons: Lessons) -> ReferenceModel:
    """Fitted on the first three."""
    inputs, labels = lessons
    return reference.fit(inputs[:3], labels[:3], seed=0, trees=40, threads=1)


def test_it_learns_what_fraud_is(model: ReferenceModel, lessons: Lessons) -> None:
    inputs, labels = lessons
    margin = model.margin(inputs[3])
    assert margin.shape == (400,)
    assert np.median(margin[labels[3]]) > np.quantile(margin[~labels[3]], 0.95)


def test_the_way_through_bytes(model: ReferenceModel, lessons: Lessons) -> None:
    again = reference.from_parts(model.to_bytes(), model.recipe())
    assert isinstance(again, ReferenceModel)
    np.testing.assert_array_equal(again.margin(lessons[0][0]), model.margin(lessons[0][0]))
    assert again.recipe() == model.recipe()


def test_the_same_lessons_give_the_same_bytes(model: ReferenceModel, lessons: Lessons) -> None:
    inputs, labels = lessons
    again = reference.fit(inputs[:3], labels[:3], seed=0, trees=40, threads=2)
    assert again.to_bytes() == model.to_bytes()
    other = reference.fit(inputs[:3], labels[:3], seed=1, trees=40, threads=1)
    assert other.to_bytes() != model.to_bytes()


def test_a_known_direction_is_never_turned(lessons: Lessons) -> None:
    """Even where the lessons say the opposite: old accounts are never riskier for it."""
    inputs, labels = lessons
    young = INPUTS.index("rank_account_age")
    turned = [x.copy() for x in inputs]
    for x in turned:
        x[:, young] = 1 - x[:, young]
    fitted = reference.fit(turned, labels, seed=0, trees=40, threads=1)
    probe = np.full((50, len(INPUTS)), np.nan, dtype=np.float32)
    probe[:, INPUTS.index("rank_amount")] = 0.9
    probe[:, young] = np.linspace(0, 1, 50)
    assert (np.diff(fitted.margin(probe)) <= 1e-6).all()


def test_directions_are_those_of_the_vocabulary() -> None:
    assert reference.monotone("rank_account_age") == BY_NAME["account_age"].direction == -1
    assert reference.monotone("rank_amount") == 1
    assert reference.monotone("rank_age") == 0
    assert reference.monotone("rank_amount_round") == 0, "a weak direction is left to the trees"
    assert reference.monotone("detector_tails_energy") == 1
    assert reference.monotone("table_rows") == 0


def test_every_table_counts_the_same() -> None:
    for n, frauds in ((1000, 50), (100, 5), (5000, 500)):
        label = np.arange(n) < frauds
        weights = reference.table_weights(label)
        assert weights.sum() == pytest.approx(100)
        assert weights[label].sum() == pytest.approx(20)
    assert reference.table_weights(np.arange(100) < 2).sum() < 100, "two frauds are not worth twenty"
    assert np.isfinite(reference.table_weights(np.zeros(10, dtype=bool))).all()


def test_a_model_may_see_some_inputs_only(lessons: Lessons) -> None:
    inputs, labels = lessons
    some = ("rank_amount", "rank_account_age")
    fitted = reference.fit(inputs[:3], labels[:3], seed=0, trees=10, inputs=some, threads=1)
    assert fitted.inputs == some
    blinded = inputs[3].copy()
    blinded[:, INPUTS.index("rank_category_pair")] = np.nan
    np.testing.assert_array_equal(fitted.margin(blinded), fitted.margin(inputs[3]))


def test_contributions_add_up_to_the_margin(model: ReferenceModel, lessons: Lessons) -> None:
    x = lessons[0][0][:20]
    parts = model.contributions(x)
    assert parts.shape == (20, len(INPUTS))
    rest = model.margin(x) - parts.sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=1e-3)


def test_a_model_made_elsewhere_reads_the_columns_it_is_bound_to(lessons: Lessons) -> None:
    """Too few of its columns and it says nothing."""
    x = np.random.default_rng(0).random((300, 2)).astype(np.float32)
    import xgboost

    trees = xgboost.train({"nthread": 1}, xgboost.DMatrix(x, x[:, 0] > 0.9), 5)
    recipe = {
        "format": 1,
        "kind": "native",
        "columns": ["Amount", "Age"],
        "names": ["Amount", "Age"],
        "steps": [{"op": "select", "keep": [0, 1]}],
    }
    model = reference.from_parts(bytes(trees.save_raw("ubj")), recipe)
    assert isinstance(model, ImportedModel)
    table = pl.DataFrame({"age": x[:, 1], "AMOUNT": x[:, 0], "other": x[:, 0]})
    bound = {"Amount": "AMOUNT", "Age": "age"}
    margin = model.margin_of(table, bound)
    np.testing.assert_allclose(margin, trees.inplace_predict(x, predict_type="margin"), rtol=1e-5)
    assert (model.margin_of(table, {"Age": "age"}) == 0).all()
