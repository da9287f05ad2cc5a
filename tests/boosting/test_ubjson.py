"""Documents as UBJSON: written ones are read again, by us and by XGBoost."""

from __future__ import annotations

import numpy as np
import pytest

from vigie.boosting import ubjson, xgboost_import


def test_a_written_document_is_read_again() -> None:
    """Objects, lists, texts, numbers, constants and arrays keep their values and types."""
    document = {
        "text": "é",
        "numbers": [1, -2, 0.1, 1e300],
        "constants": [None, True, False],
        "nothing": {},
        "parts": [{"x": np.arange(3, dtype=np.float32)}],
    }
    found = ubjson.read(ubjson.write(document))
    array = found["parts"][0].pop("x")
    assert array.dtype.itemsize == 4
    np.testing.assert_array_equal(array, [0, 1, 2])
    assert found == {**document, "parts": [{}]}
    assert [type(one) for one in found["constants"] + found["numbers"]] == [
        type(None),
        bool,
        bool,
        int,
        int,
        float,
        float,
    ]


def test_xgboost_reads_a_model_that_was_written_again() -> None:
    """The model that XGBoost saved, read and written, gives the same bits."""
    xgboost = xgboost_import.load()
    x = np.random.default_rng(0).random((300, 3), dtype=np.float32)
    trained = xgboost.train({"nthread": 1}, xgboost.DMatrix(x, x[:, 0], nthread=1), 3)
    again = ubjson.write(ubjson.read(bytes(trained.save_raw("ubj"))))
    np.testing.assert_array_equal(
        xgboost_import.open_trees(again).inplace_predict(x), trained.inplace_predict(x)
    )


def test_other_values_are_refused() -> None:
    """What the format of models does not need cannot be written."""
    with pytest.raises(TypeError):
        ubjson.write({"when": object()})
