"""Tables of watches: locations whose new files are scored."""

from __future__ import annotations

import sqlalchemy as sa

from vigie.app import tables
from vigie.db.types import JsonDocument, UtcDateTime, metadata

FILE_STATES = INSPECTING, SCORING, DONE, FAILED = ("inspecting", "scoring", "done", "failed")
MAX_KEY = 1024
"""Characters of the path of a file below its watched location, the maximum of S3."""

watches = sa.Table(
    "watches",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("owner_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("url", sa.String(2000), nullable=False),
    sa.Column("pattern", sa.String(200), nullable=False),
    # A cron expression; empty to score files as they appear.
    sa.Column("schedule", sa.String(100), nullable=False),
    sa.Column("timezone", sa.String(64), nullable=False),
    sa.Column("write_back", sa.Boolean, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    # Options of the scorings, as those of a run.
    sa.Column("options", JsonDocument, nullable=False),
    sa.Column("mapping", JsonDocument, nullable=False),
    # Columns that every file must have; null until the first file.
    sa.Column("columns", JsonDocument, nullable=True),
    # Share of fraud above which a notice is sent; null for none.
    sa.Column("max_fraud_share", sa.Float, nullable=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    # Files last written earlier are not scored.
    sa.Column("files_since", UtcDateTime, nullable=True),
    sa.Column("next_look_at", UtcDateTime, nullable=False),
    sa.Column("looked_at", UtcDateTime, nullable=True),
    # Why the last look failed; null after one that did not.
    sa.Column("error", JsonDocument, nullable=True),
    sa.Column("failures", sa.Integer, nullable=False),
    # Lease of the worker that looks.
    sa.Column("worker", sa.String(100), nullable=True),
    sa.Column("lease_until", UtcDateTime, nullable=True),
    sa.UniqueConstraint("owner_id", "name", name="watches_owner_name"),
    sa.Index("watches_next", "next_look_at"),
)

sightings = sa.Table(
    "watch_sightings",
    metadata,
    sa.Column("watch_id", sa.String(40), sa.ForeignKey("watches.id"), primary_key=True),
    sa.Column("key", sa.String(MAX_KEY), primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("modified", UtcDateTime, nullable=False),
    # When the file was first seen with this size and time.
    sa.Column("seen_at", UtcDateTime, nullable=False),
    # Whether it was taken at this size and time.
    sa.Column("taken", sa.Boolean, nullable=False),
)

watched_files = sa.Table(
    "watched_files",
    metadata,
    sa.Column("watch_id", sa.String(40), sa.ForeignKey("watches.id"), primary_key=True),
    # SHA-256 of the bytes: each content is scored once.
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("key", sa.String(MAX_KEY), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    # Not references: uploads are deleted, what was scored is remembered.
    sa.Column("upload_id", sa.String(40), nullable=True),
    sa.Column("run_id", sa.String(40), nullable=True),
    sa.Column("error", JsonDocument, nullable=True),
    sa.Column("found_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime, nullable=True),
    sa.CheckConstraint(tables.one_of("state", FILE_STATES), name="watched_files_state"),
    sa.Index("watched_files_state", "state"),
    sa.Index("watched_files_found", "watch_id", "found_at"),
)
