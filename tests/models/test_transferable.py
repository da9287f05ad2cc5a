"""Transferable models: what they learn, what they are kept from learning, and storage."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from vigie.features import BY_NAME
from vigie.models import transferable
from vigie.models.load import load_model
from vigie.models.model_inputs import INPUTS
from vigie.models.transferable import TransferableModel

Tables = tuple[list[npt.NDArray[np.float32]], list[npt.NDArray[np.bool_]]]
KNOWN = (
    "rank_amount",
    "rank_amount_habit",
    "rank_account_age",
    "rank_category_pair",
    "detector_tails_energy",
)


@pytest.fixture(scope="module")
def tables() -> Tables:
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
def model(tables: Tables) -> TransferableModel:
    """Fitted on the first three."""
    inputs, labels = tables
    return transferable.fit(inputs[:3], labels[:3], seed=0, trees=40, threads=1)


def test_it_learns_what_fraud_is(model: TransferableModel, tables: Tables) -> None:
    inputs, labels = tables
    margin = model.margin_of(inputs[3])
    assert margin.shape == (400,)
    assert np.median(margin[labels[3]]) > np.quantile(margin[~labels[3]], 0.95)


def test_a_stored_model_is_the_same(model: TransferableModel, tables: Tables) -> None:
    again = load_model(model.to_bytes(), model.recipe())
    assert isinstance(again, TransferableModel)
    np.testing.assert_array_equal(again.margin_of(tables[0][0]), model.margin_of(tables[0][0]))
    assert again.recipe() == model.recipe()


def test_the_same_tables_give_the_same_bytes(model: TransferableModel, tables: Tables) -> None:
    inputs, labels = tables
    again = transferable.fit(inputs[:3], labels[:3], seed=0, trees=40, threads=2)
    assert again.to_bytes() == model.to_bytes()
    other = transferable.fit(inputs[:3], labels[:3], seed=1, trees=40, threads=1)
    assert other.to_bytes() != model.to_bytes()


def test_a_known_direction_is_kept(tables: Tables) -> None:
    """Even where the tables say the opposite: an older account is never riskier."""
    inputs, labels = tables
    young = INPUTS.index("rank_account_age")
    turned = [x.copy() for x in inputs]
    for x in turned:
        x[:, young] = 1 - x[:, young]
    fitted = transferable.fit(turned, labels, seed=0, trees=40, threads=1)
    probe = np.full((50, len(INPUTS)), np.nan, dtype=np.float32)
    probe[:, INPUTS.index("rank_amount")] = 0.9
    probe[:, young] = np.linspace(0, 1, 50)
    assert (np.diff(fitted.margin_of(probe)) <= 1e-6).all()


def test_directions_are_those_of_the_vocabulary() -> None:
    assert transferable.monotone("rank_account_age") == BY_NAME["account_age"].direction == -1
    assert transferable.monotone("rank_amount") == 1
    assert transferable.monotone("rank_age") == 0
    assert transferable.monotone("rank_amount_round") == 0, "a weak direction is not constrained"
    assert transferable.monotone("detector_tails_energy") == 1
    assert transferable.monotone("table_rows") == 0


def test_every_table_counts_the_same() -> None:
    for n, frauds in ((1000, 50), (100, 5), (5000, 500)):
        label = np.arange(n) < frauds
        weights = transferable.table_weights(label)
        assert weights.sum() == pytest.approx(100)
        assert weights[label].sum() == pytest.approx(20)
    assert transferable.table_weights(np.arange(100) < 2).sum() < 100, "two frauds weigh less than a fifth"
    assert np.isfinite(transferable.table_weights(np.zeros(10, dtype=bool))).all()


def test_a_model_may_see_some_inputs_only(tables: Tables) -> None:
    inputs, labels = tables
    some = ("rank_amount", "rank_account_age")
    fitted = transferable.fit(inputs[:3], labels[:3], seed=0, trees=10, inputs=some, threads=1)
    assert fitted.inputs == some
    blinded = inputs[3].copy()
    blinded[:, INPUTS.index("rank_category_pair")] = np.nan
    np.testing.assert_array_equal(fitted.margin_of(blinded), fitted.margin_of(inputs[3]))
