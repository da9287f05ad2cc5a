"""The columns and roles of each model packed beside the documents, so that the first match of a process reads no JSON."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"


def upgrade() -> None:
    """Add the column; it is filled by the code, since what is packed depends on the roles that a version knows."""
    op.add_column("reference_models", sa.Column("match_vector", sa.LargeBinary, nullable=True))
