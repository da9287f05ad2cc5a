"""Runs as jobs: one worker at a time, whatever dies; on both back ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from tests.waiting import LIMIT

from vigie.app import job_queue, runs, uploads, users
from vigie.app.tables import runs as table
from vigie.app.tables import uploads as uploads_table
from vigie.db import database
from vigie.errors import WrongState

SCORE = ("score",)
LEASE = LIMIT
Ask = Callable[..., str]


@pytest.fixture
def ask(engine: sa.Engine) -> Ask:
    """Request a run as a user; make the user and the upload when first needed."""
    known: dict[str, tuple[int, str]] = {}

    def ask(who: str = "ada", kind: str = "score") -> str:
        if who not in known:
            user = users.add(engine, f"{who}@example.org", who, "analyst")
            upload = uploads.begin(engine, user, "t.csv", ".csv", timedelta(days=1))
            known[who] = (user.id, upload.id)
        return runs.enqueue(engine, known[who][1], known[who][0], kind, {"top": 3})

    return ask


def age(engine: sa.Engine, run: str, **moments: timedelta) -> None:
    """Moves moments of a run into the past."""
    with database.writing(engine) as connection:
        values = {name: datetime.now(UTC) - ago for name, ago in moments.items()}
        connection.execute(sa.update(table).where(table.c.id == run).values(values))


def state(engine: sa.Engine, run: str) -> str:
    return runs.find(engine, run).state


def test_a_run_goes_to_one_worker_and_ends_once(engine: sa.Engine, ask: Ask) -> None:
    """No other worker gets it; its result and the upload's columns appear together."""
    run = ask()
    job = job_queue.claim(engine, "w1", SCORE, LEASE)
    assert job is not None
    assert job.id == run
    assert job.options == {"top": 3}
    assert job_queue.claim(engine, "w2", SCORE, LEASE) is None
    assert job_queue.report_progress(engine, job, "scoring", 0.5)
    assert runs.find(engine, run).share == 0.5
    assert job_queue.finish(engine, job, summary={"alerts": 3}, result="folder/1", upload={"rows": 9})
    assert not job_queue.finish(engine, job, summary={"alerts": 4}, result="folder/2")
    done = runs.find(engine, run)
    assert (done.state, done.result, done.summary, done.rows) == ("done", "folder/1", {"alerts": 3}, 9)


def test_only_requested_kinds_are_claimed(engine: sa.Engine, ask: Ask) -> None:
    """The quick lane never takes a long run."""
    ask(kind="score")
    assert job_queue.claim(engine, "w1", ("inspect",), 30) is None


def test_a_silent_workers_run_is_taken_over_and_the_first_worker_is_fenced(
    engine: sa.Engine, ask: Ask
) -> None:
    """What comes back from the dead changes nothing any more."""
    run = ask()
    first = job_queue.claim(engine, "w1", SCORE, LEASE)
    assert first is not None
    age(engine, run, lease_until=timedelta(seconds=1))
    second = job_queue.claim(engine, "w2", SCORE, LEASE)
    assert second is not None
    assert (second.id, second.attempt) == (run, 2)
    assert not job_queue.report_progress(engine, first, "scoring", 0.9)
    assert not job_queue.finish(engine, first, result="folder/1")
    assert not job_queue.fail(engine, first, {"message": "late"})
    assert job_queue.finish(engine, second, result="folder/2")
    assert runs.find(engine, run).result == "folder/2"


def test_a_beating_worker_keeps_its_runs(engine: sa.Engine, ask: Ask) -> None:
    """A beat renews the lease; the beat of another does not."""
    run = ask()
    job_queue.claim(engine, "w1", SCORE, LEASE)
    age(engine, run, lease_until=timedelta(seconds=1))
    assert job_queue.renew_leases(engine, "w2", LEASE) == set()
    assert job_queue.renew_leases(engine, "w1", LEASE) == {run}
    assert job_queue.claim(engine, "w2", SCORE, LEASE) is None


