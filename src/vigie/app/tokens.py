"""Keys of the API, and the answers already given to requests that may be repeated."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vigie.app.tables import idempotency_keys, tokens, users
from vigie.app.users import User, _user, digest
from vigie.db.database import Engine, reading, writing
from vigie.errors import NotFound, UsageRefused, WrongState

SCOPES = ("read", "write", "admin")
_HEAD = "vigie_"
_SEEN_EVERY = timedelta(minutes=1)
_ROWS = tokens.c


@dataclass(frozen=True)
class Token:
    """A key of the API; the secret itself is shown once and kept nowhere.

    Attributes:
        prefix: its first characters, by which its owner knows it again.
        scopes: some of `SCOPES`; never more than the owner's role allows.
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


def add(
    engine: Engine, user_id: int, name: str, scopes: Sequence[str], lasts: timedelta | None
) -> tuple[Token, str]:
    """A new token and its secret."""
    secret, now = _HEAD + secrets.token_urlsafe(32), datetime.now(UTC)
    row = {
        "id": "tok_" + secrets.token_hex(10),
        "user_id": user_id,
        "name": name,
        "digest": digest(secret),
        "prefix": secret[: len(_HEAD) + 4],
        "scopes": sorted(set(scopes)),
        "created_at": now,
        "expires_at": now + lasts if lasts else None,
    }
    with writing(engine) as connection:
        connection.execute(sa.insert(tokens).values(row))
        kept = connection.execute(sa.select(tokens).where(_ROWS.id == row["id"])).mappings().one()
    return _token(kept), secret


_BOTH = sa.select(tokens, users).join(users)


def of_secret(engine: Engine, secret: str) -> tuple[User, Token] | None:
    """Whose token that is, if it still opens anything."""
    now = datetime.now(UTC)
    usable = sa.and_(
        _ROWS.digest == digest(secret),
        _ROWS.revoked_at.is_(None),
        sa.or_(_ROWS.expires_at.is_(None), _ROWS.expires_at > now),
        users.c.active,
    )
    with reading(engine) as connection:
        found = connection.execute(_BOTH.where(usable)).first()
    if found is None:
        return None
    row = found._mapping
    kept = {column.name: row[column] for column in tokens.c}
    owner = {column.name: row[column] for column in users.c}
    if kept["used_at"] is None or now - kept["used_at"] > _SEEN_EVERY:
        with writing(engine) as connection:
            connection.execute(sa.update(tokens).where(_ROWS.id == kept["id"]).values(used_at=now))
    return _user(owner), _token(kept)


def every(engine: Engine, user_id: int) -> list[Token]:
    """A user's tokens, newest first, those that no longer open anything included."""
    query = sa.select(tokens).where(_ROWS.user_id == user_id).order_by(_ROWS.created_at.desc())
    with reading(engine) as connection:
        return [_token(row) for row in connection.execute(query).mappings().all()]


def revoke(engine: Engine, user_id: int, token_id: str) -> None:
    """Ends a token of that user; may be repeated."""
    with writing(engine) as connection:
        mine = sa.and_(_ROWS.id == token_id, _ROWS.user_id == user_id)
        if connection.execute(sa.select(_ROWS.id).where(mine)).scalar() is None:
            raise NotFound("token", token_id, hint="the list of tokens is in the settings")
        connection.execute(
            sa.update(tokens).where(mine, _ROWS.revoked_at.is_(None)).values(revoked_at=datetime.now(UTC))
        )


def answered(engine: Engine, user_id: int, key: str, request: str) -> tuple[int, Any] | None:
    """The answer given to this request before; nothing where it is new, and then it is taken as begun.

    Raises:
        UsageRefused: the key was used for another request.
        WrongState: the first request is still being answered.
    """
    where = idempotency_keys.c
    mine, now = sa.and_(where.user_id == user_id, where.key == digest(key)), datetime.now(UTC)
    with _one_at_a_time(), writing(engine) as connection:
        connection.execute(sa.delete(idempotency_keys).where(where.created_at < now - timedelta(days=1)))
        # A first request whose process died is forgotten after a minute, so that it can be made again.
        connection.execute(
            sa.delete(idempotency_keys).where(
                mine, where.status.is_(None), where.created_at < now - timedelta(minutes=1)
            )
        )
        row = connection.execute(sa.select(idempotency_keys).where(mine)).mappings().first()
        if row is None:
            connection.execute(
                sa.insert(idempotency_keys).values(
                    user_id=user_id, key=digest(key), request=request, created_at=now
                )
            )
            return None
    if row["request"] != request:
        raise UsageRefused(
            "this Idempotency-Key was used for another request", hint="make a new key for each request"
        )
    if row["status"] is None:
        raise _under_way()
    return int(row["status"]), row["answer"]


def remember(engine: Engine, user_id: int, key: str, answer: tuple[int, Any] | None) -> None:
    """Keeps the answer to a request that was begun; without an answer the key is free again."""
    where = idempotency_keys.c
    mine = sa.and_(where.user_id == user_id, where.key == digest(key))
    with writing(engine) as connection:
        if answer is None:
            connection.execute(sa.delete(idempotency_keys).where(mine))
            return
        connection.execute(sa.update(idempotency_keys).where(mine).values(status=answer[0], answer=answer[1]))


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    try:
        yield
    except sa.exc.IntegrityError:
        raise _under_way() from None


def _under_way() -> WrongState:
    return WrongState(
        "the first request with this Idempotency-Key",
        found="not answered yet",
        expected="answered",
        hint="try again in a moment",
    )


def _token(row: Mapping[str, Any] | sa.RowMapping) -> Token:
    kept = {name: row[name] for name in Token.__annotations__ if name != "scopes"}
    return Token(**kept, scopes=tuple(row["scopes"]))
