"""Tables of cases; `vigie.db.versions` holds their schema migration."""

from __future__ import annotations

import sqlalchemy as sa

from vigie.db.types import JsonDocument, UtcDateTime, metadata

NEW, OPEN, WAITING, CONFIRMED, CLEARED = STATUSES = ("new", "open", "waiting", "confirmed", "cleared")
UNDECIDED = (NEW, OPEN, WAITING)
DECIDED = (CONFIRMED, CLEARED)
ROW = "row"
"""Kind of a case whose alert names no entity: it has this row alone."""
MIXED = "*"
"""Currency of a case whose amounts have several: they have no sum."""


def _case_id(*, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(
        "case_id", sa.String(40), sa.ForeignKey("cases.id"), primary_key=primary_key, nullable=False
    )


def _is_status(column: str) -> str:
    return f"{column} IN ({', '.join(repr(status) for status in STATUSES)})"


cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    # The team, or the user where they have none, as `vigie.app.cases.records.scope_of` names it.
    sa.Column("scope", sa.String(120), nullable=False),
    # Role of the entity's column, or `ROW`.
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("assignee_id", sa.Integer, sa.ForeignKey("users.id"), nullable=True),
    sa.Column("due", sa.Date, nullable=True),
    # Counted up by every change: a decision on an earlier version is refused.
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("merged_into", sa.String(40), nullable=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("viewer_id", sa.Integer, sa.ForeignKey("users.id"), nullable=True),
    sa.Column("viewed_at", UtcDateTime, nullable=True),
    # Of its alerts: see `vigie.app.cases.syncing`.
    sa.Column("alerts", sa.Integer, nullable=False),
    sa.Column("amount", sa.Float, nullable=True),
    sa.Column("currency", sa.String(16), nullable=False),
    sa.Column("expected_loss", sa.Float, nullable=True),
    sa.Column("risk", sa.Float, nullable=False),
    sa.Column("first_at", UtcDateTime, nullable=True),
    sa.Column("last_at", UtcDateTime, nullable=True),
    sa.CheckConstraint(_is_status("status"), name="cases_status"),
    sa.Index("cases_scope_status", "scope", "status"),
)

case_entities = sa.Table(
    "case_entities",
    metadata,
    _case_id(primary_key=True),
    sa.Column("kind", sa.String(40), primary_key=True),
    sa.Column("entity", sa.String(64), primary_key=True),
    sa.Index("case_entities_entity", "entity", "kind"),
)

case_alerts = sa.Table(
    "case_alerts",
    metadata,
    sa.Column("upload_id", sa.String(40), sa.ForeignKey("uploads.id"), primary_key=True),
    # From 0, in the order of the upload.
    sa.Column("row", sa.BigInteger, primary_key=True, autoincrement=False),
    _case_id(),
    sa.Column("run_id", sa.String(40), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("rank", sa.BigInteger, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("probability", sa.Float, nullable=True),
    # Probability, or where there is none the place among the alerts of its run: 1 for the first, near 0 for the last.
    sa.Column("weight", sa.Float, nullable=False),
    sa.Column("amount", sa.Float, nullable=True),
    sa.Column("currency", sa.String(16), nullable=False),
    sa.Column("at", UtcDateTime, nullable=True),
    # Label that the decision of the case gave to the row; null where a user labelled it.
    sa.Column("case_label", sa.String(20), nullable=True),
    sa.Index("case_alerts_case", "case_id"),
)

case_events = sa.Table(
    "case_events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _case_id(),
    sa.Column("at", UtcDateTime, nullable=False),
    # Null for what Vigie did.
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=True),
    sa.Column("action", sa.String(20), nullable=False),
    # Plain JSON without cells.
    sa.Column("detail", JsonDocument, nullable=False),
    # Text of a note.
    sa.Column("note", sa.Text, nullable=True),
    sa.Index("case_events_case", "case_id", "id"),
    sqlite_autoincrement=True,
)
