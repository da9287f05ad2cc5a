"""Stored responses to requests with an Idempotency-Key, kept for one day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vigie.app.digests import digest
from vigie.app.tables import idempotency_keys
from vigie.db.database import Engine, writing
from vigie.errors import UsageRefused, WrongState

_ROWS = idempotency_keys.c
LIFETIME = timedelta(days=1)
_ABANDONED = timedelta(minutes=1)
"""A request without a response for so long may be made again: its process died."""


def begin(engine: Engine, user_id: int, key: str, request: str) -> tuple[int, Any] | None:
    """Return the stored response to a request, or None and reserve the key for it.

    Args:
        engine: database.
        user_id: the caller; keys of different users are independent.
        key: header of the request.
        request: digest of method, address and body.

    Raises:
        UsageRefused: the key was used for another request.
        WrongState: the first request has no response yet.
    """
    mine, now = _is_key(user_id, key), datetime.now(UTC)
    abandoned = sa.and_(_ROWS.status.is_(None), _ROWS.created_at < now - _ABANDONED)
    expired = sa.or_(_ROWS.created_at < now - LIFETIME, abandoned)
    with _refuse_concurrent(), writing(engine) as connection:
        connection.execute(sa.delete(idempotency_keys).where(mine, expired))
        row = connection.execute(sa.select(idempotency_keys).where(mine)).mappings().first()
        if row is None:
            values = {"user_id": user_id, "key": digest(key), "request": request, "created_at": now}
            connection.execute(sa.insert(idempotency_keys).values(values))
            return None
    if row["request"] != request:
        raise UsageRefused(
            "this Idempotency-Key was used for another request", hint="use a new key for each request"
        )
    if row["status"] is None:
        raise _no_response_yet()
    return int(row["status"]), row["answer"]


def finish(engine: Engine, user_id: int, key: str, response: tuple[int, Any] | None) -> None:
    """Store the response to a request; None releases the key."""
    mine = _is_key(user_id, key)
    with writing(engine) as connection:
        if response is None:
            connection.execute(sa.delete(idempotency_keys).where(mine))
            return
        status, answer = response
        connection.execute(sa.update(idempotency_keys).where(mine).values(status=status, answer=answer))


def delete_expired(engine: Engine, now: datetime) -> None:
    """Delete the responses older than one day."""
    with writing(engine) as connection:
        connection.execute(sa.delete(idempotency_keys).where(_ROWS.created_at < now - LIFETIME))


def _is_key(user_id: int, key: str) -> sa.ColumnElement[bool]:
    return sa.and_(_ROWS.user_id == user_id, _ROWS.key == digest(key))


@contextmanager
def _refuse_concurrent() -> Iterator[None]:
    try:
        yield
    except sa.exc.IntegrityError:
        raise _no_response_yet() from None


def _no_response_yet() -> WrongState:
    return WrongState(
        "the first request with this Idempotency-Key",
        found="in progress",
        expected="finished",
        hint="try again in a moment",
    )
