"""Audit log: lines are added, and deleted only by age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vigie.app.tables import audit
from vigie.db.database import Engine, reading, writing

UNREAD_PROXY_HEADER = "ignore X-Forwarded-For"
"""Action of the line that a web process adds when a request passed a proxy that the settings do not name."""


@dataclass(frozen=True)
class AuditLine:
    """One action of one user.

    Attributes:
        object: kind and id, such as `upload:up_1f…`.
        detail: plain JSON without cells.
        address: network address of the caller.
    """

    id: int
    at: datetime
    actor: str
    action: str
    object: str
    detail: Mapping[str, Any]
    address: str


def record(
    engine: Engine, actor: str, action: str, what: str, detail: Mapping[str, Any], address: str
) -> None:
    """Add a line."""
    row = {
        "at": datetime.now(UTC),
        "actor": actor[:320],
        "action": action,
        "object": what[:250],
        "detail": dict(detail),
        "address": address[:64],
    }
    with writing(engine) as connection:
        connection.execute(sa.insert(audit).values(row))


def last(engine: Engine, action: str) -> datetime | None:
    """Return the time of the newest line of an action; None where there is none."""
    query = sa.select(sa.func.max(audit.c.at)).where(audit.c.action == action)
    with reading(engine) as connection:
        found: datetime | None = connection.execute(query).scalar_one()
    return found


def has_signed_in(engine: Engine, email: str, address: str, *, within: timedelta) -> bool:
    """Return whether a user has signed in from a network address lately."""
    at = audit.c
    query = sa.select(at.id).where(
        at.at > datetime.now(UTC) - within,
        at.action == "sign in",
        at.actor == email[:320],
        at.address == address[:64],
    )
    with reading(engine) as connection:
        return bool(address) and connection.execute(query.limit(1)).first() is not None


def list_lines(engine: Engine, *, limit: int, before: int | None) -> list[AuditLine]:
    """Return at most `limit` lines, newest first; `before` is the id of the last line of the previous page."""
    query = sa.select(audit).order_by(audit.c.id.desc()).limit(limit)
    with reading(engine) as connection:
        rows = connection.execute(query.where(audit.c.id < before) if before else query).mappings().all()
    return [AuditLine(**row) for row in rows]


def delete_older_than(engine: Engine, moment: datetime) -> int:
    """Delete the lines older than `moment` and return their number."""
    with writing(engine) as connection:
        return int(connection.execute(sa.delete(audit).where(audit.c.at < moment)).rowcount)
