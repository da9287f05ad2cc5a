"""Runs as jobs: claimed, kept alive, finished by exactly one worker.

A worker holds a run by a lease that its heartbeat renews. When a worker dies its leases end, and whoever asks next gets
the run. Everything a worker writes is fenced by the number of the attempt: one that lost its lease (stopped, swapped out,
cut off from the database) can no longer change anything, and its result lies in a folder nobody looks at.

Why not a library for this: `docs/jobs.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vigie.app.tables import runs, uploads
from vigie.db.database import Engine, reading, writing
from vigie.errors import kept
from vigie.i18n.messages import msg

_ROWS = runs.c
MAX_ATTEMPTS = 5
_BACKOFF = (5, 30, 120, 600)
_GIVEN_UP = kept(
    msg("the worker stopped in the middle of it, several times over"),
    msg("most likely it ran out of memory: try a smaller table, or give the worker more memory"),
    "WorkerLost",
)


@dataclass(frozen=True)
class Job:
    """A run in the hands of a worker; `attempt` is what fences it."""

    id: str
    upload_id: str
    user_id: int
    kind: str
    options: Mapping[str, Any]
    parent_id: str | None
    attempt: int
    worker: str


def claim(engine: Engine, worker: str, kinds: Sequence[str], lease: float) -> Job | None:
    """Takes the next run, if there is one to take.

    Fair between users: first whoever has the fewest runs under way, then whoever was served longest ago; within one
    user the oldest. A run whose lease ended goes like any other, until it was tried `MAX_ATTEMPTS` times.
    """
    now = datetime.now(UTC)
    with writing(engine) as connection:
        _give_up(connection, now)
        row = connection.execute(_next(kinds, now)).mappings().first()
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
    return Job(
        row["id"], row["upload_id"], row["user_id"], row["kind"], row["options"], row["parent_id"],
        row["attempts"] + 1, worker,
    )  # fmt: skip


def beat(engine: Engine, worker: str, lease: float) -> set[str]:
    """Renews all leases of a worker; returns the runs it still holds."""
    until = datetime.now(UTC) + timedelta(seconds=lease)
    mine = sa.and_(_ROWS.worker == worker, _ROWS.state == "running")
    with writing(engine) as connection:
        connection.execute(sa.update(runs).where(mine).values(lease_until=until))
        return set(connection.execute(sa.select(_ROWS.id).where(mine)).scalars())


def tell(engine: Engine, job: Job, stage: str, share: float) -> bool:
    """Says how far a run is; returns whether it is still this worker's to do."""
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
    """A run is done: its result and what changes on its upload become visible together, or not at all."""
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
    """A run has failed for good."""
    values = {
        "state": "failed",
        "error": dict(error),
        "finished_at": datetime.now(UTC),
        "lease_until": None,
    }
    return _end(engine, job, values, upload)


def postpone(engine: Engine, job: Job, error: Mapping[str, Any]) -> bool:
    """What failed may work later: tried again after a while that grows, and at last failed for good."""
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


def give_back(engine: Engine, worker: str) -> int:
    """A worker that is told to stop leaves its runs to the others at once; they do not count as attempts."""
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


def waiting(engine: Engine) -> int:
    """How many runs are not over."""
    query = sa.select(sa.func.count()).where(_ROWS.state.in_(("queued", "running")))
    with reading(engine) as connection:
        return int(connection.execute(query).scalar_one())


def _next(kinds: Sequence[str], now: datetime) -> sa.Select[Any]:
    others = runs.alias("others")
    theirs = others.c.user_id == _ROWS.user_id
    busy = (
        sa.select(sa.func.count())
        .select_from(others)
        .where(theirs, others.c.state == "running", others.c.lease_until >= now, others.c.kind != "inspect")
        .scalar_subquery()
    )
    served = sa.select(sa.func.max(others.c.started_at)).where(theirs).scalar_subquery()
    ready = sa.or_(
        sa.and_(_ROWS.state == "queued", _ROWS.not_before <= now),
        sa.and_(_ROWS.state == "running", _ROWS.lease_until < now),
    )
    order = (busy, served.asc().nulls_first(), _ROWS.created_at, _ROWS.id)
    return (
        sa.select(runs)
        .where(ready, _ROWS.kind.in_(kinds))
        .order_by(*order)
        .limit(1)
        .with_for_update(skip_locked=True, of=runs)
    )


def _give_up(connection: sa.Connection, now: datetime) -> None:
    """A run that kills its worker each time must not kill them for ever."""
    lost = sa.and_(_ROWS.state == "running", _ROWS.lease_until < now, _ROWS.attempts >= MAX_ATTEMPTS)
    found = connection.execute(sa.select(_ROWS.upload_id, _ROWS.kind).where(lost)).all()
    if not found:
        return
    values = {"state": "failed", "error": _GIVEN_UP, "finished_at": now, "lease_until": None}
    connection.execute(sa.update(runs).where(lost).values(values))
    looked_at = [upload for upload, kind in found if kind == "inspect"]
    if looked_at:
        connection.execute(
            sa.update(uploads)
            .where(uploads.c.id.in_(looked_at), uploads.c.state == "received")
            .values(state="refused", error=_GIVEN_UP)
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
