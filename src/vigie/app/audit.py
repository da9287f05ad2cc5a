"""Audit log: lines are added, and deleted only by age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vigie.app.audit_names import about_file
from vigie.app.tables import audit
from vigie.db.database import Engine, reading, writing

ANONYMOUS = "nobody"
"""Actor of a line without a signed-in user; a stored value."""
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


@dataclass(frozen=True)
class AuditQuery:
    """Selection of lines.

    Attributes:
        actor: e-mail address, or another actor; empty for all.
        action: empty for all.
        file: text in the name of a file; empty for all.
        since: first moment; None for no limit.
        until: moment before which lines are; None for no limit.
    """

    actor: str = ""
    action: str = ""
    file: str = ""
    since: datetime | None = None
    until: datetime | None = None


def list_lines(
    engine: Engine, *, limit: int, before: int | None, query: AuditQuery | None = None
) -> list[AuditLine]:
    """Return at most `limit` lines, newest first; `before` is the id of the last line of the previous page."""
    selected = sa.select(audit).where(*_conditions(query or AuditQuery()))
    if before:
        selected = selected.where(audit.c.id < before)
    with reading(engine) as connection:
        rows = connection.execute(selected.order_by(audit.c.id.desc()).limit(limit)).mappings().all()
    return [AuditLine(**row) for row in rows]


def list_actors(engine: Engine) -> list[str]:
    """Return the actors of all lines, by name."""
    with reading(engine) as connection:
        return sorted(connection.execute(sa.select(audit.c.actor).distinct()).scalars())


def list_actions(engine: Engine) -> list[str]:
    """Return the actions of all lines, by name."""
    with reading(engine) as connection:
        return sorted(connection.execute(sa.select(audit.c.action).distinct()).scalars())


def _conditions(query: AuditQuery) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if query.actor:
        found.append(audit.c.actor == query.actor)
    if query.action:
        found.append(audit.c.action == query.action)
    if query.file:
        found.append(about_file(query.file))
    if query.since is not None:
        found.append(audit.c.at >= query.since)
    if query.until is not None:
        found.append(audit.c.at < query.until)
    return found


def delete_older_than(engine: Engine, moment: datetime) -> int:
    """Delete the lines older than `moment` and return their number."""
    with writing(engine) as connection:
        return int(connection.execute(sa.delete(audit).where(audit.c.at < moment)).rowcount)
