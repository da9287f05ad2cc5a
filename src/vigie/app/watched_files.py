"""Files that watches found: each content is scored once for each watch.

A file goes through the states `inspecting`, `scoring`, and `done` or `failed`. Every step changes the state, the run and
the notice of it in one transaction, and only where the file is still in the state before: of several workers one makes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vigie.app import notices, runs
from vigie.app.tables import runs as run_rows
from vigie.app.tables import upload_parts, uploads
from vigie.app.uploads import Part
from vigie.app.watch_tables import DONE, FAILED, FILE_STATES, INSPECTING, SCORING, watched_files, watches
from vigie.app.watches import Watch
from vigie.db.database import Engine, lock, reading, writing

_ROWS = watched_files.c
MAX_UNFINISHED = 20
"""Files of a watch that are inspected or scored at a time; the others wait at their source."""


@dataclass(frozen=True)
class WatchedFile:
    """One content that a watch found.

    Attributes:
        digest: SHA-256 of the bytes.
        key: path below the watched location.
        state: one of `FILE_STATES`.
        upload_id: its upload, which may have been deleted since; None where it could not be read.
        run_id: its scoring, where it came so far.
        error: why it failed: message, hint, kind.
    """

    watch_id: str
    digest: str
    key: str
    size: int
    state: str
    upload_id: str | None
    run_id: str | None
    error: Mapping[str, Any] | None
    found_at: datetime
    finished_at: datetime | None


def is_known(engine: Engine, watch_id: str, digest: str) -> bool:
    """Return whether a watch has found this content before."""
    query = sa.select(_ROWS.digest).where(_ROWS.watch_id == watch_id, _ROWS.digest == digest)
    with reading(engine) as connection:
        return connection.execute(query).scalar() is not None


def count_unfinished(engine: Engine, watch_id: str) -> int:
    """Return the number of files that are being inspected or scored."""
    query = (
        sa.select(sa.func.count())
        .select_from(watched_files)
        .where(_ROWS.watch_id == watch_id, _ROWS.state.in_((INSPECTING, SCORING)))
    )
    with reading(engine) as connection:
        return int(connection.execute(query).scalar_one())


def list_unfinished(engine: Engine, watch_id: str | None = None) -> list[WatchedFile]:
    """Return the files that are being inspected or scored, oldest first; with `watch_id`, those of one watch."""
    query = sa.select(watched_files).where(_ROWS.state.in_((INSPECTING, SCORING)))
    if watch_id is not None:
        query = query.where(_ROWS.watch_id == watch_id)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(_ROWS.found_at, _ROWS.digest)).mappings().all()
    return [WatchedFile(**row) for row in rows]


def list_newest(engine: Engine, watch_id: str, limit: int = 50) -> list[WatchedFile]:
    """Return the files that a watch found last, newest first."""
    query = sa.select(watched_files).where(_ROWS.watch_id == watch_id)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(_ROWS.found_at.desc(), _ROWS.digest).limit(limit))
        return [WatchedFile(**row) for row in rows.mappings().all()]


def count_by_state(engine: Engine) -> dict[str, int]:
    """Return state -> number of files."""
    query = sa.select(_ROWS.state, sa.func.count()).group_by(_ROWS.state)
    with reading(engine) as connection:
        counted = {str(state): int(number) for state, number in connection.execute(query)}
    return {state: counted.get(state, 0) for state in FILE_STATES}


def begin(
    engine: Engine,
    watch: Watch,
    *,
    key: str,
    digest: str,
    upload_id: str,
    extension: str,
    parts: Sequence[Part],
    lifetime: timedelta,
) -> bool:
    """Create the upload of a file whose parts are in the store, and enqueue its inspection.

    Returns:
        False where the watch has found this content before: nothing is changed.
    """
    now = datetime.now(UTC)
    upload = {
        "id": upload_id,
        "owner_id": watch.owner_id,
        "name": key.rpartition("/")[2],
        "extension": extension,
        "state": "received",
        "created_at": now,
        "expires_at": now + lifetime,
        "rows_exact": False,
        "mapping": dict(watch.mapping),
    }
    file = {
        "watch_id": watch.id,
        "digest": digest,
        "key": key,
        "size": sum(part.size for part in parts),
        "state": INSPECTING,
        "upload_id": upload_id,
        "found_at": now,
    }
    with writing(engine) as connection:
        if not _is_new(connection, watch.id, digest):
            return False
        connection.execute(sa.insert(watched_files).values(file))
        connection.execute(sa.insert(uploads).values(upload))
        connection.execute(
            sa.insert(upload_parts), [{"upload_id": upload_id, **vars(part)} for part in parts]
        )
        runs.insert(connection, upload_id, watch.owner_id, "inspect", {})
    return True


def refuse(engine: Engine, watch: Watch, key: str, size: int, digest: str, error: Mapping[str, Any]) -> bool:
    """Record a file that was not uploaded, with a notice; return whether it was new."""
    now = datetime.now(UTC)
    file = WatchedFile(watch.id, digest, key, size, FAILED, None, None, dict(error), now, now)
    with writing(engine) as connection:
        if not _is_new(connection, watch.id, digest):
            return False
        connection.execute(sa.insert(watched_files).values(vars(file)))
        _emit_failure(connection, watch, file, error)
    return True


def begin_scoring(
    engine: Engine, watch: Watch, file: WatchedFile, mapping: Mapping[str, str], columns: Sequence[str]
) -> bool:
    """Enqueue the scoring of an inspected file; the first file sets the columns of the watch where it has none."""
    options = {**watch.options, "roles": dict(mapping)}
    with writing(engine) as connection:
        if watch.columns is None:
            unset = sa.and_(watches.c.id == watch.id, watches.c.columns.is_(None))
            first = sa.update(watches).where(unset).values(columns=list(columns))
            if connection.execute(first).rowcount != 1:
                return False  # another file has set them: this one is compared with them
        if not _advance(connection, file, {"state": SCORING}):
            connection.rollback()
            return False
        run_id = runs.insert(connection, str(file.upload_id), watch.owner_id, "score", options)
        same = sa.and_(_ROWS.watch_id == file.watch_id, _ROWS.digest == file.digest)
        connection.execute(sa.update(watched_files).where(same).values(run_id=run_id))
    return True


def find_previous(engine: Engine, file: WatchedFile) -> WatchedFile | None:
    """Return the file of the same watch that was found last before this one and is scored; None where there is none."""
    earlier = sa.and_(_ROWS.watch_id == file.watch_id, _ROWS.state == DONE, _ROWS.found_at < file.found_at)
    query = sa.select(watched_files).where(earlier).order_by(_ROWS.found_at.desc(), _ROWS.digest).limit(1)
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
    return None if row is None else WatchedFile(**row)


def finish(
    engine: Engine,
    watch: Watch,
    file: WatchedFile,
    counts: Mapping[str, Any],
    drift: Mapping[str, Any] | None = None,
) -> bool:
    """Finish a file whose results are where they belong, with its notices; return whether this call did.

    Args:
        engine: database.
        watch: its watch.
        file: the file.
        counts: `rows`, `alerts` and `fraud_share`, the estimated share of fraud or None.
        drift: what changed much since the file before, for a notice; empty or None for no notice.
    """
    with writing(engine) as connection:
        if not _advance(connection, file, {"state": DONE, "finished_at": datetime.now(UTC)}):
            return False
        event = f"{watch.id}:{file.digest}"
        payload = _payload(watch, file) | {"rows": counts["rows"], "alerts": counts["alerts"]}
        notices.emit(connection, "scored", f"scored:{event}", watch.owner_id, payload)
        share = counts.get("fraud_share")
        if share is not None and watch.max_fraud_share is not None and share > watch.max_fraud_share:
            values = payload | {"share": share, "limit": watch.max_fraud_share}
            notices.emit(connection, "fraud_share", f"fraud_share:{event}", watch.owner_id, values)
        if drift:
            notices.emit(connection, "drift", f"drift:{event}", watch.owner_id, {**payload, **drift})
    return True


def fail(engine: Engine, watch: Watch, file: WatchedFile, error: Mapping[str, Any]) -> bool:
    """Record that a file could not be scored, with a notice; return whether this call did."""
    values = {"state": FAILED, "error": dict(error), "finished_at": datetime.now(UTC)}
    with writing(engine) as connection:
        if not _advance(connection, file, values):
            return False
        _emit_failure(connection, watch, file, error)
    return True


def is_superseded(engine: Engine, file: WatchedFile) -> bool:
    """Return whether newer content of the same path was found: the predictions beside it are then not this file's."""
    newer = sa.and_(_ROWS.watch_id == file.watch_id, _ROWS.key == file.key, _ROWS.found_at > file.found_at)
    with reading(engine) as connection:
        return connection.execute(sa.select(_ROWS.digest).where(newer).limit(1)).scalar() is not None


