"""Margins: the same bits in chunks of any size, and whatever is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vigie.boosting import xgboost_import, xgboost_predict


def _trained(x: np.ndarray, **more: Any) -> Any:
    xgboost = xgboost_import.load()
    label = (np.nan_to_num(x, nan=0.4).prod(axis=1) > np.nan_to_num(x[:, 0])).astype(np.float32)
    matrix = xgboost.DMatrix(x, label, nthread=1)
    trained = xgboost.train({"nthread": 1, "max_depth": 5, **more}, matrix, 12)
    return xgboost_import.open_trees(bytes(trained.save_raw("ubj")))


def _incomplete(rows: int, share: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 6)).astype(np.float32)
    x[rng.random(x.shape) < share] = np.nan
    return x


def test_margins_do_not_depend_on_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """One chunk, many chunks on threads, columns chosen chunk by chunk: the same bits."""
    x = _incomplete(3000, 0.1)
    model = _trained(x[:, [4, 1]])
    whole = xgboost_predict.margins(model, x[:, [4, 1]])
    monkeypatch.setattr(xgboost_predict, "CHUNK", 170)
    np.testing.assert_array_equal(xgboost_predict.margins(model, x[:, [4, 1]]), whole)
    np.testing.assert_array_equal(xgboost_predict.margins(model, np.asfortranarray(x), [4, 1]), whole)
    assert xgboost_predict.margins(model, x[:0, [4, 1]]).shape == (0,)


@pytest.mark.parametrize("columns", [None, [4, 1, 0, 5, 2, 3]], ids=["as they are", "in another order"])
def test_many_rows_get_what_each_gets_alone(
    columns: list[int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trees made for the rows know nothing of what is unknown, and still give the same bits."""
    x = _incomplete(5000, 0.25)
    model = _trained(x if columns is None else x[:, columns])
    requested = x.copy()
    requested[:, 0] = np.nan
    requested[:, 3] = np.nan_to_num(requested[:, 3])
    requested[:7] = np.nan
    few = xgboost_predict.margins(model, requested, columns)
    assert len(np.unique(few)) > 100
    monkeypatch.setattr(xgboost_predict, "MIN_ROWS", 1000)
    monkeypatch.setattr(xgboost_predict, "CHUNK", 600)
    assert xgboost_predict._for_rows(model, requested, columns) is not None
    np.testing.assert_array_equal(xgboost_predict.margins(model, requested, columns), few)
    np.testing.assert_array_equal(xgboost_predict.margins(model, np.asfortranarray(requested), columns), few)


def test_chunks_with_other_gaps_share_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a long table: one has gaps that the others do not have, one lacks an input, and the bits stay the same."""
    monkeypatch.setattr(xgboost_predict, "MIN_ROWS", 1500)
    monkeypatch.setattr(xgboost_predict, "MIN_CHUNK", 1000)
    x = _incomplete(6000, 0.25)
    model = _trained(x)
    x[:2000, 2], x[2000:4000, 4] = np.nan, np.nan
    x[4000:, 1] = np.nan_to_num(x[4000:, 1])
    chunks = [x[start : start + 1000] for start in range(0, len(x), 1000)]
    found = [xgboost_predict.margins(model, chunk) for chunk in chunks]
    rewritten = [xgboost_predict._for_rows(model, chunk, None) for chunk in chunks]
    assert len({id(one.booster) for one in rewritten if one is not None}) == 1
    alone = [model.inplace_predict(chunk, predict_type="margin") for chunk in chunks]
    np.testing.assert_array_equal(np.concatenate(found), np.concatenate(alone))


def test_deep_trees_are_rewritten_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below its sixth level XGBoost finds the right child beside the left one, wherever the model says that it is."""
    x = _incomplete(6000, 0.15)
    model = _trained(x, max_depth=11, min_child_weight=0)
    few = xgboost_predict.margins(model, x)
    monkeypatch.setattr(xgboost_predict, "MIN_ROWS", 1000)
    np.testing.assert_array_equal(xgboost_predict.margins(model, x), few)


def test_trees_for_the_rows_are_made_once_for_a_table_in_pieces() -> None:
    """Another piece with the same gaps asks the same trees."""
    x = _incomplete(2000, 0.2)
    model = _trained(x)
    first, second = (
        xgboost_predict._for_rows(model, x[:1000], None),
        xgboost_predict._for_rows(model, x[1000:], None),
    )
    assert first is not None
    assert second is not None
    assert first.booster is second.booster


def test_forests_of_several_trees_a_round_predict_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boosting with more than one tree a round gives the same bits, too."""
    x = _incomplete(3000, 0.3)
    model = _trained(x, num_parallel_tree=3, subsample=0.5)
    few = xgboost_predict.margins(model, x)
    monkeypatch.setattr(xgboost_predict, "MIN_ROWS", 1000)
    np.testing.assert_array_equal(xgboost_predict.margins(model, x), few)


def test_trees_of_another_kind_predict_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropped trees weigh differently: nothing is settled for them."""
    x = _incomplete(3000, 0.3)
    model = _trained(x, booster="dart", rate_drop=0.3)
    few = xgboost_predict.margins(model, x)
    monkeypatch.setattr(xgboost_predict, "MIN_ROWS", 1000)
    assert xgboost_predict._for_rows(model, x, None) is None
    np.testing.assert_array_equal(xgboost_predict.margins(model, x), few)


def test_rows_without_gaps_need_no_trees_of_their_own() -> None:
    """Nothing to settle."""
    x = _incomplete(1000, 0.0)
    assert xgboost_predict._for_rows(_trained(x), x, None) is None


def test_rows_of_which_nothing_is_known_are_answered() -> None:
    """All unknown: the trees as they are say what they say of nothing."""
    x = _incomplete(1000, 0.2)
    model = _trained(x)
    nothing = np.full((xgboost_predict.MIN_ROWS, 6), np.nan, dtype=np.float32)
    assert np.unique(xgboost_predict.margins(model, nothing)).size == 1
