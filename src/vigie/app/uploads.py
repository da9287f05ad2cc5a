"""Files as they arrived, in parts, and what was found in them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vigie.app.tables import idempotency_keys, mappings, marks, runs, upload_parts, uploads, users
from vigie.app.users import User
from vigie.db.database import Engine, reading, writing
from vigie.errors import NotFound, WrongState
from vigie.i18n.messages import msg

_ROWS = uploads.c


@dataclass(frozen=True)
class Upload:
    """A file somebody sent.

    Attributes:
        name: what they call it.
        size: bytes that have arrived.
        extension: `.csv`, `.csv.gz`, …: what the name says it is.
        state: `receiving`, `received` (being looked at), `ready`, `refused`, or `deleted` (going).
        parts: how many parts have arrived.
        rows: as counted, or estimated unless `rows_exact`.
        inspection: what the columns mean and which models fit; see `vigie.jobs.inspect_upload`.
        mapping: column -> role, where the user knows better.
        error: why it was refused: message, hint, kind.
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
    error: Mapping[str, Any] | None

    @property
    def folder(self) -> str:
        """Where in the store everything of it lies."""
        return f"uploads/{self.id}"


@dataclass(frozen=True)
class Part:
    """A piece of a file; parts are numbered from 1 and make the file in that order."""

    number: int
    size: int
    sha256: str


def part_key(folder: str, part: Part) -> str:
    """Where in the store a part lies; its digest in the name, so that of two writers neither spoils the other's."""
    return f"{folder}/parts/{part.number:05d}-{part.sha256[:16]}"


def columns_digest(columns: Sequence[str]) -> str:
    """By what a table with the same columns is known again."""
    return hashlib.sha256(json.dumps(list(columns)).encode()).hexdigest()


def new_id(kind: str) -> str:
    """An id nobody can guess."""
    return f"{kind}_{secrets.token_hex(12)}"


def visible_to(user: User) -> sa.ColumnElement[bool]:
    """Which uploads somebody may know of: their own, their team's, and to an administrator all."""
    if user.role == "admin":
        return sa.true()
    mine: sa.ColumnElement[bool] = _ROWS.owner_id == user.id
    return sa.or_(mine, users.c.team == user.team) if user.team else mine


def begin(engine: Engine, owner: User, name: str, extension: str, keep: timedelta) -> Upload:
    """A new upload without a byte."""
    now = datetime.now(UTC)
    row = {
        "id": new_id("up"),
        "owner_id": owner.id,
        "name": name,
        "extension": extension,
        "state": "receiving",
        "created_at": now,
        "expires_at": now + keep,
        "rows_exact": False,
        "mapping": {},
    }
    with writing(engine) as connection:
        connection.execute(sa.insert(uploads).values(row))
    return find(engine, row["id"])  # type: ignore[arg-type]


def find(engine: Engine, upload_id: str, user: User | None = None) -> Upload:
    """One upload; for a user only one they may know of."""
    query = _query().where(_ROWS.id == upload_id, _ROWS.state != "deleted")
    if user is not None:
        query = query.where(visible_to(user))
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("upload", upload_id, hint="it may have been deleted; the history lists what is left")
    return _upload(row)


def every(
    engine: Engine, user: User, *, limit: int, before: datetime | None = None, words: str = ""
) -> list[Upload]:
    """The newest uploads a user may know of, newest first; `words` must be in the name."""
    query = _query().where(_ROWS.state != "deleted", visible_to(user))
    if before is not None:
        query = query.where(_ROWS.created_at < before)
    if words:
        query = query.where(sa.func.lower(_ROWS.name).contains(words.lower(), autoescape=True))
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(_ROWS.created_at.desc(), _ROWS.id).limit(limit))
        return [_upload(row) for row in rows.mappings().all()]


def parts(engine: Engine, upload_id: str) -> list[Part]:
    """The parts that have arrived, in order."""
    at = upload_parts.c
    query = sa.select(at.number, at.size, at.sha256).where(at.upload_id == upload_id).order_by(at.number)
    with reading(engine) as connection:
        return [Part(*row) for row in connection.execute(query).all()]


def add_part(engine: Engine, upload_id: str, part: Part) -> None:
    """Says that a part is in the store; one that comes again replaces the first."""
    with writing(engine) as connection:
        _require(connection, upload_id, "receiving")
        at = upload_parts.c
        mine = sa.and_(at.upload_id == upload_id, at.number == part.number)
        connection.execute(sa.delete(upload_parts).where(mine))
        values = {"upload_id": upload_id, "number": part.number, "size": part.size, "sha256": part.sha256}
        connection.execute(sa.insert(upload_parts).values(values))


