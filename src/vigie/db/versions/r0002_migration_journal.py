"""The journal of migrations between stores."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    """Create the journal."""
    op.create_table(
        "migrations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("source", sa.String(1500), nullable=False),
        sa.Column("target", sa.String(1500), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("lock", sa.String(20), nullable=True),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("username", sa.String(255), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text, nullable=True),
        sa.UniqueConstraint("lock", name="migrations_lock"),
        sa.CheckConstraint(
            "state IN ('running', 'done', 'failed', 'rolling_back', 'rolled_back')", name="migrations_state"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "migration_steps",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("migration_id", sa.Integer, sa.ForeignKey("migrations.id"), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("version", sa.String(50), nullable=False),
        sa.Column("old_storage_type", sa.String(20), nullable=False),
        sa.Column("old_bucket", sa.String(1000), nullable=False),
        sa.Column("old_prefix", sa.String(1000), nullable=False),
        sa.Column("new_storage_type", sa.String(20), nullable=False),
        sa.Column("new_bucket", sa.String(1000), nullable=False),
        sa.Column("new_prefix", sa.String(1000), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("migration_id", "model", "version", name="migration_steps_model"),
        sa.CheckConstraint(
            "state IN ('planned', 'copied', 'switched', 'failed', 'restored')", name="migration_steps_state"
        ),
        sqlite_autoincrement=True,
    )
