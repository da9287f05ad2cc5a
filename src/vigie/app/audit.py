"""Who saw and did what; lines are added, and removed only by age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from vigie.app.tables import audit
from vigie.db.database import Engine, reading, writing


@dataclass(frozen=True)
class AuditLine:
    """One thing somebody did; `object` is a kind and an id, `detail` never holds a cell."""

    id: int
    at: datetime
    actor: str
    action: str
    object: str
    detail: Mapping[str, Any]
    address: str


def note(engine: Engine, actor: str, action: str, what: str, detail: Mapping[str, Any], address: str) -> None:
    """Adds a line."""
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


def lines(engine: Engine, *, limit: int, before: int | None) -> list[AuditLine]:
    """The newest lines, newest first; `before` an id for the next page."""
    query = sa.select(audit).order_by(audit.c.id.desc()).limit(limit)
    with reading(engine) as connection:
        rows = connection.execute(query.where(audit.c.id < before) if before else query).mappings().all()
    return [AuditLine(**row) for row in rows]


def forget(engine: Engine, older_than: datetime) -> int:
    """Removes old lines; returns how many."""
    with writing(engine) as connection:
        return int(connection.execute(sa.delete(audit).where(audit.c.at < older_than)).rowcount)
