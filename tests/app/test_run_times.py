"""Estimates of how long a run takes and waits, and the lane of small tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from vigie.app import job_queue, run_times, runs, uploads, users
from vigie.app.run_times import SMALL_ROWS, Finished, expected_seconds, progress
from vigie.app.tables import runs as table
from vigie.app.tables import uploads as upload_table
from vigie.db import database


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_progress_moves_from_the_first_second_and_the_time_left_falls(factor: float) -> None:
    """Also where nothing is reported for long, and where a run takes a fraction, or a multiple, of what was expected."""
    expected = 200.0
    real = expected * factor
    reports = [(0.0, 0.0), (0.42, 0.15), (0.44, 0.3), (0.8, 0.7), (0.99, 0.95)]
    shares, lefts = [], []
    for second in range(1, int(real)):
        reported = max(share for at, share in reports if at * real <= second)
        share, left = progress(reported, second, expected)
        shares.append(share)
        lefts.append(left)
    assert 0 < shares[0] < 0.02
    assert shares == sorted(shares)
    assert shares[-1] < 1
    assert lefts == sorted(lefts, reverse=True)
    assert len(set(lefts)) == len(set(shares)) > 20


def test_what_is_expected_follows_similar_runs() -> None:
    """Small files say little about long ones where there is a long one."""
    history = [Finished(1_000, 3.5), Finished(2_000_000, 403.0), Finished(3_000_000, 603.0)]
    assert expected_seconds(2_700_000, history) == pytest.approx(543, rel=0.01)
    assert expected_seconds(2_700_000, []) > expected_seconds(6_000, [])
    assert expected_seconds(None, []) > 0


def add(engine: sa.Engine, who: str, rows: int | None) -> str:
    """Return a user's run on a table of so many rows."""
    user = users.add(engine, f"{who}@example.org", who, "analyst")
    upload = uploads.begin(engine, user, "t.csv", ".csv", timedelta(days=1))
    with database.writing(engine) as connection:
        connection.execute(sa.update(upload_table).where(upload_table.c.id == upload.id).values(rows=rows))
    return runs.enqueue(engine, upload.id, user.id, "score", {})


def test_a_small_table_never_waits_for_a_long_one(engine: sa.Engine) -> None:
    """It has a lane of its own, which takes nothing else; the queue says so."""
    first, second, third = add(engine, "a", 2_700_000), add(engine, "b", 2_700_000), add(engine, "c", None)
    small = add(engine, "d", 6_000)
    taken = job_queue.claim(engine, "jobs", ("score",), 30)
    assert taken is not None
    assert taken.id == first
    waiting = runs.find(engine, second)
    assert waiting.position == 0
    assert waiting.wait_seconds == pytest.approx(runs.find(engine, first).seconds_left, rel=0.1)
    assert runs.find(engine, third).position == 1
    assert runs.find(engine, third).wait_seconds > waiting.wait_seconds  # type: ignore[operator]
    assert (runs.find(engine, small).position, runs.find(engine, small).wait_seconds) == (0, 0.0)
    claimed = job_queue.claim(engine, "small", ("score",), 30, max_rows=SMALL_ROWS)
    assert claimed is not None
    assert claimed.id == small
    assert job_queue.claim(engine, "small", ("score",), 30, max_rows=SMALL_ROWS) is None


def test_a_run_that_was_started_again_counts_its_own_progress(engine: sa.Engine) -> None:
    """The time of the attempt before says nothing."""
    run = add(engine, "a", 2_700_000)
    assert job_queue.claim(engine, "w", ("score",), 30) is not None
    with database.writing(engine) as connection:
        values = {"attempts": 2, "started_at": datetime.now(UTC) - timedelta(hours=1)}
        connection.execute(sa.update(table).where(table.c.id == run).values(values))
    assert runs.find(engine, run).share == 0.0
    assert runs.find(engine, run).seconds_left == pytest.approx(run_times.expected_seconds(2_700_000, []))
