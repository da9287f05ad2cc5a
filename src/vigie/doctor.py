"""Checks everything an installation needs, and reports what is wrong and what to do.

A check returns a finding and raises nothing that the installation can be at fault for. It writes only a scratch object in the
store, a file in the cache folder and a row in a transaction that is rolled back.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vigie import __version__, resources, settings
from vigie.db import database, health
from vigie.errors import AlreadyThere, VigieError
from vigie.settings import Settings, WebSettings
from vigie.starter_models import registry
from vigie.stores.base import Store

GOOD, WARNING, PROBLEM = "good", "warning", "problem"
SCRATCH = "vigie-doctor"
"""Folder of the scratch object in the store."""
MIN_SECRET_LENGTH = 32
"""Characters; `vigie serve` refuses a shorter secret."""

# Seconds, seconds, milliseconds, seconds.
_CLOCK_WARNING, _CLOCK_PROBLEM = 5.0, 300.0
_SLOW_DATABASE = 50.0
_MAX_WAIT = 60.0


@dataclass(frozen=True)
class Finding:
    """Result of one check.

    Attributes:
        name: name of the check.
        state: GOOD, WARNING or PROBLEM.
        found: text for the operator; never a secret.
        hint: what to do about it; empty where there is nothing to do.
        error: the error behind a PROBLEM, if there is one.
    """

    name: str
    state: str
    found: str
    hint: str = ""
    error: VigieError | None = None


def examine(chosen: Settings) -> Iterator[Finding]:
    """Run the checks and yield each finding as it is known."""
    yield Finding("version", GOOD, f"Vigie {__version__}, database revision {database.HEAD}")
    statuses: list[health.DatabaseStatus] = []
    clock_offsets: list[float] = []
    yield _guarded("database", lambda: _database(chosen, statuses, clock_offsets))
    status = statuses[0] if statuses else None
    if status is not None and status.revision == database.HEAD:
        yield _guarded("models", lambda: _models(chosen))
    yield _guarded("credentials", lambda: _credentials(chosen))
    yield _guarded("store", lambda: _store(chosen, clock_offsets))
    yield _guarded("cache", lambda: _cache(chosen.cache_dir, chosen.cache_bytes))
    yield _clock(clock_offsets)
    yield _guarded("signatures", lambda: _signatures(chosen))
    yield _secret(settings.load_web())
    if status is not None:
        yield _worker(status)


def _guarded(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except VigieError as error:
        return Finding(name, PROBLEM, error.message, error.hint, error)
    except OSError as error:
        return Finding(
            name, PROBLEM, f"the system refused: {error.strerror}", "check the folder and its rights"
        )


def _database(chosen: Settings, statuses: list[health.DatabaseStatus], clock_offsets: list[float]) -> Finding:
    status = health.check(chosen.database_url)
    statuses.append(status)
    if status.clock is not None:
        clock_offsets.append((datetime.now(UTC) - status.clock).total_seconds())
    found = f"{status.server} at {status.place}, answers in {status.milliseconds:.1f} ms"
    if status.revision is None:
        hint = "any command will make them; vigie db upgrade does nothing else"
        return Finding("database", GOOD, f"{found}; it has no tables yet", hint)
    if status.revision != database.HEAD:
        newer = status.revision > database.HEAD
        hint = "install the newer Vigie that wrote it" if newer else "back it up, then run: vigie db upgrade"
        found = f"{found}; it is at revision {status.revision}, expected {database.HEAD}"
        return Finding("database", PROBLEM, found, hint)
    if status.milliseconds > _SLOW_DATABASE:
        return Finding("database", WARNING, found, "put the web app and the database in the same region")
    return Finding("database", GOOD, f"{found}, can be written")


def _models(chosen: Settings) -> Finding:
    with resources.open_catalog(chosen) as catalog:
        entries = catalog.list()
    if not entries:
        hint = "run populate_reference_models.py, or reinstall Vigie"
        return Finding("models", PROBLEM, "no active model", hint)
    types = Counter(entry.storage.storage_type for entry in entries)
    found = f"{len(entries)} active: " + ", ".join(f"{count} {kind}" for kind, count in sorted(types.items()))
    local = [entry for entry in entries if entry.storage.storage_type == "local"]
    missing = [e.label for e in local if not Path(e.storage.bucket, e.storage.prefix).is_dir()]
    if missing:
        found = f"{found}; {len(missing)} not on this machine, such as {missing[0]}"
        hint = "copy its folder here, or switch it off with vigie models deactivate"
        return Finding("models", PROBLEM, found, hint)
    unshared = [entry for entry in local if entry.storage.bucket != str(registry.MODELS.resolve())]
    if unshared and chosen.storage_type != "local":
        found = f"{found}; {len(unshared)} in folders of this machine, STORAGE_TYPE is {chosen.storage_type}"
        target = f"{resources.model_store(chosen).url}/automl_models"
        return Finding(
            "models", WARNING, found, f"move them where every machine sees them: vigie migrate --to {target}"
        )
    return Finding("models", GOOD, found)


def _credentials(chosen: Settings) -> Finding:
    kind = chosen.storage_type
    if kind == "local":
        return Finding("credentials", GOOD, "none needed: models are in a folder")
    if kind not in settings.CREDENTIALS:
        return Finding("credentials", GOOD, f"left to the store plugin {kind}")
    names = settings.credential_names(kind)
    if names:
        return Finding("credentials", GOOD, f"from {', '.join(names)}")
    hint = f"right where the machine itself has a role; else set {settings.CREDENTIALS[kind][0]}"
    return Finding("credentials", WARNING, "none in the environment", hint)


def _store(chosen: Settings, clock_offsets: list[float]) -> Finding:
    store = resources.model_store(chosen)
    key = f"{SCRATCH}/{uuid.uuid4().hex}"
    started = time.perf_counter()
    try:
        _try_store(store, key, clock_offsets)
    except VigieError:
        with suppress(VigieError):  # the first error is the one to report
            store.delete(key)
        raise
    store.delete(key)
    spent = 1000 * (time.perf_counter() - started)
    place = store.bucket if store.kind == "local" else store.url
    return Finding(
        "store", GOOD, f"{place}: written, read, not overwritten, listed, deleted in {spent:.0f} ms"
    )


def _try_store(store: Store, key: str, clock_offsets: list[float]) -> None:
    data = os.urandom(1000)
    store.put_if_absent(key, data)
    clock_offsets.append((datetime.now(UTC) - store.head(key).modified).total_seconds())
    if store.get(key) != data:
        raise _UnsuitableStore(
            store, "other bytes came back than were written", "do not trust this store with models"
        )
    try:
        store.put_if_absent(key, b"")
    except AlreadyThere:
        pass
    else:
        raise _UnsuitableStore(
            store,
            "it overwrites what must be new (conditional writes are ignored)",
            "use a store that honours If-None-Match: AWS S3, Ceph, MinIO, R2 and Azure do",
        )
    if key not in {head.key for head in store.list(SCRATCH)}:
        raise _UnsuitableStore(
            store, "an object just written is not listed", "the key needs the right to list the bucket"
        )


class _UnsuitableStore(VigieError):
    """The store answers but breaks the contract of `Store`."""

    def __init__(self, store: Store, found: str, hint: str) -> None:
        super().__init__(f"{store.location.label}: {found}", hint=hint)


def _cache(folder: Path, max_bytes: int) -> Finding:
    folder.mkdir(parents=True, exist_ok=True)
    trial = folder / f".doctor-{uuid.uuid4().hex}"
    trial.write_bytes(b"vigie")
    trial.replace(trial.with_suffix(".moved"))
    trial.with_suffix(".moved").unlink()
    free = shutil.disk_usage(folder).free
    found = f"{folder}: can be written, {free / 1e9:.1f} GB free, may take {max_bytes / 1e9:.1f} GB"
    if free < min(max_bytes, 1_000_000_000):
        return Finding("cache", WARNING, found, "free some space, or set VIGIE_CACHE_BYTES lower")
    return Finding("cache", GOOD, found)


def _clock(offsets: list[float]) -> Finding:
    """Compare this machine's clock with those of database and store: signatures and leases need them to agree."""
    if not offsets:
        return Finding("clock", WARNING, "nothing to compare it with: neither store nor database answered")
    worst = max(offsets, key=abs)
    if abs(worst) <= _CLOCK_WARNING:
        return Finding("clock", GOOD, f"within {max(1.0, abs(worst)):.0f} s of the database and the store")
    state = PROBLEM if abs(worst) > _CLOCK_PROBLEM else WARNING
    found = f"{abs(worst):.0f} s {'ahead of' if worst > 0 else 'behind'} the others"
    return Finding("clock", state, found, "set the clock, for example with NTP")


