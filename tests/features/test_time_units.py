"""Dates and numbers become seconds, and a counter tells its unit only where people keep hours."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from vigie.features.time_units import as_seconds, day_length

MOMENT = datetime(2024, 3, 1, 12, 0)
SECONDS = 1_709_294_400.0
ROWS = 4000


@pytest.mark.parametrize(
    "series",
    [
        pl.Series([MOMENT, None]),
        pl.Series([SECONDS, None]),
        pl.Series([int(SECONDS), None]),
        pl.Series([int(SECONDS * 1e3), None]),
        pl.Series([int(SECONDS * 1e6), None]),
        pl.Series([int(SECONDS * 1e9), None]),
        pl.Series([MOMENT, None]).cast(pl.Datetime("ns")),
    ],
    ids=str,
)
def test_moments_in_any_unit_are_seconds(series: pl.Series) -> None:
    found = as_seconds(series)
    assert found is not None
    np.testing.assert_allclose(found, [SECONDS, np.nan], rtol=1e-6)


def test_days_steps_and_what_is_no_moment() -> None:
    np.testing.assert_array_equal(as_seconds(pl.Series([date(1970, 1, 2)])), [86_400])
    np.testing.assert_array_equal(as_seconds(pl.Series([1, 2, 743])), [1, 2, 743])
    assert as_seconds(pl.Series([MOMENT]).dt.time()) is None
    assert as_seconds(pl.Series(["soon"])) is None


def kept_hours(days: int, spread: float) -> np.ndarray:
    """Hours since the beginning of rows that lean to the afternoon by so many hours more or less."""
    rng = np.random.default_rng(7)
    hours = rng.integers(0, days, ROWS) * 24 + rng.normal(14, spread, ROWS) % 24
    return np.r_[0.0, hours, days * 24.0]


@pytest.mark.parametrize("days", [2, 30, 400])
@pytest.mark.parametrize("in_an_hour", [1, 60, 3600])
def test_the_daily_rhythm_gives_the_unit(days: int, in_an_hour: int) -> None:
    assert day_length(np.floor(kept_hours(days, 4) * in_an_hour)) == 24 * in_an_hour


def test_over_a_year_a_faint_rhythm_is_enough_over_two_days_it_is_not() -> None:
    """A trend of two days leans as much; one of a year hardly at all."""
    assert day_length(kept_hours(365, 6.5) * 3600) == 86_400
    assert day_length(kept_hours(2, 6.5)) == 0


def test_without_a_daily_rhythm_there_is_no_unit() -> None:
    """Evenly spread rows, the numbers of the rows, days, a trend, few rows, less than two days."""
    rng = np.random.default_rng(1)
    assert day_length(kept_hours(60, 400)) == 0
    assert day_length(np.arange(ROWS, dtype=float)) == 0
    assert day_length(rng.integers(0, 180, ROWS).astype(float)) == 0
    assert day_length(np.sqrt(rng.random(ROWS)) * 24 * 5) == 0
    assert day_length(np.array([3.0, 5.0, 60.0, 61.0])) == 0
    assert day_length(np.clip(kept_hours(1, 3), 0, 24)) == 0
    assert day_length(np.zeros(5)) == 0
