"""Looks at everything an installation needs, one thing after the other, and says what is wrong and what to do.

Each check returns a finding and never raises what the installation could be at fault for. The only thing written is a
scratch object in the store and a row that is taken back.
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
from vigie.db import database
from vigie.db.health import DatabaseStatus, check
from vigie.errors import AlreadyThere, VigieError
from vigie.settings import Settings, WebSettings
from vigie.starter_models import registry
from vigie.stores.base import Store

GOOD, WARNING, BAD = "good", "warning", "problem"
SCRATCH = "vigie-doctor"
SHORTEST_SECRET = 32
"""Characters; fewer are refused by `vigie serve`."""

_CLOCK_WARNING, _CLOCK_BAD = 5.0, 300.0
_SLOW_DATABASE = 50.0
_IDLE_WORKER = 60.0


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        name: of the check.
        state: GOOD, WARNING or BAD.
        found: in words, for the operator; never a secret.
        hint: what to do about it; empty where all is well.
        error: what the check met, where it met something.
    """

    name: str
    state: str
    found: str
    hint: str = ""
    error: VigieError | None = None


def examine(chosen: Settings) -> Iterator[Finding]:
    """Every finding in turn, as it is known."""
    yield Finding("version", GOOD, f"Vigie {__version__}, database revision {database.HEAD}")
    held: list[DatabaseStatus] = []
    yield _told("database", lambda: _database(chosen, held))
    found = held[0] if held else None
    if found is not None and found.revision == database.HEAD:
        yield _told("models", lambda: _models(chosen))
    seen: list[float] = []
    yield _told("credentials", lambda: _credentials(chosen))
    yield _told("store", lambda: _store(chosen, seen))
    yield _told("cache", lambda: _cache(chosen.cache_dir, chosen.cache_bytes))
    yield _clock(found.clock if found else None, seen)
    yield _told("signatures", lambda: _signatures(chosen))
    yield _secret(settings.load_web())
    if found is not None:
        yield _worker(found)


