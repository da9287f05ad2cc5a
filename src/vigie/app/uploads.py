"""Uploads: files in parts, with what an inspection found in them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vigie.app.cases.totals import lock_scope, remove_upload
from vigie.app.tables import mappings, marks, runs, upload_parts, uploads, users
from vigie.app.users import User
from vigie.db.database import Engine, lock, reading, writing
from vigie.errors import NotFound, WrongState
from vigie.i18n.messages import msg

HEAD_FILE = "head.json"
"""File in the folder of an upload with its first rows."""
SET_ASIDE_FILE = "set-aside.csv"
"""File in the folder of an upload with its lines that are not among the rows, where there are some."""
_ROWS = uploads.c
_PARTS = upload_parts.c


@dataclass(frozen=True)
class Upload:
    """A file of a user.

    Attributes:
        name: file name given by the user.
        size: bytes received.
        extension: `.csv`, `.csv.gz`, …, taken from the name.
        state: `receiving`, `received` (waiting for its inspection), `ready`, `refused` or `deleted`.
        parts: number of parts received.
        rows: number of rows, estimated unless `rows_exact`.
        inspection: roles of the columns and matching models; see `vigie.jobs.inspect_upload`.
        mapping: column -> role, for the columns whose role the user chose.
        read_options: how the file is to be read, as `vigie.table.ReadOptions.to_json` has it; None where nothing was chosen.
        error: reason of a refusal: message, hint, kind.
    """

    id: str
    owner_id: int
    owner_name: str
    team: str
    name: str
    size: int
    extension: str
    state: str
    parts: int
    created_at: datetime
    expires_at: datetime
    rows: int | None
    rows_exact: bool
    columns: int | None
    inspection: Mapping[str, Any] | None
    mapping: Mapping[str, str]
    read_options: Mapping[str, Any] | None
    error: Mapping[str, Any] | None

    @property
    def folder(self) -> str:
        """Folder in the store with the parts and the results."""
        return f"uploads/{self.id}"


@dataclass(frozen=True)
class Part:
    """One part of a file; parts are numbered from 1."""

    number: int
    size: int
    sha256: str


def part_key(folder: str, part: Part) -> str:
    """Return the key of a part in the store; it holds the digest, so that concurrent writers do not conflict."""
    return f"{folder}/parts/{part.number:05d}-{part.sha256[:16]}"


def columns_digest(columns: Sequence[str]) -> str:
    """Return the digest by which a table with the same columns is recognised."""
    return hashlib.sha256(json.dumps(list(columns)).encode()).hexdigest()


def new_id(kind: str) -> str:
    """Return a random id of 96 bits."""
    return f"{kind}_{secrets.token_hex(12)}"


def visible_to(user: User) -> sa.ColumnElement[bool]:
    """Return the condition for uploads that a user may see: their own and their team's; all for administrators."""
    if user.role == "admin":
        return sa.true()
    own: sa.ColumnElement[bool] = _ROWS.owner_id == user.id
    return sa.or_(own, users.c.team == user.team) if user.team else own


def begin(engine: Engine, owner: User, name: str, extension: str, lifetime: timedelta) -> Upload:
    """Create an upload without parts."""
    now = datetime.now(UTC)
    row = {
        "id": new_id("up"),
        "owner_id": owner.id,
        "name": name,
        "extension": extension,
        "state": "receiving",
        "created_at": now,
        "expires_at": now + lifetime,
        "rows_exact": False,
        "mapping": {},
    }
    with writing(engine) as connection:
        connection.execute(sa.insert(uploads).values(row))
    return find(engine, str(row["id"]))


def find(engine: Engine, upload_id: str, user: User | None = None) -> Upload:
    """Return an upload; with `user`, only one that the user may see.

    Raises:
        NotFound: there is no such upload.
    """
    query = _query().where(_ROWS.id == upload_id, _ROWS.state != "deleted")
    if user is not None:
        query = query.where(visible_to(user))
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("upload", upload_id, hint="it may have been deleted; the page Files lists the uploads")
    return _upload(row)


def list_for(
    engine: Engine, user: User, *, limit: int, before: datetime | None = None, search: str = ""
) -> list[Upload]:
    """Return the newest uploads that a user may see, newest first.

    Args:
        engine: database.
        user: the caller.
        limit: number of uploads.
        before: only uploads created earlier.
        search: only uploads with this text in their name, in any case.
    """
    query = _query().where(_ROWS.state != "deleted", visible_to(user))
    if before is not None:
        query = query.where(_ROWS.created_at < before)
    if search:
        query = query.where(sa.func.lower(_ROWS.name).contains(search.lower(), autoescape=True))
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(_ROWS.created_at.desc(), _ROWS.id).limit(limit))
        return [_upload(row) for row in rows.mappings().all()]


def list_parts(engine: Engine, upload_id: str) -> list[Part]:
    """Return the parts received, by number."""
    query = sa.select(_PARTS.number, _PARTS.size, _PARTS.sha256).where(_PARTS.upload_id == upload_id)
    with reading(engine) as connection:
        return [Part(*row) for row in connection.execute(query.order_by(_PARTS.number)).all()]


