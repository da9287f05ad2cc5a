"""Moves every model of a catalog to another store, and repairs those that are there.

    read the models that the catalog has at the target ─▶ lock ─▶ write every model to the journal ─▶ for each model, several at a time:
        copy missing files ─▶ read all of them back ─▶ one transaction: the model's location, the journal's step
    ─▶ count the models at the target

A model that the catalog has at the target and whose files are missing or wrong there is repaired: its files are copied
again from an earlier location, and the catalog stays as it is.

A run that was killed is finished by the next one: it takes the dead process's lock, resumes the same migration and sends
only files that are not yet right at the target.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from vigie.catalog import Catalog, ModelVersion, StorageLocation
from vigie.errors import DatabaseUnavailable, MigrationUnderWay, VigieError
from vigie.relocate import journal
from vigie.relocate.copying import Copier, CopyResult
from vigie.relocate.journal import Move, Step
from vigie.relocate.lock import LockTiming, MigrationLock, hold
from vigie.relocate.planning import pending
from vigie.relocate.repair import SourceLocations, damaged_models
from vigie.relocate.targets import StoreOpener, StorePool, Target, probe_stores
from vigie.relocate.worker_pool import NullProgress, Progress, WorkerPool
from vigie.stores.open import open_location

MOVED = "moved"
REPAIRED = "repaired"
FAILED = "failed"
SKIPPED = "not tried"
_NOTHING_COPIED = CopyResult(0, 0, 0)


@dataclass(frozen=True)
class Outcome:
    """How one model ended: MOVED, REPAIRED, FAILED or SKIPPED, with the error of a failed one."""

    name: str
    version: str
    state: str
    copied: CopyResult = _NOTHING_COPIED
    error: VigieError | None = None

    @property
    def label(self) -> str:
        """Name and version, for messages."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class RunReport:
    """What a run did.

    Attributes:
        migration: number in the journal, None where there was nothing to do.
        target: URL of the target.
        resumed: whether an interrupted migration was resumed.
        models_in: number of models in the catalog before.
        models_out: how many of these the catalog has at the target afterwards.
        outcomes: results of the models that had to be moved.
        seconds: duration.
    """

    migration: int | None
    target: str
    resumed: bool
    models_in: int
    models_out: int
    outcomes: tuple[Outcome, ...]
    seconds: float

    @property
    def complete(self) -> bool:
        """Whether every model is at the target."""
        return self.models_in == self.models_out and all(o.state in {MOVED, REPAIRED} for o in self.outcomes)

    @property
    def failures(self) -> tuple[tuple[str, str], ...]:
        """Label and reason of each failed model."""
        return tuple((o.label, o.error.message) for o in self.outcomes if o.error is not None)

    @property
    def hint(self) -> str:
        """Hint of the first failure that has one."""
        return next((o.error.hint for o in self.outcomes if o.error is not None and o.error.hint), "")


