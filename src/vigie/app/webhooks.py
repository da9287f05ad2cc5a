"""Webhooks: addresses of other programs that receive notices, and the log of the calls."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vigie.app.notice_tables import webhook_attempts, webhooks
from vigie.app.tables import users
from vigie.app.uploads import new_id
from vigie.app.users import User
from vigie.db.database import Engine, reading, writing
from vigie.errors import NotFound

_ROWS = webhooks.c
_KEY_BYTES = 32
_KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Webhook:
    """An address that receives notices.

    Attributes:
        team: team whose events it receives; empty for those of its user alone.
        secret: key of the signature, `whsec_` and base64.
        kinds: kinds of events.
    """

    id: str
    user_id: int
    user_email: str
    team: str
    url: str
    secret: str = field(repr=False)
    kinds: Sequence[str]
    active: bool
    created_at: datetime


@dataclass(frozen=True)
class Attempt:
    """One call; `status` is None where there was no answer."""

    webhook_id: str
    notice_id: str
    at: datetime
    status: int | None
    error: str
    seconds: float


def add(engine: Engine, user: User, url: str, kinds: Sequence[str], *, team: str = "") -> Webhook:
    """Add a webhook with a new key."""
    row = {
        "id": new_id("whk"),
        "user_id": user.id,
        "team": team,
        "url": url,
        "secret": f"whsec_{base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}",
        "kinds": list(kinds),
        "active": True,
        "created_at": datetime.now(UTC),
    }
    with writing(engine) as connection:
        connection.execute(sa.insert(webhooks).values(row))
    return find(engine, str(row["id"]))


def find(engine: Engine, webhook_id: str, user: User | None = None) -> Webhook:
    """Return a webhook; with `user`, only one that the user may see: their own, and those of their team.

    Raises:
        NotFound: there is no such webhook.
    """
    query = _query().where(_ROWS.id == webhook_id)
    if user is not None:
        query = query.where(_visible_to(user))
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("webhook", webhook_id)
    return Webhook(**row)


def list_for(engine: Engine, user: User) -> list[Webhook]:
    """Return the webhooks that a user may see, by age."""
    query = _query().where(_visible_to(user)).order_by(_ROWS.created_at, _ROWS.id)
    with reading(engine) as connection:
        return [Webhook(**row) for row in connection.execute(query).mappings()]


def set_active(engine: Engine, webhook_id: str, active: bool) -> None:
    """Switch a webhook on or off."""
    with writing(engine) as connection:
        connection.execute(sa.update(webhooks).where(_ROWS.id == webhook_id).values(active=active))


def remove(engine: Engine, webhook_id: str) -> None:
    """Remove a webhook and the log of its calls; notices that wait for it are dropped when they are due."""
    with writing(engine) as connection:
        connection.execute(sa.delete(webhook_attempts).where(webhook_attempts.c.webhook_id == webhook_id))
        connection.execute(sa.delete(webhooks).where(_ROWS.id == webhook_id))


def record(engine: Engine, attempt: Attempt) -> None:
    """Add a call to the log."""
    with writing(engine) as connection:
        connection.execute(sa.insert(webhook_attempts).values(vars(attempt)))


def list_attempts(engine: Engine, webhook_id: str, limit: int = 50) -> list[Attempt]:
    """Return the last calls, newest first."""
    columns: list[Any] = [webhook_attempts.c[name] for name in Attempt.__annotations__]
    query = sa.select(*columns).where(webhook_attempts.c.webhook_id == webhook_id)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(webhook_attempts.c.id.desc()).limit(limit)).mappings()
        return [Attempt(**row) for row in rows]


def delete_old_attempts(engine: Engine, now: datetime) -> None:
    """Delete the log of calls of more than 30 days ago."""
    with writing(engine) as connection:
        connection.execute(sa.delete(webhook_attempts).where(webhook_attempts.c.at < now - _KEPT))


def _visible_to(user: User) -> sa.ColumnElement[bool]:
    own: sa.ColumnElement[bool] = _ROWS.user_id == user.id
    return sa.or_(own, _ROWS.team == user.team) if user.team else own


def _query() -> sa.Select[Any]:
    columns = [_ROWS[name] for name in Webhook.__annotations__ if name != "user_email"]
    return sa.select(*columns, users.c.email.label("user_email")).join(users, users.c.id == _ROWS.user_id)
