"""Dry run of a migration, model by model: reads every byte at both ends and writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from vigie.catalog import Catalog, ModelVersion, StorageLocation
from vigie.relocate.repair import SourceLocations
from vigie.relocate.targets import (
    MATCH,
    MISMATCH,
    MISSING,
    ExpectedFile,
    FileCheck,
    StoreOpener,
    StorePool,
    Target,
    check_file,
    expected_files,
    probe_stores,
)
from vigie.relocate.worker_pool import NullProgress, Progress, WorkerPool
from vigie.stores.base import Store
from vigie.stores.open import open_location

AT_TARGET = "already there"
NEW = "new"
IDENTICAL = "identical"
DIFFERENT = "different"
DAMAGED_THERE = "damaged there"
SOURCE_DAMAGED = "missing at the source"


@dataclass(frozen=True)
class FilePlan:
    """One file: its state at either end, and its action, one of `copy`, `keep`, `replace` and `cannot`."""

    name: str
    size: int
    source: str
    target: str
    action: str


@dataclass(frozen=True)
class ModelPlan:
    """What a run would do with one model.

    Attributes:
        state: AT_TARGET (nothing to do), DAMAGED_THERE (registered at the target, with missing or wrong files there), NEW
            (the target has no file, or only right ones), IDENTICAL (the target has all files: only the catalog changes),
            DIFFERENT (the target has other bytes for some file) or SOURCE_DAMAGED (a file is missing or wrong wherever the
            model is or was, and the target lacks it too).
        own: whether the model is the user's and does not come with Vigie.
        detail: reason for DAMAGED_THERE, DIFFERENT and SOURCE_DAMAGED, for messages.
    """

    name: str
    version: str
    state: str
    old: StorageLocation
    new: StorageLocation
    size: int
    files: tuple[FilePlan, ...]
    detail: str = ""
    own: bool = True

    @property
    def label(self) -> str:
        """Name and version, for messages."""
        return f"{self.name} {self.version}"

    @property
    def to_copy(self) -> int:
        """Bytes to send."""
        return sum(file.size for file in self.files if file.action in {"copy", "replace"})


@dataclass(frozen=True)
class RelocationPlan:
    """What a run to `target` would do, sorted by model name."""

    target: str
    models: tuple[ModelPlan, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Number of models by state."""
        return dict(Counter(model.state for model in self.models))

    @property
    def possible(self) -> bool:
        """Whether every model can be moved."""
        return not self.failures

    @property
    def failures(self) -> tuple[tuple[str, str], ...]:
        """Label and reason of each model that cannot be moved."""
        return tuple((m.label, m.detail) for m in self.models if m.state == SOURCE_DAMAGED)


def pending(
    catalog: Catalog, target: Target, *, own_only: bool = False
) -> list[tuple[ModelVersion, StorageLocation]]:
    """Return the models that are not at the target, active or not, each with its location there."""
    moves = [
        (entry, target.location_of(entry)) for entry in catalog.list(active_only=False, own_only=own_only)
    ]
    return [(entry, storage) for entry, storage in moves if entry.storage != storage]


def plan(
    engine: sa.Engine,
    target: str,
    *,
    own_only: bool = False,
    starter_models: Path | None = None,
    parallel: int = 8,
    opener: StoreOpener = open_location,
    progress: Progress | None = None,
) -> RelocationPlan:
    """Return what a run to the URL `target` would do now, without taking the lock.

    Args:
        engine: the catalog's database.
        target: URL of the store, with a prefix.
        own_only: leave out the models that come with Vigie.
        starter_models: folder of the models that come with Vigie, to repair them from.
        parallel: files read at a time.
        opener: opens a store.
        progress: receives progress.

    Raises:
        UsageRefused: the URL is unusable.
        StoreUnavailable: a store cannot be read.
    """
    goal, stores, watch = Target.parse(target), StorePool(opener), progress or NullProgress()
    entries = Catalog(engine).list(active_only=False, own_only=own_only)
    places = SourceLocations(engine, starter_models)
    probe_stores([*(entry.storage for entry in entries), *map(goal.location_of, entries)])
    watch.begin(len(entries), sum(entry.size for entry in entries), "read")
    with WorkerPool(parallel) as pool:

        def plan_model(entry: ModelVersion) -> ModelPlan:
            new = goal.location_of(entry)
            planned = replace(_plan_model(entry, new, places.list(entry, new), stores, pool), own=entry.own)
            watch.advance(entry.size)
            watch.finish_model(entry.label, planned.state)
            return planned

        planned = [model for _, model in pool.map_models(plan_model, entries) if model is not None]
    return RelocationPlan(goal.url, tuple(sorted(planned, key=lambda model: (model.name, model.version))))


def _plan_model(
    entry: ModelVersion,
    new: StorageLocation,
    sources: Sequence[StorageLocation],
    stores: StorePool,
    pool: WorkerPool,
) -> ModelPlan:
    old, target = entry.storage, stores.get(new)
    listed = {head.key for head in target.list(new.prefix)}
    expected = expected_files(entry, new)
    news = [file for file in expected if file.key in listed]
    read = pool.read(lambda file: check_file(target, file), news)
    at_target = dict(zip((file.name for file in news), read, strict=True))
    there = [at_target.get(file.name, FileCheck(MISSING, "no such object", 0)) for file in expected]
    if old == new and all(check.state == MATCH for check in there):
        return ModelPlan(entry.name, entry.version, AT_TARGET, old, new, entry.size, ())
    at_source = [FileCheck(MISSING, "no such object", 0)] * len(expected)
    for source in sources:
        at_source = _first_match(at_source, expected_files(entry, source), stores.get(source), pool)
    files = []
    for file, check, found in zip(expected, at_source, there, strict=True):
        size = check.size if file.size is None else file.size
        files.append(FilePlan(file.name, size, check.state, found.state, _action(check.state, found.state)))
    state = _state(files, registered_there=old == new)
    checks = at_source if state == SOURCE_DAMAGED else there
    faults = [
        f"{file.name}: {check.found}"
        for file, check in zip(expected, checks, strict=True)
        if check.state == MISMATCH or (check.state == MISSING and state in {SOURCE_DAMAGED, DAMAGED_THERE})
    ]
    detail = "; ".join(faults) if state in {DAMAGED_THERE, DIFFERENT, SOURCE_DAMAGED} else ""
    return ModelPlan(entry.name, entry.version, state, old, new, entry.size, tuple(files), detail)


def _first_match(
    found: list[FileCheck], files: Sequence[ExpectedFile], source: Store, pool: WorkerPool
) -> list[FileCheck]:
    """Return the checks of the files, those that are not MATCH yet replaced by what is at `source`."""
    wanted = [file for file, check in zip(files, found, strict=True) if check.state != MATCH]
    read = dict(
        zip(
            (file.name for file in wanted),
            pool.read(lambda file: check_file(source, file), wanted),
            strict=True,
        )
    )
    better = [read.get(file.name, check) for file, check in zip(files, found, strict=True)]
    return [
        new if old.state == MISSING or new.state == MATCH else old
        for old, new in zip(found, better, strict=True)
    ]


def _action(source: str, target: str) -> str:
    if target == MATCH:
        return "keep"
    if source != MATCH:
        return "cannot"
    return "copy" if target == MISSING else "replace"


def _state(files: list[FilePlan], *, registered_there: bool) -> str:
    actions = {file.action for file in files}
    if "cannot" in actions:
        return SOURCE_DAMAGED
    if registered_there:
        return DAMAGED_THERE
    if "replace" in actions:
        return DIFFERENT
    return NEW if "copy" in actions else IDENTICAL
