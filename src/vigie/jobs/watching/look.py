"""A look at a watched location: which files are new, and the upload of those that have stopped growing."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vigie import tempdirs
from vigie.app import Part, notices, watched_files, watches
from vigie.app.uploads import part_key
from vigie.app.watch_tables import MAX_KEY
from vigie.app.watches import Sighting, Watch
from vigie.db.database import writing
from vigie.errors import InputRefused, TableTooLarge, UnreadableTable, UsageRefused, VigieError
from vigie.i18n.messages import msg
from vigie.jobs.context import JobContext
from vigie.jobs.upload_files import temporary_root
from vigie.logs import frames
from vigie.sources import patterns, schedule
from vigie.sources.base import FileChanged, Source, SourceFile
from vigie.sources.open import open_source
from vigie.stores.base import join
from vigie.table.reading import EXTENSIONS

log = logging.getLogger("vigie.jobs")
NOTIFIED_FAILURES = 2
"""Looks that fail in a row before a notice is sent: most interruptions are over at the next look."""
_MAX_WAIT = timedelta(minutes=15)
_SHOWN_KEY = 200
"""Characters of a path that cannot be stored, from its end, that its notice shows."""


@dataclass
class Look:
    """Outcome of a look.

    Attributes:
        started: paths whose upload was created.
        refused: paths that cannot be uploaded.
        waiting: number of files that may still grow, or wait for others.
        error: why a file, or the location, could not be read.
    """

    started: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    waiting: int = 0
    error: VigieError | None = None


def look(context: JobContext, watch: Watch, worker: str, now: datetime | None = None) -> Look:
    """Look at a claimed watch once, begin the uploads of its new files, and release it.

    A file is taken once it has had the same size and time for `watch_seconds`.
    """
    now = now or datetime.now(UTC)
    found = Look()
    try:
        source = open_source(watch.url)
        for file in _ready_files(context, watch, source, found, now):
            if watched_files.count_unfinished(context.engine, watch.id) >= watched_files.MAX_UNFINISHED:
                found.waiting += 1
                continue
            try:
                _take(context, watch, source, file, found)
            except FileChanged:
                _save(context, watch, file, now, taken=False)
                found.waiting += 1
            except Exception as error:  # noqa: BLE001  the other files are taken, and the watch says that it fails
                found.error = found.error or _vigie_error(watch, error)
    except FileChanged:
        found.waiting += 1
    except Exception as error:  # noqa: BLE001  raised, it would be silence: the watch stays claimed
        found.error = _vigie_error(watch, error)
    _finish(context, watch, worker, found, now)
    return found


def _vigie_error(watch: Watch, error: Exception) -> VigieError:
    """Return the error of a look; what is not Vigie's is logged by its place, without its message."""
    if isinstance(error, VigieError):
        return error
    log.error("bug", extra={"watch": watch.id, "error": type(error).__name__, "frames": frames(error)})
    hint = msg("this is a bug in Vigie; look for watch {id} in the worker's log", id=watch.id)
    return VigieError(msg("something unexpected happened"), hint=hint)


def _ready_files(
    context: JobContext, watch: Watch, source: Source, found: Look, now: datetime
) -> Iterator[SourceFile]:
    """Remember what is there, and yield the files that were not taken and have stopped growing, oldest first."""
    interval = timedelta(seconds=context.web.watch_seconds)
    known = watches.list_sightings(context.engine, watch.id)
    changed, ready, there = [], [], set()
    for file in source.list(deep=patterns.is_deep(watch.pattern)):
        if not patterns.matches(watch.pattern, file.key):
            continue
        key = _stored_key(file.key)
        there.add(key)
        if watch.files_since is not None and file.modified < watch.files_since:
            continue
        before = known.get(key)
        if before is None or (before.size, before.modified) != (file.size, file.modified):
            changed.append(Sighting(key, file.size, file.modified, now, taken=False))
            found.waiting += 1
        elif not before.taken and now - before.seen_at < interval:
            found.waiting += 1
        elif not before.taken:
            ready.append(file)
    watches.save_sightings(context.engine, watch.id, changed, set(known) - there)
    yield from sorted(ready, key=lambda file: (file.modified, file.key))


