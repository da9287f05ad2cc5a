"""Runs: inspections, scorings, refinements and trainings of an upload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from vigie.app import run_times
from vigie.app.tables import marks, runs, uploads, users
from vigie.app.uploads import new_id, visible_to
from vigie.app.users import User
from vigie.db.database import Engine, reading, writing
from vigie.errors import NotFound, WrongState
from vigie.i18n.messages import msg

_ROWS = runs.c
UNFINISHED = ("queued", "running")
_RUNS_OF_A_FILE = 5
"""Predictions of a file that are looked at, on average, for the newest one of each file."""
DEFAULT_BUDGET = 20
"""Rows to review where neither a user nor Vigie proposes a number."""


@dataclass(frozen=True)
class Run:
    """One computation on an upload.

    Attributes:
        kind: `inspect`, `score`, `refine` or `train`.
        state: `queued`, `running`, `done`, `failed` or `cancelled`.
        options: parameters of the request; plain JSON.
        stage: current step, in English.
        share: progress in [0, 1]; where `find` returns it, time advances it between two reports.
        rows: number of rows of the upload, where known.
        summary: result without cells; plain JSON.
        error: reason of a failure: message, hint, kind.
        result: folder of the result in the store.
        alert_budget: number of rows to review that was set on the page; None for the proposed number.
        cases_made: number of alerts with which the cases were made; None until they are.
        attempts: number of times a worker started the run.
        position: number of runs ahead in the queue, while queued.
        wait_seconds: estimated time until a worker starts it, while queued.
        seconds_left: estimated time until it is done, while running.
    """

    id: str
    upload_id: str
    user_id: int
    user_name: str
    kind: str
    state: str
    options: Mapping[str, Any]
    parent_id: str | None
    stage: str
    share: float
    rows: int | None
    summary: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    result: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    alert_budget: int | None = None
    cases_made: int | None = None
    position: int | None = None
    wait_seconds: float | None = None
    seconds_left: float | None = None

    @property
    def rows_done(self) -> int:
        """Approximate number of rows processed."""
        return int(self.share * (self.rows or 0))

    @property
    def budget(self) -> int | None:
        """Number of rows to review: as set, else as proposed, else `DEFAULT_BUDGET`; None before there is a result."""
        if self.summary is None or "alerts" not in self.summary:
            return None
        chosen = (
            int(self.summary["alerts"]) or DEFAULT_BUDGET if self.alert_budget is None else self.alert_budget
        )
        return min(chosen, int(self.summary["rows"]))

    @property
    def alerts(self) -> int | None:
        """Number of alerts after rules; None before there is a result, and until the cases follow a change."""
        return self.cases_made


def enqueue(
    engine: Engine,
    upload_id: str,
    user_id: int,
    kind: str,
    options: Mapping[str, Any],
    *,
    parent_id: str | None = None,
    alert_budget: int | None = None,
) -> str:
    """Create a queued run and return its id."""
    with writing(engine) as connection:
        return insert(connection, upload_id, user_id, kind, options, parent_id, alert_budget)


def enqueue_inspection(engine: Engine, upload_id: str, user_id: int, values: Mapping[str, Any]) -> str:
    """Update a complete upload and enqueue its inspection in one transaction, cancelling an unfinished inspection.

    Raises:
        NotFound: the upload was deleted.
    """
    now = datetime.now(UTC)
    states = ("receiving", "received", "ready", "refused")
    with writing(engine) as connection:
        changed = sa.update(uploads).where(uploads.c.id == upload_id, uploads.c.state.in_(states))
        if connection.execute(changed.values(dict(values))).rowcount != 1:
            raise NotFound("upload", upload_id, hint="it was deleted in the meantime")
        stale = sa.and_(_ROWS.upload_id == upload_id, _ROWS.kind == "inspect", _ROWS.state.in_(UNFINISHED))
        connection.execute(sa.update(runs).where(stale).values(state="cancelled", finished_at=now))
        return insert(connection, upload_id, user_id, "inspect", {})


def find(engine: Engine, run_id: str, user: User | None = None) -> Run:
    """Return a run; with `user`, only one of an upload that the user may see.

    Raises:
        NotFound: there is no such run.
    """
    query = _query().where(_ROWS.id == run_id)
    if user is not None:
        query = query.where(visible_to(user))
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("run", run_id, hint="its upload may have been deleted")
        now, found = datetime.now(UTC), _run(row)
        if row["state"] == "queued":
            position, wait = run_times.queue(connection, row, now)
            return replace(found, position=position, wait_seconds=wait)
        if row["state"] == "running":
            expected = run_times.expected_seconds(
                row["rows"], run_times.read_history(connection, row["kind"])
            )
            elapsed = run_times.elapsed_seconds(row, expected, now)
            share, left = run_times.progress(row["share"], elapsed, expected)
            return replace(found, share=share, seconds_left=left)
    return found


def list_for(engine: Engine, user: User, *, upload_id: str | None, limit: int) -> list[Run]:
    """Return the newest runs that a user may see, newest first, without inspections."""
    query = _query().where(visible_to(user), _ROWS.kind != "inspect")
    if upload_id is not None:
        query = query.where(_ROWS.upload_id == upload_id)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(_ROWS.created_at.desc()).limit(limit)).mappings().all()
    return [_run(row) for row in rows]


def list_finished(engine: Engine, owner_id: int, *, limit: int) -> list[Run]:
    """Return the newest finished prediction of each of the newest files of a user and the user's team, newest first.

    Args:
        engine: database.
        owner_id: a user.
        limit: number of files.
    """
    return _newest_of_files(engine, _query(), owner_id, limit)


def list_with_labels(engine: Engine, owner_id: int, label: str, since: datetime, limit: int) -> list[Run]:
    """Return as `list_finished` the files with a row that was given a label since a moment."""
    labelled = sa.select(marks.c.upload_id).where(marks.c.verdict == label, marks.c.at >= since)
    return _newest_of_files(engine, _query().where(_ROWS.upload_id.in_(labelled)), owner_id, limit)


def cancel(engine: Engine, run_id: str) -> None:
    """Cancel an unfinished run; its worker notices at its next progress report and discards its work.

    Raises:
        NotFound: there is no such run.
        WrongState: the run is done or failed.
    """
    with writing(engine) as connection:
        unfinished = sa.update(runs).where(_ROWS.id == run_id, _ROWS.state.in_(UNFINISHED))
        values = {"state": "cancelled", "finished_at": datetime.now(UTC), "lease_until": None}
        if connection.execute(unfinished.values(values)).rowcount:
            return
        state = connection.execute(sa.select(_ROWS.state).where(_ROWS.id == run_id)).scalar()
    if state is None:
        raise NotFound("run", run_id)
    if state != "cancelled":
        raise WrongState(msg("run {run_id!r}", run_id=run_id), found=str(state), expected=UNFINISHED)


def set_budget(engine: Engine, run_id: str, budget: int) -> None:
    """Set the number of rows to review; the cases of the run are to be made again.

    Raises:
        NotFound: there is no such run.
    """
    with writing(engine) as connection:
        changed = sa.update(runs).where(_ROWS.id == run_id).values(alert_budget=budget, cases_made=None)
        if connection.execute(changed).rowcount != 1:
            raise NotFound("run", run_id)


def queue_cases(engine: Engine, run_ids: Sequence[str]) -> None:
    """Have the cases of runs made again: at once by the caller, or by the worker with its next cleanup."""
    with writing(engine) as connection:
        connection.execute(sa.update(runs).where(_ROWS.id.in_(list(run_ids))).values(cases_made=None))


def count_by_state(engine: Engine) -> list[tuple[str, str, int]]:
    """Return (kind, state, number) of all runs."""
    query = sa.select(_ROWS.kind, _ROWS.state, sa.func.count()).group_by(_ROWS.kind, _ROWS.state)
    with reading(engine) as connection:
        return [(str(kind), str(state), int(number)) for kind, state, number in connection.execute(query)]


def oldest_queued(engine: Engine) -> datetime | None:
    """Return when the oldest queued run was created; None where no run is queued."""
    query = sa.select(sa.func.min(_ROWS.created_at)).where(_ROWS.state == "queued")
    with reading(engine) as connection:
        return connection.execute(query).scalar()


def insert(
    connection: sa.Connection,
    upload_id: str,
    user_id: int,
    kind: str,
    options: Mapping[str, Any],
    parent_id: str | None = None,
    alert_budget: int | None = None,
) -> str:
    """Insert a queued run within a transaction and return its id."""
    now, run_id = datetime.now(UTC), new_id("run")
    row = {
        "id": run_id,
        "upload_id": upload_id,
        "user_id": user_id,
        "kind": kind,
        "state": "queued",
        "options": dict(options),
        "parent_id": parent_id,
        "alert_budget": alert_budget,
        "stage": "",
        "share": 0.0,
        "created_at": now,
        "attempts": 0,
        "not_before": now,
    }
    connection.execute(sa.insert(runs).values(row))
    return run_id


def _query() -> sa.Select[Any]:
    requester = users.alias("requester")
    return (
        sa.select(runs, uploads.c.rows, requester.c.name.label("user_name"))
        .join(uploads, sa.and_(uploads.c.id == _ROWS.upload_id, uploads.c.state != "deleted"))
        .join(users, users.c.id == uploads.c.owner_id)
        .join(requester, requester.c.id == _ROWS.user_id)
    )


def _newest_of_files(engine: Engine, query: sa.Select[Any], owner_id: int, limit: int) -> list[Run]:
    me = users.alias("me")
    same_team = sa.and_(me.c.team != "", me.c.team == users.c.team)
    query = (
        query.join(me, me.c.id == owner_id)
        .where(_ROWS.kind.in_(("score", "refine")), _ROWS.state == "done", _ROWS.result.is_not(None))
        .where(sa.or_(users.c.id == me.c.id, same_team))
        .order_by(_ROWS.created_at.desc())
    )
    newest: dict[str, Run] = {}
    with reading(engine) as connection:
        for row in connection.execute(query.limit(_RUNS_OF_A_FILE * limit)).mappings():
            newest.setdefault(row["upload_id"], _run(row))
    return list(newest.values())[:limit]


def _run(row: sa.RowMapping) -> Run:
    estimated = {"position", "wait_seconds", "seconds_left"}
    return Run(**{name: row[name] for name in Run.__annotations__ if name not in estimated})
