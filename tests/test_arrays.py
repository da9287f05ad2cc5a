"""Sorting by digits returns what numpy's stable sort does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vigie.arrays import factorize, mid_ranks, sort_order

ROWS = 5000


def _columns() -> list[Any]:
    rng = np.random.default_rng(0)
    odd = rng.normal(size=ROWS)
    odd[:6] = [np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0]
    return [
        odd,
        odd.astype(np.float32),
        np.round(odd * 3),
        np.zeros(ROWS),
        rng.integers(-(2**63), 2**63 - 1, ROWS),
        rng.integers(0, 2**64 - 1, ROWS, dtype=np.uint64),
        rng.integers(-3, 3, ROWS, dtype=np.int8),
        rng.integers(0, 2**17, ROWS) * 2**20 - 5,
    ]


@pytest.mark.parametrize("x", _columns(), ids=lambda x: str(x.dtype))
@pytest.mark.parametrize("rows", [0, 1, 100, ROWS])
def test_the_order_is_that_of_a_stable_sort(x: np.ndarray, rows: int) -> None:
    """Also of equal numbers, of both zeros, and of numbers that are unknown."""
    np.testing.assert_array_equal(sort_order(x[:rows]), np.argsort(x[:rows], kind="stable"))


@pytest.mark.parametrize("rows", [0, 1, 100, ROWS])
def test_values_are_factorized(rows: int) -> None:
    """Distinct values, the position of each row's value, and the counts, as numpy has them."""
    x = np.random.default_rng(1).integers(-50, 50, ROWS)[:rows]
    for found, expected in zip(
        factorize(x), np.unique(x, return_inverse=True, return_counts=True), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("rows", [1, 100, ROWS])
def test_mid_ranks_are_averages_of_the_places(rows: int) -> None:
    """The share of rows below, and half of those that are equal; unknown values have none."""
    x = np.round(np.random.default_rng(2).normal(size=rows), 1)
    expected = [((x < value).sum() + (x == value).sum() / 2) / rows for value in x]
    np.testing.assert_allclose(mid_ranks(x), expected)
    with_gap = np.append(x, np.nan)
    np.testing.assert_array_equal(mid_ranks(with_gap), np.append(mid_ranks(x), np.nan))
