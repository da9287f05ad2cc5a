"""Deletes the source of a finished migration, after every byte of the target has been read and compared.

No other part of a migration deletes anything. Only objects of registered bundles are removed; the manifest goes first, so
that a half-deleted bundle is not a bundle.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from vigie.bundles.signing import SIGNATURE
from vigie.catalog import STARTER, Catalog, ModelVersion, StorageLocation
from vigie.errors import MigrationIncomplete, NotFound
from vigie.relocate import journal
from vigie.relocate.journal import Migration, Step
from vigie.relocate.lock import LockTiming, hold
from vigie.relocate.targets import StoreOpener, StorePool, Target, expected_files
from vigie.relocate.verification import VALID, check_models
from vigie.relocate.worker_pool import NullProgress, Progress
from vigie.stores.base import Store, join
from vigie.stores.open import open_location


@dataclass(frozen=True)
class PruneReport:
    """What was deleted.

    Attributes:
        migration: number in the journal.
        pruned: labels of the models whose old bundle was deleted.
        objects: number of deleted objects.
        kept: label and reason of each model whose old bundle was kept.
    """

    migration: int
    pruned: tuple[str, ...]
    objects: int
    kept: tuple[tuple[str, str], ...]


def prune(
    engine: sa.Engine,
    target: str,
    *,
    parallel: int = 8,
    opener: StoreOpener = open_location,
    progress: Progress | None = None,
    timing: LockTiming | None = None,
) -> PruneReport:
    """Delete the old bundles of the last migration to the URL `target`, which can then no longer be rolled back.

    Args:
        engine: the catalog's database.
        target: URL of the store, with a prefix.
        parallel: files read at a time.
        opener: opens a store.
        progress: receives progress.
        timing: heartbeat of the lock, and how long to wait for another migration.

    Raises:
        NotFound: there is no finished migration to `target`.
        MigrationIncomplete: a model is damaged at the target; nothing was deleted.
        MigrationUnderWay: another process migrates this catalog.
    """
    record = _find(engine, Target.parse(target))
    stores = StorePool(opener)
    with hold(engine, timing or LockTiming(), lambda _: (record.id, "done", True)) as lock:
        entries = {(e.name, e.version): e for e in Catalog(engine).list(active_only=False)}
        steps = journal.list_steps(engine, record.id, "switched")
        known = [(entries[s.model, s.version], s) for s in steps if (s.model, s.version) in entries]
        there = [(entry, step) for entry, step in known if entry.storage == step.new]
        checks = check_models([(e, s.new) for e, s in there], stores, parallel, progress or NullProgress())
        damaged = [(c.label, "; ".join(c.faults)) for c in checks if c.state != VALID]
        if damaged:
            valid = len(checks) - len(damaged)
            raise MigrationIncomplete(
                valid, len(checks), what="are right at the target; nothing was deleted", failed=damaged
            )
        used = {e.storage for e in entries.values()}
        kept = {s.label: why for e, s in known if (why := _reason_to_keep(e, s, used))}
        pruned = [(entry, step) for entry, step in there if step.label not in kept]
        objects = 0
        for entry, step in pruned:
            with lock.transaction():
                pass  # refused where another process has taken the lock
            objects += _delete(stores.get(step.old), entry, step.old)
        lock.finish("done")
    return PruneReport(record.id, tuple(s.label for _, s in pruned), objects, tuple(kept.items()))


def _find(engine: sa.Engine, target: Target) -> Migration:
    for record in journal.list_migrations(engine):
        repaired_only = record.state == "done" and not record.steps.get("switched")
        if record.target == target.url and record.state != "rolled_back" and not repaired_only:
            if record.state == "done":
                return record
            raise MigrationIncomplete(
                record.steps.get("switched", 0),
                sum(record.steps.values()),
                what=f"were moved by migration {record.id}, which is {record.state}",
                hint="finish it, or roll it back, before its source is deleted",
            )
    raise NotFound("finished migration to", target.url, hint="`vigie migrate --status` lists them")


def _reason_to_keep(entry: ModelVersion, step: Step, used: set[StorageLocation]) -> str:
    if entry.storage != step.new:
        return f"it is at {entry.storage} now"
    if step.old in used:
        return "another model of the catalog is there"
    if entry.provenance.get("source") == STARTER and step.old.storage_type == "local":
        return "it belongs to the installed package"
    if _is_same_folder(step.old, step.new):
        return "the old and the new place are the same folder"
    return ""


def _is_same_folder(one: StorageLocation, other: StorageLocation) -> bool:
    """Return whether two local locations are one folder, by links or mounts."""
    if not one.storage_type == other.storage_type == "local":
        return False
    first, second = (Path(location.bucket, location.prefix) for location in (one, other))
    return first.exists() and second.exists() and first.samefile(second)


def _delete(store: Store, entry: ModelVersion, storage: StorageLocation) -> int:
    """Delete the objects of a bundle, the manifest first; return how many there were."""
    keys = [file.key for file in reversed(expected_files(entry, storage))] + [join(storage.prefix, SIGNATURE)]
    there = {head.key for head in store.list(storage.prefix)}
    for key in keys:
        if key in there:
            store.delete(key)
    return len(there.intersection(keys))
