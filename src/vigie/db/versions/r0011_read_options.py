"""An upload has the options that it is read with; they are remembered with the roles of its columns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from vigie.db.types import JsonDocument

revision = "0011"
down_revision: str | None = "0010"


def upgrade() -> None:
    """Add both columns; null means that nothing was chosen."""
    for table in ("uploads", "mappings"):
        op.add_column(table, sa.Column("read_options", JsonDocument, nullable=True))
