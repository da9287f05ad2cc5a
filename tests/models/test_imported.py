"""Imported models: bound to the columns of a table by name and role; kinds of model are loaded by their recipe."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
import xgboost

from vigie.errors import InputRefused
from vigie.models.imported import ImportedModel
from vigie.models.imported_cells import read_categories, read_numbers
from vigie.models.imported_columns import ImportedColumn, describe_columns, trace_columns
from vigie.models.imported_matching import cut_similarity
from vigie.models.load import load_model
from vigie.models.model_inputs import build_inputs
from vigie.roles import inference


def test_an_imported_model_reads_the_columns_it_is_bound_to() -> None:
    """With too few of its columns all margins are 0."""
    x = np.random.default_rng(0).random((300, 2)).astype(np.float32)
    trees = xgboost.train({"nthread": 1}, xgboost.DMatrix(x, x[:, 0] > 0.9), 5)
    recipe = {
        "format": 1,
        "kind": "native",
        "columns": ["Amount", "Age"],
        "names": ["Amount", "Age"],
        "steps": [{"op": "select", "keep": [0, 1]}],
    }
    model = load_model(bytes(trees.save_raw("ubj")), recipe)
    assert isinstance(model, ImportedModel)
    table = pl.DataFrame({"age": x[:, 1], "AMOUNT": x[:, 0], "other": x[:, 0]})
    bound = {"Amount": "AMOUNT", "Age": "age"}
    margin = model.margin_of(table, bound)
    np.testing.assert_allclose(margin, trees.inplace_predict(x, predict_type="margin"), rtol=1e-5)
    assert (model.margin_of(table, {"Age": "age"}) == 0).all()


def test_a_model_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InputRefused, match="kind 'oracle'") as refused:
        load_model(b"", {"format": 1, "kind": "oracle"})
    assert "upgrade" in refused.value.hint


def _model(table: pl.DataFrame, skill: float | None = 0.9) -> tuple[ImportedModel, xgboost.Booster]:
    """Return a model of an amount, an hour and a category, as an import makes it, and its trees."""
    kinds = ["CASH_OUT", "PAYMENT", "TRANSFER"]
    codes = table["type"].replace_strict(dict(zip(kinds, range(3), strict=True)), return_dtype=pl.Float64)
    matrix = np.column_stack([table["amount"].to_numpy(), table["hour"].to_numpy(), codes.to_numpy()])
    label = (matrix[:, 0] > 60) & (matrix[:, 1] < 8) | (matrix[:, 2] == 2)
    booster = xgboost.train(
        {"nthread": 1, "objective": "binary:logistic"}, xgboost.DMatrix(matrix, label), num_boost_round=15
    )
    encoding = {"categories": kinds, "codes": [0, 1, 2], "unknown": -1}
    split = {
        "op": "split",
        "parts": [
            {"take": [0, 1], "steps": []},
            {"take": [2], "steps": [{"op": "ordinal", "columns": [encoding]}]},
        ],
    }
    names = ["amount", "hour", "type"]
    recipe: dict[str, Any] = {
        "format": 1,
        "kind": "native",
        "columns": names,
        "names": names,
        "steps": [split],
    }
    roles = {"amount": "amount", "hour": "hour", "type": "category"}
    own = describe_columns(names, roles, trace_columns(recipe, booster), {})
    model = ImportedModel.from_parts(
        bytes(booster.save_raw("ubj")), recipe | {"own": own | {"roc_auc": skill}}
    )
    return model, booster


def _table(seed: int, rows: int = 1500) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "amount": rng.lognormal(3, 1, rows).round(2),
            "hour": rng.integers(0, 24, rows),
            "type": rng.choice(["CASH_OUT", "PAYMENT", "TRANSFER"], rows),
        }
    )


NAMES = {
    "the same": ["amount", "hour", "type"],
    "French": ["Montant (FCFA)", "Heure", "Type d'opération"],
    "abbreviated": ["amt", "hr", "typ"],
    "without meaning": ["champ_1", "champ_2", "champ_3"],
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_a_model_leads_on_the_next_file_of_its_owner(names: list[str]) -> None:
    """Under other names and in another order it finds all its columns, and its vote is that of its trees."""
    model, booster = _model(_table(1))
    following = _table(2)
    renamed = following.rename(dict(zip(following.columns, names, strict=True))).select(names[::-1])
    renamed = renamed.with_columns(
        comment=pl.Series(["x"] * renamed.height), serial=np.arange(renamed.height)
    )
    roles = inference.infer(renamed, {})
    inputs = build_inputs(renamed, roles)
    vote = model.vote(renamed, roles, inputs, {})
    assert vote.bound == dict(zip(following.columns, names, strict=True))
    assert vote.trust > 0.9
    codes = following["type"].replace_strict(
        {"CASH_OUT": 0, "PAYMENT": 1, "TRANSFER": 2}, return_dtype=pl.Float64
    )
    matrix = np.column_stack([following["amount"], following["hour"], codes])[inputs.order]
    expected = booster.predict(xgboost.DMatrix(matrix), output_margin=True)
    np.testing.assert_allclose(vote.margin, expected, rtol=1e-6, atol=1e-6)


def test_a_model_does_not_lead_on_another_table() -> None:
    """Neither where the values are others under the same names, nor where its owner states that it is no good."""
    model, _ = _model(_table(1))
    other = pl.DataFrame(
        {
            "amount": np.random.default_rng(0).normal(1e6, 1e5, 800),
            "hour": np.random.default_rng(1).integers(100, 2300, 800),
            "type": np.random.default_rng(2).choice(["visa", "amex"], 800),
        }
    )
    roles = inference.infer(other, {})
    assert model.vote(other, roles, build_inputs(other, roles), {}).trust < 0.5
    same = _table(2)
    roles = inference.infer(same, {})
    inputs = build_inputs(same, roles)
    weak, _ = _model(_table(1), skill=0.5)
    assert weak.vote(same, roles, inputs, {}).trust == 0
    unstated, _ = _model(_table(1), skill=None)
    assert unstated.vote(same, roles, inputs, {}).trust > 0.9


def test_cells_are_read_as_the_model_read_them() -> None:
    """Vigie reads yes as true, 01 as 1 and a date as a moment; the model knows the texts."""
    flags = pl.Series("x", [True, False, None])
    assert read_categories(flags, ["No", "Yes"]).tolist() == ["Yes", "No", None]
    assert read_categories(flags, [0, 1]).tolist() == ["1", "0", None]
    assert read_categories(pl.Series("x", [1, 12, 7]), ["01", "12"]).tolist() == ["01", "12", "07"]
    assert read_categories(pl.Series("x", [1, 2]), [1.0, 2.0]).tolist() == ["1", "2"]
    texts = pl.Series("x", ["FR", "NA", "SN"])
    assert read_categories(texts, ["FR", "SN"]).tolist() == ["FR", None, "SN"], "pandas reads NA as missing"
    assert read_categories(texts, ["FR", "NA"]).tolist() == ["FR", "NA", "SN"]
    days = pl.Series("x", [datetime(2026, 1, 5), datetime(2026, 2, 1)])
    assert read_categories(days, ["05/01/2026"]).tolist() == ["05/01/2026", "01/02/2026"]
    assert read_numbers(days, [20260110.0]).tolist() == [20260105.0, 20260201.0]


def test_columns_are_known_from_steps_and_trees() -> None:
    """Thresholds are carried back through the steps to the unit of the column."""
    rng = np.random.default_rng(0)
    amount = rng.lognormal(8, 1, 2000)
    scaled = (np.log1p(amount) - 8.0) / 1.5
    booster = xgboost.train(
        {"nthread": 1}, xgboost.DMatrix(scaled[:, None].astype(np.float32), amount > 9000), num_boost_round=3
    )
    recipe = {
        "format": 1, "kind": "native", "columns": ["amount"], "names": ["amount"],
        "steps": [
            {"op": "impute", "missing": None, "values": [2980.0], "statistic": "median"},
            {"op": "function", "name": "log1p"},
            {"op": "scale", "center": [8.0], "scale": [1.5]},
        ],
    }  # fmt: skip
    (trace,) = trace_columns(recipe, booster)
    assert trace.facts == {"center": 2980.0}
    assert min(abs(cut - 9000) for cut in trace.cuts) < 200
    document = describe_columns(["amount"], {"amount": "amount"}, [trace], {"amount": {"low": 1.0}})
    stored = ImportedColumn.from_json(document["columns"][0])
    assert (stored.low, stored.center, stored.kind) == (1.0, 2980.0, "number")


def test_thresholds_that_trees_draw() -> None:
    """Random ones between few whole numbers are no reason against a column; few of an amount with cents are."""
    whole, rng = np.sort(np.random.default_rng(0).poisson(2, 500).astype(float)), np.random.default_rng(1)
    drawn, cents = np.sort(rng.uniform(0.1, 5.9, 30)), np.array([0.37, 1.84, 3.12, 4.91])
    assert cut_similarity(drawn, whole) > 0.9
    assert cut_similarity(cents, whole) < 0.5 + 0.05
