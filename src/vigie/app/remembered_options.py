"""How earlier tables of a user were read, to read the next table with the same columns so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from vigie.app.tables import mappings
from vigie.db.database import Engine, lock, reading, writing

_ROWS = mappings.c


@dataclass(frozen=True)
class RememberedOptions:
    """Options that a table was read with.

    Attributes:
        columns_digest: of the columns that the table had when it was read so; see `vigie.app.uploads.columns_digest`.
        read_options: as `vigie.table.ReadOptions.to_json` has them, never empty.
    """

    columns_digest: str
    read_options: Mapping[str, Any]


def remember(engine: Engine, user_id: int, columns_digest: str, read_options: Mapping[str, Any]) -> None:
    """Store how a table with these columns was read; empty options are found out the next time."""
    same = sa.and_(_ROWS.user_id == user_id, _ROWS.columns_digest == columns_digest)
    values = {"read_options": dict(read_options), "updated_at": datetime.now(UTC)}
    with writing(engine) as connection:
        lock(connection, "mappings", user_id, columns_digest)
        if connection.execute(sa.update(mappings).where(same).values(values)).rowcount == 0 and read_options:
            row = {"user_id": user_id, "columns_digest": columns_digest, "mapping": {}, **values}
            connection.execute(sa.insert(mappings).values(row))


def list_for(engine: Engine, user_id: int) -> list[RememberedOptions]:
    """Return what is remembered for a user, the newest first."""
    query = sa.select(_ROWS.columns_digest, _ROWS.read_options).where(_ROWS.user_id == user_id)
    with reading(engine) as connection:
        found = connection.execute(query.order_by(_ROWS.updated_at.desc(), _ROWS.columns_digest)).all()
    return [RememberedOptions(digest, options) for digest, options in found if options]
