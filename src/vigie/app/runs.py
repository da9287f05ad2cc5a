"""What was asked of an upload, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from vigie.app.tables import runs, uploads, users
from vigie.app.uploads import new_id, visible_to
from vigie.app.users import User
from vigie.db.database import Engine, reading, writing
from vigie.errors import NotFound, WrongState
from vigie.i18n.messages import msg

_ROWS = runs.c
OPEN = ("queued", "running")


@dataclass(frozen=True)
class Run:
    """One thing to compute.

    Attributes:
        kind: `inspect`, `score`, `refine` or `train`.
        state: `queued`, `running`, `done`, `failed` or `cancelled`.
        options: what was asked for; plain JSON.
        stage: what it is doing, in English; a phrase of `vigie.cli.words`.
        share: how much is done, in [0, 1].
        rows: of the upload, where known.
        summary: what came out; plain JSON without cells.
        error: why it failed: message, hint, kind.
        result: folder in the store with what came out.
        attempts: how often a worker began it.
        position: how many runs go first, while it waits.
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
    position: int | None = None

    @property
    def rows_done(self) -> int:
        """About how many rows that share is."""
        return int(self.share * (self.rows or 0))


def enqueue(
    engine: Engine,
    upload_id: str,
    user_id: int,
    kind: str,
    options: Mapping[str, Any],
    *,
    parent_id: str | None = None,
) -> str:
    """Asks for a run; the row is the job. Returns its id."""
    with writing(engine) as connection:
        return insert(connection, upload_id, user_id, kind, options, parent_id=parent_id)


def insert(
    connection: sa.Connection,
    upload_id: str,
    user_id: int,
    kind: str,
    options: Mapping[str, Any],
    *,
    parent_id: str | None = None,
) -> str:
    """Like `enqueue`, within a transaction."""
    now = datetime.now(UTC)
    row = {
        "id": new_id("run"),
        "upload_id": upload_id,
        "user_id": user_id,
        "kind": kind,
        "state": "queued",
        "options": dict(options),
        "parent_id": parent_id,
        "stage": "",
        "share": 0.0,
        "created_at": now,
        "attempts": 0,
        "not_before": now,
    }
    connection.execute(sa.insert(runs).values(row))
    return str(row["id"])


def inspect_again(engine: Engine, upload_id: str, user_id: int, values: Mapping[str, Any]) -> str:
    """Changes a complete upload and asks for an inspection, in one transaction; one that waits is dropped."""
    now = datetime.now(UTC)
    with writing(engine) as connection:
        changed = sa.and_(
            uploads.c.id == upload_id, uploads.c.state.in_(("receiving", "received", "ready", "refused"))
        )
        if connection.execute(sa.update(uploads).where(changed).values(dict(values))).rowcount != 1:
            raise NotFound("upload", upload_id, hint="it was deleted meanwhile")
        stale = sa.and_(_ROWS.upload_id == upload_id, _ROWS.kind == "inspect", _ROWS.state.in_(OPEN))
        connection.execute(sa.update(runs).where(stale).values(state="cancelled", finished_at=now))
        return insert(connection, upload_id, user_id, "inspect", {})


def find(engine: Engine, run_id: str, user: User | None = None) -> Run:
    """One run; for a user only one of an upload they may know of."""
    query = _query().where(_ROWS.id == run_id)
    if user is not None:
        query = query.where(visible_to(user))
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("run", run_id, hint="its upload may have been deleted")
        position = _position(connection, row) if row["state"] == "queued" else None
    return _run(row, position)


def every(engine: Engine, user: User, *, upload_id: str | None, limit: int) -> list[Run]:
    """The newest runs a user may know of, newest first, without inspections."""
    query = _query().where(visible_to(user), _ROWS.kind != "inspect")
    if upload_id is not None:
        query = query.where(_ROWS.upload_id == upload_id)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(_ROWS.created_at.desc()).limit(limit)).mappings().all()
    return [_run(row, None) for row in rows]


def cancel(engine: Engine, run_id: str) -> None:
    """Ends a run that is not over; its worker notices at its next sign of life and drops what it has."""
    with writing(engine) as connection:
        values = {"state": "cancelled", "finished_at": datetime.now(UTC), "lease_until": None}
        changed = connection.execute(
            sa.update(runs).where(_ROWS.id == run_id, _ROWS.state.in_(OPEN)).values(values)
        ).rowcount
        if changed:
            return
        found = connection.execute(sa.select(_ROWS.state).where(_ROWS.id == run_id)).scalar()
    if found is None:
        raise NotFound("run", run_id)
    if found != "cancelled":
        raise WrongState(
            msg("run {run_id!r}", run_id=run_id), found=str(found), expected=("queued", "running")
        )


def counts(engine: Engine) -> list[tuple[str, str, int]]:
    """(kind, state, number) of all runs."""
    query = sa.select(_ROWS.kind, _ROWS.state, sa.func.count()).group_by(_ROWS.kind, _ROWS.state)
    with reading(engine) as connection:
        return [(str(kind), str(state), int(number)) for kind, state, number in connection.execute(query)]


def oldest_waiting(engine: Engine) -> datetime | None:
    """When the run that has waited longest was asked for."""
    query = sa.select(_ROWS.created_at).where(_ROWS.state == "queued").order_by(_ROWS.created_at).limit(1)
    with reading(engine) as connection:
        return connection.execute(query).scalar()


def _query() -> sa.Select[Any]:
    asker = users.alias("asker")
    return (
        sa.select(runs, uploads.c.rows, asker.c.name.label("user_name"))
        .join(uploads, sa.and_(uploads.c.id == _ROWS.upload_id, uploads.c.state != "deleted"))
        .join(users, users.c.id == uploads.c.owner_id)
        .join(asker, asker.c.id == _ROWS.user_id)
    )


def _position(connection: sa.Connection, row: sa.RowMapping) -> int:
    ahead = sa.and_(_ROWS.state == "queued", _ROWS.kind != "inspect", _ROWS.created_at < row["created_at"])
    return int(connection.execute(sa.select(sa.func.count()).select_from(runs).where(ahead)).scalar_one())


def _run(row: sa.RowMapping, position: int | None) -> Run:
    kept = {name: row[name] for name in Run.__annotations__ if name != "position"}
    return Run(**kept, position=position)