def find_run(engine: Engine, run_id: str) -> Mapping[str, Any] | None:
    """Return state, error, summary and result of a run; None where its upload was deleted."""
    at = run_rows.c
    query = sa.select(at.state, at.error, at.summary, at.result).where(at.id == run_id)
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def _is_new(connection: sa.Connection, watch_id: str, digest: str) -> bool:
    """Lock the content of a watch and return whether it is new; a watch that was removed meanwhile has none."""
    lock(connection, "watched_files", watch_id, digest)
    same = sa.and_(_ROWS.watch_id == watch_id, _ROWS.digest == digest)
    if connection.execute(sa.select(_ROWS.digest).where(same)).scalar() is not None:
        return False
    there = sa.select(watches.c.id).where(watches.c.id == watch_id).with_for_update()
    return connection.execute(there).scalar() is not None


def _advance(connection: sa.Connection, file: WatchedFile, values: Mapping[str, Any]) -> bool:
    same = sa.and_(_ROWS.watch_id == file.watch_id, _ROWS.digest == file.digest, _ROWS.state == file.state)
    return connection.execute(sa.update(watched_files).where(same).values(dict(values))).rowcount == 1


def _payload(watch: Watch, file: WatchedFile) -> dict[str, Any]:
    return {"watch": watch.name, "watch_id": watch.id, "file": file.key, "run_id": file.run_id}


def _emit_failure(
    connection: sa.Connection, watch: Watch, file: WatchedFile, error: Mapping[str, Any]
) -> None:
    payload = _payload(watch, file) | {"error": dict(error)}
    event = f"file_failed:{watch.id}:{file.digest}"
    notices.emit(connection, "file_failed", event, watch.owner_id, payload)
