"""Tables of notices: the outbox, the choices of users, and the webhooks."""

from __future__ import annotations

import sqlalchemy as sa

from vigie.app import tables
from vigie.db.types import JsonDocument, UtcDateTime, metadata

KINDS = ("scored", "file_failed", "watch_failed", "fraud_share", "drift", "case_assigned")
CHANNELS = EMAIL, WEBHOOK = ("email", "webhook")
NOTICE_STATES = WAITING, DELIVERED, UNDELIVERABLE = ("waiting", "delivered", "undeliverable")
TIMES = NOW, DAILY, NEVER = ("now", "daily", "never")

notices = sa.Table(
    "notices",
    metadata,
    # One row for each receiver, written with the event. The id is derived from event, channel and receiver: an event that is
    # emitted twice has one notice, and a receiver recognises a repeated delivery by it.
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(30), nullable=False),
    sa.Column("channel", sa.String(10), nullable=False),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=True),
    sa.Column("webhook_id", sa.String(40), nullable=True),
    # Names, counts and addresses of pages; never a cell.
    sa.Column("payload", JsonDocument, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("digest", sa.Boolean, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("not_before", UtcDateTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.String(500), nullable=False),
    sa.Column("finished_at", UtcDateTime, nullable=True),
    sa.Column("worker", sa.String(100), nullable=True),
    sa.Column("lease_until", UtcDateTime, nullable=True),
    sa.CheckConstraint(tables.one_of("channel", CHANNELS), name="notices_channel"),
    sa.CheckConstraint(tables.one_of("state", NOTICE_STATES), name="notices_state"),
    sa.Index("notices_state_not_before", "state", "not_before"),
)

notice_choices = sa.Table(
    "notice_choices",
    metadata,
    # `user:ID` or `team:NAME`.
    sa.Column("whose", sa.String(120), primary_key=True),
    sa.Column("kind", sa.String(30), primary_key=True),
    sa.Column("time", sa.String(10), nullable=False),
    sa.CheckConstraint(tables.one_of("time", TIMES), name="notice_choices_time"),
)

webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
    # Empty for the events of the user alone, else those of the whole team.
    sa.Column("team", sa.String(100), nullable=False),
    sa.Column("url", sa.String(2000), nullable=False),
    # Key of the signature: both sides need it.
    sa.Column("secret", sa.String(100), nullable=False),
    sa.Column("kinds", JsonDocument, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

webhook_attempts = sa.Table(
    "webhook_attempts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("webhook_id", sa.String(40), nullable=False),
    sa.Column("notice_id", sa.String(40), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    # HTTP status of the receiver; null where there was no answer.
    sa.Column("status", sa.Integer, nullable=True),
    sa.Column("error", sa.String(200), nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Index("webhook_attempts_webhook", "webhook_id", "at"),
    sqlite_autoincrement=True,
)
