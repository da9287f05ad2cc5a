"""Reads every byte of the models from their stores, never through the cache, and compares digests. Writes nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from vigie.bundles.verification import SignaturePolicy, open_bundle
from vigie.catalog import Catalog, ModelVersion, StorageLocation
from vigie.errors import DamagedBundle, StoreUnavailable, UnsignedBundle
from vigie.relocate.journal import Move
from vigie.relocate.targets import (
    MATCH,
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

VALID = "right"
DAMAGED = "damaged"
ELSEWHERE = "not there"
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class ModelCheck:
    """Result for one model.

    Attributes:
        place: where it was read.
        state: VALID, DAMAGED, ELSEWHERE (the catalog has it in another store) or UNREADABLE.
        faults: reasons of any state but VALID, for messages.
        size: bytes read.
    """

    name: str
    version: str
    place: StorageLocation
    state: str
    faults: tuple[str, ...] = ()
    size: int = 0

    @property
    def label(self) -> str:
        """Name and version, for messages."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class VerifyReport:
    """Results of all models; `target` is None where each was read from its own location."""

    target: str | None
    checks: tuple[ModelCheck, ...]
    seconds: float

    @property
    def good(self) -> int:
        """Number of models that are VALID."""
        return sum(check.state == VALID for check in self.checks)

    @property
    def right(self) -> bool:
        """Whether every model is VALID."""
        return self.good == len(self.checks)

    @property
    def size(self) -> int:
        """Bytes read."""
        return sum(check.size for check in self.checks)

    @property
    def failures(self) -> tuple[tuple[str, str], ...]:
        """Label and reason of each model that is not VALID."""
        return tuple((c.label, "; ".join(c.faults) or c.state) for c in self.checks if c.state != VALID)


def verify(
    engine: sa.Engine,
    target: str | None = None,
    *,
    own_only: bool = False,
    parallel: int = 8,
    opener: StoreOpener = open_location,
    progress: Progress | None = None,
    policy: SignaturePolicy | None = None,
) -> VerifyReport:
    """Read all models and compare their bytes and signatures; with a `target`, each must be there.

    Args:
        engine: the catalog's database.
        target: URL of the store; None to read each model from its own location.
        own_only: leave out the models that come with Vigie.
        parallel: files read at a time.
        opener: opens a store.
        progress: receives progress.
        policy: which signatures are verified; by default none.

    Raises:
        StoreUnavailable: a store does not answer, which is known within seconds, or failed for several models in a row.
        UsageRefused: the URL is unusable, or signatures are required without a key.
    """
    started = time.monotonic()
    goal = Target.parse(target) if target is not None else None
    if policy is not None:
        policy.applies_to("")  # raises where signatures are required without a key
    entries = Catalog(engine).list(active_only=False, own_only=own_only)
    there = [(e, e.storage) for e in entries if goal is None or e.storage == goal.location_of(e)]
    probe_stores([place for _, place in there])
    stray = [e for e in entries if goal is not None and e.storage != goal.location_of(e)]
    checks = check_models(there, StorePool(opener), parallel, progress or NullProgress(), policy)
    checks += [
        ModelCheck(e.name, e.version, e.storage, ELSEWHERE, (f"the catalog has it at {e.storage}",))
        for e in stray
    ]
    ordered = tuple(sorted(checks, key=lambda check: (check.name, check.version)))
    return VerifyReport(goal.url if goal else None, ordered, time.monotonic() - started)


def check_models(
    models: Sequence[Move],
    stores: StorePool,
    parallel: int,
    progress: Progress,
    policy: SignaturePolicy | None = None,
) -> list[ModelCheck]:
    """Read each model at the location given, and verify the signatures that the policy asks for.

    Raises:
        StoreUnavailable: a store failed for several models in a row.
    """
    progress.begin(len(models), sum(entry.size for entry, _ in models), "read")
    errors: list[StoreUnavailable] = []
    with WorkerPool(parallel) as pool:

        def check(item: Move) -> ModelCheck:
            found = _check(*item, stores, pool, errors, policy)
            if found.state != UNREADABLE:
                progress.advance(item[0].size)
            progress.finish_model(found.label, found.state)
            return found

        checks = [check for _, check in pool.map_models(check, models) if check is not None]
        if pool.stopped:
            raise errors[-1]
    return checks


def _check(
    entry: ModelVersion,
    place: StorageLocation,
    stores: StorePool,
    pool: WorkerPool,
    errors: list[StoreUnavailable],
    policy: SignaturePolicy | None,
) -> ModelCheck:
    files = expected_files(entry, place)
    try:
        store = stores.get(place)
        read = pool.read(lambda file: check_file(store, file), files)
        whole = all(check.state == MATCH for check in read)
        unsigned = _signature_fault(store, entry, place, policy) if whole and policy is not None else ""
    except StoreUnavailable as error:
        errors.append(error)
        pool.record(error)
        return ModelCheck(entry.name, entry.version, place, UNREADABLE, (error.message,))
    pool.record(None)
    faults = tuple(
        f"{file.name}: found {check.found}, expected {file.sha256[:16]}…"
        for file, check in zip(files, read, strict=True)
        if check.state != MATCH
    )
    faults += (unsigned,) if unsigned else ()
    size = sum(check.size for check in read)
    return ModelCheck(entry.name, entry.version, place, DAMAGED if faults else VALID, faults, size)


def _signature_fault(
    store: Store, entry: ModelVersion, place: StorageLocation, policy: SignaturePolicy
) -> str:
    """Return what is wrong with the signature of a model whose files are right; empty where nothing is.

    The files of a signed model are read a second time, whole.
    """
    if not policy.applies_to(entry.manifest_sha256):
        return ""
    try:
        open_bundle(store, replace(entry.bundle, prefix=place.prefix), policy=policy)
    except (DamagedBundle, UnsignedBundle) as error:
        return error.message
    return ""
