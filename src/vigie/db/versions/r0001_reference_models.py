"""The catalog: reference models and the counter of its changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Create the two tables and the counter's only row."""
    document = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.create_table(
        "reference_models",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("version", sa.String(50), nullable=False),
        sa.Column("domain", sa.String(100), nullable=False),
        sa.Column("columns", document, nullable=False),
        sa.Column("roles", document, nullable=False),
        sa.Column("performance", document, nullable=False),
        sa.Column("profile", document, nullable=False),
        sa.Column("quantiles", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("storage_type", sa.String(20), nullable=False),
        sa.Column("s3_bucket", sa.String(1000), nullable=False),
        sa.Column("s3_prefix", sa.String(1000), nullable=False),
        sa.Column("digests", document, nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("provenance", document, nullable=False),
        sa.UniqueConstraint("name", "version", name="reference_models_name_version"),
        sa.CheckConstraint(
            "storage_type IN ('local', 's3', 'gcs', 'azure')", name="reference_models_storage_type"
        ),
        sqlite_autoincrement=True,
    )
    state = op.create_table(
        "catalog_state",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("changes", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(state, [{"id": 1, "changes": 0}])
