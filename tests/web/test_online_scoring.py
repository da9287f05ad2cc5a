"""Online scoring: requests of many threads to one scorer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import polars as pl
import pytest
from tests.waiting import LIMIT, wait_until

from vigie.web import online_scoring
from vigie.web.online_scoring import MicroBatcher


class SlowScorer:
    """Returns the rows of a request once `allowed` is set; refuses negative numbers."""

    def __init__(self) -> None:
        self.started, self.allowed = threading.Event(), threading.Event()
        self.batch_sizes: list[int] = []

    def score_many(self, requests: Sequence[tuple[pl.DataFrame, Sequence[int]]]) -> list[pl.DataFrame]:
        self.batch_sizes.append(len(requests))
        self.started.set()
        assert self.allowed.wait(LIMIT)
        if any((rows["x"] < 0).any() for rows, _ in requests):
            raise ValueError("negative")
        return [rows[list(only)] for rows, only in requests]


class Requests:
    """A batcher that is scoring its first request, and threads that send more."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.scorer, self.pool = SlowScorer(), pool
        self.batcher = MicroBatcher(self.scorer)  # type: ignore[arg-type]
        self.first = self.send(0)
        assert self.scorer.started.wait(LIMIT)

    def send(self, number: int, rows: int = 3) -> Future[pl.DataFrame]:
        frame = pl.DataFrame({"x": [number] * rows})
        return self.pool.submit(self.batcher.score, frame, [rows - 1])

    def wait_for_pending(self, count: int) -> None:
        wait_until(lambda: len(self.batcher._pending) == count)


def test_pending_requests_are_scored_in_one_batch() -> None:
    """Each request gets its own rows."""
    with ThreadPoolExecutor(8) as pool:
        requests = Requests(pool)
        others = [requests.send(number) for number in range(1, 6)]
        requests.wait_for_pending(5)
        requests.scorer.allowed.set()
        assert requests.first.result(LIMIT)["x"].to_list() == [0]
        assert [one.result(LIMIT)["x"].to_list() for one in others] == [[n] for n in range(1, 6)]
    assert requests.scorer.batch_sizes == [1, 5]


def test_a_failing_request_does_not_fail_the_others_of_its_batch() -> None:
    """The batch is scored again request by request."""
    with ThreadPoolExecutor(8) as pool:
        requests = Requests(pool)
        bad, good = requests.send(-1), requests.send(2)
        requests.wait_for_pending(2)
        requests.scorer.allowed.set()
        requests.first.result(LIMIT)
        with pytest.raises(ValueError, match="negative"):
            bad.result(LIMIT)
        assert good.result(LIMIT)["x"].to_list() == [2]


def test_the_rows_of_a_batch_are_bounded() -> None:
    """Requests beyond the bound wait for the next batch."""
    with ThreadPoolExecutor(8) as pool:
        requests = Requests(pool)
        others = [requests.send(number, online_scoring.MAX_BATCH_ROWS // 2) for number in range(1, 5)]
        requests.wait_for_pending(4)
        requests.scorer.allowed.set()
        for one in (requests.first, *others):
            one.result(LIMIT)
    assert requests.scorer.batch_sizes == [1, 2, 2]
