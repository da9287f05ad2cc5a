"""Accounts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from vigie.app.tables import ROLES, sessions, sign_in_links, users
from vigie.db.database import Engine, lock, reading, writing
from vigie.errors import AlreadyThere, NotFound, UsageRefused
from vigie.i18n.messages import msg

_COLUMNS = users.c
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,250}")
_MAX_NAME, _MAX_TEAM = 200, 100


@dataclass(frozen=True)
class User:
    """An account.

    Attributes:
        role: `admin`, `analyst` or `viewer`.
        team: users of the same team see each other's uploads; empty for no team.
        language: `en`, `fr`, or empty to follow the browser.
        seen_at: last sign-in.
        has_password: False where only links or a provider sign the user in.
        scopes: scopes of the API token that authenticated the request; None where no token did. They limit what the
            role allows.
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
    scopes: tuple[str, ...] | None = None


def check_role(role: str) -> None:
    """Check the name of a role.

    Raises:
        UsageRefused: there is no such role.
    """
    if role not in ROLES:
        raise UsageRefused(
            msg("found role {role!r}, expected one of {roles}", role=role, roles=", ".join(ROLES))
        )


def normalize_email(email: str) -> str:
    """Return the address as it is stored; case is ignored."""
    return email.strip().casefold()


def add(
    engine: Engine,
    email: str,
    name: str,
    role: str,
    *,
    team: str = "",
    password_hash: str | None = None,
    only_first: bool = False,
) -> User:
    """Add a user.

    Args:
        engine: database.
        email: address, unique.
        name: shown name, at most 200 characters of it; by default the address up to the @.
        role: one of `ROLES`.
        team: empty for no team, at most 100 characters of it.
        password_hash: None where only links or a provider sign the user in.
        only_first: add the user only where there is none.

    Raises:
        UsageRefused: role or address are invalid.
        AlreadyThere: the address is taken, or there is a user and `only_first` is set.
    """
    check_role(role)
    if not _EMAIL.fullmatch(email.strip()):
        raise UsageRefused("found no valid e-mail address", hint="such as ada@example.org")
    row: dict[str, Any] = {
        "email": normalize_email(email),
        "name": name.strip()[:_MAX_NAME] or email.partition("@")[0].strip(),
        "role": role,
        "team": team.strip()[:_MAX_TEAM],
        "language": "",
        "active": True,
        "password_hash": password_hash,
        "created_at": datetime.now(UTC),
    }
    with writing(engine) as connection:
        lock(connection, "users")
        if only_first and connection.execute(sa.select(_COLUMNS.id).limit(1)).scalar() is not None:
            raise AlreadyThere("the list of users", row["email"], hint="sign in instead")
        taken = connection.execute(sa.select(_COLUMNS.id).where(_COLUMNS.email == row["email"])).scalar()
        if taken is not None:
            raise AlreadyThere("the list of users", row["email"], hint="change that user instead")
        connection.execute(sa.insert(users).values(row))
    return find_by_email(engine, email)


def find(engine: Engine, user_id: int) -> User:
    """Return a user.

    Raises:
        NotFound: there is no such user.
    """
    return _find(engine, _COLUMNS.id == user_id, str(user_id))


def find_by_email(engine: Engine, email: str) -> User:
    """Return the user with that address.

    Raises:
        NotFound: there is no such user.
    """
    return _find(engine, _COLUMNS.email == normalize_email(email), normalize_email(email))


def find_credentials(engine: Engine, email: str) -> tuple[int, str | None] | None:
    """Return id and password hash of the active user with that address; None where there is no such user."""
    query = sa.select(_COLUMNS.id, _COLUMNS.password_hash).where(
        _COLUMNS.email == normalize_email(email), _COLUMNS.active
    )
    with reading(engine) as connection:
        row = connection.execute(query).first()
    return None if row is None else (int(row[0]), row[1])


def list_all(engine: Engine) -> list[User]:
    """Return all users, by address."""
    with reading(engine) as connection:
        rows = connection.execute(sa.select(users).order_by(_COLUMNS.email)).mappings().all()
    return [user_of_row(row) for row in rows]


def count(engine: Engine) -> int:
    """Return the number of users."""
    with reading(engine) as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(users)).scalar_one())


def update(engine: Engine, user_id: int, values: dict[str, Any], *, sign_out: bool = False) -> User:
    """Set columns of a user; `sign_out` also deletes all sessions and links of the user.

    Raises:
        UsageRefused: no active administrator would be left.
    """
    with writing(engine) as connection:
        if values.get("role", "admin") != "admin" or values.get("active") is False:
            _check_admins(connection, user_id)
        connection.execute(sa.update(users).where(_COLUMNS.id == user_id).values(values))
        for table in (sessions, sign_in_links) if sign_out else ():
            connection.execute(sa.delete(table).where(table.c.user_id == user_id))
    return find(engine, user_id)


def _check_admins(connection: sa.Connection, user_id: int) -> None:
    """Check that an active administrator other than this user is left, where this user is one."""
    lock(connection, "administrators")
    admins = sa.select(_COLUMNS.id).where(_COLUMNS.role == "admin", _COLUMNS.active)
    if set(connection.execute(admins).scalars()) == {user_id}:
        raise UsageRefused("this is the last administrator", hint="make another user an administrator first")


def user_of_row(row: Mapping[str, Any] | sa.RowMapping) -> User:
    """Build a user from a row of the table `users`."""
    computed = {"has_password", "scopes"}
    columns = {name: row[name] for name in User.__annotations__ if name not in computed}
    return User(**columns, has_password=row["password_hash"] is not None)


def _find(engine: Engine, where: sa.ColumnElement[bool], name: str) -> User:
    with reading(engine) as connection:
        row = connection.execute(sa.select(users).where(where)).mappings().first()
    if row is None:
        raise NotFound("user", name, hint="the list of users is in the settings")
    return user_of_row(row)
