"""Rolls a migration back: the catalog gets the models' old locations again.

Nothing is copied and nothing deleted. Every old byte is read and compared first; if one is missing or different, nothing is
changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from vigie.catalog import Catalog, ModelVersion
from vigie.errors import NotFound, RollbackRefused
from vigie.relocate import journal
from vigie.relocate.journal import Migration, Step
from vigie.relocate.lock import LockTiming, hold
from vigie.relocate.targets import StoreOpener, StorePool
from vigie.relocate.verification import VALID, check_models
from vigie.relocate.worker_pool import NullProgress, Progress
from vigie.stores.open import open_location


@dataclass(frozen=True)
class RollbackReport:
    """What a rollback did.

    Attributes:
        migration: number in the journal.
        restored: labels of the models that are at their old location again.
        before: number of models that an earlier, interrupted rollback had restored.
        forgotten: labels of models that are no longer registered.
    """

    migration: int
    restored: tuple[str, ...]
    before: int
    forgotten: tuple[str, ...]


def rollback(
    engine: sa.Engine,
    migration: int | None = None,
    *,
    starter_models: Path | None = None,
    parallel: int = 8,
    opener: StoreOpener = open_location,
    progress: Progress | None = None,
    timing: LockTiming | None = None,
) -> RollbackReport:
    """Restore the locations that a migration changed; a second rollback of it does nothing.

    Args:
        engine: the catalog's database.
        migration: number in the journal; None for the last one that is not rolled back.
        starter_models: folder of the models that come with Vigie, for those whose old folder an upgrade of Vigie removed.
        parallel: files read at a time.
        opener: opens a store.
        progress: receives progress.
        timing: heartbeat of the lock, and how long to wait for another migration.

    Raises:
        NotFound: there is no such migration, or none to roll back.
        RollbackRefused: old bytes are missing or different, or a model was moved again; nothing was changed.
        MigrationUnderWay: another process migrates this catalog.
    """
    record = _find(engine, migration)
    before = record.steps.get("restored", 0)
    if record.state == "rolled_back":
        return RollbackReport(record.id, (), before, ())
    resumed = record.state == "rolling_back"
    with hold(engine, timing or LockTiming(), lambda _: (record.id, "rolling_back", resumed)) as lock:
        catalog = Catalog(engine)
        entries = {(e.name, e.version): e for e in catalog.list(active_only=False)}
        steps = journal.list_steps(engine, record.id, "switched")
        known = [(entries[s.model, s.version], s) for s in steps if (s.model, s.version) in entries]
        if starter_models is not None:
            known = [(e, replace(s, old=e.resolve_storage(s.old, starter_models))) for e, s in known]
        faults = _faults(record.id, known, StorePool(opener), parallel, progress or NullProgress())
        if faults:
            unchanged = "failed" if record.state in {"running", "rolling_back"} else record.state
            lock.finish("rolling_back" if before else unchanged, "rollback refused")
            raise RollbackRefused(record.id, faults)
        for entry, step in known:
            with lock.transaction() as connection:
                catalog.relocate([(entry, step.old)], connection=connection)
                lock.set_step_state(step, "restored", connection=connection)
        gone = [s for s in steps if (s.model, s.version) not in entries]
        for step in gone:
            with lock.transaction() as connection:
                lock.set_step_state(step, "restored", connection=connection, error="no longer registered")
        lock.finish("rolled_back")
    return RollbackReport(record.id, tuple(s.label for _, s in known), before, tuple(s.label for s in gone))


def _find(engine: sa.Engine, number: int | None) -> Migration:
    if number is not None:
        return journal.find(engine, number)
    for record in journal.list_migrations(engine):
        if record.state != "rolled_back" and record.steps.get("switched"):
            return record
    raise NotFound("migration", "to roll back", hint="`vigie migrate --status` lists the migrations")


def _faults(
    number: int,
    known: list[tuple[ModelVersion, Step]],
    stores: StorePool,
    parallel: int,
    progress: Progress,
) -> list[tuple[str, str]]:
    """Return label and reason of each model that cannot be restored; all old bytes are read."""
    moved = [
        (step.label, f"it is at {entry.storage} now, where migration {number} did not put it")
        for entry, step in known
        if entry.storage != step.new
    ]
    if moved:
        return moved
    checks = check_models([(entry, step.old) for entry, step in known], stores, parallel, progress)
    return [
        (check.label, f"at {check.place}, {'; '.join(check.faults)}")
        for check in sorted(checks, key=lambda check: check.label)
        if check.state != VALID
    ]
