"""What can be found out about a catalog's database without changing it: for `vigie doctor`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from vigie.db import database


@dataclass(frozen=True)
class Probe:
    """A database that answers.

    Attributes:
        place: host, port and name, or a file; never a password.
        server: its kind and version.
        revision: of our tables; None where there are none yet.
        milliseconds: what the simplest question takes.
        clock: its own time, None for SQLite, which has this machine's.
        waiting: seconds since the oldest run that no worker has taken was asked for; None where none waits.
        working: runs that a worker is doing now.
    """

    place: str
    server: str
    revision: str | None
    milliseconds: float
    clock: datetime | None
    waiting: float | None
    working: int


def probe(url: str) -> Probe:
    """Asks the database at `url`; raises DatabaseUnavailable where it does not answer or cannot be written."""
    engine = database.connect(url)
    try:
        with database.reading(engine) as connection:
            started = time.perf_counter()
            connection.execute(sa.text("SELECT 1"))
            spent = 1000 * (time.perf_counter() - started)
            postgres = engine.dialect.name == "postgresql"
            clock = connection.execute(sa.text("SELECT clock_timestamp()")).scalar() if postgres else None
            version = ".".join(map(str, connection.dialect.server_version_info or ()))
            found = database.revision(connection)
            waiting, working = _runs(connection)
        if found is not None:
            _write(engine)
        name = f"{'PostgreSQL' if postgres else 'SQLite'} {version}"
        return Probe(database.where(engine), name, found, spent, clock, waiting, working)
    finally:
        engine.dispose()


def _write(engine: sa.Engine) -> None:
    """Writes a row and takes it back: a replica and a full disk refuse."""
    with database.writing(engine) as connection:
        state = database.catalog_state
        connection.execute(sa.update(state).values(changes=state.c.changes))
        connection.rollback()


def _runs(connection: sa.Connection) -> tuple[float | None, int]:
    """How long the oldest run has been waiting for a worker, and how many a living one is doing."""
    if not sa.inspect(connection).has_table("runs"):
        return None, 0
    now = datetime.now(UTC)
    moments = (sa.column(name, database.Instant()) for name in ("not_before", "lease_until"))
    runs = sa.table("runs", sa.column("state"), *moments)
    queued = sa.select(sa.func.min(runs.c.not_before)).where(
        runs.c.state == "queued", runs.c.not_before <= now
    )
    doing = sa.select(sa.func.count()).where(runs.c.state == "running", runs.c.lease_until > now)
    oldest = connection.execute(queued).scalar()
    waited = None if oldest is None else max(0.0, (now - oldest).total_seconds())
    return waited, int(connection.execute(doing).scalar_one())
