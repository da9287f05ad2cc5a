"""Reads every byte of the models afresh from the store the catalog names, never through the cache, and compares.

Writes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from vigie.catalog import Catalog, ModelVersion, StorageLocation
from vigie.errors import StoreUnavailable
from vigie.relocate.targets import RIGHT, Opener, Stores, Target, look, wanted
from vigie.relocate.worker_pool import Crew, Progress, Silence, crew
from vigie.stores.open import open_location

GOOD = "right"
BAD = "damaged"
ELSEWHERE = "not there"
UNREAD = "unreadable"


@dataclass(frozen=True)
class ModelCheck:
    """One model: `state` is GOOD, BAD, ELSEWHERE (its row points to another store) or UNREAD; `faults` say why."""

    name: str
    version: str
    place: StorageLocation
    state: str
    faults: tuple[str, ...] = ()
    size: int = 0

    @property
    def label(self) -> str:
        """How messages name the model."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class VerifyReport:
    """What was found; `target` is nothing where the models were read wherever they lie."""

    target: str | None
    checks: tuple[ModelCheck, ...]
    seconds: float

    @property
    def good(self) -> int:
        """Models that are there, every byte right."""
        return sum(check.state == GOOD for check in self.checks)

    @property
    def right(self) -> bool:
        """Whether every model is."""
        return self.good == len(self.checks)

    @property
    def size(self) -> int:
        """Bytes read."""
        return sum(check.size for check in self.checks)

    @property
    def failures(self) -> tuple[tuple[str, str], ...]:
        """Label and reason of each model that is not right."""
        return tuple((c.label, "; ".join(c.faults) or c.state) for c in self.checks if c.state != GOOD)


def verify(
    engine: sa.Engine,
    target: str | None = None,
    *,
    parallel: int = 8,
    opener: Opener = open_location,
    progress: Progress | None = None,
) -> VerifyReport:
    """Reads all models; with a `target`, each must lie there.

    Raises:
        StoreUnavailable: a store failed for several models in a row.
    """
    started = time.monotonic()
    goal = Target.parse(target) if target is not None else None
    entries = Catalog(engine).list(active_only=False)
    jobs = [(entry, entry.storage) for entry in entries if goal is None or entry.storage == goal.place(entry)]
    stray = [(entry, goal.place(entry)) for entry in entries if goal and entry.storage != goal.place(entry)]
    checks = check_all(jobs, Stores(opener), parallel, progress or Silence())
    checks += [
        ModelCheck(e.name, e.version, e.storage, ELSEWHERE, (f"the catalog has it at {e.storage}",))
        for e, _ in stray
    ]
    ordered = tuple(sorted(checks, key=lambda check: (check.name, check.version)))
    return VerifyReport(goal.url if goal else None, ordered, time.monotonic() - started)


def check_all(
    jobs: Sequence[tuple[ModelVersion, StorageLocation]], stores: Stores, parallel: int, watch: Progress
) -> list[ModelCheck]:
    """Reads each model at the place given; a store that fails for several in a row raises its own error."""
    watch.begin(len(jobs), sum(entry.size for entry, _ in jobs))
    errors: list[StoreUnavailable] = []
    checks = []
    with crew(parallel) as team:

        def one(job: tuple[ModelVersion, StorageLocation]) -> ModelCheck:
            check = _check(*job, stores, team, watch, errors)
            watch.settle(check.label, check.state)
            return check

        for _, check in team.models(one, jobs):
            if check is not None:
                checks.append(check)
        if team.stopped:
            raise errors[-1]
    return checks


def _check(
    entry: ModelVersion,
    place: StorageLocation,
    stores: Stores,
    team: Crew,
    watch: Progress,
    errors: list[StoreUnavailable],
) -> ModelCheck:
    files = wanted(entry, place)
    store = stores.at(place)
    try:
        seen = team.read(lambda file: look(store, file), files)
    except StoreUnavailable as error:
        errors.append(error)
        team.note(error)
        return ModelCheck(entry.name, entry.version, place, UNREAD, (error.message,))
    team.note(None)
    watch.advance(entry.size)
    faults = tuple(
        f"{file.name}: found {s.found}, expected {file.sha256[:16]}…"
        for file, s in zip(files, seen, strict=True)
        if s.state != RIGHT
    )
    size = sum(s.size for s in seen)
    return ModelCheck(entry.name, entry.version, place, BAD if faults else GOOD, faults, size)
