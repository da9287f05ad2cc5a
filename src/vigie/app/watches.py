"""Watches: locations whose new files are scored, and the leases of the workers that look at them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vigie.app.tables import users
from vigie.app.uploads import new_id
from vigie.app.users import User
from vigie.app.watch_tables import sightings, watched_files, watches
from vigie.db.database import Engine, lock, reading, writing
from vigie.errors import AlreadyThere, NotFound
from vigie.i18n.one_line import one_line

_ROWS = watches.c


@dataclass(frozen=True)
class Watch:
    """A location whose new files are scored.

    Attributes:
        url: address of a folder or of a prefix in a store.
        pattern: pattern of the paths below it.
        schedule: cron expression of the looks; empty to look all the time.
        timezone: time zone of the schedule.
        write_back: whether the predictions are written beside each file.
        options: options of the scorings, as those of a run.
        mapping: column -> role.
        columns: columns that every file must have; None until the first file.
        max_fraud_share: share of fraud in (0, 1) above which a notice is sent; None for no such notice.
        files_since: files last written earlier are not scored; None to score all.
        error: why the last look failed: message, hint, kind.
        failures: number of looks that failed in a row.
    """

    id: str
    owner_id: int
    owner_email: str
    team: str
    name: str
    url: str
    pattern: str
    schedule: str
    timezone: str
    write_back: bool
    active: bool
    options: Mapping[str, Any]
    mapping: Mapping[str, str]
    columns: Sequence[str] | None
    max_fraud_share: float | None
    created_at: datetime
    files_since: datetime | None
    next_look_at: datetime
    looked_at: datetime | None
    error: Mapping[str, Any] | None
    failures: int


@dataclass(frozen=True)
class Sighting:
    """A file as a look found it.

    Attributes:
        key: path below the watched location.
        size: bytes.
        modified: when it was last written.
        seen_at: when it was first seen with this size and time.
        taken: whether it was taken at this size and time.
    """

    key: str
    size: int
    modified: datetime
    seen_at: datetime
    taken: bool


def add(engine: Engine, owner: User, name: str, values: Mapping[str, Any]) -> Watch:
    """Add a watch.

    Args:
        engine: database.
        owner: user who owns the uploads of the watch.
        name: name, unique among the watches of the owner; a space stands for each control character.
        values: the other columns that a user chooses: `url`, `pattern`, `schedule`, `timezone`, `write_back`, `options`,
            `mapping`, `columns`, `max_fraud_share`, `files_since`, `next_look_at`.

    Raises:
        AlreadyThere: the owner has a watch of that name.
    """
    name = one_line(name).strip()
    row = {
        "id": new_id("wat"),
        "owner_id": owner.id,
        "name": name,
        "active": True,
        "created_at": datetime.now(UTC),
        "failures": 0,
        **values,
        # Without columns NULL, not the JSON document `null`.
        "columns": values.get("columns") or sa.null(),
    }
    with writing(engine) as connection:
        lock(connection, "watches", owner.id)
        same = sa.and_(_ROWS.owner_id == owner.id, _ROWS.name == name)
        if connection.execute(sa.select(_ROWS.id).where(same)).scalar() is not None:
            raise AlreadyThere("the list of watches", name, hint="choose another name, or remove that watch")
        connection.execute(sa.insert(watches).values(row))
    return find(engine, str(row["id"]))


def find(engine: Engine, watch_id: str, user: User | None = None) -> Watch:
    """Return a watch; with `user`, only one that the user may see.

    Raises:
        NotFound: there is no such watch.
    """
    query = _query().where(_ROWS.id == watch_id)
    if user is not None:
        query = query.where(_visible_to(user))
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("watch", watch_id, hint="the page Watches lists them")
    return Watch(**row)


def list_for(engine: Engine, user: User | None = None) -> list[Watch]:
    """Return the watches by name; with `user`, those that the user may see."""
    query = _query() if user is None else _query().where(_visible_to(user))
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(_ROWS.name, _ROWS.id)).mappings().all()
    return [Watch(**row) for row in rows]


def remove(engine: Engine, watch_id: str) -> None:
    """Remove a watch and what it remembers; its uploads and the files of the source stay."""
    with writing(engine) as connection:
        for table in (sightings, watched_files):
            connection.execute(sa.delete(table).where(table.c.watch_id == watch_id))
        connection.execute(sa.delete(watches).where(_ROWS.id == watch_id))


def update(engine: Engine, watch_id: str, **values: Any) -> None:
    """Change columns of a watch, such as `active` or `next_look_at`."""
    with writing(engine) as connection:
        connection.execute(sa.update(watches).where(_ROWS.id == watch_id).values(values))


def claim(engine: Engine, worker: str, lease: float, now: datetime, only: str | None = None) -> Watch | None:
    """Claim the watch that is due longest, or return None where none is.

    Args:
        engine: database.
        worker: name of the worker.
        lease: seconds until another worker may claim it.
        now: the time.
        only: id of the one watch to claim, due or not.
    """
    free = sa.or_(_ROWS.lease_until.is_(None), _ROWS.lease_until < now)
    wanted = _ROWS.id == only if only else sa.and_(_ROWS.next_look_at <= now, _ROWS.active, users.c.active)
    query = (
        _query().where(free, wanted).order_by(_ROWS.next_look_at, _ROWS.id).limit(1).with_for_update(
            skip_locked=True, of=watches
        )
    )  # fmt: skip
    with writing(engine) as connection:
        row = connection.execute(query).mappings().first()
        if row is None:
            return None
        values = {"worker": worker, "lease_until": now + timedelta(seconds=lease)}
        connection.execute(sa.update(watches).where(_ROWS.id == row["id"]).values(values))
    return Watch(**row)


def renew_leases(engine: Engine, worker: str, lease: float) -> None:
    """Renew the leases of a worker."""
    until = datetime.now(UTC) + timedelta(seconds=lease)
    with writing(engine) as connection:
        mine = sa.and_(_ROWS.worker == worker, _ROWS.lease_until.is_not(None))
        connection.execute(sa.update(watches).where(mine).values(lease_until=until))


def release(engine: Engine, worker: str) -> None:
    """Release the leases of a worker, so that another may look at once."""
    with writing(engine) as connection:
        connection.execute(
            sa.update(watches).where(_ROWS.worker == worker).values(worker=None, lease_until=None)
        )


def finish_look(connection: sa.Connection, watch_id: str, worker: str, values: Mapping[str, Any]) -> bool:
    """End a look: store its outcome and release the lease; return whether the worker still held it."""
    mine = sa.and_(_ROWS.id == watch_id, _ROWS.worker == worker)
    values = {**values, "worker": None, "lease_until": None}
    return connection.execute(sa.update(watches).where(mine).values(values)).rowcount == 1


def list_sightings(engine: Engine, watch_id: str) -> dict[str, Sighting]:
    """Return the files that the last looks found, by key."""
    columns = [sightings.c[name] for name in Sighting.__annotations__]
    query = sa.select(*columns).where(sightings.c.watch_id == watch_id)
    with reading(engine) as connection:
        return {row["key"]: Sighting(**row) for row in connection.execute(query).mappings()}


def save_sightings(engine: Engine, watch_id: str, changed: Iterable[Sighting], gone: Iterable[str]) -> None:
    """Store the files that changed since the last look, and forget those that are gone."""
    at = sightings.c
    with writing(engine) as connection:
        lock(connection, "watch_sightings", watch_id)
        for key in gone:
            connection.execute(sa.delete(sightings).where(at.watch_id == watch_id, at.key == key))
        for one in changed:
            same = sa.and_(at.watch_id == watch_id, at.key == one.key)
            values = vars(one)
            if connection.execute(sa.update(sightings).where(same).values(values)).rowcount == 0:
                connection.execute(sa.insert(sightings).values(watch_id=watch_id, **values))


def count_by_state(engine: Engine) -> dict[str, int]:
    """Return the numbers of watches that are `active`, `failing` and `paused`."""
    counts = dict.fromkeys(("active", "failing", "paused"), 0)
    # Grouped by its name: PostgreSQL takes two parameters for two expressions.
    failing = (_ROWS.failures > 0).label("failing")
    query = sa.select(_ROWS.active, failing, sa.func.count()).group_by(_ROWS.active, failing)
    with reading(engine) as connection:
        for active, fails, number in connection.execute(query):
            counts["paused" if not active else "failing" if fails else "active"] += int(number)
    return counts


def _visible_to(user: User) -> sa.ColumnElement[bool]:
    if user.role == "admin":
        return sa.true()
    own: sa.ColumnElement[bool] = _ROWS.owner_id == user.id
    return sa.or_(own, users.c.team == user.team) if user.team else own


def _query() -> sa.Select[Any]:
    columns = [_ROWS[name] for name in Watch.__annotations__ if name not in {"owner_email", "team"}]
    return sa.select(*columns, users.c.email.label("owner_email"), users.c.team).join(
        users, users.c.id == _ROWS.owner_id
    )
