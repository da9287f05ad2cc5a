"""Two things at a time."""

from __future__ import annotations

import threading

import pytest
from tests.waiting import LIMIT

from vigie.parallel import in_threads


def test_everything_is_done_once_and_two_at_a_time() -> None:
    """Each of two waits for the other: by one thread this would never end."""
    met, done = threading.Barrier(2), []

    def work(number: int) -> None:
        met.wait(LIMIT)
        done.append(number)

    in_threads(work, range(6))
    assert sorted(done) == list(range(6))


def test_where_it_is_not_worth_it_nobody_else_works() -> None:
    """In the order of the items, on the thread that asks."""
    done: list[tuple[int, int]] = []
    in_threads(lambda number: done.append((number, threading.get_ident())), range(3), worth=False)
    assert done == [(number, threading.get_ident()) for number in range(3)]


def test_work_that_asks_for_threads_does_it_by_itself() -> None:
    inner: list[bool] = []

    def work(_: int) -> None:
        mine = threading.get_ident()
        in_threads(lambda _: inner.append(threading.get_ident() == mine), range(4))

    in_threads(work, range(2))
    assert inner == [True] * 8


def test_what_fails_on_a_thread_fails_for_who_asked() -> None:
    def work(number: int) -> None:
        if number == 2:
            raise ZeroDivisionError(number)

    with pytest.raises(ZeroDivisionError):
        in_threads(work, range(3))
