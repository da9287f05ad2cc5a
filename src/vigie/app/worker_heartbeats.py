"""Heartbeats of the workers: in the database for `vigie doctor`, in a file for the probe of the machine's supervisor."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from vigie.app.tables import workers
from vigie.db.database import Engine, writing

_ROWS = workers.c
_FORGOTTEN_AFTER = timedelta(days=7)
"""Age at which the row of a worker that was killed is removed."""
_FILE = "worker.heartbeat"
MAX_SILENCE = 60.0
"""Seconds without a heartbeat after which a worker counts as dead."""


def beat(engine: Engine, worker: str, started_at: datetime) -> None:
    """Store that a worker is alive now, and remove workers that have been silent for a week."""
    now = datetime.now(UTC)
    with writing(engine) as connection:
        mine = sa.update(workers).where(_ROWS.name == worker).values(seen_at=now)
        if connection.execute(mine).rowcount == 0:
            row = {"name": worker, "started_at": started_at, "seen_at": now}
            connection.execute(sa.insert(workers).values(row))
        connection.execute(sa.delete(workers).where(_ROWS.seen_at < now - _FORGOTTEN_AFTER))


def remove(engine: Engine, worker: str) -> None:
    """Remove a worker that ends in an orderly way."""
    with writing(engine) as connection:
        connection.execute(sa.delete(workers).where(_ROWS.name == worker))


def touch(home: Path) -> None:
    """Update the heartbeat file of this machine's worker."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / _FILE).touch()


def silence(home: Path) -> float | None:
    """Return the seconds since the last heartbeat of a worker of this machine; None where there was none."""
    try:
        return max(0.0, time.time() - (home / _FILE).stat().st_mtime)
    except OSError:
        return None
