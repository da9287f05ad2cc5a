"""Live rows, asked of one plan by many at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from tests.waiting import LIMIT, wait_until

from vigie.web import online_scoring


class Slow:
    """A plan that answers with what it was asked, when it may, and refuses negative numbers."""

    def __init__(self) -> None:
        self.begun, self.may = threading.Event(), threading.Event()
        self.rounds: list[int] = []

    def score_many(self, asked: Sequence[tuple[pl.DataFrame, Sequence[int]]]) -> list[pl.DataFrame]:
        self.rounds.append(len(asked))
        self.begun.set()
        assert self.may.wait(LIMIT)
        if any((rows["x"] < 0).any() for rows, _ in asked):
            raise ValueError("negative")
        return [rows[list(only)] for rows, only in asked]


def _ask(rounds: online_scoring._Rounds, number: int, rows: int = 3) -> pl.DataFrame:
    return rounds.score(pl.DataFrame({"x": [number] * rows}), [rows - 1])


def _waiting(rounds: online_scoring._Rounds, many: int) -> None:
    """Until so many wait."""
    wait_until(lambda: len(rounds._waiting) == many)


def test_who_waits_is_answered_together() -> None:
    """The first is answered alone, those who came meanwhile in one round, each with its own rows."""
    plan = Slow()
    rounds = online_scoring._Rounds(plan)  # type: ignore[arg-type]
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(_ask, rounds, 0)
        assert plan.begun.wait(LIMIT)
        others = [pool.submit(_ask, rounds, number) for number in range(1, 6)]
        _waiting(rounds, 5)
        plan.may.set()
        assert first.result(LIMIT)["x"].to_list() == [0]
        assert [one.result(LIMIT)["x"].to_list() for one in others] == [[n] for n in range(1, 6)]
    assert plan.rounds == [1, 5]


def test_a_request_that_fails_fails_alone() -> None:
    """Those who were asked together with it are answered."""
    plan = Slow()
    rounds = online_scoring._Rounds(plan)  # type: ignore[arg-type]
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(_ask, rounds, 0)
        assert plan.begun.wait(LIMIT)
        bad, good = pool.submit(_ask, rounds, -1), pool.submit(_ask, rounds, 2)
        _waiting(rounds, 2)
        plan.may.set()
        first.result(LIMIT)
        with pytest.raises(ValueError, match="negative"):
            bad.result(LIMIT)
        assert good.result(LIMIT)["x"].to_list() == [2]


def test_a_round_has_a_bound() -> None:
    """However many wait: no more rows than memory was meant for."""
    plan = Slow()
    rounds = online_scoring._Rounds(plan)  # type: ignore[arg-type]
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(_ask, rounds, 0)
        assert plan.begun.wait(LIMIT)
        others = [pool.submit(_ask, rounds, number, online_scoring._MOST // 2) for number in range(1, 5)]
        _waiting(rounds, 4)
        plan.may.set()
        for one in (first, *others):
            one.result(LIMIT)
    assert plan.rounds == [1, 2, 2]
