"""The migration itself: lock, plan, copy, compare, switch, count.

    lock the catalog's migrations ─▶ journal every model to move ─▶ for each model, several at a time:
        copy what is not there ─▶ read all of it back ─▶ one transaction: the row's place, the journal's step
    ─▶ count the models that came out

Killed at any moment, a second run finishes: it takes the dead one's lock, goes on with the same entry of the journal,
and sends only what is not yet there and right.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from vigie.catalog import Catalog, ModelVersion, StorageLocation
from vigie.errors import DatabaseUnavailable, MigrationUnderWay, VigieError
from vigie.relocate import journal
from vigie.relocate.copying import Copied, Copier
from vigie.relocate.journal import Held, Step, Timing
from vigie.relocate.planning import pending
from vigie.relocate.targets import Opener, Stores, Target
from vigie.relocate.worker_pool import Crew, Progress, Silence, crew
from vigie.stores.open import open_location

SWITCHED = "moved"
FAILED = "failed"
UNTRIED = "not tried"
NOTHING = Copied(0, 0, 0)


@dataclass(frozen=True)
class Outcome:
    """How one model ended: SWITCHED, FAILED or UNTRIED, with the error where there was one."""

    name: str
    version: str
    state: str
    copied: Copied = NOTHING
    error: VigieError | None = None

    @property
    def label(self) -> str:
        """How messages name the model."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class RunReport:
    """What a run did.

    Attributes:
        migration: its number in the journal; nothing where there was nothing to do.
        resumed: whether it went on with one that had been interrupted.
        models_in: models counted in the catalog before.
        models_out: of these, how many the catalog has at the target afterwards.
        outcomes: of the models that had to be moved.
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
        """Whether every model that went in came out."""
        return self.models_in == self.models_out and all(o.state == SWITCHED for o in self.outcomes)

    @property
    def failures(self) -> tuple[tuple[str, str], ...]:
        """Label and reason of each model that failed."""
        return tuple((o.label, o.error.message) for o in self.outcomes if o.error is not None)

    @property
    def hint(self) -> str:
        """What the first failure says to do."""
        return next((o.error.hint for o in self.outcomes if o.error is not None and o.error.hint), "")


def run(
    engine: sa.Engine,
    target: str,
    *,
    parallel: int = 8,
    opener: Opener = open_location,
    progress: Progress | None = None,
    timing: Timing | None = None,
) -> RunReport:
    """Moves every model of the catalog to the URL `target`; doing it again is harmless and finishes what is unfinished.

    A model that fails stays where it was and the others go on; a store that fails for several in a row ends the run.

    Args:
        engine: the catalog's database.
        target: URL of the store, with a prefix.
        parallel: files copied at a time.
        opener: how to open a store.
        progress: told how far it is.
        timing: heartbeat of the lock, and how long to wait for somebody else's migration.

    Raises:
        MigrationUnderWay: another migration holds the lock; nothing was done, or not all of it.
        DatabaseUnavailable: the catalog cannot be written any more; a second run goes on.
    """
    started = time.monotonic()
    goal, catalog = Target.parse(target), Catalog(engine)
    before = [(e.name, e.version) for e in catalog.list(active_only=False)]
    if not pending(catalog, goal) and not _unfinished(engine, goal):
        return RunReport(None, goal.url, False, len(before), len(before), (), time.monotonic() - started)
    moves: list[tuple[ModelVersion, StorageLocation]] = []

    def choose(connection: sa.Connection) -> tuple[int, str, bool]:
        moves[:] = pending(catalog, goal)
        number, resumed = journal.begin(connection, goal, moves)
        return number, "running", resumed

    with journal.hold(engine, timing or Timing(), choose) as held:
        outcomes = _move(held, catalog, moves, Stores(opener), parallel, progress or Silence())
        out = _arrived(catalog, goal, before)
        report = RunReport(
            held.id, goal.url, held.resumed, len(before), out, tuple(outcomes), time.monotonic() - started
        )
        reason = "; ".join(f"{label}: {why}" for label, why in report.failures[:5])
        held.finish("done" if report.complete else "failed", reason or None)
    return report


def _move(
    held: Held,
    catalog: Catalog,
    moves: Sequence[tuple[ModelVersion, StorageLocation]],
    stores: Stores,
    parallel: int,
    watch: Progress,
) -> list[Outcome]:
    watch.begin(len(moves), sum(entry.size for entry, _ in moves))
    with crew(parallel) as team:
        copier = Copier(stores, team, watch)

        def one(move: tuple[ModelVersion, StorageLocation]) -> Outcome:
            outcome = _one(held, catalog, copier, team, *move)
            watch.settle(outcome.label, outcome.state)
            return outcome

        return [
            outcome or Outcome(entry.name, entry.version, UNTRIED)
            for (entry, _), outcome in team.models(one, moves)
        ]


def _one(
    held: Held, catalog: Catalog, copier: Copier, team: Crew, entry: ModelVersion, place: StorageLocation
) -> Outcome:
    """Copies and switches one model; its own errors are its outcome, those of the database end the run."""
    step = Step(entry.name, entry.version, entry.storage, place, "planned", None)
    copied = NOTHING
    try:
        copied = copier.copy(entry, place)
        team.note(None)
        with held.writing() as connection:
            catalog.relocate([(entry, place)], connection=connection)
            held.note(step, "switched", connection=connection)
    except (DatabaseUnavailable, MigrationUnderWay):
        team.stop()
        raise
    except VigieError as error:
        team.note(error)
        with held.writing() as connection:
            held.note(step, "failed", connection=connection, error=error.message)
        return Outcome(entry.name, entry.version, FAILED, copied, error)
    return Outcome(entry.name, entry.version, SWITCHED, copied)


def _arrived(catalog: Catalog, goal: Target, before: Sequence[tuple[str, str]]) -> int:
    """How many of the models counted in lie at the target now, by the catalog's word."""
    now = {(e.name, e.version): e.storage == goal.place(e) for e in catalog.list(active_only=False)}
    return sum(now.get(key, False) for key in before)


def _unfinished(engine: sa.Engine, goal: Target) -> bool:
    last = next(iter(journal.records(engine)), None)
    return last is not None and last.target == goal.url and last.state in {"running", "failed"}
