"""Labels that users give to rows of an upload: fraud, legitimate or unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from vigie.app.tables import marks, users
from vigie.db.database import Engine, lock, reading, writing

_ROWS = marks.c


@dataclass(frozen=True)
class Label:
    """Label of one row.

    Attributes:
        row: index of the row in the upload, from 0.
        verdict: one of `vigie.app.tables.LABELS`.
        comment: free text; None without one.
    """

    row: int
    verdict: str
    user_name: str
    at: datetime
    comment: str | None = None


def set_labels(
    engine: Engine,
    upload_id: str,
    user_id: int,
    labels: Mapping[int, str | None],
    comments: Mapping[int, str | None] | None = None,
) -> None:
    """Replace the labels of rows; None deletes a label with its comment.

    Args:
        engine: the database.
        upload_id: the upload.
        user_id: the user who labels.
        labels: row -> label.
        comments: row -> comment, None to delete it; a row that is not named keeps its comment.
    """
    now, comments = datetime.now(UTC), comments or {}
    chosen = sa.and_(_ROWS.upload_id == upload_id, _ROWS.row.in_(list(labels)))
    with writing(engine) as connection:
        lock(connection, "marks", upload_id)
        stored = connection.execute(sa.select(_ROWS.row, _ROWS.comment).where(chosen))
        before = {row.row: row.comment for row in stored}
        new = [
            {
                "upload_id": upload_id,
                "row": row,
                "verdict": label,
                "user_id": user_id,
                "at": now,
                "comment": comments.get(row) if row in comments else before.get(row),
            }
            for row, label in labels.items()
            if label is not None
        ]
        connection.execute(sa.delete(marks).where(chosen))
        if new:
            connection.execute(sa.insert(marks), new)


def list_labels(engine: Engine, upload_id: str) -> list[Label]:
    """Return the labels of an upload, by row."""
    query = (
        sa.select(_ROWS.row, _ROWS.verdict, users.c.name, _ROWS.at, _ROWS.comment)
        .join(users, users.c.id == _ROWS.user_id)
        .where(_ROWS.upload_id == upload_id)
        .order_by(_ROWS.row)
    )
    with reading(engine) as connection:
        return [Label(*row) for row in connection.execute(query).all()]
