"""A run keeps the alert budget that was set on its page, and a label may have a comment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"


def upgrade() -> None:
    """Add both columns; null means that no budget was set and that there is no comment."""
    op.add_column("runs", sa.Column("alert_budget", sa.BigInteger, nullable=True))
    op.add_column("marks", sa.Column("comment", sa.Text, nullable=True))