def _take(context: JobContext, watch: Watch, source: Source, file: SourceFile, found: Look) -> None:
    """Begin the upload of a file unless its content is known, or refuse it with the reason."""
    key = _stored_key(file.key)
    unread = hashlib.sha256(f"{key}\n{file.size}\n{file.modified.isoformat()}".encode()).hexdigest()
    name = key.rpartition("/")[2]
    try:
        if key != file.key:
            raise UnreadableTable(
                name,
                found="a path that is not UTF-8, or too long",
                expected="one of at most 1,024 characters",
                hint="rename the file",
            )
        extension = _check(context, name, file.size)
        with tempdirs.temporary_workdir(temporary_root(context)) as folder:
            copy = folder / "file"
            digest = source.fetch(file, copy)
            known = watched_files.is_known(context.engine, watch.id, digest)
            if not known and _upload(context, watch, file, digest, extension, copy):
                found.started.append(file.key)
    except (InputRefused, UsageRefused) as error:
        if watched_files.refuse(context.engine, watch, key, file.size, unread, error.to_json()):
            found.refused.append(key)
    _save(context, watch, file, datetime.now(UTC), taken=True)


def _check(context: JobContext, name: str, size: int) -> str:
    """Return the extension of a file that can be uploaded."""
    extension = next((known for known in EXTENSIONS if name.lower().endswith(known)), None)
    if extension is None:
        raise UnreadableTable(
            name,
            found="an extension that Vigie does not read",
            expected=", ".join(EXTENSIONS),
            hint="export the table as CSV",
        )
    if size == 0:
        raise UnreadableTable(name, found="an empty file", hint="export the table again")
    limit = context.web.max_upload_bytes
    if size > limit:
        raise TableTooLarge(
            name, found=size, limit=limit, unit="bytes", hint="compress it as .csv.gz, or split the table"
        )
    return extension


def _upload(
    context: JobContext, watch: Watch, file: SourceFile, digest: str, extension: str, copy: Path
) -> bool:
    """Put the parts of a file into the store, then make them an upload.

    The id of the upload follows from watch and content: after a kill between the two, the same parts are written again.
    """
    name = hashlib.sha256(f"{watch.id}\n{digest}".encode()).hexdigest()[:24]
    upload_id = f"up_{name}"
    parts: list[Part] = []
    with copy.open("rb") as opened:
        while data := opened.read(context.web.part_bytes):
            part = Part(len(parts) + 1, len(data), hashlib.sha256(data).hexdigest())
            context.store.put(part_key(join("uploads", upload_id), part), data)
            parts.append(part)
    return watched_files.begin(
        context.engine,
        watch,
        key=file.key,
        digest=digest,
        upload_id=upload_id,
        extension=extension,
        parts=parts,
        lifetime=timedelta(days=context.web.retention_days),
    )


def _save(context: JobContext, watch: Watch, file: SourceFile, now: datetime, *, taken: bool) -> None:
    seen = Sighting(_stored_key(file.key), file.size, file.modified, now, taken)
    watches.save_sightings(context.engine, watch.id, [seen], [])


def _stored_key(key: str) -> str:
    """Return a path as the database holds it; another one, unique and readable, where it is not UTF-8 or too long.

    Raised as an error of the database, one such name would keep every other file of the location waiting.
    """
    text = key.encode("utf-8", "surrogateescape")
    readable = text.decode("utf-8", "replace").replace("\0", "\ufffd")
    if readable == key and len(key) <= MAX_KEY:
        return key
    short = readable if len(readable) <= _SHOWN_KEY else f"…{readable[-_SHOWN_KEY:]}"
    return f"{short} ({hashlib.sha256(text).hexdigest()[:8]})"


def _finish(context: JobContext, watch: Watch, worker: str, found: Look, now: datetime) -> None:
    """Store the outcome, release the watch, and write the notice of a failure in the same transaction."""
    interval = timedelta(seconds=context.web.watch_seconds)
    if found.error is not None:
        wait = min(_MAX_WAIT, interval * 2 ** min(watch.failures, 10))
        values = {"error": found.error.to_json(), "failures": watch.failures + 1, "next_look_at": now + wait}
        log.warning("look failed", extra={"watch": watch.id, "error": type(found.error).__name__})
    else:
        again = now + interval if found.waiting else None
        coming = schedule.next_look(watch.schedule, watch.timezone, now, context.web.watch_seconds)
        values = {"error": None, "failures": 0, "next_look_at": min(again or coming, coming)}
    with writing(context.engine) as connection:
        held = watches.finish_look(connection, watch.id, worker, {**values, "looked_at": now})
        if held and values["failures"] == NOTIFIED_FAILURES:
            payload = {"watch": watch.name, "watch_id": watch.id, "error": values["error"]}
            event = f"watch_failed:{watch.id}:{now.isoformat()}"
            notices.emit(connection, "watch_failed", event, watch.owner_id, payload)
