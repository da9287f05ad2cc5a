"""Health of the database, for `vigie doctor`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from vigie.db import database
from vigie.db.types import UtcDateTime


@dataclass(frozen=True)
class DatabaseStatus:
    """What `check` found out about a database.

    Attributes:
        place: host, port and name, or a file; never a password.
        server: its kind and version.
        revision: of our tables; None where there are none yet.
        milliseconds: duration of the simplest query.
        clock: its own time; None for SQLite, which has this machine's.
        waiting: seconds since the oldest job that no worker has taken was due; None where none waits.
        working: jobs that a worker is doing now.
        workers: seconds since the last heartbeat of each worker that did not end in an orderly way, the shortest first.
        version: version of the server, such as (15, 4).
    """

    place: str
    server: str
    revision: str | None
    milliseconds: float
    clock: datetime | None
    waiting: float | None
    working: int
    workers: tuple[float, ...] = ()
    version: tuple[int, ...] = ()


def check(url: str) -> DatabaseStatus:
    """Query the database at `url` without changing it, and try to write.

    Raises:
        DatabaseUnavailable: it does not answer or cannot be written.
    """
    engine = database.connect(url)
    try:
        with database.reading(engine) as connection:
            started = time.perf_counter()
            connection.execute(sa.text("SELECT 1"))
            milliseconds = 1000 * (time.perf_counter() - started)
            postgres = engine.dialect.name == "postgresql"
            clock = connection.execute(sa.text("SELECT clock_timestamp()")).scalar() if postgres else None
            numbers = tuple(int(number) for number in connection.dialect.server_version_info or ())
            version = ".".join(map(str, numbers))
            revision = database.revision(connection)
            waiting, working = _jobs(connection)
            workers = _workers(connection)
        if revision is not None:
            _try_to_write(engine)
        server = f"{'PostgreSQL' if postgres else 'SQLite'} {version}"
        return DatabaseStatus(
            database.where(engine),
            server,
            revision,
            milliseconds,
            clock,
            waiting,
            working,
            workers,
            numbers,
        )
    finally:
        engine.dispose()


def _try_to_write(engine: sa.Engine) -> None:
    """Update a row and roll back: a replica and a full disk refuse."""
    state = sa.table("catalog_state", sa.column("changes"))
    with database.writing(engine) as connection:
        connection.execute(sa.update(state).values(changes=state.c.changes))
        connection.rollback()


def _jobs(connection: sa.Connection) -> tuple[float | None, int]:
    """Return the seconds that the oldest due job has waited, None without one, and how many jobs are being done."""
    if not sa.inspect(connection).has_table("runs"):
        return None, 0
    now = datetime.now(UTC)
    moments = (sa.column(name, UtcDateTime()) for name in ("not_before", "lease_until"))
    runs = sa.table("runs", sa.column("state"), *moments)
    queued = sa.select(sa.func.min(runs.c.not_before)).where(
        runs.c.state == "queued", runs.c.not_before <= now
    )
    running = sa.select(sa.func.count()).where(runs.c.state == "running", runs.c.lease_until > now)
    oldest = connection.execute(queued).scalar()
    waited = None if oldest is None else max(0.0, (now - oldest).total_seconds())
    return waited, int(connection.execute(running).scalar_one())


def _workers(connection: sa.Connection) -> tuple[float, ...]:
    """Return the seconds since the last heartbeat of each worker, the shortest first."""
    if not sa.inspect(connection).has_table("workers"):
        return ()
    now = datetime.now(UTC)
    workers = sa.table("workers", sa.column("seen_at", UtcDateTime()))
    seen = connection.execute(sa.select(workers.c.seen_at)).scalars()
    return tuple(sorted(max(0.0, (now - moment).total_seconds()) for moment in seen))
