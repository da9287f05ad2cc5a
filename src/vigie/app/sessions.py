"""Sign-in sessions and one-time sign-in links."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from vigie.app.digests import digest
from vigie.app.tables import sessions, sign_in_links, users
from vigie.app.users import User, find, user_of_row
from vigie.db.database import Engine, reading, writing
from vigie.errors import SignInRefused


def start(engine: Engine, user_id: int, lifetime: timedelta) -> str:
    """Start a session and return its secret, which is stored nowhere."""
    secret, now = secrets.token_urlsafe(32), datetime.now(UTC)
    row = {"digest": digest(secret), "user_id": user_id, "created_at": now, "expires_at": now + lifetime}
    with writing(engine) as connection:
        connection.execute(sa.delete(sessions).where(sessions.c.expires_at < now))
        connection.execute(sa.insert(sessions).values(row))
        connection.execute(sa.update(users).where(users.c.id == user_id).values(seen_at=now))
    return secret


def find_user(engine: Engine, secret: str) -> User | None:
    """Return the active user of a session that has not expired."""
    now, at = datetime.now(UTC), sessions.c
    query = sa.select(users).join(sessions, at.user_id == users.c.id)
    with reading(engine) as connection:
        valid = query.where(at.digest == digest(secret), at.expires_at > now, users.c.active)
        row = connection.execute(valid).mappings().first()
    return None if row is None else user_of_row(row)


def end(engine: Engine, secret: str) -> None:
    """End a session."""
    with writing(engine) as connection:
        connection.execute(sa.delete(sessions).where(sessions.c.digest == digest(secret)))


def create_link(engine: Engine, user_id: int, lifetime: timedelta) -> str:
    """Create a link that signs a user in once, and return its secret."""
    secret, now = secrets.token_urlsafe(32), datetime.now(UTC)
    row = {"digest": digest(secret), "user_id": user_id, "expires_at": now + lifetime}
    with writing(engine) as connection:
        connection.execute(sa.delete(sign_in_links).where(sign_in_links.c.expires_at < now))
        connection.execute(sa.insert(sign_in_links).values(row))
    return secret


def use_link(engine: Engine, secret: str) -> User:
    """Return the user of a link and invalidate it.

    Raises:
        SignInRefused: the link is unknown, used or expired, or its user is inactive.
    """
    now, at = datetime.now(UTC), sign_in_links.c
    with writing(engine) as connection:
        valid = sa.and_(at.digest == digest(secret), at.used_at.is_(None), at.expires_at > now)
        user_id = connection.execute(sa.select(at.user_id).where(valid)).scalar()
        used = connection.execute(sa.update(sign_in_links).where(valid).values(used_at=now)).rowcount
    if user_id is not None and used == 1:
        user = find(engine, int(user_id))
        if user.active:
            return user
    raise SignInRefused(
        "this sign-in link was already used or has expired", hint="ask an administrator for a new one"
    )
