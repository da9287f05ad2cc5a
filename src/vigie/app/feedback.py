"""Fraud, fine, unsure: what people say of a row of an upload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from vigie.app.tables import marks, users
from vigie.db.database import Engine, reading, writing

_ROWS = marks.c


@dataclass(frozen=True)
class Mark:
    """What somebody said of a row; `row` counts from 0 in the upload."""

    row: int
    verdict: str
    user_name: str
    at: datetime


def put(engine: Engine, upload_id: str, user_id: int, verdicts: Mapping[int, str | None]) -> None:
    """Says something of rows; nothing removes what was said."""
    now = datetime.now(UTC)
    fresh = [
        {"upload_id": upload_id, "row": row, "verdict": verdict, "user_id": user_id, "at": now}
        for row, verdict in verdicts.items()
        if verdict is not None
    ]
    with writing(engine) as connection:
        connection.execute(
            sa.delete(marks).where(_ROWS.upload_id == upload_id, _ROWS.row.in_(list(verdicts)))
        )
        if fresh:
            connection.execute(sa.insert(marks), fresh)


def every(engine: Engine, upload_id: str) -> list[Mark]:
    """What was said of an upload, by row."""
    query = (
        sa.select(_ROWS.row, _ROWS.verdict, users.c.name, _ROWS.at)
        .join(users, users.c.id == _ROWS.user_id)
        .where(_ROWS.upload_id == upload_id)
        .order_by(_ROWS.row)
    )
    with reading(engine) as connection:
        return [Mark(*row) for row in connection.execute(query).all()]
