"""Tables of the web app; `vigie.db.versions` holds their schema migrations."""

from __future__ import annotations

import sqlalchemy as sa

from vigie.db.types import JsonDocument, UtcDateTime, metadata

ROLES = ("admin", "analyst", "viewer")
UPLOAD_STATES = ("receiving", "received", "ready", "refused", "deleted")
RUN_KINDS = ("inspect", "score", "refine", "train")
RUN_STATES = ("queued", "running", "done", "failed", "cancelled")
RULE_ACTIONS = ("hide", "alert")
RULE_STATES = ("on", "shadow", "off")
FRAUD, LEGITIMATE, UNKNOWN = LABELS = ("fraud", "fine", "unsure")
"""Labels of rows, as the database and the API store them."""


def one_of(column: str, values: tuple[str, ...]) -> str:
    """Return the condition that a column has one of the values."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _user(*, nullable: bool = False) -> sa.Column[int]:
    return sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=nullable)


users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.String(320), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    # Null for users who sign in by a link or a provider.
    sa.Column("password_hash", sa.String(200), nullable=True),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("team", sa.String(100), nullable=False),
    sa.Column("language", sa.String(5), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=True),
    sa.UniqueConstraint("email", name="users_email"),
    sa.CheckConstraint(one_of("role", ROLES), name="users_role"),
    sqlite_autoincrement=True,
)

sessions = sa.Table(
    "sessions",
    metadata,
    # SHA-256 of the secret in the browser's cookie, so that this table does not allow signing in.
    sa.Column("digest", sa.String(64), primary_key=True),
    _user(),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
)

sign_in_links = sa.Table(
    "sign_in_links",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    _user(),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("used_at", UtcDateTime, nullable=True),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # SHA-256 of the limited account or address.
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Index("attempts_key_at", "key", "at"),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    _user(),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("prefix", sa.String(20), nullable=False),
    sa.Column("scopes", JsonDocument, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=True),
    sa.Column("used_at", UtcDateTime, nullable=True),
    sa.Column("revoked_at", UtcDateTime, nullable=True),
    sa.UniqueConstraint("digest", name="tokens_digest"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    # An address, not a reference: the log outlives the account.
    sa.Column("actor", sa.String(320), nullable=False),
    sa.Column("action", sa.String(50), nullable=False),
    sa.Column("object", sa.String(250), nullable=False),
    sa.Column("detail", JsonDocument, nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Index("audit_at", "at"),
    sqlite_autoincrement=True,
)

uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("owner_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("extension", sa.String(20), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=True),
    sa.Column("rows_exact", sa.Boolean, nullable=False),
    sa.Column("columns", sa.Integer, nullable=True),
    # Column names, roles and matches; never a cell.
    sa.Column("inspection", JsonDocument, nullable=True),
    sa.Column("mapping", JsonDocument, nullable=False),
    # How the file is to be read; null where neither its owner nor an earlier file says it.
    sa.Column("read_options", JsonDocument, nullable=True),
    sa.Column("error", JsonDocument, nullable=True),
    sa.CheckConstraint(one_of("state", UPLOAD_STATES), name="uploads_state"),
    sa.Index("uploads_owner", "owner_id", "created_at"),
    sa.Index("uploads_expires", "expires_at"),
)

upload_parts = sa.Table(
    "upload_parts",
    metadata,
    sa.Column("upload_id", sa.String(40), sa.ForeignKey("uploads.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
)

mappings = sa.Table(
    "mappings",
    metadata,
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), primary_key=True, autoincrement=False),
    # SHA-256 of the column names, in order.
    sa.Column("columns_digest", sa.String(64), primary_key=True),
    sa.Column("mapping", JsonDocument, nullable=False),
    sa.Column("read_options", JsonDocument, nullable=True),
    sa.Column("updated_at", UtcDateTime, nullable=False),
)

workers = sa.Table(
    "workers",
    metadata,
    # Machine, process and a random suffix: see vigie.jobs.worker.
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("upload_id", sa.String(40), sa.ForeignKey("uploads.id"), nullable=False),
    _user(),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("options", JsonDocument, nullable=False),
    sa.Column("parent_id", sa.String(40), nullable=True),
    sa.Column("stage", sa.String(50), nullable=False),
    sa.Column("share", sa.Float, nullable=False),
    sa.Column("summary", JsonDocument, nullable=True),
    sa.Column("error", JsonDocument, nullable=True),
    # Folder of the result in the store; set in the same statement as the state.
    sa.Column("result", sa.String(500), nullable=True),
    # Rows to review, as set on the page; null for the number that Vigie proposes.
    sa.Column("alert_budget", sa.BigInteger, nullable=True),
    # Number of alerts, after rules, with which the cases were made; null until they are: see vigie.app.cases.
    sa.Column("cases_made", sa.BigInteger, nullable=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=True),
    sa.Column("finished_at", UtcDateTime, nullable=True),
    # Lease of the worker that computes it: see vigie.app.job_queue.
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("not_before", UtcDateTime, nullable=False),
    sa.Column("worker", sa.String(100), nullable=True),
    sa.Column("lease_until", UtcDateTime, nullable=True),
    sa.CheckConstraint(one_of("kind", RUN_KINDS), name="runs_kind"),
    sa.CheckConstraint(one_of("state", RUN_STATES), name="runs_state"),
    sa.Index("runs_state_not_before", "state", "not_before"),
    sa.Index("runs_upload", "upload_id"),
    sa.Index("runs_user", "user_id", "created_at"),
)

marks = sa.Table(
    "marks",
    metadata,
    sa.Column("upload_id", sa.String(40), sa.ForeignKey("uploads.id"), primary_key=True),
    # From 0, in the order of the upload.
    sa.Column("row", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("verdict", sa.String(20), nullable=False),
    _user(),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("comment", sa.Text, nullable=True),
    sa.CheckConstraint(one_of("verdict", LABELS), name="marks_verdict"),
)

alert_rules = sa.Table(
    "alert_rules",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # Whose files the rule is for: those of this user and of the user's team.
    sa.Column("owner_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
    sa.Column("author_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
    # The run from which the rule was made; it may be deleted, the rule stays.
    sa.Column("run_id", sa.String(40), nullable=False),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("conditions", JsonDocument, nullable=False),
    sa.Column("columns_digest", sa.String(64), nullable=False),
    sa.Column("roles", JsonDocument, nullable=False),
    sa.Column("comment", sa.Text, nullable=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    # Runs that were started earlier stay as they were reported.
    sa.Column("applies_from", UtcDateTime, nullable=False),
    sa.Column("expires_on", sa.Date, nullable=True),
    sa.Column("changed_by_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.CheckConstraint(one_of("action", RULE_ACTIONS), name="alert_rules_action"),
    sa.CheckConstraint(one_of("state", RULE_STATES), name="alert_rules_state"),
    sa.Index("alert_rules_owner", "owner_id"),
    sqlite_autoincrement=True,
)

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), primary_key=True, autoincrement=False),
    sa.Column("key", sa.String(64), primary_key=True),
    # Digest of the request: a key used again for another request is refused.
    sa.Column("request", sa.String(64), nullable=False),
    # Null until the first request has a response.
    sa.Column("status", sa.Integer, nullable=True),
    sa.Column("answer", JsonDocument, nullable=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
)
