"""The journal of migrations in the catalog's database, and the lock that lets one through at a time.

A migration is a row of `migrations` and one row of `migration_steps` for each model it moves, written before the
first byte is copied. The lock is that row's `lock` column, unique; its heart beats in `heartbeat_at`, told by the
database's clock. Whoever takes the lock over from a dead process gets a new `started_at`: a process that wakes up
after it was given up for dead no longer matches its row, and every transaction that moves a model checks that.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import exc

from vigie.catalog import ModelVersion, StorageLocation
from vigie.db.database import reading, writing
from vigie.errors import DatabaseUnavailable, MigrationUnderWay, NotFound, VigieError
from vigie.relocate import lock_owner
from vigie.relocate.tables import migration_steps, migrations
from vigie.relocate.targets import Target

_LOCK = "migration"
_M = migrations.c
_S = migration_steps.c
_CHUNK = 500


@dataclass(frozen=True)
class Timing:
    """Seconds: between two heartbeats, after which a silent holder is dead, and to wait for a live one."""

    beat: float = 5.0
    stale: float = 45.0
    wait: float = 0.0


@dataclass(frozen=True)
class Step:
    """One model of a migration: where it lay, where it goes, and how far it is."""

    model: str
    version: str
    old: StorageLocation
    new: StorageLocation
    state: str
    error: str | None

    @property
    def label(self) -> str:
        """How messages name the model."""
        return f"{self.model} {self.version}"


@dataclass(frozen=True)
class Record:
    """One migration as the journal has it; `steps` counts its models by state, `held` whether it is under way."""

    id: int
    source: str
    target: str
    state: str
    held: bool
    who: str
    started_at: datetime
    heartbeat_at: datetime
    finished_at: datetime | None
    error: str | None
    steps: dict[str, int] = field(default_factory=dict)


@dataclass
class Held:
    """The lock on a migration, in this process's hands. `state` is what its row says."""

    engine: sa.Engine
    id: int
    token: datetime
    state: str
    resumed: bool = False
    released: bool = False
    turn: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes, refused where the lock is no longer ours; one at a time in this process.

        SQLite lets its writers sleep for longer and longer where they meet.
        """
        with self.turn, writing(self.engine) as connection:
            self.guard(connection)
            yield connection

    def guard(self, connection: sa.Connection) -> None:
        """Refuses to go on where another process has taken the lock; first thing in every transaction."""
        mine = sa.update(migrations).where(
            _M.id == self.id, _M.lock == _LOCK, _M.started_at == self.token, _M.pid == os.getpid()
        )
        if connection.execute(mine.values(heartbeat_at=_now(connection))).rowcount != 1:
            raise _under_way(connection, self.id)

    def note(self, step: Step, state: str, *, connection: sa.Connection, error: str | None = None) -> None:
        """Writes how far a model is."""
        mine = (_S.migration_id == self.id, _S.model == step.model, _S.version == step.version)
        change = sa.update(migration_steps).where(*mine)
        connection.execute(change.values(state=state, error=error, updated_at=_now(connection)))

    def finish(self, state: str, error: str | None = None) -> None:
        """Writes how the migration ended and gives the lock back."""
        with self.writing() as connection:
            ended = {"state": state, "lock": None, "finished_at": _now(connection), "error": error}
            connection.execute(sa.update(migrations).where(_M.id == self.id).values(**ended))
        self.state, self.released = state, True


Choice = Callable[[sa.Connection], tuple[int, str, bool]]


@contextmanager
def hold(engine: sa.Engine, timing: Timing, choose: Choice) -> Iterator[Held]:
    """Holds the lock, with a beating heart, until the block ends.

    Args:
        engine: the catalog's database.
        timing: see Timing.
        choose: called within the transaction that takes the lock; returns the migration's id, the state it
            shall be in while it is held, and whether it is one that was begun before.

    Raises:
        MigrationUnderWay: somebody else holds it and lives.
    """
    held = _acquire(engine, timing, choose)
    quiet = threading.Event()
    heart = threading.Thread(target=_beat, args=(held, timing.beat, quiet), daemon=True, name="vigie-heart")
    heart.start()
    try:
        yield held
        if not held.released:
            held.finish("failed" if held.state == "running" else held.state)
    except BaseException as error:
        if not held.released:
            reason = (
                error.message if isinstance(error, VigieError) else f"interrupted ({type(error).__name__})"
            )
            with suppress(DatabaseUnavailable, MigrationUnderWay):
                held.finish("failed" if held.state == "running" else held.state, reason)
        raise
    finally:
        quiet.set()
        heart.join()


def begin(
    connection: sa.Connection, target: Target, moves: Sequence[tuple[ModelVersion, StorageLocation]]
) -> tuple[int, bool]:
    """The migration that will move `moves`, its steps planned: the last one where it failed on the same way, else a new one.

    Returns:
        Its id, and whether it was begun before.
    """
    last = connection.execute(sa.select(migrations).order_by(_M.id.desc()).limit(1)).mappings().first()
    keys = {(entry.name, entry.version) for entry, _ in moves}
    if last is not None and last["state"] == "failed" and last["target"] == target.url:
        steps = _steps(connection, last["id"])
        if not any(step.state == "switched" and (step.model, step.version) in keys for step in steps):
            unfinished = (_S.migration_id == last["id"], _S.state != "switched")
            connection.execute(sa.delete(migration_steps).where(*unfinished))
            _plan(connection, last["id"], moves)
            return int(last["id"]), True
    row = {"source": _sources(moves), "target": target.url, "state": "running", **_me(_now(connection))}
    created = connection.execute(sa.insert(migrations).values(**row)).inserted_primary_key
    number = int(created[0]) if created else 0
    _plan(connection, number, moves)
    return number, False


def steps(engine: sa.Engine, migration: int, state: str | None = None) -> tuple[Step, ...]:
    """The models of a migration in the order they were planned, or those in one state."""
    with reading(engine) as connection:
        found = _steps(connection, migration)
    return tuple(step for step in found if state is None or step.state == state)


def records(engine: sa.Engine) -> tuple[Record, ...]:
    """Every migration, the newest first."""
    counts: dict[int, dict[str, int]] = {}
    with reading(engine) as connection:
        grouped = sa.select(_S.migration_id, _S.state, sa.func.count()).group_by(_S.migration_id, _S.state)
        for number, state, count in connection.execute(grouped):
            counts.setdefault(number, {})[state] = count
        rows = connection.execute(sa.select(migrations).order_by(_M.id.desc())).mappings().all()
    return tuple(_record(row, counts.get(row["id"], {})) for row in rows)


def find(engine: sa.Engine, number: int) -> Record:
    """One migration."""
    every = records(engine)
    for record in every:
        if record.id == number:
            return record
    raise NotFound("migration", str(number), hint="`vigie migrate --status` lists them")


def _acquire(engine: sa.Engine, timing: Timing, choose: Choice) -> Held:
    deadline = time.monotonic() + timing.wait
    while True:
        try:
            return _take(engine, timing, choose)
        except MigrationUnderWay:
            left = deadline - time.monotonic()
            if left <= 0:
                raise
            time.sleep(min(1.0, left))


def _take(engine: sa.Engine, timing: Timing, choose: Choice) -> Held:
    try:
        with writing(engine) as connection:
            now = _now(connection)
            query = sa.select(migrations).where(_M.lock == _LOCK).with_for_update()
            row = connection.execute(query).mappings().first()
            if row is not None:
                stale = timedelta(seconds=timing.stale)
                if not lock_owner.is_dead(row["host"], row["pid"], row["heartbeat_at"], now, stale):
                    raise _under_way(connection, row["id"])
                _bury(connection, row)
            number, state, resumed = choose(connection)
            mine = {"state": state, "lock": _LOCK, "finished_at": None, "error": None, **_me(now)}
            connection.execute(sa.update(migrations).where(_M.id == number).values(**mine))
        return Held(engine, number, now, state, resumed)
    except exc.IntegrityError:
        # Two came at the same instant: the column is unique, so one of them is here.
        with reading(engine) as connection:
            row = connection.execute(sa.select(migrations).where(_M.lock == _LOCK)).mappings().first()
            if row is None:
                raise
            raise _under_way(connection, row["id"]) from None


def _bury(connection: sa.Connection, row: sa.RowMapping) -> None:
    """Takes the lock from a dead process; what it was doing has to be done again or undone."""
    state = "failed" if row["state"] == "running" else row["state"]
    error = f"its process ended: {_who(row)}"
    dead = sa.update(migrations).where(_M.id == row["id"])
    connection.execute(dead.values(lock=None, state=state, error=error, finished_at=row["heartbeat_at"]))


def _beat(held: Held, seconds: float, quiet: threading.Event) -> None:
    while not quiet.wait(seconds):
        # A database away for a moment is no reason to stop; one that gave the lock away is told by `guard`.
        with suppress(DatabaseUnavailable, MigrationUnderWay), held.writing():
            pass


def _plan(
    connection: sa.Connection, number: int, moves: Sequence[tuple[ModelVersion, StorageLocation]]
) -> None:
    now = _now(connection)
    rows = [
        {
            "migration_id": number,
            "model": entry.name,
            "version": entry.version,
            "old_storage_type": entry.storage.storage_type,
            "old_bucket": entry.storage.bucket,
            "old_prefix": entry.storage.prefix,
            "new_storage_type": place.storage_type,
            "new_bucket": place.bucket,
            "new_prefix": place.prefix,
            "state": "planned",
            "bytes": entry.size,
            "updated_at": now,
        }
        for entry, place in moves
    ]
    for start in range(0, len(rows), _CHUNK):
        connection.execute(sa.insert(migration_steps), rows[start : start + _CHUNK])


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


def _record(row: sa.RowMapping, counts: dict[str, int]) -> Record:
    same = {name: row[name] for name in ("id", "source", "target", "state", "started_at", "heartbeat_at")}
    return Record(
        **same,
        held=row["lock"] is not None,
        who=_who(row),
        finished_at=row["finished_at"],
        error=row["error"],
        steps=counts,
    )


def _me(now: datetime) -> dict[str, object]:
    mine = {"host": lock_owner.machine(), "pid": os.getpid(), "username": lock_owner.username()}
    return {**mine, "started_at": now, "heartbeat_at": now}


def _who(row: sa.RowMapping) -> str:
    return f"{row['username']} on {lock_owner.name_of(row['host'])}, process {row['pid']}"


def _under_way(connection: sa.Connection, number: int) -> MigrationUnderWay:
    row = connection.execute(sa.select(migrations).where(_M.id == number)).mappings().one()
    since, alive = (f"{row[name]:%Y-%m-%d %H:%M:%S} UTC" for name in ("started_at", "heartbeat_at"))
    return MigrationUnderWay(number, who=_who(row), since=since, alive=alive)


def _sources(moves: Sequence[tuple[ModelVersion, StorageLocation]]) -> str:
    return ", ".join(sorted({entry.store.url for entry, _ in moves}))[:1500]


def _now(connection: sa.Connection) -> datetime:
    """The database's own clock: those of several machines do not agree."""
    if connection.dialect.name == "postgresql":
        now: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)
    return datetime.now(UTC)
