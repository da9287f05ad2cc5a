"""Every group operation against a loop over the rows that says what it means."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigie.arrays import mid_ranks
from vigie.features.groups import Groups, dense_codes

Floats = npt.NDArray[np.float64]
Row = Callable[[int, list[int]], float]

TIE = 1e-9
few = settings(max_examples=80, deadline=None)


@st.composite
def tables(draw: st.DrawFn, least: int = 1) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """Codes with -1, times with many ties, values with many ties."""
    n = draw(st.integers(least, 14))

    def column(low: int, high: int) -> list[int]:
        return draw(st.lists(st.integers(low, high), min_size=n, max_size=n))

    codes, time, x = column(-1, 3), column(0, 6), column(-3, 3)
    return np.array(codes, dtype=np.int64), np.array(time, dtype=float), np.array(x, dtype=float)


def in_order(codes: Sequence[int], time: Sequence[float] | None, i: int) -> list[int]:
    """Rows of the group of row `i`, by time and, where times are equal, by position."""
    rows = [j for j in range(len(codes)) if codes[j] == codes[i]]
    return rows if time is None else sorted(rows, key=lambda j: (time[j], j))


def loop(codes: Sequence[int], time: Sequence[float] | None, row: Row) -> Floats:
    """`row(i, rows of its group in order)` for every row whose entity is known, else NaN."""
    return np.array(
        [math.nan if codes[i] < 0 else row(i, in_order(codes, time, i)) for i in range(len(codes))]
    )


def mean(values: Iterable[float]) -> float:
    """Mean; NaN of nothing."""
    found = list(values)
    return sum(found) / len(found) if found else math.nan


def same(found: Floats, expected: Floats, tolerance: float = TIE) -> None:
    """Equal, NaN where NaN."""
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@few
@given(tables())
def test_counts_and_sums(table) -> None:
    codes, time, x = table
    groups = Groups(codes, time)
    same(groups.count(), loop(codes, time, lambda i, rows: len(rows)))
    same(groups.position(), loop(codes, time, lambda i, rows: rows.index(i)))
    same(groups.sum(x), loop(codes, time, lambda i, rows: sum(x[rows])))
    same(groups.max(x), loop(codes, time, lambda i, rows: max(x[rows])))


@few
@given(tables())
def test_the_others(table) -> None:
    codes, time, x = table
    groups = Groups(codes, time)
    same(
        groups.leave_one_out_max(x),
        loop(codes, time, lambda i, rows: max((x[j] for j in rows if j != i), default=math.nan)),
    )
    same(
        groups.leave_one_out_mean(x, prior=0.5, strength=2.0),
        loop(codes, time, lambda i, rows: (sum(x[j] for j in rows if j != i) + 1.0) / (len(rows) + 1)),
    )


@few
@given(tables(), st.integers(0, 3))
def test_habit(table, missing: int) -> None:
    """Distance from the others in shrunk deviations; unknown values neither have a habit nor make one."""
    codes, time, x = table
    x[x == missing] = np.nan

    def others(i: int, rows: list[int]) -> list[float]:
        return [float(x[j]) for j in rows if j != i and np.isfinite(x[j])]

    def variance(values: list[float]) -> float:
        return mean((v - mean(values)) ** 2 for v in values)

    spreads = [
        variance(others(i, in_order(codes, time, i)))
        for i in range(len(x))
        if codes[i] >= 0 and np.isfinite(x[i]) and len(others(i, in_order(codes, time, i))) >= 2
    ]
    finite = x[np.isfinite(x)]
    pooled = mean(spreads) if spreads else float(np.var(finite)) if len(finite) else math.nan

    def row(i: int, rows: list[int]) -> float:
        rest = others(i, rows)
        n = len(rest)
        if not n or not np.isfinite(x[i]):
            return math.nan
        spread = (n * variance(rest) + 3 * pooled) / (n + 3) + 1e-9
        return (x[i] - mean(rest)) / math.sqrt(spread) * math.sqrt(n / (n + 1))

    same(Groups(codes, time).leave_one_out_zscore(x), loop(codes, time, row), 1e-6)


@few
@given(tables())
def test_ranks_and_distinct_values(table) -> None:
    codes, time, x = table
    groups = Groups(codes, time)

    def rank(i: int, rows: list[int]) -> float:
        below, equal = sum(x[rows] < x[i]), sum(x[rows] == x[i])
        return (below + equal / 2) / len(rows) if len(rows) > 1 else math.nan

    same(groups.rank_within(x), loop(codes, time, rank))
    kinds = x.astype(np.int64)
    same(groups.distinct(kinds), loop(codes, time, lambda i, rows: len({kinds[j] for j in rows})))


@few
@given(tables())
def test_first_times(table) -> None:
    """One row of the group shows each value first: the earliest, whatever the order of the table."""
    codes, time, x = table
    kinds = x.astype(np.int64)
    expected = loop(
        codes, time, lambda i, rows: float(all(kinds[j] != kinds[i] for j in rows[: rows.index(i)]))
    )
    found = Groups(codes, time).first_seen(kinds)
    known = codes >= 0
    same(found[known], expected[known])
    assert (found[~known] == 1).all(), "an unknown actor is seen for the first time"


@few
@given(tables())
def test_before_and_after(table) -> None:
    codes, time, x = table
    groups = Groups(codes, time)

    def at(i: int, rows: list[int], step: int) -> int | None:
        where = rows.index(i) + step
        return rows[where] if 0 <= where < len(rows) else None

    def gap(i: int, rows: list[int], step: int) -> float:
        other = at(i, rows, step)
        return math.nan if other is None else abs(time[other] - time[i])

    def earlier(i: int, rows: list[int]) -> list[int]:
        return rows[: rows.index(i)]

    same(groups.gap_before(), loop(codes, time, lambda i, rows: gap(i, rows, -1)))
    same(groups.gap_after(), loop(codes, time, lambda i, rows: gap(i, rows, 1)))
    same(
        groups.previous(x),
        loop(codes, time, lambda i, rows: math.nan if rows[0] == i else x[earlier(i, rows)[-1]]),
    )
    same(
        groups.previous_max(x),
        loop(codes, time, lambda i, rows: max((x[j] for j in earlier(i, rows)), default=math.nan)),
    )


@few
@given(tables(), st.randoms(use_true_random=False))
def test_latest_and_next_marked_row(table, random) -> None:
    codes, time, x = table
    mask = np.array([random.random() < 0.4 for _ in codes])
    groups = Groups(codes, time)

    def latest(i: int, rows: list[int]) -> float:
        marked = [j for j in rows[: rows.index(i)] if mask[j]]
        return x[marked[-1]] if marked else math.nan

    def coming(i: int, rows: list[int]) -> float:
        marked = [j for j in rows[rows.index(i) + 1 :] if mask[j]]
        return x[marked[0]] if marked else math.nan

    same(groups.last_where(mask, x), loop(codes, time, latest))
    same(groups.next_where(mask, x), loop(codes, time, coming))


@few
@given(tables(), st.integers(0, 4), st.integers(0, 4))
def test_windows_include_both_ends_and_the_row_itself(table, before: int, after: int) -> None:
    codes, time, x = table
    groups = Groups(codes, time)

    def inside(i: int, rows: list[int]) -> list[int]:
        return [j for j in rows if time[i] - before <= time[j] <= time[i] + after]

    same(groups.window(before, after), loop(codes, time, lambda i, rows: len(inside(i, rows))))
    same(groups.window(before, after, x), loop(codes, time, lambda i, rows: sum(x[inside(i, rows)])))


@few
@given(tables())
def test_without_time_the_order_of_the_rows_stands(table) -> None:
    codes, _, x = table
    groups = Groups(codes)
    same(groups.position(), loop(codes, None, lambda i, rows: rows.index(i)))
    same(
        groups.previous(x),
        loop(codes, None, lambda i, rows: math.nan if rows[0] == i else x[rows[rows.index(i) - 1]]),
    )
    with pytest.raises(ValueError, match="without a time"):
        groups.gap_before()


@few
@given(tables())
def test_groups_are_numbered_and_the_unknown_are_alone(table) -> None:
    codes, time, _ = table
    number = Groups(codes, time).group_of_row()
    for i in range(len(codes)):
        for j in range(len(codes)):
            together = i == j or (codes[i] >= 0 and codes[i] == codes[j])
            assert (number[i] == number[j]) == together


@few
@given(tables())
def test_combined_codes(table) -> None:
    codes, _time, x = table
    others = (x.astype(np.int64) + 1).clip(-1)
    found = dense_codes(codes, others)
    for i in range(len(codes)):
        unknown = codes[i] < 0 or others[i] < 0
        assert (found[i] == -1) == unknown
        for j in range(len(codes)):
            if not unknown and found[j] >= 0:
                assert (found[i] == found[j]) == (codes[i] == codes[j] and others[i] == others[j])
    known = found[found >= 0]
    assert set(known) == set(range(len(set(known)))), "dense"


@few
@given(st.lists(st.one_of(st.integers(-3, 3), st.none()), max_size=14))
def test_mid_ranks(values: list[int | None]) -> None:
    x = np.array([math.nan if v is None else v for v in values], dtype=float)
    finite = x[np.isfinite(x)]
    expected = [
        math.nan if v is None else (sum(finite < v) + sum(finite == v) / 2) / len(finite) for v in values
    ]
    same(mid_ranks(x), np.array(expected, dtype=float))


def test_infinities_have_no_rank() -> None:
    same(mid_ranks(np.array([np.inf, 1.0, -np.inf, 2.0])), np.array([np.nan, 0.25, np.nan, 0.75]))


def test_repeats_are_a_matter_of_share() -> None:
    assert not Groups(np.arange(100)).repeats
    assert not Groups(np.full(100, -1)).repeats, "missing values are not one busy customer"
    assert Groups(np.arange(100) // 2).repeats


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_and_nearly_nothing(n: int) -> None:
    """Every operation answers for an empty table and for one row, without a warning."""
    groups = Groups(np.zeros(n, dtype=np.int64), np.zeros(n))
    x, mask = np.ones(n), np.ones(n, dtype=bool)
    answers = [
        groups.count(), groups.position(), groups.sum(x), groups.max(x), groups.leave_one_out_max(x),
        groups.leave_one_out_mean(x, 0.0, 2.0), groups.leave_one_out_zscore(x), groups.rank_within(x),
        groups.distinct(np.zeros(n, dtype=np.int64)), groups.first_seen(np.zeros(n, dtype=np.int64)),
        groups.gap_before(), groups.gap_after(), groups.previous(x), groups.previous_max(x),
        groups.last_where(mask, x), groups.next_where(mask, x), groups.window(1, 1), groups.window(1, 1, x),
        mid_ranks(x), dense_codes(np.zeros(n, dtype=np.int64)),
    ]  # fmt: skip
    assert all(len(answer) == n for answer in answers)


def test_long_histories_keep_their_windows_exact() -> None:
    """Epoch seconds times many groups: the search keys must not round the ends of a window away."""
    rng = np.random.default_rng(0)
    n = 60_000
    codes = rng.integers(0, 30_000, n)
    time = 1_700_000_000 + rng.integers(0, 3 * 365 * 86_400, n).astype(float)
    found = Groups(codes, time).window(86_400, 0)
    for i in rng.integers(0, n, 200):
        near = (codes == codes[i]) & (time <= time[i]) & (time >= time[i] - 86_400)
        assert found[i] == near.sum()