def change(engine: Engine, upload_id: str, values: Mapping[str, Any], *, states: Sequence[str] = ()) -> None:
    """Changes columns of an upload that is in one of `states`; of any that is not going where none are named."""
    with writing(engine) as connection:
        if states:
            _require(connection, upload_id, *states)
        connection.execute(
            sa.update(uploads).where(_ROWS.id == upload_id, _ROWS.state != "deleted").values(dict(values))
        )


def remembered(engine: Engine, user_id: int, columns_digest: str) -> dict[str, str] | None:
    """What a user chose for an earlier table with these columns."""
    at = mappings.c
    query = sa.select(at.mapping).where(at.user_id == user_id, at.columns_digest == columns_digest)
    with reading(engine) as connection:
        found = connection.execute(query).scalar()
    return None if found is None else dict(found)


def remember(engine: Engine, user_id: int, columns_digest: str, mapping: Mapping[str, str]) -> None:
    """Keeps what a user chose for tables with these columns."""
    at = mappings.c
    mine = sa.and_(at.user_id == user_id, at.columns_digest == columns_digest)
    values = {"mapping": dict(mapping), "updated_at": datetime.now(UTC)}
    with writing(engine) as connection:
        if connection.execute(sa.update(mappings).where(mine).values(values)).rowcount == 0:
            connection.execute(
                sa.insert(mappings).values(user_id=user_id, columns_digest=columns_digest, **values)
            )


def discard(engine: Engine, upload_id: str) -> None:
    """From now on nobody sees it; its files and rows go in `purge`."""
    with writing(engine) as connection:
        connection.execute(sa.update(uploads).where(_ROWS.id == upload_id).values(state="deleted"))
        waiting = sa.and_(runs.c.upload_id == upload_id, runs.c.state.in_(("queued", "running")))
        connection.execute(
            sa.update(runs).where(waiting).values(state="cancelled", finished_at=datetime.now(UTC))
        )


def expired(engine: Engine, now: datetime, *, stalled: timedelta) -> list[str]:
    """Ids of uploads that are past their time, or were never completed."""
    forgotten = sa.and_(_ROWS.state == "receiving", _ROWS.created_at < now - stalled)
    query = sa.select(_ROWS.id).where(_ROWS.state != "deleted", sa.or_(_ROWS.expires_at < now, forgotten))
    with reading(engine) as connection:
        return list(connection.execute(query).scalars())


def discarded(engine: Engine) -> list[str]:
    """Ids of uploads whose files and rows can go."""
    with reading(engine) as connection:
        return list(connection.execute(sa.select(_ROWS.id).where(_ROWS.state == "deleted")).scalars())


def purge(engine: Engine, upload_id: str) -> None:
    """Removes the rows of a discarded upload, once its files are gone."""
    with writing(engine) as connection:
        for table in (marks, runs, upload_parts):
            connection.execute(sa.delete(table).where(table.c.upload_id == upload_id))
        connection.execute(sa.delete(uploads).where(_ROWS.id == upload_id, _ROWS.state == "deleted"))
        old = datetime.now(UTC) - timedelta(days=1)
        connection.execute(sa.delete(idempotency_keys).where(idempotency_keys.c.created_at < old))


def _query() -> sa.Select[Any]:
    arrived = (
        sa.select(
            upload_parts.c.upload_id,
            sa.func.count().label("parts"),
            sa.func.sum(upload_parts.c.size).label("bytes"),
        )
        .group_by(upload_parts.c.upload_id)
        .subquery()
    )
    return (
        sa.select(uploads, users.c.name.label("owner_name"), users.c.team, arrived.c.parts, arrived.c.bytes)
        .join(users, users.c.id == _ROWS.owner_id)
        .join(arrived, arrived.c.upload_id == _ROWS.id, isouter=True)
    )


def _require(connection: sa.Connection, upload_id: str, *states: str) -> None:
    found = connection.execute(sa.select(_ROWS.state).where(_ROWS.id == upload_id)).scalar()
    if found is None or found == "deleted":
        raise NotFound("upload", upload_id, hint="it was deleted meanwhile")
    if found not in states:
        raise WrongState(msg("upload {upload_id!r}", upload_id=upload_id), found=str(found), expected=states)


def _upload(row: sa.RowMapping) -> Upload:
    kept = {name: row[name] for name in Upload.__annotations__ if name not in {"parts", "size"}}
    return Upload(**kept, parts=int(row["parts"] or 0), size=int(row["bytes"] or 0))
