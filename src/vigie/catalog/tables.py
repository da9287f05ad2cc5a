"""The catalog's tables; `vigie.db.versions` has the steps that lead to them."""

from __future__ import annotations

import sqlalchemy as sa

from vigie.db.types import JsonDocument, UtcDateTime, metadata

reference_models = sa.Table(
    "reference_models",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("version", sa.String(50), nullable=False),
    sa.Column("domain", sa.String(100), nullable=False),
    sa.Column("columns", JsonDocument, nullable=False),
    sa.Column("roles", JsonDocument, nullable=False),
    sa.Column("performance", JsonDocument, nullable=False),
    sa.Column("profile", JsonDocument, nullable=False),
    # The profile's quantiles once more, as `Quantiles.to_bytes` packs them: matching reads many of them.
    sa.Column("quantiles", sa.LargeBinary, nullable=False),
    # Columns and roles once more, as `ModelVector.to_bytes` packs them: matching reads those of all models. NULL before it
    # was packed.
    sa.Column("match_vector", sa.LargeBinary, nullable=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("storage_type", sa.String(20), nullable=False),
    sa.Column("s3_bucket", sa.String(1000), nullable=False),
    sa.Column("s3_prefix", sa.String(1000), nullable=False),
    sa.Column("digests", JsonDocument, nullable=False),
    sa.Column("manifest_sha256", sa.String(64), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("provenance", JsonDocument, nullable=False),
    sa.UniqueConstraint("name", "version", name="reference_models_name_version"),
    # An id is never used twice: an index in memory may still hold the removed one.
    sqlite_autoincrement=True,
)

catalog_state = sa.Table(
    "catalog_state",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("changes", sa.BigInteger, nullable=False),
)
"""One row; `changes` grows with every change of the catalog, so that readers know when to look again."""
