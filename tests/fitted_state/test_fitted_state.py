"""The fitted state: statistics are computed once and then looked up, with the same results."""

from __future__ import annotations

import pickle

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigie.arrays import mid_ranks
from vigie.features.groups import Groups
from vigie.fitted_state import (
    CategoryCodes,
    FeatureState,
    FittedState,
    GroupSums,
    NotFittedError,
    ObservedCounts,
    RankTable,
    ValueCounts,
)

VALUES = st.lists(
    st.one_of(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6), st.just(float("nan"))),
    min_size=1,
    max_size=60,
)


@given(VALUES)
def test_ranks_of_the_fitted_table(values: list[float]) -> None:
    """Looked up they are the ranks within the table to the last bit, with ties and unknowns, in both precisions."""
    for dtype in (np.float64, np.float32):
        x = np.array(values, dtype=dtype)
        np.testing.assert_array_equal(RankTable.fit(x).ranks(x), mid_ranks(x))


@given(VALUES, VALUES)
def test_ranks_of_other_rows(table: list[float], rows: list[float]) -> None:
    """They rise with the value, stay within those of the table, and do not depend on the rows beside."""
    fitted = RankTable.fit(np.array(table))
    x = np.array(rows)
    found = fitted.ranks(x)
    size = int(np.isfinite(table).sum())
    ok = np.isfinite(x) & (size > 0)
    assert np.isnan(found[~ok]).all()
    assert ((found[ok] >= 0.5 / max(size, 1)) & (found[ok] <= 1 - 0.5 / max(size, 1))).all()
    assert (np.diff(found[ok][np.argsort(x[ok], kind="stable")]) >= 0).all()
    for value, rank in zip(x[ok], found[ok], strict=True):
        assert fitted.ranks(np.array([value]))[0] == rank


def test_many_rows_have_the_ranks_they_have_alone() -> None:
    rng = np.random.default_rng(0)
    fitted, x = RankTable.fit(np.round(rng.normal(size=5000), 3)), np.round(rng.normal(size=4000), 3)
    alone = [fitted.ranks(x[i : i + 1])[0] for i in range(0, 4000, 40)]
    np.testing.assert_array_equal(fitted.ranks(x)[::40], alone)


def test_counts_of_values() -> None:
    state = FittedState.keeping().features
    values, known = np.array([7, 7, 3, 9]), np.array([True, True, True, False])
    np.testing.assert_array_equal(state.value_counts.of("v", values, known), [2, 2, 1, np.nan])
    again = state.fitted().value_counts
    np.testing.assert_array_equal(again.of("v", np.array([3, 7, 8, 7]), np.ones(4, bool)), [1, 2, 1, 2])


def test_counted_values_can_be_observed() -> None:
    """Values that are unknown are not handed on."""
    seen: dict[str, list[int]] = {}
    state = FeatureState().with_counts({"v": ValueCounts(np.array([7]), np.array([5]))}, rows=9)
    counts = ObservedCounts(state.value_counts, lambda name, values: seen.update({name: values.tolist()}))
    np.testing.assert_array_equal(counts.of("v", np.array([7, 8]), np.array([True, False])), [5, np.nan])
    assert seen == {"v": [7]}
    assert state.rows_shown.require() == 9


@pytest.mark.parametrize("rows", [4, 4000])
def test_codes_are_the_same_for_any_rows(rows: int) -> None:
    """In order of value, -1 where empty, and one more where new; few rows and many take different ways."""
    letters = CategoryCodes.fit(pl.Series(["b", None, "a", "b"]))
    assert letters.codes(pl.Series(["b", None, "a", "b"])).tolist() == [1, -1, 0, 1]
    assert letters.codes(pl.Series(["zebra", "a", None, "b"] * (rows // 4)))[:4].tolist() == [2, 0, -1, 1]
    numbers = CategoryCodes.fit(pl.Series([30, None, 10]))
    assert numbers.codes(pl.Series([10, 20, 30, None] * (rows // 4)))[:4].tolist() == [0, 2, 1, -1]


def test_zscores_within_the_groups_of_the_table() -> None:
    """As those of `Groups`, for the table and for its rows one by one."""
    rng = np.random.default_rng(0)
    codes, x = rng.integers(-1, 6, 300), rng.normal(size=300)
    x[::17] = np.nan
    state = FeatureState()
    found = state.zscores("h", codes, x)
    np.testing.assert_allclose(found, Groups(codes).leave_one_out_zscore(x), atol=2e-6)
    again = state.fitted()
    alone = np.array([again.zscores("h", codes[i : i + 1], x[i : i + 1])[0] for i in range(300)])
    np.testing.assert_array_equal(alone, found)
    assert np.isnan(again.zscores("h", np.array([99]), np.array([1.0]))).all()


def test_a_statistic_is_computed_while_fitting_and_looked_up_afterwards() -> None:
    state = FittedState()
    span, share = state.features.time.span, state.scoring.leader_share
    assert [span.get(lambda: 3.0), span.get(lambda: 4.0)] == [3.0, 3.0]
    assert [share.refit(lambda: 0.1), share.refit(lambda: 0.2)] == [0.1, 0.2]
    fitted = state.fitted()
    assert fitted.features.time.span.get(lambda: 5.0) == 3.0
    assert fitted.scoring.leader_share.refit(lambda: 0.3) == 0.2


def test_fitting_on_changes_nothing_that_was_fitted() -> None:
    """The state that is looked up is a copy of its own."""
    state = FittedState.keeping()
    state.features.columns["a"].median.get(lambda: 1.0)
    fitted = state.fitted()
    state.features.columns["b"].median.get(lambda: 2.0)
    state.scoring.ranks.of("x", np.arange(3.0))
    assert list(fitted.features.columns) == ["a"]
    assert not fitted.scoring.ranks.tables


def test_what_was_not_fitted_is_an_error() -> None:
    """It must never be computed from the rows that are scored."""
    state = FittedState().fitted()
    with pytest.raises(NotFittedError):
        state.features.time.span.get(lambda: 1.0)
    with pytest.raises(NotFittedError):
        state.features.columns["a"].median.get(lambda: 1.0)
    with pytest.raises(NotFittedError):
        state.scoring.ranks.of("amount", np.arange(3.0))
    with pytest.raises(NotFittedError):
        state.features.value_counts.of("cents", np.arange(3))
    assert state.features.entities.repeats["actor"].get(lambda: True, default=False) is False


def test_a_state_travels_without_what_a_machine_computes_itself() -> None:
    """Tables keep their values and drop what is derived from them."""
    state = FittedState.keeping()
    x, cells = np.arange(50.0), pl.Series(["a", "b"])
    state.scoring.ranks.of("x", x)
    codes = state.features.columns["c"].categories.get(lambda: CategoryCodes.fit(cells))
    state.features.group_sums["g"].get(lambda: GroupSums.fit(np.zeros(50, dtype=np.int64), x))
    fitted = state.fitted()
    before = len(pickle.dumps(fitted))
    fitted.scoring.ranks.of("x", x)
    codes.codes(cells)
    sent = pickle.dumps(fitted)
    assert len(sent) == before
    again: FittedState = pickle.loads(sent)
    np.testing.assert_array_equal(again.scoring.ranks.of("x", x), mid_ranks(x))
    with pytest.raises(NotFittedError):
        again.features.columns["new"].median.get(lambda: 1.0)