def _told(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except VigieError as error:
        return Finding(name, BAD, error.message, error.hint, error)
    except OSError as error:
        return Finding(name, BAD, f"the system refused: {error.strerror}", "check the folder and its rights")


def _database(chosen: Settings, held: list[DatabaseStatus]) -> Finding:
    found = check(chosen.database_url)
    held.append(found)
    what = f"{found.server} at {found.place}, answers in {found.milliseconds:.1f} ms"
    if found.revision is None:
        hint = "any command will make them; vigie db upgrade does nothing else"
        return Finding("database", GOOD, f"{what}; it has no tables yet", hint)
    if found.revision != database.HEAD:
        hint = "back it up, then run: vigie db upgrade"
        if found.revision > database.HEAD:
            hint = "install the newer Vigie that wrote it"
        return Finding(
            "database", BAD, f"{what}; it is at revision {found.revision}, expected {database.HEAD}", hint
        )
    if found.milliseconds > _SLOW_DATABASE:
        return Finding("database", WARNING, what, "put the web app and the database in the same region")
    return Finding("database", GOOD, f"{what}, can be written")


def _models(chosen: Settings) -> Finding:
    with resources.open_catalog(chosen) as catalog:
        entries = catalog.list()
    if not entries:
        return Finding(
            "models", BAD, "no active model", "run populate_reference_models.py, or reinstall Vigie"
        )
    lost = [
        e.label
        for e in entries
        if e.storage.storage_type == "local" and not Path(e.storage.bucket, e.storage.prefix).is_dir()
    ]
    kinds = Counter(entry.storage.storage_type for entry in entries)
    what = f"{len(entries)} active: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    if lost:
        hint = "copy its folder here, or switch it off with vigie models deactivate"
        return Finding("models", BAD, f"{what}; {len(lost)} not on this machine, such as {lost[0]}", hint)
    ours = str(registry.MODELS.resolve())
    near = [e for e in entries if e.storage.storage_type == "local" and e.storage.bucket != ours]
    if near and chosen.storage_type != "local":
        what = f"{what}; {len(near)} in folders of this machine, STORAGE_TYPE is {chosen.storage_type}"
        hint = f"move them where every machine sees them: vigie migrate --to {resources.model_store(chosen).url}/automl_models"
        return Finding("models", WARNING, what, hint)
    return Finding("models", GOOD, what)


def _credentials(chosen: Settings) -> Finding:
    if chosen.storage_type == "local":
        return Finding("credentials", GOOD, "none needed: models are in a folder")
    if chosen.storage_type not in settings.CREDENTIALS:
        return Finding("credentials", GOOD, f"left to the store plugin {chosen.storage_type}")
    named = settings.credential_names(chosen.storage_type)
    if named:
        return Finding("credentials", GOOD, f"from {', '.join(named)}")
    return Finding(
        "credentials", WARNING, "none in the environment",
        "right where the machine itself has a role; else set " + settings.CREDENTIALS[chosen.storage_type][0],
    )  # fmt: skip


def _store(chosen: Settings, seen: list[float]) -> Finding:
    shelf = resources.model_store(chosen)
    key = f"{SCRATCH}/{uuid.uuid4().hex}"
    started = time.perf_counter()
    try:
        _exercise(shelf, key, seen)
    except VigieError:
        with suppress(VigieError):  # the first thing that went wrong is the one to tell
            shelf.delete(key)
        raise
    shelf.delete(key)
    spent = 1000 * (time.perf_counter() - started)
    place = shelf.bucket if shelf.kind == "local" else shelf.url
    return Finding(
        "store", GOOD, f"{place}: written, read, not overwritten, listed, deleted in {spent:.0f} ms"
    )


def _exercise(shelf: Store, key: str, seen: list[float]) -> None:
    body = os.urandom(1000)
    shelf.put_if_absent(key, body)
    seen.append((datetime.now(UTC) - shelf.head(key).modified).total_seconds())
    if shelf.get(key) != body:
        raise _Odd(shelf, "other bytes came back than were written", "do not trust this store with models")
    try:
        shelf.put_if_absent(key, b"")
    except AlreadyThere:
        pass
    else:
        raise _Odd(
            shelf,
            "it overwrites what must be new (conditional writes are ignored)",
            "use a store that honours If-None-Match: AWS S3, Ceph, MinIO, R2 and Azure do",
        )
    if key not in {head.key for head in shelf.list(SCRATCH)}:
        raise _Odd(
            shelf, "an object just written is not listed", "the key needs the right to list the bucket"
        )


class _Odd(VigieError):
    """The store answers, but not as a store must."""

    def __init__(self, shelf: Store, found: str, hint: str) -> None:
        super().__init__(f"{shelf.location.label}: {found}", hint=hint)


def _cache(folder: Path, most: int) -> Finding:
    folder.mkdir(parents=True, exist_ok=True)
    trial = folder / f".doctor-{uuid.uuid4().hex}"
    trial.write_bytes(b"vigie")
    trial.replace(trial.with_suffix(".moved"))
    trial.with_suffix(".moved").unlink()
    free = shutil.disk_usage(folder).free
    what = f"{folder}: can be written, {free / 1e9:.1f} GB free, may take {most / 1e9:.1f} GB"
    if free < min(most, 1_000_000_000):
        return Finding("cache", WARNING, what, "free some space, or set VIGIE_CACHE_BYTES lower")
    return Finding("cache", GOOD, what)


def _clock(database_clock: datetime | None, seen: list[float]) -> Finding:
    """This machine's time against the database's and the store's: signatures and leases need them to agree."""
    gaps = list(seen)
    if database_clock is not None:
        gaps.append((datetime.now(UTC) - database_clock).total_seconds())
    if not gaps:
        return Finding("clock", WARNING, "nothing to compare it with: neither store nor database answered")
    worst = max(gaps, key=abs)
    if abs(worst) <= _CLOCK_WARNING:
        return Finding("clock", GOOD, f"within {max(1.0, abs(worst)):.0f} s of the database and the store")
    state = BAD if abs(worst) > _CLOCK_BAD else WARNING
    ahead = "ahead of" if worst > 0 else "behind"
    return Finding(
        "clock", state, f"{abs(worst):.0f} s {ahead} the others", "set the clock, for example with NTP"
    )


def _signatures(chosen: Settings) -> Finding:
    if chosen.public_key is not None and not chosen.public_key.is_file():
        return Finding(
            "signatures", BAD, f"VIGIE_PUBLIC_KEY: no file {chosen.public_key}", "give the path of a PEM file"
        )
    resources.signature_policy(chosen).applies_to("")  # refuses a rule that nobody can keep
    if chosen.require_signature:
        return Finding("signatures", GOOD, "required, and a key is there")
    asked = "looked at where there is one" if chosen.public_key else "not looked at"
    return Finding("signatures", GOOD, asked)


def _secret(web: WebSettings) -> Finding:
    """What signs the sessions of the web app, and the address in its links."""
    if not web.production:
        return Finding("secret", GOOD, "not needed: this installation is for one person")
    if len(web.secret) < SHORTEST_SECRET:
        found = f"VIGIE_SECRET has {len(web.secret)} characters, expected at least {SHORTEST_SECRET}"
        hint = "make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        return Finding("secret", BAD, found, hint)
    if not web.public_url:
        return Finding(
            "secret", WARNING, "long enough, but VIGIE_PUBLIC_URL is not set",
            "set it to the address people use, or links that sign in will lack it",
        )  # fmt: skip
    return Finding("secret", GOOD, f"{len(web.secret)} characters; links begin with {web.public_url}")


def _worker(found: DatabaseStatus) -> Finding:
    if found.waiting is not None and found.waiting > _IDLE_WORKER and not found.working:
        hint = "start one: vigie worker, with the same DATABASE_URL and STORAGE_TYPE as the web app"
        return Finding(
            "worker", BAD, f"a run has been waiting for {found.waiting:.0f} s, and nobody works", hint
        )
    if found.working:
        return Finding("worker", GOOD, f"at work on {found.working}")
    return Finding("worker", GOOD, "nothing is waiting for one")