def add_part(engine: Engine, upload_id: str, part: Part) -> None:
    """Record a part that is in the store; it replaces an earlier part of the same number.

    Raises:
        NotFound: the upload was deleted.
        WrongState: the upload is complete.
    """
    row = {"upload_id": upload_id, "number": part.number, "size": part.size, "sha256": part.sha256}
    with writing(engine) as connection:
        lock(connection, "uploads", upload_id)
        # The row is locked too: the upload is neither completed nor deleted meanwhile.
        query = sa.select(_ROWS.state).where(_ROWS.id == upload_id).with_for_update()
        state = connection.execute(query).scalar()
        if state is None or state == "deleted":
            raise NotFound("upload", upload_id, hint="it was deleted in the meantime")
        if state != "receiving":
            raise WrongState(
                msg("upload {upload_id!r}", upload_id=upload_id), found=str(state), expected=("receiving",)
            )
        same = sa.and_(_PARTS.upload_id == upload_id, _PARTS.number == part.number)
        connection.execute(sa.delete(upload_parts).where(same))
        connection.execute(sa.insert(upload_parts).values(row))


def find_mapping(engine: Engine, user_id: int, columns_digest: str) -> dict[str, str] | None:
    """Return the column roles that a user chose for an earlier table with the same columns."""
    at = mappings.c
    query = sa.select(at.mapping).where(at.user_id == user_id, at.columns_digest == columns_digest)
    with reading(engine) as connection:
        found = connection.execute(query).scalar()
    return None if found is None else dict(found)


def save_mapping(engine: Engine, user_id: int, columns_digest: str, mapping: Mapping[str, str]) -> None:
    """Store the column roles that a user chose for tables with these columns."""
    at, values = mappings.c, {"mapping": dict(mapping), "updated_at": datetime.now(UTC)}
    same = sa.and_(at.user_id == user_id, at.columns_digest == columns_digest)
    with writing(engine) as connection:
        lock(connection, "mappings", user_id, columns_digest)
        if connection.execute(sa.update(mappings).where(same).values(values)).rowcount == 0:
            row = {"user_id": user_id, "columns_digest": columns_digest, **values}
            connection.execute(sa.insert(mappings).values(row))


def mark_deleted(engine: Engine, upload_id: str) -> None:
    """Hide an upload, cancel its runs and remove it from cases; `purge` deletes its rows once its files are deleted."""
    with writing(engine) as connection:
        lock_scope(connection, upload_id)
        connection.execute(sa.update(uploads).where(_ROWS.id == upload_id).values(state="deleted"))
        unfinished = sa.and_(runs.c.upload_id == upload_id, runs.c.state.in_(("queued", "running")))
        connection.execute(
            sa.update(runs).where(unfinished).values(state="cancelled", finished_at=datetime.now(UTC))
        )
        remove_upload(connection, upload_id)


def list_expired(engine: Engine, now: datetime, *, incomplete_for: timedelta) -> list[str]:
    """Return the ids of uploads past their retention, or incomplete for so long."""
    incomplete = sa.and_(_ROWS.state == "receiving", _ROWS.created_at < now - incomplete_for)
    query = sa.select(_ROWS.id).where(_ROWS.state != "deleted", sa.or_(_ROWS.expires_at < now, incomplete))
    with reading(engine) as connection:
        return list(connection.execute(query).scalars())


def list_deleted(engine: Engine) -> list[str]:
    """Return the ids of uploads marked as deleted."""
    with reading(engine) as connection:
        return list(connection.execute(sa.select(_ROWS.id).where(_ROWS.state == "deleted")).scalars())


def purge(engine: Engine, upload_id: str) -> None:
    """Delete all rows of an upload marked as deleted."""
    with writing(engine) as connection:
        remove_upload(connection, upload_id)
        for table in (marks, runs, upload_parts):
            connection.execute(sa.delete(table).where(table.c.upload_id == upload_id))
        connection.execute(sa.delete(uploads).where(_ROWS.id == upload_id, _ROWS.state == "deleted"))


def _query() -> sa.Select[Any]:
    received = (
        sa.select(_PARTS.upload_id, sa.func.count().label("parts"), sa.func.sum(_PARTS.size).label("bytes"))
        .group_by(_PARTS.upload_id)
        .subquery()
    )
    return (
        sa.select(uploads, users.c.name.label("owner_name"), users.c.team, received.c.parts, received.c.bytes)
        .join(users, users.c.id == _ROWS.owner_id)
        .join(received, received.c.upload_id == _ROWS.id, isouter=True)
    )


def _upload(row: sa.RowMapping) -> Upload:
    columns = {name: row[name] for name in Upload.__annotations__ if name not in {"parts", "size"}}
    return Upload(**columns, parts=int(row["parts"] or 0), size=int(row["bytes"] or 0))
