"""Job queue on the table `runs`.

A worker holds a run by a lease that it renews. When a worker dies, its leases expire and another worker claims its runs.
Every write of a worker names the attempt (fencing): a worker that lost its lease can change nothing, and no run refers to
the folder of its result.

`docs/jobs.md` says why this is not a library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vigie.app.tables import runs, uploads
from vigie.db.database import Engine, writing
from vigie.errors import error_record
from vigie.i18n.messages import msg

_ROWS = runs.c
MAX_ATTEMPTS = 5
MAX_CRASHES = 2
"""Attempts of a run that makes the process of its worker crash; a process that was killed may have been innocent."""
_BACKOFF = (5, 30, 120, 600)
_WORKER_LOST = error_record(
    msg("the worker stopped during this run several times"),
    msg("it probably ran out of memory: use a smaller table, or give the worker more memory"),
    "WorkerLost",
)
_CRASHED = error_record(
    msg("the process that worked on this table crashed"),
    msg(
        "the table needs more memory than a worker has, or its file is damaged: split it, export it as CSV, or raise VIGIE_WORKER_MEMORY_BYTES"
    ),
    "WorkerCrashed",
)


@dataclass(frozen=True)
class Job:
    """A claimed run; `attempt` fences the writes of its worker."""

    id: str
    upload_id: str
    user_id: int
    kind: str
    options: Mapping[str, Any]
    parent_id: str | None
    attempt: int
    worker: str


def bug_record(run_id: str) -> dict[str, Any]:
    """Return the error of a run, or of what follows it, that ended with an exception that is not Vigie's."""
    hint = msg("this is a bug in Vigie; look for run {id} in the worker's log", id=run_id)
    return error_record(msg("something unexpected happened"), hint, "Bug")


def claim(
    engine: Engine, worker: str, kinds: Sequence[str], lease: float, *, max_rows: int | None = None
) -> Job | None:
    """Claim the next run, or return None where no run is ready.

    Users are served fairly: first the user with the fewest running jobs, then the user served longest ago; runs of one user
    in order of creation. A run whose lease expired is claimed like any other, up to `MAX_ATTEMPTS` times.

    Args:
        engine: database.
        worker: name of the worker.
        kinds: kinds of runs.
        lease: seconds until another worker may claim it.
        max_rows: only runs of tables that are known to have at most so many rows.
    """
    now = datetime.now(UTC)
    with writing(engine) as connection:
        _fail_exhausted(connection, now)
        row = connection.execute(_next(kinds, now, max_rows)).mappings().first()
        if row is None:
            return None
        values = {
            "state": "running",
            "worker": worker,
            "attempts": row["attempts"] + 1,
            "lease_until": now + timedelta(seconds=lease),
            "started_at": row["started_at"] or now,
            "share": 0.0,
        }
        same = sa.and_(_ROWS.id == row["id"], _ROWS.attempts == row["attempts"], _ROWS.state == row["state"])
        if connection.execute(sa.update(runs).where(same).values(values)).rowcount != 1:
            return None
    names = ("id", "upload_id", "user_id", "kind", "options", "parent_id")
    return Job(**{name: row[name] for name in names}, attempt=row["attempts"] + 1, worker=worker)


def renew_leases(engine: Engine, worker: str, lease: float) -> set[str]:
    """Renew all leases of a worker and return the ids of its runs."""
    until = datetime.now(UTC) + timedelta(seconds=lease)
    mine = sa.and_(_ROWS.worker == worker, _ROWS.state == "running")
    with writing(engine) as connection:
        connection.execute(sa.update(runs).where(mine).values(lease_until=until))
        return set(connection.execute(sa.select(_ROWS.id).where(mine)).scalars())


def report_progress(engine: Engine, job: Job, stage: str, share: float) -> bool:
    """Store stage and progress of a job; return whether the worker still holds its lease."""
    with writing(engine) as connection:
        values = {"stage": stage[:50], "share": max(0.0, min(1.0, share))}
        return connection.execute(sa.update(runs).where(_held(job)).values(values)).rowcount == 1


def finish(
    engine: Engine,
    job: Job,
    *,
    summary: Mapping[str, Any] | None = None,
    result: str | None = None,
    upload: Mapping[str, Any] | None = None,
) -> bool:
    """Finish a job: store its result and update its upload in one transaction.

    Returns:
        Whether the worker still held the lease; otherwise nothing is changed.
    """
    values = {
        "state": "done",
        "share": 1.0,
        "summary": None if summary is None else dict(summary),
        "result": result,
        "finished_at": datetime.now(UTC),
        "lease_until": None,
    }
    return _end(engine, job, values, upload)


def fail(
    engine: Engine, job: Job, error: Mapping[str, Any], *, upload: Mapping[str, Any] | None = None
) -> bool:
    """Fail a job for good; return whether the worker still held the lease."""
    values = {
        "state": "failed",
        "error": dict(error),
        "finished_at": datetime.now(UTC),
        "lease_until": None,
    }
    return _end(engine, job, values, upload)


