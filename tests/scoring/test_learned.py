"""What a table says of itself: asked once, then looked up, with the same answers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigie.arrays import mid_ranks
from vigie.features.groups import Groups
from vigie.fitted_state import FittedState

VALUES = st.lists(
    st.one_of(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6), st.just(float("nan"))),
    min_size=1,
    max_size=60,
)


@given(VALUES)
def test_ranks_of_the_table_itself(values: list[float]) -> None:
    """Looked up they are to the last bit what they were, ties and unknowns included, in both precisions."""
    for kind in (np.float64, np.float32):
        x = np.array(values, dtype=kind)
        first = FittedState(keep=True)
        np.testing.assert_array_equal(first.ranks("x", x), mid_ranks(x))
        np.testing.assert_array_equal(FittedState(first.kept).ranks("x", x), mid_ranks(x))


@given(VALUES, VALUES)
def test_ranks_of_other_rows(table: list[float], rows: list[float]) -> None:
    """They rise with the value, stay inside what the table had, and do not depend on the rows beside."""
    known = FittedState(keep=True)
    known.ranks("x", np.array(table))
    x = np.array(rows)
    found = FittedState(known.kept).ranks("x", x)
    size = int(np.isfinite(table).sum())
    ok = np.isfinite(x) & (size > 0)
    assert np.isnan(found[~ok]).all()
    assert ((found[ok] >= 0.5 / max(size, 1)) & (found[ok] <= 1 - 0.5 / max(size, 1))).all()
    assert (np.diff(found[ok][np.argsort(x[ok], kind="stable")]) >= 0).all()
    for value, rank in zip(x[ok], found[ok], strict=True):
        assert FittedState(known.kept).ranks("x", np.array([value]))[0] == rank


def test_counts_of_values() -> None:
    first = FittedState(keep=True)
    values, known = np.array([7, 7, 3, 9]), np.array([True, True, True, False])
    np.testing.assert_array_equal(first.times("v", values, known), [2, 2, 1, np.nan])
    again = FittedState(first.kept)
    np.testing.assert_array_equal(again.times("v", np.array([3, 7, 8, 7]), np.ones(4, bool)), [1, 2, 1, 2])


@pytest.mark.parametrize("rows", [4, 4000])
def test_codes_are_the_same_for_any_rows(rows: int) -> None:
    """In order of value, empty is -1 and new is one more; few rows and many take different ways."""
    first = FittedState(keep=True)
    assert first.codes("c", pl.Series(["b", None, "a", "b"])).tolist() == [1, -1, 0, 1]
    some = pl.Series(["zebra", "a", None, "b"] * (rows // 4))
    assert FittedState(first.kept).codes("c", some)[:4].tolist() == [2, 0, -1, 1]
    numbers = FittedState(keep=True)
    assert numbers.codes("n", pl.Series([30, None, 10])).tolist() == [1, -1, 0]
    assert FittedState(numbers.kept).codes("n", pl.Series([10, 20, 30, None])).tolist() == [0, 2, 1, -1]


def test_habits_within_kinds_of_the_table() -> None:
    """As `Groups.habit` has them, for the table and for its rows one by one."""
    rng = np.random.default_rng(0)
    codes, x = rng.integers(-1, 6, 300), rng.normal(size=300)
    x[::17] = np.nan
    first = FittedState(keep=True)
    np.testing.assert_allclose(first.habit("h", codes, x), Groups(codes).leave_one_out_zscore(x), atol=2e-6)
    again = FittedState(first.kept)
    alone = np.array([again.habit("h", codes[i : i + 1], x[i : i + 1])[0] for i in range(300)])
    np.testing.assert_array_equal(alone, first.habit("h", codes, x))
    assert np.isnan(again.habit("h", np.array([99]), np.array([1.0]))).all()


def test_what_nobody_asked_the_table_is_a_bug() -> None:
    with pytest.raises(KeyError):
        FittedState({}).once("never asked", lambda: 1)
