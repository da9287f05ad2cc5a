"""Cells become numbers, moments and codes in one place, and unknown stays unknown."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from tests.helpers.tables import roles_from

from vigie.features.cells import MAX_NUMBER, as_codes, as_numbers
from vigie.features.columns import ColumnView


def facts(roles: dict[str, str] | None = None, **columns: list[object] | pl.Series) -> ColumnView:
    """Facts of a table whose columns are named by their role, unless named otherwise."""
    frame = pl.DataFrame(columns, strict=False)
    return ColumnView(frame, roles_from(roles or {name: name for name in frame.columns}))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([1, None, 3], [1, np.nan, 3]),
        ([True, False, None], [1, 0, np.nan]),
        ([1.5, float("inf"), -float("inf")], [1.5, MAX_NUMBER, -MAX_NUMBER]),
        ([30, -1, 12], [30, np.nan, 12]),
        ([-1, -5, 12], [-1, -5, 12]),
        ([-1, 0, 1], [-1, 0, 1]),
        (["none", "1 to 3", "more than 3"] * 2, None),
        (["red", "green", "blue"], None),
    ],
)
def test_numbers(cells: list[object], expected: list[float] | None) -> None:
    """A lone -1 among counts means unknown; words count only where they are ordered."""
    found = as_numbers(pl.Series(cells, strict=False))
    if expected is not None:
        assert found is not None
        np.testing.assert_array_equal(found, expected)
    elif cells[0] == "none":
        assert found is not None
        assert (np.diff(found[:3]) > 0).all()
    else:
        assert found is None


def test_codes_follow_the_values_not_the_rows() -> None:
    assert as_codes(pl.Series(["b", "a", None, "b"])).tolist() == [1, 0, -1, 1]
    assert as_codes(pl.Series([7, 3, None, 3])).tolist() == [1, 0, -1, 0]
    assert as_codes(pl.Series([None, None], dtype=pl.String)).tolist() == [-1, -1]


def test_amounts_have_no_sign_and_no_currency() -> None:
    here = facts(amount=[-50.0, 50.0, 100.0, None])
    there = facts(amount=[-50.0 * 655.957, 50.0 * 655.957, 100.0 * 655.957, None])
    assert here.numbers.amount is not None
    assert here.numbers.amount[0] == here.numbers.amount[1] == 50
    np.testing.assert_allclose(here.numbers.log_amount, there.numbers.log_amount)


def test_unknown_times_are_spread_over_the_known_ones() -> None:
    """By who did what and not by the order of the rows: a customer's rows without a time do not come all at once."""
    rng = np.random.default_rng(0)
    times = [datetime(2024, 1, 1) + timedelta(hours=int(h)) for h in rng.integers(0, 2400, 400)]
    frame = pl.DataFrame(
        {
            "time": [None if i % 2 else at for i, at in enumerate(times)],
            "customer": [f"C{i % 4}" for i in range(400)],
            "amount": np.round(rng.lognormal(3, 1, 400), 2),
        }
    )
    roles = roles_from({name: name for name in frame.columns})
    whole = ColumnView(frame, roles)
    assert whole.times.values is not None
    assert whole.times.hour is not None
    lost = whole.times.values[1::2]
    assert set(lost) <= set(whole.times.values[::2])
    assert len(np.unique(lost)) > 100
    assert np.isnan(whole.times.hour).tolist() == [False, True] * 200
    order = rng.permutation(400)
    np.testing.assert_array_equal(ColumnView(frame[order], roles).times.values, whole.times.values[order])


def test_an_empty_column_is_no_column() -> None:
    empty = facts(amount=[None, None], time=pl.Series([None, None], dtype=pl.Datetime("us")))
    assert empty.numbers.amount is None
    assert empty.times.values is None
    assert empty.numbers.all("amount") == []


@pytest.mark.parametrize(
    ("time", "hour"),
    [
        ([datetime(2024, 1, 1, 6), datetime(2024, 1, 2, 18, 30)], [6, 18.5]),
        ([datetime(2024, 1, 1), datetime(2024, 1, 2)], None),
        (list(range(0, 744, 4)), [h % 24 for h in range(0, 744, 4)]),
        ([0, 1, 2, 3], None),
    ],
)
def test_the_hour_is_a_feature_only_with_a_clock(time: list[object], hour: list[float] | None) -> None:
    """Dates without a time of day have no hour; a month counted in hours has."""
    found = facts(time=time).times.hour
    if hour is None:
        assert found is None
    else:
        assert found is not None
        np.testing.assert_allclose(found, hour)


@pytest.mark.parametrize(
    ("stated_hour", "expected"),
    [
        ([6, 23], [6, 23]),
        ([630, 2315], [6.5, 23.25]),
        ([21600, 82800], [6, 23]),
        ([63000, 231518], [6.5, 23.255]),
    ],
)
def test_an_hour_column_may_count_hours_or_seconds_or_be_written_as_a_clock(
    stated_hour: list[int], expected: list[float]
) -> None:
    np.testing.assert_allclose(facts(hour=stated_hour).times.hour, expected)


