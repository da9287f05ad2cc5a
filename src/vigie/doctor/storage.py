"""Checks of models, stores, credentials and cache."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from vigie import resources, settings
from vigie.bundles.bundle import MANIFEST, digest
from vigie.catalog import ModelVersion
from vigie.doctor.finding import GOOD, PROBLEM, WARNING, Finding, guarded
from vigie.errors import AlreadyThere, NotFound, VigieError
from vigie.settings import Settings
from vigie.starter_models import registry
from vigie.stores.base import Location, Store, join
from vigie.stores.open import open_location
from vigie.stores.probe import probe

SCRATCH = "vigie-doctor"
"""Folder of the scratch object in the store."""
_MIN_FREE = 1_000_000_000


def active_models(chosen: Settings) -> tuple[ModelVersion, ...]:
    """Return the active models with their storage on this machine; none where the catalog cannot be opened."""
    try:
        with resources.open_catalog(chosen) as catalog:
            return catalog.list()
    except VigieError:
        return ()


def check_models(chosen: Settings) -> Finding:
    """Check that there are active models, and that those in folders are on this machine."""
    with resources.open_catalog(chosen) as catalog:
        entries = catalog.list()
    if not entries:
        hint = "register them again: vigie populate --from FOLDER, or reinstall Vigie: pip install --force-reinstall vigie"
        return Finding("models", PROBLEM, "no active model", hint)
    types = Counter(entry.storage.storage_type for entry in entries)
    found = f"{len(entries)} active: " + ", ".join(f"{count} {kind}" for kind, count in sorted(types.items()))
    local = [entry for entry in entries if entry.storage.storage_type == "local"]
    missing = [e for e in local if not Path(e.storage.bucket, e.storage.prefix, MANIFEST).is_file()]
    if missing:
        found = f"{found}; {len(missing)} not on this machine, such as {missing[0].label}"
        hint = f"copy its folder here, or stop using it: vigie models deactivate {missing[0].name}"
        return Finding("models", PROBLEM, found, hint)
    unshared = [entry for entry in local if entry.storage.bucket != str(registry.MODELS.resolve())]
    if unshared and chosen.storage_type != "local":
        found = f"{found}; {len(unshared)} in folders of this machine, STORAGE_TYPE is {chosen.storage_type}"
        target = f"{resources.model_store(chosen).url}/automl_models"
        return Finding(
            "models", WARNING, found, f"move them where every machine sees them: vigie migrate --to {target}"
        )
    return Finding("models", GOOD, found)


def check_catalog_stores(chosen: Settings, entries: Sequence[ModelVersion]) -> Iterator[Finding]:
    """Read one manifest from each store, other than folders, that the catalog has models in."""
    stores: dict[Location, list[ModelVersion]] = {}
    for entry in entries:
        if entry.storage.storage_type != "local":
            stores.setdefault(entry.store, []).append(entry)
    with ThreadPoolExecutor(max_workers=max(1, len(stores))) as pool:
        checks = [partial(_read_manifest, location, models) for location, models in sorted(
            stores.items(), key=lambda item: item[0].url
        )]  # fmt: skip
        yield from pool.map(lambda check: guarded("catalog", check), checks)
    if stores and chosen.storage_type == "local":
        location = next(iter(stores))
        hint = f"export STORAGE_TYPE={location.kind} S3_MODEL_BUCKET={location.bucket}"
        found = (
            f"models are in {location.url}, but STORAGE_TYPE is not set: new ones are kept on this machine"
        )
        yield Finding("settings", WARNING, found, hint)


def _read_manifest(location: Location, models: Sequence[ModelVersion]) -> Finding:
    """Read the manifest of one model and compare it with the catalog."""
    started, entry = time.perf_counter(), models[0]
    key = join(entry.storage.prefix, MANIFEST)
    try:
        probe(location, key)
        data = open_location(location).get(key)
    except NotFound:
        data = b""
    except VigieError as error:
        return Finding("catalog", PROBLEM, error.message, _with_variables(error.hint, location.kind), error)
    if digest(data) != entry.manifest_sha256:
        what = "is missing" if not data else "has other bytes than were registered"
        found = f"{location.url}: the manifest of {entry.label} {what}"
        return Finding("catalog", PROBLEM, found, _repair_hint(entry))
    spent = 1000 * (time.perf_counter() - started)
    found = f"{location.url}: {len(models)} models, a manifest read and compared in {spent:.0f} ms"
    return Finding("catalog", GOOD, found)


def _repair_hint(entry: ModelVersion) -> str:
    """Return the command that sends the files of a model again."""
    parent, found, _ = entry.storage.prefix.rpartition(f"/{entry.name}/{entry.version}")
    if not found:
        return f"publish it again from its files: vigie models add FOLDER, or vigie models deactivate {entry.name}"
    return f"send it again: vigie migrate --to {Location(entry.store.kind, entry.store.bucket, parent).url}"


def _with_variables(hint: str, kind: str) -> str:
    """Add the variables that the client of a cloud reads, so that the reader knows what to set."""
    names = {"s3": "AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… AWS_ENDPOINT_URL_S3=… AWS_REGION=…"}.get(
        kind, " ".join(f"{name}=…" for name in settings.CREDENTIALS.get(kind, ()))
    )
    return f"{hint}: export {names}" if names else hint


def check_credentials(chosen: Settings, entries: Sequence[ModelVersion]) -> Iterator[Finding]:
    """Check that there are credentials for each kind of store of the settings and of the catalog."""
    kinds = {chosen.storage_type, *(entry.storage.storage_type for entry in entries)} - {"local"}
    if not kinds:
        yield Finding("credentials", GOOD, "none needed: models are in a folder")
    for kind in sorted(kinds):
        names = settings.credential_names(kind)
        if kind not in settings.CREDENTIALS:
            yield Finding("credentials", GOOD, f"left to the store plugin {kind}")
        elif names:
            yield Finding("credentials", GOOD, f"{kind}: from {', '.join(names)}")
        else:
            hint = (
                f"right where the machine itself has a role; else: export {settings.CREDENTIALS[kind][0]}=…"
            )
            yield Finding("credentials", WARNING, f"{kind}: none in the environment", hint)


def check_store(chosen: Settings, clock_offsets: list[float]) -> Finding:
    """Write, read, list and delete a scratch object in the store of the settings; measure its clock."""
    store = resources.model_store(chosen)
    key = f"{SCRATCH}/{uuid.uuid4().hex}"
    started = time.perf_counter()
    try:
        probe(store.location, key)
        _try_store(store, key, clock_offsets)
    except _UnsuitableStore as error:
        _delete_quietly(store, key)
        return Finding("store", PROBLEM, error.message, error.hint, error)
    except VigieError as error:
        _delete_quietly(store, key)
        hint = _with_variables(error.hint, store.kind)
        if "no such bucket" in error.message and store.kind == "s3":
            hint = f"make it: aws s3 mb s3://{store.bucket}, or correct S3_MODEL_BUCKET"
        return Finding("store", PROBLEM, error.message, hint, error)
    store.delete(key)
    spent = 1000 * (time.perf_counter() - started)
    place = store.bucket if store.kind == "local" else store.url
    return Finding(
        "store", GOOD, f"{place}: written, read, not overwritten, listed, deleted in {spent:.0f} ms"
    )


def _delete_quietly(store: Store, key: str) -> None:
    with suppress(VigieError):  # the first error is the one to report
        probe(store.location, key)
        store.delete(key)


def _try_store(store: Store, key: str, clock_offsets: list[float]) -> None:
    data = os.urandom(1000)
    store.put_if_absent(key, data)
    clock_offsets.append((datetime.now(UTC) - store.head(key).modified).total_seconds())
    if store.get(key) != data:
        raise _UnsuitableStore(
            store,
            "other bytes came back than were written",
            "do not trust this store with models: vigie migrate --to another one",
        )
    try:
        store.put_if_absent(key, b"")
    except AlreadyThere:
        pass
    else:
        raise _UnsuitableStore(
            store,
            "it overwrites what must be new (conditional writes are ignored)",
            "use a store that honours If-None-Match: AWS S3, MinIO, R2 and Azure do, and Ceph in a bucket without versions",
        )
    if key not in {head.key for head in store.list(SCRATCH)}:
        raise _UnsuitableStore(
            store, "an object just written is not listed", "the key needs the right to list the bucket"
        )


class _UnsuitableStore(VigieError):
    """The store answers but breaks the contract of `Store`."""

    def __init__(self, store: Store, found: str, hint: str) -> None:
        super().__init__(f"{store.location.label}: {found}", hint=hint)


def check_cache(chosen: Settings, entries: Sequence[ModelVersion]) -> Finding:
    """Check that the cache can be written, and that its limit and its disk hold the models of the catalog."""
    folder, limit = chosen.cache_dir, chosen.cache_bytes
    cache = resources.open_cache(chosen)
    folder.mkdir(parents=True, exist_ok=True)
    trial = folder / f".doctor-{uuid.uuid4().hex}"
    trial.write_bytes(b"vigie")
    trial.replace(trial.with_suffix(".moved"))
    trial.with_suffix(".moved").unlink()
    free = shutil.disk_usage(folder).free
    found = f"{folder}: can be written, {_size(free)} free, may take {_size(limit)}"
    largest = max(
        (entry for entry in entries if entry.storage.storage_type != "local"), key=_bytes, default=None
    )
    if largest is not None and largest.size >= limit:
        found = f"{found}; {largest.label} of {_size(largest.size)} does not fit and is downloaded each time"
        return Finding("cache", PROBLEM, found, f"export VIGIE_CACHE_BYTES={2 * largest.size}")
    cached = sum(entry.size for entry in cache.list())
    if largest is not None and free + cached < largest.size:
        found = f"{found}; {largest.label} of {_size(largest.size)} does not fit on the disk"
        hint = "free some space, for example by vigie cache clear, or name another disk: export MODEL_CACHE_DIR=…"
        return Finding("cache", PROBLEM, found, hint)
    if free + cached < min(limit, _MIN_FREE):
        hint = f"free some space, or take less: export VIGIE_CACHE_BYTES={max(0, free + cached) // 2}"
        return Finding("cache", WARNING, found, hint)
    return Finding("cache", GOOD, found)


def _bytes(entry: ModelVersion) -> int:
    return entry.size


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