def test_a_run_that_kills_every_worker_fails_in_words(engine: sa.Engine, ask: Ask) -> None:
    """After so many attempts it is over, and says why."""
    run = ask()
    for _ in range(job_queue.MAX_ATTEMPTS):
        assert job_queue.claim(engine, "w1", SCORE, LEASE) is not None
        age(engine, run, lease_until=timedelta(seconds=1))
    assert job_queue.claim(engine, "w1", SCORE, LEASE) is None
    failed = runs.find(engine, run)
    assert failed.state == "failed"
    assert failed.error is not None
    assert "memory" in failed.error["hint"]


def test_a_run_is_charged_only_for_the_process_that_it_was_in(engine: sa.Engine, ask: Ask) -> None:
    """A crash ends the attempts of that worker at once, and after two the run; other workers' runs are not touched."""
    first, second = ask(), ask()
    crashing = job_queue.claim(engine, "crashing 1", SCORE, LEASE)
    innocent = job_queue.claim(engine, "innocent", SCORE, LEASE)
    assert crashing is not None
    assert innocent is not None
    assert {crashing.id, innocent.id} == {first, second}
    assert job_queue.end_attempts(engine, "crashing 1", crashed=True) == 1
    assert state(engine, crashing.id) == "queued"
    assert not job_queue.report_progress(engine, crashing, "scoring", 0.9)
    age(engine, crashing.id, not_before=timedelta(seconds=1))
    again = job_queue.claim(engine, "crashing 2", SCORE, LEASE)
    assert again is not None
    assert (again.id, again.attempt) == (crashing.id, 2)
    assert job_queue.end_attempts(engine, "crashing 2", crashed=True) == 0
    failed = runs.find(engine, crashing.id)
    assert failed.state == "failed"
    assert failed.error is not None
    assert "VIGIE_WORKER_MEMORY_BYTES" in failed.error["hint"]
    assert job_queue.finish(engine, innocent, result="folder/1")
    assert runs.find(engine, innocent.id).attempts == 1


def test_a_run_whose_process_was_killed_may_be_innocent(engine: sa.Engine, ask: Ask) -> None:
    """It is tried as often as one whose worker fell silent."""
    run = ask()
    for attempt in range(1, job_queue.MAX_ATTEMPTS + 1):
        assert job_queue.claim(engine, f"w{attempt}", SCORE, LEASE) is not None
        job_queue.end_attempts(engine, f"w{attempt}", crashed=False)
        assert state(engine, run) == ("failed" if attempt == job_queue.MAX_ATTEMPTS else "queued")
        age(engine, run, not_before=timedelta(seconds=1))


def test_an_upload_whose_inspection_crashes_is_refused(engine: sa.Engine, ask: Ask) -> None:
    """Its page says why, instead of waiting."""
    run = ask(kind="inspect")
    upload = runs.find(engine, run).upload_id
    with database.writing(engine) as connection:
        connection.execute(
            sa.update(uploads_table).where(uploads_table.c.id == upload).values(state="received")
        )
    for worker in ("w1", "w2"):
        assert job_queue.claim(engine, worker, ("inspect",), LEASE) is not None
        job_queue.end_attempts(engine, worker, crashed=True)
        age(engine, run, not_before=timedelta(seconds=1))
    refused = uploads.find(engine, upload)
    assert refused.state == "refused"
    assert refused.error is not None
    assert "crashed" in refused.error["message"]


