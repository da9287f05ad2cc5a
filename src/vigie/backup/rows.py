"""Rows of the tables as JSON lines, the same for SQLite and PostgreSQL."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from vigie.app import notice_tables, tables, watch_tables
from vigie.app.cases import tables as case_tables
from vigie.backup.contents import TableEntry
from vigie.catalog import tables as catalog_tables
from vigie.db.database import TABLES, Engine
from vigie.db.types import metadata
from vigie.relocate import tables as migration_tables

DECLARING = (catalog_tables, migration_tables, tables, case_tables, watch_tables, notice_tables)
"""Modules that declare the tables; a test compares them with those of the database."""
_BATCH = 1000
_MAX_LINE = 256 * 1024**2
"""Bytes of a row."""


@contextmanager
def snapshot(engine: Engine) -> Iterator[sa.Connection]:
    """Open a connection that sees the database as it is now until the end."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as connection:
        yield connection


def ordered_tables() -> list[sa.Table]:
    """Return the tables, each after those that its rows refer to."""
    return [table for table in metadata.sorted_tables if table.name in TABLES]


def lines(connection: sa.Connection, table: sa.Table) -> Iterator[bytes]:
    """Yield the rows of a table as JSON lists, in the order of the primary key."""
    query = sa.select(table).order_by(*table.primary_key.columns)
    streamed = connection.execution_options(stream_results=True, yield_per=_BATCH)
    for row in streamed.execute(query):
        yield json.dumps([_encode(value) for value in row], separators=(",", ":")).encode() + b"\n"


def clear(connection: sa.Connection, names: Sequence[str]) -> None:
    """Delete the rows that the creation of the tables has made."""
    for name in reversed(names):
        connection.execute(sa.delete(sa.table(name)))


def read(entry: TableEntry, path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table from a file that `lines` filled.

    Raises:
        ValueError: the file holds something else.
    """
    columns = _columns(entry)
    count = 0
    try:
        with gzip.open(path) as file:
            while line := file.readline(_MAX_LINE):
                count += 1
                if len(line) == _MAX_LINE or count > entry.rows:
                    raise ValueError("more than the manifest says")
                yield _decode(entry.columns, json.loads(line), columns)
    except (OSError, EOFError, zlib.error, TypeError, RecursionError) as error:
        raise ValueError("no rows of a table") from error
    if count != entry.rows:
        raise ValueError("fewer rows than the manifest says")


def insert(connection: sa.Connection, entry: TableEntry, path: Path) -> None:
    """Insert the rows of a table from a file that `lines` filled.

    Raises:
        ValueError: they are not rows of this table.
    """
    known = {column["name"] for column in sa.inspect(connection).get_columns(entry.name)}
    if not known.issuperset(entry.columns):
        raise ValueError("columns that the table does not have")
    target = sa.table(entry.name, *_columns(entry))
    found = read(entry, path)
    try:
        while batch := list(islice(found, _BATCH)):
            connection.execute(sa.insert(target), batch)
    except sa.exc.StatementError as error:
        if isinstance(error, sa.exc.OperationalError):
            raise
        raise ValueError("rows that the table does not take") from error


def _columns(entry: TableEntry) -> list[sa.ColumnClause[Any]]:
    declared = metadata.tables[entry.name]
    return [
        sa.column(name, declared.c[name].type if name in declared.c else sa.types.NullType())
        for name in entry.columns
    ]


def advance_sequences(connection: sa.Connection, names: Sequence[str]) -> None:
    """Let PostgreSQL number new rows of some tables after those that were inserted with their numbers."""
    if connection.dialect.name != "postgresql":
        return
    for table in (metadata.tables[name] for name in names):
        column = table.autoincrement_column
        if column is None or column.foreign_keys:
            continue
        last = sa.select(sa.func.max(column)).scalar_subquery()
        sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
        used = sa.select(sa.func.count()).select_from(table).scalar_subquery() > 0
        connection.execute(sa.select(sa.func.setval(sequence, sa.func.coalesce(last, 1), used)))


def move_models(connection: sa.Connection, before: tuple[str, str], after: tuple[str, str]) -> None:
    """Let the models of the store that was copied be found in the new one.

    Args:
        connection: a transaction.
        before: kind and bucket of the store that was copied.
        after: those of the store that its files are in now.
    """
    models = catalog_tables.reference_models
    there = sa.and_(models.c.storage_type == before[0], models.c.s3_bucket == before[1])
    connection.execute(sa.update(models).where(there).values(storage_type=after[0], s3_bucket=after[1]))


def _encode(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    return {"json": value} if isinstance(value, dict | list) else value


def _decode(
    names: Sequence[str], values: Sequence[Any], columns: Sequence[sa.ColumnClause[Any]]
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value, column in zip(names, values, columns, strict=True):
        match value:
            case {"time": str(text)}:
                row[name] = datetime.fromisoformat(text)
            case {"bytes": str(text)}:
                row[name] = base64.b64decode(text)
            case {"json": document}:
                row[name] = document
            case None if isinstance(column.type, sa.types.TypeDecorator) and isinstance(
                column.type.impl, sa.JSON
            ):
                row[name] = sa.null()
            case _:
                row[name] = value
    return row
