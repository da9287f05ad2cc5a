"""API tokens."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vigie.app.digests import digest
from vigie.app.tables import tokens, users
from vigie.app.users import User, user_of_row
from vigie.db.database import Engine, reading, writing
from vigie.errors import NotFound

SCOPES = ("read", "write", "admin")
PREFIX = "vigie_"
"""First characters of every token, by which tokens are recognised, also by secret scanners."""
_USED_AT_PRECISION = timedelta(minutes=1)
_ROWS = tokens.c


@dataclass(frozen=True)
class Token:
    """An API token without its secret, which is stored nowhere.

    Attributes:
        prefix: first characters of the secret, by which its owner recognises it.
        scopes: subset of `SCOPES`; never more than the owner's role allows.
    """

    id: str
    user_id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


def create(
    engine: Engine, user_id: int, name: str, scopes: Sequence[str], lifetime: timedelta | None
) -> tuple[Token, str]:
    """Create a token and return it with its secret."""
    secret, now = PREFIX + secrets.token_urlsafe(32), datetime.now(UTC)
    row = {
        "id": "tok_" + secrets.token_hex(10),
        "user_id": user_id,
        "name": name,
        "digest": digest(secret),
        "prefix": secret[: len(PREFIX) + 4],
        "scopes": sorted(set(scopes)),
        "created_at": now,
        "expires_at": now + lifetime if lifetime else None,
    }
    with writing(engine) as connection:
        connection.execute(sa.insert(tokens).values(row))
        stored = connection.execute(sa.select(tokens).where(_ROWS.id == row["id"])).mappings().one()
    return _token(stored), secret


def authenticate(engine: Engine, secret: str) -> tuple[User, Token] | None:
    """Return owner and token of a secret; None where it is unknown, revoked or expired, or its owner inactive.

    The owner carries the scopes of the token, so that every check of a role also checks them.
    """
    now = datetime.now(UTC)
    valid = sa.and_(
        _ROWS.digest == digest(secret),
        _ROWS.revoked_at.is_(None),
        sa.or_(_ROWS.expires_at.is_(None), _ROWS.expires_at > now),
        users.c.active,
    )
    with reading(engine) as connection:
        found = connection.execute(sa.select(tokens, users).join(users).where(valid)).first()
    if found is None:
        return None
    row = found._mapping
    token, owner = ({column.name: row[column] for column in table.c} for table in (tokens, users))
    if token["used_at"] is None or now - token["used_at"] > _USED_AT_PRECISION:
        with writing(engine) as connection:
            connection.execute(sa.update(tokens).where(_ROWS.id == token["id"]).values(used_at=now))
    found_token = _token(token)
    return replace(user_of_row(owner), scopes=found_token.scopes), found_token


def list_for(engine: Engine, user_id: int) -> list[Token]:
    """Return all tokens of a user, newest first, including those revoked or expired."""
    query = sa.select(tokens).where(_ROWS.user_id == user_id).order_by(_ROWS.created_at.desc())
    with reading(engine) as connection:
        return [_token(row) for row in connection.execute(query).mappings().all()]


def revoke(engine: Engine, user_id: int, token_id: str) -> None:
    """Revoke a token of a user; a second call changes nothing.

    Raises:
        NotFound: the user has no such token.
    """
    mine = sa.and_(_ROWS.id == token_id, _ROWS.user_id == user_id)
    with writing(engine) as connection:
        if connection.execute(sa.select(_ROWS.id).where(mine)).scalar() is None:
            raise NotFound("token", token_id, hint="the list of tokens is in the settings")
        connection.execute(
            sa.update(tokens).where(mine, _ROWS.revoked_at.is_(None)).values(revoked_at=datetime.now(UTC))
        )


def _token(row: Mapping[str, Any] | sa.RowMapping) -> Token:
    columns = {name: row[name] for name in Token.__annotations__ if name != "scopes"}
    return Token(**columns, scopes=tuple(row["scopes"]))