def test_what_may_work_later_waits_longer_each_time(
    engine: sa.Engine, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Backoff, and in the end a failure with the last reason."""
    backoff = [LIMIT * (seconds / job_queue._BACKOFF[0]) for seconds in job_queue._BACKOFF]
    monkeypatch.setattr(job_queue, "_BACKOFF", backoff)
    run = ask()
    waits = []
    for _ in range(job_queue.MAX_ATTEMPTS):
        before = datetime.now(UTC)
        job = job_queue.claim(engine, "w1", SCORE, LEASE)
        assert job is not None
        assert job_queue.retry_later(engine, job, {"message": "the store is away"})
        assert job_queue.claim(engine, "w1", SCORE, LEASE) is None
        with database.reading(engine) as connection:
            at = connection.execute(sa.select(table.c.not_before).where(table.c.id == run)).scalar_one()
        waits.append((at - before).total_seconds())
        age(engine, run, not_before=timedelta(seconds=1))
    assert all(wait >= least for wait, least in zip(waits, backoff, strict=False))
    assert sorted(backoff) == backoff
    failed = runs.find(engine, run)
    assert (failed.state, failed.error) == ("failed", {"message": "the store is away"})


def test_a_worker_that_is_stopped_gives_its_runs_back(engine: sa.Engine, ask: Ask) -> None:
    """At once, without counting an attempt; its own late words are fenced all the same."""
    run = ask()
    first = job_queue.claim(engine, "w1", SCORE, LEASE)
    assert first is not None
    assert job_queue.release(engine, "w1") == 1
    second = job_queue.claim(engine, "w2", SCORE, LEASE)
    assert second is not None
    assert (second.id, second.attempt) == (run, 1)
    assert not job_queue.finish(engine, first, result="folder/1")


def test_no_user_waits_behind_many_runs_of_another(engine: sa.Engine, ask: Ask) -> None:
    """Fewest under way first, then who was served longest ago, then the oldest."""
    mine = [ask("ada") for _ in range(4)]
    theirs = [ask("bob") for _ in range(2)]
    order = []
    for _ in range(2):
        job = job_queue.claim(engine, "w1", SCORE, LEASE)
        assert job is not None
        order.append(job.id)
    assert order == [mine[0], theirs[0]]
    done = job_queue.claim(engine, "w1", SCORE, LEASE)
    assert done is not None
    assert done.id in {mine[1], theirs[1]}
    for _ in range(3):
        job = job_queue.claim(engine, "w1", SCORE, LEASE)
        assert job is not None
        job_queue.finish(engine, job)
        order.append(job.id)
    assert set(order) | {done.id} == {*mine, *theirs}


def test_a_cancelled_run_stays_cancelled(engine: sa.Engine, ask: Ask) -> None:
    """Its worker learns of it at its next heartbeat; cancelling twice is no error, cancelling what is over is."""
    run, other = ask(), ask()
    job = job_queue.claim(engine, "w1", SCORE, LEASE)
    assert job is not None
    runs.cancel(engine, run)
    runs.cancel(engine, run)
    assert not job_queue.report_progress(engine, job, "scoring", 0.9)
    assert not job_queue.finish(engine, job, result="folder/1")
    assert state(engine, run) == "cancelled"
    job = job_queue.claim(engine, "w1", SCORE, LEASE)
    assert job is not None
    job_queue.finish(engine, job)
    with pytest.raises(WrongState, match="done"):
        runs.cancel(engine, other)


def test_a_deleted_uploads_runs_end(engine: sa.Engine, ask: Ask) -> None:
    """What is deleted is not computed any further, and nothing of it is left."""
    run = ask()
    job = job_queue.claim(engine, "w1", SCORE, LEASE)
    assert job is not None
    uploads.mark_deleted(engine, job.upload_id)
    assert not job_queue.report_progress(engine, job, "scoring", 0.9)
    uploads.purge(engine, job.upload_id)
    assert not job_queue.finish(engine, job, result="folder/1", upload={"rows": 3})
    assert uploads.list_deleted(engine) == []
    with database.reading(engine) as connection:
        assert connection.execute(sa.select(table.c.id).where(table.c.id == run)).first() is None


def test_many_workers_at_once_take_each_run_once(engine: sa.Engine, ask: Ask) -> None:
    """A race that loses or doubles a run fails here."""
    wanted = {ask(f"user{number % 3}") for number in range(24)}
    taken: list[str] = []

    def work(name: str) -> None:
        misses = 0
        while misses < 3:
            job = job_queue.claim(engine, name, SCORE, LEASE)
            if job is None:
                misses += 1
                continue
            taken.append(job.id)
            job_queue.finish(engine, job)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(wanted)