def run(
    engine: sa.Engine,
    target: str,
    *,
    own_only: bool = False,
    names: Collection[str] | None = None,
    starter_models: Path | None = None,
    parallel: int = 8,
    opener: StoreOpener = open_location,
    progress: Progress | None = None,
    timing: LockTiming | None = None,
) -> RunReport:
    """Move every model of the catalog to the URL `target`, repair those there, or finish a run that was interrupted.

    A model that fails stays where it was and the others go on; a store that fails for several models in a row ends the
    run. A run that finds every model undamaged at the target writes nothing.

    Args:
        engine: the catalog's database.
        target: URL of the store, with a prefix.
        own_only: leave out the models that come with Vigie.
        names: of the models to move; all where it is not given.
        starter_models: folder of the models that come with Vigie, to repair them from.
        parallel: files copied at a time.
        opener: opens a store.
        progress: receives progress.
        timing: heartbeat of the lock, and how long to wait for another migration.

    Raises:
        MigrationUnderWay: another process migrates this catalog, or took the lock from this one.
        DatabaseUnavailable: the catalog can no longer be written; another run resumes.
        StoreUnavailable: a store does not answer at the start, or the target failed for several models in a row while
            they were read.
        UsageRefused: the URL is unusable.
    """
    started = time.monotonic()
    goal, catalog, stores, watch = (
        Target.parse(target),
        Catalog(engine),
        StorePool(opener),
        progress or NullProgress(),
    )
    listed = catalog.list(active_only=False, own_only=own_only)
    entries = [entry for entry in listed if names is None or entry.name in names]
    before = [(e.name, e.version) for e in entries]
    probe_stores([*(entry.storage for entry in entries), *map(goal.location_of, entries)])
    damaged = damaged_models(entries, goal, stores, parallel, watch)

    def waiting() -> list[Move]:
        found = pending(catalog, goal, own_only=own_only)
        return [move for move in found if names is None or move[0].name in names]

    if not damaged and not waiting() and not _is_unfinished(engine, goal):
        return RunReport(None, goal.url, False, len(before), len(before), (), time.monotonic() - started)
    moves: list[Move] = []

    def choose(connection: sa.Connection) -> tuple[int, str, bool]:
        moves[:] = [*((entry, entry.storage) for entry in damaged), *waiting()]
        number, resumed = journal.begin(connection, goal, moves)
        return number, "running", resumed

    with hold(engine, timing or LockTiming(), choose) as lock:
        places = SourceLocations(engine, starter_models)
        outcomes = _move_all(lock, catalog, moves, places, stores, parallel, watch)
        at_target = _count_at_target(catalog, goal, before)
        report = RunReport(
            lock.id,
            goal.url,
            lock.resumed,
            len(before),
            at_target,
            tuple(outcomes),
            time.monotonic() - started,
        )
        reason = "; ".join(f"{label}: {why}" for label, why in report.failures[:5])
        lock.finish("done" if report.complete else "failed", reason or None)
    return report


def _move_all(
    lock: MigrationLock,
    catalog: Catalog,
    moves: Sequence[Move],
    places: SourceLocations,
    stores: StorePool,
    parallel: int,
    progress: Progress,
) -> list[Outcome]:
    progress.begin(len(moves), sum(entry.size for entry, _ in moves), "moved")
    with WorkerPool(parallel) as pool:
        copier = Copier(stores, pool, progress)

        def move(item: Move) -> Outcome:
            outcome = _move(lock, catalog, copier, pool, places, *item)
            progress.finish_model(outcome.label, outcome.state)
            return outcome

        return [
            outcome or Outcome(entry.name, entry.version, SKIPPED)
            for (entry, _), outcome in pool.map_models(move, moves)
        ]


def _move(
    lock: MigrationLock,
    catalog: Catalog,
    copier: Copier,
    pool: WorkerPool,
    places: SourceLocations,
    entry: ModelVersion,
    new: StorageLocation,
) -> Outcome:
    """Copy one model and change its location, unless it only had to be repaired.

    Errors of the model are its outcome, those of the database end the run.
    """
    step = Step(entry.name, entry.version, entry.storage, new, "planned", None)
    copied, repair = _NOTHING_COPIED, entry.storage == new
    try:
        copied = copier.copy(entry, new, places.list(entry, new))
        pool.record(None)
        with lock.transaction() as connection:
            if not repair:
                catalog.relocate([(entry, new)], connection=connection)
            lock.set_step_state(step, "copied" if repair else "switched", connection=connection)
    except (DatabaseUnavailable, MigrationUnderWay):
        pool.stop()
        raise
    except VigieError as error:
        pool.record(error)
        with lock.transaction() as connection:
            lock.set_step_state(step, "failed", connection=connection, error=error.message)
        return Outcome(entry.name, entry.version, FAILED, copied, error)
    return Outcome(entry.name, entry.version, REPAIRED if repair else MOVED, copied)


def _count_at_target(catalog: Catalog, goal: Target, before: Sequence[tuple[str, str]]) -> int:
    now = {(e.name, e.version): e.storage == goal.location_of(e) for e in catalog.list(active_only=False)}
    return sum(now.get(key, False) for key in before)


def _is_unfinished(engine: sa.Engine, goal: Target) -> bool:
    last = next(iter(journal.list_migrations(engine)), None)
    return last is not None and last.target == goal.url and last.state in {"running", "failed"}
