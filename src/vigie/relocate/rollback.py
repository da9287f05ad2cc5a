"""Takes a migration back: the catalog says again that models lie where they lay before.

Nothing is copied and nothing deleted, at either end. First every old byte is read and compared; one that is missing or
differs, and nothing at all is changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from vigie.catalog import Catalog, ModelVersion
from vigie.errors import NotFound, RollbackRefused
from vigie.relocate import journal
from vigie.relocate.journal import Held, Record, Step, Timing
from vigie.relocate.targets import Opener, Stores
from vigie.relocate.verification import GOOD, check_all
from vigie.relocate.worker_pool import Progress, Silence
from vigie.stores.open import open_location

_STATUS = "`vigie migrate --status` lists the migrations"


@dataclass(frozen=True)
class RollbackReport:
    """What was taken back: the models restored now, those a rollback before had restored, those no longer registered."""

    migration: int
    restored: tuple[str, ...]
    before: int
    forgotten: tuple[str, ...]


def rollback(
    engine: sa.Engine,
    migration: int | None = None,
    *,
    parallel: int = 8,
    opener: Opener = open_location,
    progress: Progress | None = None,
    timing: Timing | None = None,
) -> RollbackReport:
    """Restores the rows that a migration switched; by default the last one that was not taken back. Harmless twice.

    Raises:
        NotFound: no such migration, or none to take back.
        RollbackRefused: old bytes are missing or differ, or a model has moved on; nothing was changed.
        MigrationUnderWay: somebody is migrating.
    """
    record = _chosen(engine, migration)
    was = record.state
    if was == "rolled_back":
        return RollbackReport(record.id, (), record.steps.get("restored", 0), ())

    def choose(connection: sa.Connection) -> tuple[int, str, bool]:
        return record.id, "rolling_back", was == "rolling_back"

    with journal.hold(engine, timing or Timing(), choose) as held:
        catalog = Catalog(engine)
        entries = {(e.name, e.version): e for e in catalog.list(active_only=False)}
        steps = journal.steps(engine, record.id, "switched")
        before = record.steps.get("restored", 0)
        known = [(entries[s.model, s.version], s) for s in steps if (s.model, s.version) in entries]
        faults = _faults(engine, record.id, known, Stores(opener), parallel, progress or Silence())
        if faults:
            held.finish("rolling_back" if before else _settled(was), "rollback refused")
            raise RollbackRefused(record.id, faults)
        for entry, step in known:
            _restore(held, catalog, entry, step)
        gone = [s for s in steps if (s.model, s.version) not in entries]
        for step in gone:
            with held.writing() as connection:
                held.note(step, "restored", connection=connection, error="no longer registered")
        held.finish("rolled_back")
    return RollbackReport(record.id, tuple(s.label for _, s in known), before, tuple(s.label for s in gone))


def _chosen(engine: sa.Engine, number: int | None) -> Record:
    if number is not None:
        return journal.find(engine, number)
    for record in journal.records(engine):
        if record.state != "rolled_back" and record.steps.get("switched"):
            return record
    raise NotFound("migration", "to roll back", hint=_STATUS)


def _faults(
    engine: sa.Engine,
    number: int,
    known: list[tuple[ModelVersion, Step]],
    stores: Stores,
    parallel: int,
    watch: Progress,
) -> list[tuple[str, str]]:
    """What stands in the way, by model; all old bytes are read."""
    astray = [
        (step.label, f"it lies at {entry.storage} now, where migration {number} did not put it")
        for entry, step in known
        if entry.storage != step.new
    ]
    if astray:
        return astray
    checks = check_all([(entry, step.old) for entry, step in known], stores, parallel, watch)
    places = {f"{step.model} {step.version}": step.old for _, step in known}
    return [
        (check.label, f"at {places[check.label]}, {'; '.join(check.faults)}")
        for check in sorted(checks, key=lambda check: check.label)
        if check.state != GOOD
    ]


def _restore(held: Held, catalog: Catalog, entry: ModelVersion, step: Step) -> None:
    with held.writing() as connection:
        catalog.relocate([(entry, step.old)], connection=connection)
        held.note(step, "restored", connection=connection)


def _settled(state: str) -> str:
    """The state to go back to where nothing was restored; one that was never finished has failed."""
    return "failed" if state in {"running", "rolling_back"} else state
