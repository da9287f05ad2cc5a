"""Rate limits: attempts are counted per key within a time window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from vigie.app.digests import digest
from vigie.app.tables import attempts
from vigie.db.database import Engine, lock, writing
from vigie.errors import TooManyAttempts


def count(
    engine: Engine, key: str, what: str, *, limit: int, window: timedelta = timedelta(minutes=15)
) -> None:
    """Count one attempt of `key`.

    Args:
        engine: database.
        key: account, address or operation that is limited.
        what: the operation, a phrase for the error.
        limit: attempts allowed within `window`.
        window: at most one hour.

    Raises:
        TooManyAttempts: the limit is reached.
    """
    now, hashed = datetime.now(UTC), digest(key)
    recent = sa.select(attempts.c.at).where(attempts.c.key == hashed, attempts.c.at > now - window)
    with writing(engine) as connection:
        lock(connection, "attempts", hashed)
        connection.execute(sa.delete(attempts).where(attempts.c.at < now - timedelta(hours=1)))
        earlier = connection.execute(recent.order_by(attempts.c.at)).scalars().all()
        if len(earlier) < limit:
            connection.execute(sa.insert(attempts).values(key=hashed, at=now))
            return
    wait = (earlier[-limit] + window - now).total_seconds()
    raise TooManyAttempts(what, seconds=max(1, int(wait) + 1))


def reset(engine: Engine, key: str) -> None:
    """Delete the counted attempts of `key`, after one that succeeded."""
    with writing(engine) as connection:
        connection.execute(sa.delete(attempts).where(attempts.c.key == digest(key)))
