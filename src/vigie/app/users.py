"""Users, their sessions, one-time links, and how often somebody tried to get in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vigie.app.tables import attempts, sessions, sign_in_links, users
from vigie.db.database import Engine, reading, writing
from vigie.errors import AlreadyThere, NotFound, SignInRefused

_COLUMNS = users.c


@dataclass(frozen=True)
class User:
    """Somebody who may sign in.

    Attributes:
        role: `admin`, `analyst` or `viewer`.
        team: people of one team see each other's uploads; empty for nobody's.
        language: `en`, `fr`, or empty for what the browser asks.
        has_password: whether a password opens the account, not only links.
    """

    id: int
    email: str
    name: str
    role: str
    team: str
    language: str
    active: bool
    created_at: datetime
    seen_at: datetime | None
    has_password: bool


def digest(secret: str) -> str:
    """What is kept of a secret that is itself random; passwords need argon2 instead."""
    return hashlib.sha256(secret.encode()).hexdigest()


def clean_email(email: str) -> str:
    """The address as it is kept: people do not remember its capitals."""
    return email.strip().casefold()


def add(
    engine: Engine, email: str, name: str, role: str, *, team: str = "", password_hash: str | None = None
) -> User:
    """Adds a user; refuses an address that is there."""
    row: dict[str, Any] = {
        "email": clean_email(email),
        "name": name.strip(),
        "role": role,
        "team": team.strip(),
        "language": "",
        "active": True,
        "password_hash": password_hash,
        "created_at": datetime.now(UTC),
    }
    with writing(engine) as connection:
        taken = connection.execute(sa.select(_COLUMNS.id).where(_COLUMNS.email == row["email"])).scalar()
        if taken is not None:
            raise AlreadyThere("the list of users", row["email"], hint="change that user instead")
        connection.execute(sa.insert(users).values(row))
    return find_email(engine, email)


def find(engine: Engine, user_id: int) -> User:
    """One user."""
    return _one(engine, _COLUMNS.id == user_id, str(user_id))


def find_email(engine: Engine, email: str) -> User:
    """The user of that address."""
    return _one(engine, _COLUMNS.email == clean_email(email), clean_email(email))


def password_hash(engine: Engine, email: str) -> tuple[int, str | None] | None:
    """The active user of that address and what is kept of their password."""
    query = sa.select(_COLUMNS.id, _COLUMNS.password_hash).where(
        _COLUMNS.email == clean_email(email), _COLUMNS.active
    )
    with reading(engine) as connection:
        row = connection.execute(query).first()
    return None if row is None else (int(row[0]), row[1])


def every(engine: Engine) -> list[User]:
    """All users, by address."""
    with reading(engine) as connection:
        return [
            _user(row)
            for row in connection.execute(sa.select(users).order_by(_COLUMNS.email)).mappings().all()
        ]


def count(engine: Engine) -> int:
    """How many there are."""
    with reading(engine) as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(users)).scalar_one())


def change(engine: Engine, user_id: int, values: dict[str, Any], *, sign_out: bool = False) -> User:
    """Changes columns of a user; with `sign_out` all their sessions and links end."""
    with writing(engine) as connection:
        connection.execute(sa.update(users).where(_COLUMNS.id == user_id).values(values))
        if sign_out:
            connection.execute(sa.delete(sessions).where(sessions.c.user_id == user_id))
            connection.execute(sa.delete(sign_in_links).where(sign_in_links.c.user_id == user_id))
    return find(engine, user_id)


def other_admins(engine: Engine, user_id: int) -> int:
    """How many active administrators would be left without this one."""
    query = sa.select(sa.func.count()).where(
        _COLUMNS.role == "admin", _COLUMNS.active, _COLUMNS.id != user_id
    )
    with reading(engine) as connection:
        return int(connection.execute(query).scalar_one())


def open_session(engine: Engine, user_id: int, lasts: timedelta) -> str:
    """Signs a user in; the returned secret is the only copy."""
    secret, now = secrets.token_urlsafe(32), datetime.now(UTC)
    row = {"digest": digest(secret), "user_id": user_id, "created_at": now, "expires_at": now + lasts}
    with writing(engine) as connection:
        connection.execute(sa.delete(sessions).where(sessions.c.expires_at < now))
        connection.execute(sa.insert(sessions).values(row))
        connection.execute(sa.update(users).where(_COLUMNS.id == user_id).values(seen_at=now))
    return secret


def of_session(engine: Engine, secret: str) -> User | None:
    """Whose session that is, if it still is one."""
    query = (
        sa.select(users)
        .join(sessions, sessions.c.user_id == _COLUMNS.id)
        .where(
            sessions.c.digest == digest(secret), sessions.c.expires_at > datetime.now(UTC), _COLUMNS.active
        )
    )
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
    return None if row is None else _user(row)


def close_session(engine: Engine, secret: str) -> None:
    """Signs out."""
    with writing(engine) as connection:
        connection.execute(sa.delete(sessions).where(sessions.c.digest == digest(secret)))


def make_link(engine: Engine, user_id: int, lasts: timedelta) -> str:
    """The secret of a link that signs a user in once."""
    secret, now = secrets.token_urlsafe(32), datetime.now(UTC)
    row = {"digest": digest(secret), "user_id": user_id, "expires_at": now + lasts}
    with writing(engine) as connection:
        connection.execute(sa.delete(sign_in_links).where(sign_in_links.c.expires_at < now))
        connection.execute(sa.insert(sign_in_links).values(row))
    return secret


def use_link(engine: Engine, secret: str) -> User:
    """Whose link that is; it opens nothing afterwards."""
    now, where = datetime.now(UTC), sign_in_links.c
    with writing(engine) as connection:
        fresh = sa.and_(where.digest == digest(secret), where.used_at.is_(None), where.expires_at > now)
        number = connection.execute(sa.select(where.user_id).where(fresh)).scalar()
        used = connection.execute(sa.update(sign_in_links).where(fresh).values(used_at=now)).rowcount
    if number is not None and used == 1:
        user = find(engine, int(number))
        if user.active:
            return user
    raise SignInRefused(
        "this sign-in link opens nothing: it was used, or is too old", hint="ask for a new one"
    )


def attempt(engine: Engine, key: str, *, limit: int, window: timedelta) -> int:
    """Counts one attempt of `key`.

    Returns:
        0 where there were fewer than `limit` within `window`; else the seconds until the next is free.
    """
    now, hashed = datetime.now(UTC), digest(key)
    with writing(engine) as connection:
        connection.execute(sa.delete(attempts).where(attempts.c.at < now - timedelta(hours=1)))
        recent = (
            connection.execute(
                sa.select(attempts.c.at)
                .where(attempts.c.key == hashed, attempts.c.at > now - window)
                .order_by(attempts.c.at)
            )
            .scalars()
            .all()
        )
        if len(recent) >= limit:
            return max(1, int((recent[-limit] + window - now).total_seconds()) + 1)
        connection.execute(sa.insert(attempts).values(key=hashed, at=now))
    return 0


def forget_attempts(engine: Engine, key: str) -> None:
    """Starts counting again, after an attempt that succeeded."""
    with writing(engine) as connection:
        connection.execute(sa.delete(attempts).where(attempts.c.key == digest(key)))


def _one(engine: Engine, where: sa.ColumnElement[bool], name: str) -> User:
    with reading(engine) as connection:
        row = connection.execute(sa.select(users).where(where)).mappings().first()
    if row is None:
        raise NotFound("user", name, hint="the list of users is in the settings")
    return _user(row)


def _user(row: Mapping[str, Any] | sa.RowMapping) -> User:
    kept = {name: row[name] for name in User.__annotations__ if name != "has_password"}
    return User(**kept, has_password=row["password_hash"] is not None)
