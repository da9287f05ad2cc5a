"""The journal of migrations in the catalog's database.

A migration is a row of `migrations` and one row of `migration_steps` for each model it moves, written before the first
byte is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from vigie.catalog import ModelVersion, StorageLocation
from vigie.db.database import reading
from vigie.errors import NotFound
from vigie.relocate import lock_owner
from vigie.relocate.tables import migration_steps, migrations
from vigie.relocate.targets import Target

_M = migrations.c
_S = migration_steps.c
_ROWS_PER_INSERT = 500
STALE = timedelta(seconds=45)
"""Silence after which the owner of a migration's lock is dead."""
_UNFINISHED = ("running", "rolling_back")
_FINISHED = ("switched", "copied")
"""States of the step of a model that was moved, and of one that was repaired where it is."""
Move = tuple[ModelVersion, StorageLocation]
"""A model and its new storage location."""


@dataclass(frozen=True)
class Step:
    """One model of a migration: its old and new location, and its state."""

    model: str
    version: str
    old: StorageLocation
    new: StorageLocation
    state: str
    error: str | None

    @property
    def label(self) -> str:
        """Name and version, for messages."""
        return f"{self.model} {self.version}"


@dataclass(frozen=True)
class Migration:
    """One migration in the journal.

    Attributes:
        held: whether a process holds its lock and is alive.
        interrupted: whether it was begun, is not finished, and no live process works on it.
        who: user, machine and process that ran it last.
        steps: number of its models by state.
    """

    id: int
    source: str
    target: str
    state: str
    held: bool
    interrupted: bool
    who: str
    started_at: datetime
    heartbeat_at: datetime
    finished_at: datetime | None
    error: str | None
    steps: dict[str, int] = field(default_factory=dict)


def begin(connection: sa.Connection, target: Target, moves: Sequence[Move]) -> tuple[int, bool]:
    """Write the migration that will do `moves`, and its planned steps.

    The last migration is resumed if it failed, has the same target and has moved or repaired none of these models. The
    step of a model that is only repaired has the same old and new location.

    Args:
        connection: a transaction that writes.
        target: where to.
        moves: the models to move.

    Returns:
        The id of the migration, and whether it is a resumed one.
    """
    last = connection.execute(sa.select(migrations).order_by(_M.id.desc()).limit(1)).mappings().first()
    keys = {(entry.name, entry.version) for entry, _ in moves}
    if last is not None and last["state"] == "failed" and last["target"] == target.url:
        steps = _steps(connection, last["id"])
        if not any(step.state in _FINISHED and (step.model, step.version) in keys for step in steps):
            unfinished = (_S.migration_id == last["id"], _S.state.not_in(_FINISHED))
            connection.execute(sa.delete(migration_steps).where(*unfinished))
            _plan_steps(connection, last["id"], moves)
            return int(last["id"]), True
    sources = ", ".join(sorted({entry.store.url for entry, _ in moves}))[:1500]
    owner = lock_owner.columns(database_time(connection))
    row = {"source": sources, "target": target.url, "state": "running", **owner}
    created = connection.execute(sa.insert(migrations).values(**row)).inserted_primary_key
    number = int(created[0]) if created else 0
    _plan_steps(connection, number, moves)
    return number, False


def list_steps(engine: sa.Engine, migration: int, state: str | None = None) -> tuple[Step, ...]:
    """Return the models of a migration in the order they were planned, or those in one state."""
    with reading(engine) as connection:
        found = _steps(connection, migration)
    return tuple(step for step in found if state is None or step.state == state)


def list_migrations(engine: sa.Engine) -> tuple[Migration, ...]:
    """Return every migration, the newest first."""
    counts: dict[int, dict[str, int]] = {}
    with reading(engine) as connection:
        grouped = sa.select(_S.migration_id, _S.state, sa.func.count()).group_by(_S.migration_id, _S.state)
        for number, state, count in connection.execute(grouped):
            counts.setdefault(number, {})[state] = count
        rows = connection.execute(sa.select(migrations).order_by(_M.id.desc())).mappings().all()
        now = database_time(connection)
    return tuple(_migration(row, counts.get(row["id"], {}), now) for row in rows)


def find(engine: sa.Engine, number: int) -> Migration:
    """Return one migration.

    Raises:
        NotFound: there is none of that number.
    """
    for migration in list_migrations(engine):
        if migration.id == number:
            return migration
    raise NotFound("migration", str(number), hint="`vigie migrate --status` lists them")


def describe_owner(row: sa.RowMapping) -> str:
    """Return user, machine and process of a row of `migrations`."""
    return f"{row['username']} on {lock_owner.display_name(row['host'])}, process {row['pid']}"


def database_time(connection: sa.Connection) -> datetime:
    """Return the time by the database's clock, because those of several machines differ."""
    if connection.dialect.name == "postgresql":
        now: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)
    return datetime.now(UTC)


def _plan_steps(connection: sa.Connection, number: int, moves: Sequence[Move]) -> None:
    now = database_time(connection)
    rows = [
        {
            "migration_id": number,
            "model": entry.name,
            "version": entry.version,
            "old_storage_type": entry.storage.storage_type,
            "old_bucket": entry.storage.bucket,
            "old_prefix": entry.storage.prefix,
            "new_storage_type": new.storage_type,
            "new_bucket": new.bucket,
            "new_prefix": new.prefix,
            "state": "planned",
            "bytes": entry.size,
            "updated_at": now,
        }
        for entry, new in moves
    ]
    for start in range(0, len(rows), _ROWS_PER_INSERT):
        connection.execute(sa.insert(migration_steps), rows[start : start + _ROWS_PER_INSERT])


def _steps(connection: sa.Connection, number: int) -> tuple[Step, ...]:
    query = sa.select(migration_steps).where(_S.migration_id == number).order_by(_S.id)
    return tuple(
        Step(
            row["model"],
            row["version"],
            StorageLocation(row["old_storage_type"], row["old_bucket"], row["old_prefix"]),
            StorageLocation(row["new_storage_type"], row["new_bucket"], row["new_prefix"]),
            row["state"],
            row["error"],
        )
        for row in connection.execute(query).mappings()
    )


def _migration(row: sa.RowMapping, counts: dict[str, int], now: datetime) -> Migration:
    locked = row["lock"] is not None
    alive = locked and not lock_owner.is_dead(row["host"], row["pid"], row["heartbeat_at"], now, STALE)
    names = ("id", "source", "target", "state", "started_at", "heartbeat_at", "finished_at", "error")
    return Migration(
        **{name: row[name] for name in names},
        held=alive,
        interrupted=not alive and (locked or row["state"] in _UNFINISHED),
        who=describe_owner(row),
        steps=counts,
    )
