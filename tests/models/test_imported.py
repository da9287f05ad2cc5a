"""Imported models: bound to the columns of a table by name and role; kinds of model are loaded by their recipe."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from vigie.errors import InputRefused
from vigie.models.imported import ImportedModel
from vigie.models.load import load_model


def test_an_imported_model_reads_the_columns_it_is_bound_to() -> None:
    """With too few of its columns all margins are 0."""
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
