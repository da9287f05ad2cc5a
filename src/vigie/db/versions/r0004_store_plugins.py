"""Models may be in a store that a plugin provides: the catalog no longer lists the kinds of store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"

_CONSTRAINT = "reference_models_storage_type"


def upgrade() -> None:
    """Drop the check on `storage_type`; SQLite can only do so by copying the table."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.drop_constraint(_CONSTRAINT, "reference_models", type_="check")
        return
    last = connection.execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'reference_models'"))
    highest = last.scalar() or 0
    with op.batch_alter_table("reference_models", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint(_CONSTRAINT, type_="check")
    # The copy remembers the highest id that is left, not the highest that was used: no id is used twice.
    connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'reference_models'"))
    connection.execute(
        sa.text("INSERT INTO sqlite_sequence VALUES ('reference_models', :seq)"), {"seq": highest}
    )
