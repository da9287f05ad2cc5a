"""Cells become numbers, moments and codes in one place, and unknown stays unknown."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest
from tests.scoring.tables import given

from vigie.scoring.facts import LARGEST, Facts, as_codes, as_numbers, as_seconds

MOMENT = datetime(2024, 3, 1, 12, 0)
SECONDS = 1_709_294_400.0


def facts(roles: dict[str, str] | None = None, **columns: list[object] | pl.Series) -> Facts:
    """Facts of a table whose columns are named by their role, unless told otherwise."""
    frame = pl.DataFrame(columns, strict=False)
    return Facts(frame, given(roles or {name: name for name in frame.columns}))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([1, None, 3], [1, np.nan, 3]),
        ([True, False, None], [1, 0, np.nan]),
        ([1.5, float("inf"), -float("inf")], [1.5, LARGEST, -LARGEST]),
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


def test_codes_follow_the_values_not_the_rows() -> None:
    assert as_codes(pl.Series(["b", "a", None, "b"])).tolist() == [1, 0, -1, 1]
    assert as_codes(pl.Series([7, 3, None, 3])).tolist() == [1, 0, -1, 0]
    assert as_codes(pl.Series([None, None], dtype=pl.String)).tolist() == [-1, -1]


def test_amounts_have_no_sign_and_no_currency() -> None:
    here = facts(amount=[-50.0, 50.0, 100.0, None])
    there = facts(amount=[-50.0 * 655.957, 50.0 * 655.957, 100.0 * 655.957, None])
    assert here.amount is not None
    assert here.amount[0] == here.amount[1] == 50
    np.testing.assert_allclose(here.log_amount, there.log_amount)


def test_unknown_times_take_the_middle() -> None:
    found = facts(time=[datetime(2024, 1, 1), None, datetime(2024, 1, 5), datetime(2024, 1, 3)]).time
    assert found is not None
    assert found[1] == found[3]


def test_an_empty_column_is_no_column() -> None:
    empty = facts(amount=[None, None], time=pl.Series([None, None], dtype=pl.Datetime("us")))
    assert empty.amount is None
    assert empty.time is None
    assert empty.numbers("amount") == []


@pytest.mark.parametrize(
    ("time", "hour"),
    [
        ([datetime(2024, 1, 1, 6), datetime(2024, 1, 2, 18, 30)], [6, 18.5]),
        ([datetime(2024, 1, 1), datetime(2024, 1, 2)], None),
        (list(range(0, 744, 4)), [h % 24 for h in range(0, 744, 4)]),
        ([0, 1, 2, 3], None),
    ],
)
def test_the_hour_is_told_only_where_there_is_a_clock(time: list[object], hour: list[float] | None) -> None:
    """Dates without a time of day have no hour; a month counted in hours has."""
    found = facts(time=time).hour
    if hour is None:
        assert found is None
    else:
        assert found is not None
        np.testing.assert_allclose(found, hour)


@pytest.mark.parametrize(
    ("given_hour", "expected"), [([6, 23], [6, 23]), ([600, 2300], [6, 23]), ([21600, 82800], [6, 23])]
)
def test_an_hour_column_may_count_hours_or_seconds(given_hour: list[int], expected: list[float]) -> None:
    np.testing.assert_allclose(facts(hour=given_hour).hour, expected)


def test_windows_fit_the_unit_of_time() -> None:
    clock = facts(time=[datetime(2024, 1, 1), datetime(2024, 1, 5)])
    assert clock.windows == (3600, 86_400, 604_800)
    assert clock.weekday is not None
    assert clock.weekday.tolist() == [0, 4]
    assert facts(time=[1, 744]).windows == (1, 24, 168)
    hour, day, week = facts(time=[0, 100_000]).windows
    assert (day, week) == (24 * hour, 168 * hour)


def test_two_sides_only_where_receivers_also_send() -> None:
    both = facts(customer=["a", "b", "c"], counterparty=["b", "c", "x"]).two_sides
    assert both is not None
    source, target = both
    assert source[1] == target[0]
    assert source[2] == target[1]
    assert facts(customer=["a", "b"], counterparty=["x", "y"]).two_sides is None
    assert facts(customer=[1, 2], counterparty=["2", "1"]).two_sides is not None, "one may be text"


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
