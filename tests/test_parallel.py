"""Work on two threads."""

from __future__ import annotations

import threading

import pytest
from tests.waiting import LIMIT

from vigie.parallel import in_threads


def test_each_item_is_done_once_two_at_a_time() -> None:
    """Each of two waits for the other, which would never end on one thread."""
    met, done = threading.Barrier(2), []

    def work(number: int) -> None:
        met.wait(LIMIT)
        done.append(number)

    in_threads(work, range(6))
    assert sorted(done) == list(range(6))


def test_too_little_work_stays_on_the_calling_thread() -> None:
    """In the order of the items."""
    done: list[tuple[int, int]] = []
    in_threads(lambda number: done.append((number, threading.get_ident())), range(3), enough=False)
    assert done == [(number, threading.get_ident()) for number in range(3)]


def test_nested_work_stays_on_its_thread() -> None:
    inner: list[bool] = []

    def work(_: int) -> None:
        mine = threading.get_ident()
        in_threads(lambda _: inner.append(threading.get_ident() == mine), range(4))

    in_threads(work, range(2))
    assert inner == [True] * 8


def test_an_error_on_a_thread_reaches_the_caller() -> None:
    def work(number: int) -> None:
        if number == 2:
            raise ZeroDivisionError(number)

    with pytest.raises(ZeroDivisionError):
        in_threads(work, range(3))
