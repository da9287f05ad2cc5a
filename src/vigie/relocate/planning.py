"""Dry run of a migration, model by model: reads every byte at both ends and writes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa

from vigie.catalog import Catalog, ModelVersion, StorageLocation
from vigie.relocate.targets import (
    MATCH,
    MISMATCH,
    MISSING,
    FileCheck,
    StoreOpener,
    StorePool,
    Target,
    check_file,
    expected_files,
)
from vigie.relocate.worker_pool import NullProgress, Progress, WorkerPool
from vigie.stores.open import open_location

AT_TARGET = "already there"
NEW = "new"
IDENTICAL = "identical"
DIFFERENT = "different"
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
        state: AT_TARGET (nothing to do), NEW (the target has no file, or only right ones), IDENTICAL (the target has all
            files: only the catalog changes), DIFFERENT (the target has other bytes for some file) or SOURCE_DAMAGED
            (a file is missing or wrong at the source, and the target lacks it too).
        detail: reason for DIFFERENT and SOURCE_DAMAGED, for messages.
    """

    name: str
    version: str
    state: str
    old: StorageLocation
    new: StorageLocation
    size: int
    files: tuple[FilePlan, ...]
    detail: str = ""

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
        return not any(model.state == SOURCE_DAMAGED for model in self.models)


def pending(catalog: Catalog, target: Target) -> list[tuple[ModelVersion, StorageLocation]]:
    """Return the models that are not at the target, active or not, each with its location there."""
    moves = [(entry, target.location_of(entry)) for entry in catalog.list(active_only=False)]
    return [(entry, storage) for entry, storage in moves if entry.storage != storage]


def plan(
    engine: sa.Engine,
    target: str,
    *,
    parallel: int = 8,
    opener: StoreOpener = open_location,
    progress: Progress | None = None,
) -> RelocationPlan:
    """Return what a run to the URL `target` would do now, without taking the lock.

    Args:
        engine: the catalog's database.
        target: URL of the store, with a prefix.
        parallel: files read at a time.
        opener: opens a store.
        progress: receives progress.

    Raises:
        UsageRefused: the URL is unusable.
        StoreUnavailable: a store cannot be read.
    """
    goal, stores, watch = Target.parse(target), StorePool(opener), progress or NullProgress()
    entries = Catalog(engine).list(active_only=False)
    watch.begin(len(entries), sum(entry.size for entry in entries))
    with WorkerPool(parallel) as pool:

        def plan_model(entry: ModelVersion) -> ModelPlan:
            planned = _plan_model(entry, goal.location_of(entry), stores, pool)
            watch.advance(entry.size)
            watch.finish_model(entry.label, planned.state)
            return planned

        planned = [model for _, model in pool.map_models(plan_model, entries) if model is not None]
    return RelocationPlan(goal.url, tuple(sorted(planned, key=lambda model: (model.name, model.version))))


def _plan_model(entry: ModelVersion, new: StorageLocation, stores: StorePool, pool: WorkerPool) -> ModelPlan:
    old = entry.storage
    if old == new:
        return ModelPlan(entry.name, entry.version, AT_TARGET, old, new, entry.size, ())
    source, target = stores.get(old), stores.get(new)
    listed = {head.key for head in target.list(new.prefix)}
    olds = expected_files(entry, old)
    news = {file.name: file for file in expected_files(entry, new) if file.key in listed}
    at_source = pool.read(lambda file: check_file(source, file), olds)
    read = pool.read(lambda file: check_file(target, file), news.values())
    at_target = dict(zip(news, read, strict=True))
    files = []
    for file, check in zip(olds, at_source, strict=True):
        there = at_target.get(file.name, FileCheck(MISSING, "", 0)).state
        size = check.size if file.size is None else file.size
        files.append(FilePlan(file.name, size, check.state, there, _action(check.state, there)))
    state = _state(files)
    if state == DIFFERENT:
        faults = [f"{name}: found {c.found}" for name, c in at_target.items() if c.state == MISMATCH]
    else:
        faults = [f"{file.name}: {c.found}" for file, c in zip(olds, at_source, strict=True) if c.found]
    return ModelPlan(entry.name, entry.version, state, old, new, entry.size, tuple(files), "; ".join(faults))


def _action(source: str, target: str) -> str:
    if target == MATCH:
        return "keep"
    if source != MATCH:
        return "cannot"
    return "copy" if target == MISSING else "replace"


def _state(files: list[FilePlan]) -> str:
    actions = {file.action for file in files}
    if "cannot" in actions:
        return SOURCE_DAMAGED
    if "replace" in actions:
        return DIFFERENT
    return NEW if "copy" in actions else IDENTICAL
