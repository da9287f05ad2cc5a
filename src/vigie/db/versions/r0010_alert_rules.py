"""Alert rules: conditions by which a team takes rows out of its alerts, or adds them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision: str | None = "0009"


def upgrade() -> None:
    """Create the table of rules, which is empty until a user makes one."""
    document = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.create_table(
        "alert_rules",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("owner_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("author_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("conditions", document, nullable=False),
        sa.Column("columns_digest", sa.String(64), nullable=False),
        sa.Column("roles", document, nullable=False),
        sa.Column("comment", sa.Text, nullable=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applies_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_on", sa.Date, nullable=True),
        sa.Column("changed_by_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("action IN ('hide', 'alert')", name="alert_rules_action"),
        sa.CheckConstraint("state IN ('on', 'shadow', 'off')", name="alert_rules_state"),
        sqlite_autoincrement=True,
    )
    op.create_index("alert_rules_owner", "alert_rules", ["owner_id"])
