"""Deletes what a finished migration left at its source, after every byte of the target has been read and compared.

The only part of a migration that deletes, never run by another one. It removes the objects the catalog
knows of a bundle and nothing else; the manifest goes first, so that a half-deleted bundle is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from vigie.bundles.signing import SIGNATURE
from vigie.catalog import Catalog, ModelVersion, StorageLocation
from vigie.errors import MigrationIncomplete, NotFound
from vigie.relocate import journal
from vigie.relocate.journal import Record, Step, Timing
from vigie.relocate.targets import Opener, Stores, Target, wanted
from vigie.relocate.verification import GOOD, check_all
from vigie.relocate.worker_pool import Progress, Silence
from vigie.stores.base import Store, join
from vigie.stores.open import open_location

_SHIPPED = "starter library"


@dataclass(frozen=True)
class PruneReport:
    """What was deleted at the sources of a migration; `kept` are models left there, with the reason."""

    migration: int
    pruned: tuple[str, ...]
    objects: int
    kept: tuple[tuple[str, str], ...]


def prune(
    engine: sa.Engine,
    target: str,
    *,
    parallel: int = 8,
    opener: Opener = open_location,
    progress: Progress | None = None,
    timing: Timing | None = None,
) -> PruneReport:
    """Deletes the old bundles of the last migration to the URL `target`; doing it again is harmless.

    Afterwards that migration can no longer be rolled back.

    Raises:
        NotFound: there is no finished migration to `target`.
        MigrationIncomplete: a model is not right at the target; nothing was deleted.
        MigrationUnderWay: somebody is migrating.
    """
    record = _chosen(engine, Target.parse(target))
    stores = Stores(opener)
    with journal.hold(engine, timing or Timing(), lambda _: (record.id, "done", True)) as held:
        entries = Catalog(engine).list(active_only=False)
        steps = journal.steps(engine, record.id, "switched")
        by_key = {(e.name, e.version): e for e in entries}
        known = [(by_key[s.model, s.version], s) for s in steps if (s.model, s.version) in by_key]
        there = [(entry, step) for entry, step in known if entry.storage == step.new]
        checks = check_all([(e, s.new) for e, s in there], stores, parallel, progress or Silence())
        bad = [(c.label, "; ".join(c.faults)) for c in checks if c.state != GOOD]
        if bad:
            good = len(checks) - len(bad)
            raise MigrationIncomplete(
                good, len(checks), what="are right at the target; nothing was deleted", failed=bad
            )
        used = {e.storage for e in entries}
        kept = [(s.label, why) for e, s in known if (why := _reason_to_keep(e, s, used))]
        spared = {label for label, _ in kept}
        going = [(entry, step) for entry, step in there if step.label not in spared]
        objects = 0
        for entry, step in going:
            with held.writing():
                pass  # refused where another process has taken over
            objects += _delete(stores.at(step.old), entry, step.old)
        held.finish("done")
    return PruneReport(record.id, tuple(s.label for _, s in going), objects, tuple(kept))


def _chosen(engine: sa.Engine, target: Target) -> Record:
    for record in journal.records(engine):
        if record.target == target.url and record.state in {"done", "running", "failed", "rolling_back"}:
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
        return f"it lies at {entry.storage} now"
    if step.old in used:
        return "another model of the catalog lies there"
    if entry.provenance.get("source") == _SHIPPED and step.old.storage_type == "local":
        return "it belongs to the installed package"
    if _same_folder(step.old, step.new):
        return "the old and the new place are the same folder"
    return ""


def _same_folder(one: StorageLocation, other: StorageLocation) -> bool:
    """Whether two local places are one, by links or mounts."""
    if not one.storage_type == other.storage_type == "local":
        return False
    first, second = (Path(place.bucket, place.prefix) for place in (one, other))
    return first.exists() and second.exists() and first.samefile(second)


def _delete(store: Store, entry: ModelVersion, place: StorageLocation) -> int:
    keys = [file.key for file in reversed(wanted(entry, place))] + [join(place.prefix, SIGNATURE)]
    there = {head.key for head in store.list(place.prefix)}
    for key in keys:
        if key in there:
            store.delete(key)
    return len(there.intersection(keys))
