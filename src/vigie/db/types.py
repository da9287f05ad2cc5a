"""Column types that mean the same on SQLite and PostgreSQL, and the registry of all declared tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()
"""Every table that the code declares; `catalog`, `relocate` and `app` declare theirs."""


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """A moment in UTC, always read with its time zone, which SQLite does not store."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Convert to UTC; a naive moment is taken as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    process_result_value = process_bind_param


class JsonDocument(sa.types.TypeDecorator[Any]):
    """JSON, stored as JSONB on PostgreSQL, whose dialect is imported only where it is used."""

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Return the type of the database in use."""
        if dialect.name != "postgresql":
            return dialect.type_descriptor(sa.JSON())
        from sqlalchemy.dialects import postgresql

        return dialect.type_descriptor(postgresql.JSONB())

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Return a reader that gives None for a text that is no JSON, which only another program writes to SQLite.

        An error here would end the reading of every row; who uses the value refuses its row.
        """
        process = super().result_processor(dialect, coltype)
        if process is None:
            return None

        def read(value: Any) -> Any:
            try:
                return process(value)
            except (ValueError, TypeError, RecursionError):
                return None

        return read
