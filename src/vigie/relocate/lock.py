"""The lock that lets one process at a time migrate the models of a catalog.

The lock is the unique column `lock` of a row of `migrations`; its owner renews `heartbeat_at` by the database's clock. A
process that takes the lock over from a dead one writes a new `started_at`. An owner that was taken for dead and goes on no
longer matches the row, which every transaction of a migration checks.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import exc

from vigie.db.database import reading, writing
from vigie.errors import DatabaseUnavailable, MigrationUnderWay, VigieError
from vigie.relocate import lock_owner
from vigie.relocate.journal import STALE, Step, database_time, describe_owner
from vigie.relocate.tables import migration_steps, migrations

_LOCK = "migration"
_M = migrations.c
_S = migration_steps.c


@dataclass(frozen=True)
class LockTiming:
    """Times in seconds.

    Attributes:
        heartbeat: between two heartbeats.
        stale: silence after which an owner is dead.
        wait: how long to wait for a live owner.
    """

    heartbeat: float = 5.0
    stale: float = STALE.total_seconds()
    wait: float = 0.0


@dataclass
class MigrationLock:
    """The lock on a migration, held by this process.

    Attributes:
        id: number of the migration.
        token: `started_at` of the row, which identifies this owner.
        state: state of the migration in the journal.
        resumed: whether the migration was begun before.
        released: whether the lock was given back.
    """

    engine: sa.Engine
    id: int
    token: datetime
    state: str
    resumed: bool = False
    released: bool = False
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Open a transaction that writes, one at a time in this process: SQLite delays writers that collide.

        Raises:
            MigrationUnderWay: another process has taken the lock.
        """
        with self._turn, writing(self.engine) as connection:
            mine = sa.update(migrations).where(
                _M.id == self.id, _M.lock == _LOCK, _M.started_at == self.token, _M.pid == os.getpid()
            )
            if connection.execute(mine.values(heartbeat_at=database_time(connection))).rowcount != 1:
                raise _under_way(connection, self.id)
            yield connection

    def set_step_state(
        self, step: Step, state: str, *, connection: sa.Connection, error: str | None = None
    ) -> None:
        """Write the state of one model, within a `transaction`."""
        this = (_S.migration_id == self.id, _S.model == step.model, _S.version == step.version)
        change = sa.update(migration_steps).where(*this)
        connection.execute(change.values(state=state, error=error, updated_at=database_time(connection)))

    def finish(self, state: str, error: str | None = None) -> None:
        """Write the final state of the migration and release the lock."""
        with self.transaction() as connection:
            ended = {
                "state": state,
                "lock": None,
                "finished_at": database_time(connection),
                "error": error,
            }
            connection.execute(sa.update(migrations).where(_M.id == self.id).values(**ended))
        self.state, self.released = state, True


Choice = Callable[[sa.Connection], tuple[int, str, bool]]


@contextmanager
def hold(engine: sa.Engine, timing: LockTiming, choose: Choice) -> Iterator[MigrationLock]:
    """Hold the lock and renew its heartbeat until the block ends.

    Args:
        engine: the catalog's database.
        timing: heartbeat, and how long to wait for another owner.
        choose: called within the transaction that takes the lock; returns the migration's id, its state while the lock is
            held, and whether it was begun before.

    Raises:
        MigrationUnderWay: another live process holds it.
    """
    lock = _acquire(engine, timing, choose)
    ended = threading.Event()
    heartbeat = threading.Thread(
        target=_renew, args=(lock, timing.heartbeat, ended), daemon=True, name="vigie-heartbeat"
    )
    heartbeat.start()
    try:
        yield lock
        if not lock.released:
            lock.finish(_unfinished(lock.state))
    except BaseException as error:
        if not lock.released:
            reason = (
                error.message if isinstance(error, VigieError) else f"interrupted ({type(error).__name__})"
            )
            with suppress(DatabaseUnavailable, MigrationUnderWay):
                lock.finish(_unfinished(lock.state), reason)
        raise
    finally:
        ended.set()
        heartbeat.join()


def _acquire(engine: sa.Engine, timing: LockTiming, choose: Choice) -> MigrationLock:
    deadline = time.monotonic() + timing.wait
    while True:
        try:
            return _try_acquire(engine, timing, choose)
        except MigrationUnderWay:
            left = deadline - time.monotonic()
            if left <= 0:
                raise
            time.sleep(min(1.0, left))


def _try_acquire(engine: sa.Engine, timing: LockTiming, choose: Choice) -> MigrationLock:
    try:
        with writing(engine) as connection:
            now = database_time(connection)
            query = sa.select(migrations).where(_M.lock == _LOCK).with_for_update()
            row = connection.execute(query).mappings().first()
            if row is not None:
                stale = timedelta(seconds=timing.stale)
                if not lock_owner.is_dead(row["host"], row["pid"], row["heartbeat_at"], now, stale):
                    raise _under_way(connection, row["id"])
                _take_from_dead(connection, row)
            number, state, resumed = choose(connection)
            mine = {
                "state": state,
                "lock": _LOCK,
                "finished_at": None,
                "error": None,
                **lock_owner.columns(now),
            }
            connection.execute(sa.update(migrations).where(_M.id == number).values(**mine))
        return MigrationLock(engine, number, now, state, resumed)
    except exc.IntegrityError:
        # Another process took the lock at the same moment: the column is unique.
        with reading(engine) as connection:
            row = connection.execute(sa.select(migrations).where(_M.lock == _LOCK)).mappings().first()
            if row is None:
                raise
            raise _under_way(connection, row["id"]) from None


def _take_from_dead(connection: sa.Connection, row: sa.RowMapping) -> None:
    """Release the lock of a dead process; its unfinished work has to be done again or undone."""
    dead = sa.update(migrations).where(_M.id == row["id"])
    ended = {"lock": None, "state": _unfinished(row["state"]), "finished_at": row["heartbeat_at"]}
    connection.execute(dead.values(**ended, error=f"its process ended: {describe_owner(row)}"))


def _unfinished(state: str) -> str:
    """Return the state of a migration whose process ended early."""
    return "failed" if state == "running" else state


def _renew(lock: MigrationLock, seconds: float, ended: threading.Event) -> None:
    while not ended.wait(seconds):
        # A short outage of the database does not end the work; a lost lock is reported by the next `transaction`.
        with suppress(DatabaseUnavailable, MigrationUnderWay), lock.transaction():
            pass


def _under_way(connection: sa.Connection, number: int) -> MigrationUnderWay:
    row = connection.execute(sa.select(migrations).where(_M.id == number)).mappings().one()
    since, alive = (f"{row[name]:%Y-%m-%d %H:%M:%S} UTC" for name in ("started_at", "heartbeat_at"))
    return MigrationUnderWay(number, who=describe_owner(row), since=since, alive=alive)