def _signatures(chosen: Settings) -> Finding:
    if chosen.public_key is not None and not chosen.public_key.is_file():
        found = f"VIGIE_PUBLIC_KEY: no file {chosen.public_key}"
        return Finding("signatures", PROBLEM, found, "give the path of a PEM file")
    resources.signature_policy(chosen).applies_to("")  # raises where signatures are required without a key
    if chosen.require_signature:
        return Finding("signatures", GOOD, "required, and a key is there")
    return Finding(
        "signatures", GOOD, "looked at where there is one" if chosen.public_key else "not looked at"
    )


def _secret(web: WebSettings) -> Finding:
    """Check the secret that signs the sessions of the web app, and the address in its links."""
    if not web.production:
        return Finding("secret", GOOD, "not needed: this installation is for one person")
    if len(web.secret) < MIN_SECRET_LENGTH:
        found = f"VIGIE_SECRET has {len(web.secret)} characters, expected at least {MIN_SECRET_LENGTH}"
        hint = "make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        return Finding("secret", PROBLEM, found, hint)
    if not web.public_url:
        hint = "set it to the address people use, or links that sign in will lack it"
        return Finding("secret", WARNING, "long enough, but VIGIE_PUBLIC_URL is not set", hint)
    return Finding("secret", GOOD, f"{len(web.secret)} characters; links begin with {web.public_url}")


def _worker(status: health.DatabaseStatus) -> Finding:
    if status.waiting is not None and status.waiting > _MAX_WAIT and not status.working:
        found = f"a job has been waiting for {status.waiting:.0f} s, and no worker is running"
        hint = "start one: vigie worker, with the same DATABASE_URL and STORAGE_TYPE as the web app"
        return Finding("worker", PROBLEM, found, hint)
    if status.working:
        return Finding("worker", GOOD, f"at work on {status.working}")
    return Finding("worker", GOOD, "nothing is waiting for one")
