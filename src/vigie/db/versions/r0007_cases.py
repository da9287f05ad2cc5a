"""Cases: the alerts of one entity over all files of a team, with status, assignee, notes and history."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision: str | None = "0006"

_STATUSES = "status IN ('new', 'open', 'waiting', 'confirmed', 'cleared')"


def upgrade() -> None:
    """Create the tables of cases; finished runs get theirs from the next worker, since `cases_made` is null."""
    op.add_column("runs", sa.Column("cases_made", sa.BigInteger, nullable=True))
    _cases()
    _parts(sa.JSON().with_variant(postgresql.JSONB(), "postgresql"))


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("scope", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("entity", sa.String(64), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("assignee_id", sa.Integer, sa.ForeignKey("users.id"), nullable=True),
        sa.Column("due", sa.Date, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("merged_into", sa.String(40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("viewer_id", sa.Integer, sa.ForeignKey("users.id"), nullable=True),
        sa.Column("viewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alerts", sa.Integer, nullable=False),
        sa.Column("amount", sa.Float, nullable=True),
        sa.Column("currency", sa.String(16), nullable=False),
        sa.Column("expected_loss", sa.Float, nullable=True),
        sa.Column("risk", sa.Float, nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_STATUSES, name="cases_status"),
    )
    op.create_index("cases_scope_status", "cases", ["scope", "status"])


def _parts(document: sa.types.TypeEngine[Any]) -> None:
    op.create_table(
        "case_entities",
        sa.Column("case_id", sa.String(40), sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("kind", sa.String(40), primary_key=True),
        sa.Column("entity", sa.String(64), primary_key=True),
    )
    op.create_index("case_entities_entity", "case_entities", ["entity", "kind"])
    op.create_table(
        "case_alerts",
        sa.Column("upload_id", sa.String(40), sa.ForeignKey("uploads.id"), primary_key=True),
        sa.Column("row", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("case_id", sa.String(40), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("entity", sa.String(64), nullable=False),
        sa.Column("rank", sa.BigInteger, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("probability", sa.Float, nullable=True),
        sa.Column("weight", sa.Float, nullable=False),
        sa.Column("amount", sa.Float, nullable=True),
        sa.Column("currency", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("case_label", sa.String(20), nullable=True),
    )
    op.create_index("case_alerts_case", "case_alerts", ["case_id"])
    op.create_table(
        "case_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_id", sa.String(40), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=True),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("detail", document, nullable=False),
        sa.Column("note", sa.Text, nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("case_events_case", "case_events", ["case_id", "id"])
