"""The dry run: what a run would do, model by model. Reads every byte at both ends and writes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa

from vigie.catalog import Catalog, ModelVersion, StorageLocation
from vigie.relocate.targets import ABSENT, RIGHT, WRONG, Opener, Seen, Stores, Target, look, wanted
from vigie.relocate.worker_pool import Crew, Progress, Silence, crew
from vigie.stores.open import open_location

MOVED = "already there"
NEW = "new"
IDENTICAL = "identical"
DIFFERENT = "different"
MISSING = "missing at the source"


@dataclass(frozen=True)
class FilePlan:
    """One file: its state at either end, and what a run would do: `copy`, `keep`, `replace` or `cannot`."""

    name: str
    size: int
    source: str
    target: str
    action: str


@dataclass(frozen=True)
class ModelPlan:
    """One model and what a run would do with it.

    Attributes:
        state: MOVED (nothing to do), NEW (no file there yet, or only right ones), IDENTICAL (all there and
            right: only the row would switch), DIFFERENT (other bytes lie where its files go) or
            MISSING (bytes at the source are missing or wrong, and the target lacks them too).
        detail: in words, what is not as it should be.
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
        """Bytes a run would send."""
        return sum(file.size for file in self.files if file.action in {"copy", "replace"})


@dataclass(frozen=True)
class Plan:
    """What a run to `target` would do, by model name."""

    target: str
    models: tuple[ModelPlan, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Models by state."""
        return dict(Counter(model.state for model in self.models))

    @property
    def possible(self) -> bool:
        """Whether every model can be moved."""
        return not any(model.state == MISSING for model in self.models)


def pending(catalog: Catalog, target: Target) -> list[tuple[ModelVersion, StorageLocation]]:
    """The models that do not lie at the target yet, active or not, and where they will lie."""
    moves = [(entry, target.place(entry)) for entry in catalog.list(active_only=False)]
    return [(entry, place) for entry, place in moves if entry.storage != place]


def plan(
    engine: sa.Engine,
    target: str,
    *,
    parallel: int = 8,
    opener: Opener = open_location,
    progress: Progress | None = None,
) -> Plan:
    """What a run to the URL `target` would do now; holds no lock and writes nothing."""
    goal, stores, watch = Target.parse(target), Stores(opener), progress or Silence()
    entries = Catalog(engine).list(active_only=False)
    watch.begin(len(entries), sum(entry.size for entry in entries))
    found = []
    with crew(parallel) as team:

        def one(entry: ModelVersion) -> ModelPlan:
            planned = _model(entry, goal.place(entry), stores, team)
            watch.advance(entry.size)
            watch.settle(entry.label, planned.state)
            return planned

        for _, planned in team.models(one, entries):
            if planned is not None:
                found.append(planned)
    return Plan(goal.url, tuple(sorted(found, key=lambda model: (model.name, model.version))))


def _model(entry: ModelVersion, new: StorageLocation, stores: Stores, team: Crew) -> ModelPlan:
    if entry.storage == new:
        return ModelPlan(entry.name, entry.version, MOVED, entry.storage, new, entry.size, ())
    source, target = stores.at(entry.storage), stores.at(new)
    listed = {head.key for head in target.list(new.prefix)}
    olds, news = wanted(entry, entry.storage), wanted(entry, new)
    there = {file.name: file for file in news if file.key in listed}
    at_source = team.read(lambda file: look(source, file), olds)
    seen = dict(zip(there, team.read(lambda file: look(target, file), there.values()), strict=True))
    files = []
    for old, mine in zip(olds, at_source, strict=True):
        goal = seen.get(old.name, Seen(ABSENT, "", 0))
        size = mine.size if old.size is None else old.size
        files.append(FilePlan(old.name, size, mine.state, goal.state, _action(mine.state, goal.state)))
    detail = "; ".join(
        f"{old.name}: {mine.found}" for old, mine in zip(olds, at_source, strict=True) if mine.found
    )
    state = _state(files)
    if state == DIFFERENT:
        detail = "; ".join(f"{name}: found {s.found}" for name, s in seen.items() if s.state == WRONG)
    return ModelPlan(entry.name, entry.version, state, entry.storage, new, entry.size, tuple(files), detail)


def _action(source: str, target: str) -> str:
    if target == RIGHT:
        return "keep"
    if source != RIGHT:
        return "cannot"
    return "copy" if target == ABSENT else "replace"


def _state(files: list[FilePlan]) -> str:
    actions = {file.action for file in files}
    if "cannot" in actions:
        return MISSING
    if "replace" in actions:
        return DIFFERENT
    return NEW if "copy" in actions else IDENTICAL