def test_windows_fit_the_unit_of_time() -> None:
    clock = facts(time=[datetime(2024, 1, 1), datetime(2024, 1, 5)])
    assert clock.times.windows == (3600, 86_400, 604_800)
    assert facts(time=[1, 744]).times.windows == (1, 24, 168)
    hour, day, week = facts(time=[0, 100_000]).times.windows
    assert (day, week) == (24 * hour, 168 * hour)


@pytest.mark.parametrize("unit", [1.0, 60.0, 3600.0], ids=["seconds", "minutes", "hours"])
def test_the_unit_of_a_counter_follows_from_the_daily_rhythm(unit: float) -> None:
    """A year in seconds is not a month of hours: windows and hours are those of the same table with dates."""
    rng = np.random.default_rng(0)
    hours = rng.integers(0, 200, 3000) * 24 + np.clip(rng.normal(14, 3, 3000), 0, 23.9)
    passed = np.sort(np.floor(np.r_[0.0, hours] * 3600 / unit)).astype(int)
    counted = facts(time=passed.tolist())
    assert counted.times.windows == (3600 / unit, 86_400 / unit, 604_800 / unit)
    np.testing.assert_allclose(counted.times.hour, passed * unit % 86_400 / 3600, atol=1e-9)


def test_a_date_and_a_time_of_day_in_two_columns_are_one_moment() -> None:
    """Whatever the hour is written as; a date that has a time of day keeps its own."""
    dates = [datetime(2024, 1, 2), datetime(2024, 1, 2), datetime(2024, 1, 5), None]
    together = facts(time=[datetime(2024, 1, 2, 15, 30), datetime(2024, 1, 2, 6), datetime(2024, 1, 5, 23)])
    for hours in ([15.5, 6, 23, 1], [55_800, 21_600, 82_800, 3600]):
        apart = facts(time=dates, hour=hours)
        assert together.times.values is not None
        assert apart.times.values is not None
        np.testing.assert_allclose(apart.times.values[:3], together.times.values)
        np.testing.assert_allclose(apart.times.hour, [15.5, 6, 23, 1])
    dated = facts(time=[datetime(2024, 1, 2, 15, 30), datetime(2024, 1, 2, 6)], hour=[3, 4])
    assert dated.times.values is not None
    assert together.times.values is not None
    np.testing.assert_allclose(dated.times.values, together.times.values[:2])


def test_year_month_and_day_in_three_columns_are_one_date() -> None:
    """With the time of day in a fourth they are one moment; a part that is missing makes the date unknown."""
    whole = facts(time=[datetime(2023, 12, 31, 6), datetime(2024, 2, 29, 18, 30), datetime(2024, 3, 1)])
    for months in ([12, 2, 3], ["Dec", "février", "Marzo"]):
        parts = facts(year=[2023, 2024, 2024], month=months, day=[31, 29, 1], hour=[6, 18.5, 0])
        np.testing.assert_allclose(parts.times.values, whole.times.values)
        np.testing.assert_allclose(parts.times.hour, [6, 18.5, 0])
    assert facts(year=[2023, 2024], month=[12, 2]).times.values is None
    lost = facts(year=[2023, None], month=[12, 2], day=[31, 29]).times.values
    assert lost is not None
    assert lost[1] == lost[0], "the only one that is known"


def test_month_and_day_without_a_year_are_days_of_one_year() -> None:
    found = facts(month=[2, 3, 12], day=[28, 1, 31])
    assert found.times.values is not None
    assert np.diff(found.times.values).tolist() == [86_400, 305 * 86_400]
    assert found.times.windows == (3600, 86_400, 604_800)


def test_days_that_are_counted_have_hours() -> None:
    """A month of days, and the time of day in another column, or in none."""
    found = facts(day=[1, 1, 30, 31], hour=[6, 18.5, 0, 12])
    assert found.times.values is not None
    assert (np.diff(found.times.values) / 3600).tolist() == [12.5, 29 * 24 - 18.5, 36]
    of_year = facts(year=[2023, 2024, 2024], day=[365, 60, 366], month=[12, 2, 12])
    assert of_year.times.values is not None
    assert (
        of_year.times.values.tolist()
        == facts(
            time=[datetime(2023, 12, 31), datetime(2024, 2, 29), datetime(2024, 12, 31)]
        ).times.values.tolist()
    )
    assert found.times.windows == facts(day=[1, 1, 30, 31]).times.windows == (3600, 86_400, 604_800)


def test_two_sides_only_where_receivers_also_send() -> None:
    both = facts(customer=["a", "b", "c"], counterparty=["b", "c", "x"]).entities.shared_ids
    assert both is not None
    source, target = both
    assert source[1] == target[0]
    assert source[2] == target[1]
    assert facts(customer=["a", "b"], counterparty=["x", "y"]).entities.shared_ids is None
    assert facts(customer=[1, 2], counterparty=["2", "1"]).entities.shared_ids is not None, "one may be text"


def test_categories_have_few_values_and_more_than_one() -> None:
    n = 60
    found = facts(
        {"kind": "category", "same": "category", "all": "category", "where": "country"},
        kind=["a", "b"] * (n // 2),
        same=["x"] * n,
        all=[f"v{i}" for i in range(n)],
        where=["FR", "SN", None] * (n // 3),
    ).categories
    assert {name for name, _ in found} == {"kind", "where"}
