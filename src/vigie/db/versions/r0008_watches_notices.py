"""Watches: locations whose new files are scored; notices: an outbox of e-mails and webhook calls."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision: str | None = "0007"


def upgrade() -> None:
    """Create the tables of watches and notices, which are empty until a user adds one."""
    document = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    _watches(document)
    _notices(document)


def _watches(document: sa.types.TypeEngine[Any]) -> None:
    op.create_table(
        "watches",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("owner_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("pattern", sa.String(200), nullable=False),
        sa.Column("schedule", sa.String(100), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("write_back", sa.Boolean, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("options", document, nullable=False),
        sa.Column("mapping", document, nullable=False),
        sa.Column("columns", document, nullable=True),
        sa.Column("max_fraud_share", sa.Float, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("files_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", document, nullable=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("worker", sa.String(100), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("owner_id", "name", name="watches_owner_name"),
    )
    op.create_index("watches_next", "watches", ["next_look_at"])
    op.create_table(
        "watch_sightings",
        sa.Column("watch_id", sa.String(40), sa.ForeignKey("watches.id"), primary_key=True),
        sa.Column("key", sa.String(1024), primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("modified", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken", sa.Boolean, nullable=False),
    )
    op.create_table(
        "watched_files",
        sa.Column("watch_id", sa.String(40), sa.ForeignKey("watches.id"), primary_key=True),
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(1024), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("upload_id", sa.String(40), nullable=True),
        sa.Column("run_id", sa.String(40), nullable=True),
        sa.Column("error", document, nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('inspecting', 'scoring', 'done', 'failed')", name="watched_files_state"
        ),
    )
    op.create_index("watched_files_found", "watched_files", ["watch_id", "found_at"])
    op.create_index("watched_files_state", "watched_files", ["state"])


def _notices(document: sa.types.TypeEngine[Any]) -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=True),
        sa.Column("webhook_id", sa.String(40), nullable=True),
        sa.Column("payload", document, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("digest", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.String(500), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.String(100), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("channel IN ('email', 'webhook')", name="notices_channel"),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'undeliverable')", name="notices_state"),
    )
    op.create_index("notices_state_not_before", "notices", ["state", "not_before"])
    op.create_table(
        "notice_choices",
        sa.Column("whose", sa.String(120), primary_key=True),
        sa.Column("kind", sa.String(30), primary_key=True),
        sa.Column("time", sa.String(10), nullable=False),
        sa.CheckConstraint("time IN ('now', 'daily', 'never')", name="notice_choices_time"),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("team", sa.String(100), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("secret", sa.String(100), nullable=False),
        sa.Column("kinds", document, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "webhook_attempts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("webhook_id", sa.String(40), nullable=False),
        sa.Column("notice_id", sa.String(40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer, nullable=True),
        sa.Column("error", sa.String(200), nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("webhook_attempts_webhook", "webhook_attempts", ["webhook_id", "at"])