def retry_later(engine: Engine, job: Job, error: Mapping[str, Any]) -> bool:
    """Queue a job again with increasing delay, or fail it after `MAX_ATTEMPTS` attempts."""
    if job.attempt >= MAX_ATTEMPTS:
        return fail(engine, job, error)
    wait = timedelta(seconds=_BACKOFF[min(job.attempt, len(_BACKOFF)) - 1])
    values = {
        "state": "queued",
        "stage": "waiting",
        "not_before": datetime.now(UTC) + wait,
        "worker": None,
        "lease_until": None,
        "error": dict(error),
    }
    return _end(engine, job, values, None)


def release(engine: Engine, worker: str) -> int:
    """Release all leases of a worker at shutdown, without counting an attempt; return their number."""
    mine = sa.and_(_ROWS.worker == worker, _ROWS.state == "running")
    values = {
        "state": "queued",
        "worker": None,
        "attempts": _ROWS.attempts - 1,
        "lease_until": None,
        "stage": "",
        "share": 0.0,
        "not_before": datetime.now(UTC),
    }
    with writing(engine) as connection:
        return int(connection.execute(sa.update(runs).where(mine).values(values)).rowcount)


def end_attempts(engine: Engine, worker: str, *, crashed: bool) -> int:
    """End the attempts of a worker whose process has ended, without waiting for its leases; return their number.

    Args:
        engine: database.
        worker: name of the worker.
        crashed: whether the process was aborted or violated its memory, rather than killed: the run is then the cause.
    """
    now = datetime.now(UTC)
    mine = sa.and_(_ROWS.worker == worker, _ROWS.state == "running")
    limit, error = (MAX_CRASHES, _CRASHED) if crashed else (MAX_ATTEMPTS, _WORKER_LOST)
    waiting = {
        "state": "queued",
        "stage": "waiting",
        "not_before": now + timedelta(seconds=_BACKOFF[0]),
        "worker": None,
        "lease_until": None,
        "error": error,
    }
    with writing(engine) as connection:
        _fail_all(connection, sa.and_(mine, _ROWS.attempts >= limit), error, now)
        return int(connection.execute(sa.update(runs).where(mine).values(waiting)).rowcount)


def _next(kinds: Sequence[str], now: datetime, max_rows: int | None) -> sa.Select[Any]:
    others = runs.alias("others")
    theirs = others.c.user_id == _ROWS.user_id
    busy = (
        sa.select(sa.func.count())
        .select_from(others)
        .where(theirs, others.c.state == "running", others.c.lease_until >= now, others.c.kind != "inspect")
        .scalar_subquery()
    )
    served = sa.select(sa.func.max(others.c.started_at)).where(theirs).scalar_subquery()
    # A clock that was set back since leaves moments farther ahead than any delay.
    due = sa.or_(
        _ROWS.not_before <= now,
        _ROWS.attempts == 0,
        _ROWS.not_before > now + timedelta(seconds=max(_BACKOFF)),
    )
    ready = sa.or_(
        sa.and_(_ROWS.state == "queued", due),
        sa.and_(_ROWS.state == "running", _ROWS.lease_until < now),
    )
    small: sa.ColumnElement[bool] = sa.true()
    if max_rows is not None:
        small = _ROWS.upload_id.in_(sa.select(uploads.c.id).where(uploads.c.rows <= max_rows))
    order = (busy, served.asc().nulls_first(), _ROWS.created_at, _ROWS.id)
    return (
        sa.select(runs)
        .where(ready, _ROWS.kind.in_(kinds), small)
        .order_by(*order)
        .limit(1)
        .with_for_update(skip_locked=True, of=runs)
    )


def _fail_exhausted(connection: sa.Connection, now: datetime) -> None:
    """Fail the runs that lost their worker `MAX_ATTEMPTS` times, and refuse the uploads they inspected."""
    lost = sa.and_(_ROWS.state == "running", _ROWS.lease_until < now, _ROWS.attempts >= MAX_ATTEMPTS)
    _fail_all(connection, lost, _WORKER_LOST, now)


def _fail_all(
    connection: sa.Connection, lost: sa.ColumnElement[bool], error: Mapping[str, Any], now: datetime
) -> None:
    found = connection.execute(sa.select(_ROWS.upload_id, _ROWS.kind).where(lost)).all()
    if not found:
        return
    values = {"state": "failed", "error": dict(error), "finished_at": now, "lease_until": None}
    connection.execute(sa.update(runs).where(lost).values(values))
    inspected = [upload for upload, kind in found if kind == "inspect"]
    if inspected:
        connection.execute(
            sa.update(uploads)
            .where(uploads.c.id.in_(inspected), uploads.c.state == "received")
            .values(state="refused", error=dict(error))
        )


def _held(job: Job) -> sa.ColumnElement[bool]:
    return sa.and_(
        _ROWS.id == job.id,
        _ROWS.state == "running",
        _ROWS.attempts == job.attempt,
        _ROWS.worker == job.worker,
    )


def _end(engine: Engine, job: Job, values: Mapping[str, Any], upload: Mapping[str, Any] | None) -> bool:
    with writing(engine) as connection:
        if connection.execute(sa.update(runs).where(_held(job)).values(dict(values))).rowcount != 1:
            return False
        if upload:
            at = sa.and_(uploads.c.id == job.upload_id, uploads.c.state != "deleted")
            connection.execute(sa.update(uploads).where(at).values(dict(upload)))
    return True
