"""Clocks that jump, and workers whose clocks differ: a run ends once, and waits for no clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.waiting import LIMIT

from vigie.app import job_queue, runs, sessions, uploads, users

SCORE = ("score",)
LEASE = LIMIT
SetClock = Callable[[timedelta], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the clock that the app reads ahead or back."""

    def set_(ahead: timedelta) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return datetime.now(tz) + ahead

        for module in (job_queue, runs, sessions):
            monkeypatch.setattr(module, "datetime", Clock)

    return set_


@pytest.fixture
def run(engine: sa.Engine) -> str:
    """A run that was asked for now."""
    user = users.add(engine, "ada@example.org", "Ada", "analyst")
    upload = uploads.begin(engine, user, "t.csv", ".csv", timedelta(days=1))
    return runs.enqueue(engine, upload.id, user.id, "score", {})


@pytest.mark.parametrize("jump", [timedelta(minutes=5), timedelta(hours=1), timedelta(days=400)], ids=str)
def test_a_run_waits_for_no_clock_that_was_set_back(
    engine: sa.Engine, run: str, set_clock: SetClock, jump: timedelta
) -> None:
    """Neither one that was not begun nor one that a worker gave back; a delay still counts while the clock is right."""
    first = job_queue.claim(engine, "w1", SCORE, LEASE)
    assert first is not None
    assert job_queue.retry_later(engine, first, {"message": "away"})
    assert job_queue.claim(engine, "w1", SCORE, LEASE) is None
    if jump > timedelta(minutes=15):
        set_clock(-jump)
        assert job_queue.claim(engine, "w1", SCORE, LEASE) is not None
        assert job_queue.release(engine, "w1") == 1
    set_clock(-2 * jump)
    fresh = runs.enqueue(engine, first.upload_id, first.user_id, "score", {})
    set_clock(-3 * jump)
    claimed = {job.id for job in (job_queue.claim(engine, f"w{n}", SCORE, LEASE) for n in range(2, 4)) if job}
    assert fresh in claimed


def test_a_worker_whose_clock_is_ahead_takes_a_run_over_and_it_ends_once(
    engine: sa.Engine, run: str, set_clock: SetClock
) -> None:
    """The first worker, which is alive, cannot write any more; the result is that of the second."""
    first = job_queue.claim(engine, "w1", SCORE, LEASE)
    set_clock(timedelta(hours=1))
    second = job_queue.claim(engine, "w2", SCORE, LEASE)
    assert first is not None
    assert second is not None
    assert (second.id, second.attempt) == (first.id, 2)
    set_clock(timedelta())
    assert not job_queue.report_progress(engine, first, "scoring", 0.5)
    assert not job_queue.finish(engine, first, summary={}, result="folder/1")
    assert job_queue.finish(engine, second, summary={}, result="folder/2")
    assert (runs.find(engine, run).state, runs.find(engine, run).result) == ("done", "folder/2")


def test_a_session_ends_by_the_clock_whatever_it_was_set_to(engine: sa.Engine, set_clock: SetClock) -> None:
    """A clock that is ahead ends it early; one that began after it lasts as long as any."""
    user = users.add(engine, "bob@example.org", "Bob", "viewer")
    secret = sessions.start(engine, user.id, timedelta(hours=12))
    set_clock(timedelta(hours=13))
    assert sessions.find_user(engine, secret) is None
    late = sessions.start(engine, user.id, timedelta(hours=12))
    assert sessions.find_user(engine, late) is not None
    set_clock(timedelta(hours=26))
    assert sessions.find_user(engine, late) is None
