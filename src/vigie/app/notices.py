"""Notices: an outbox of e-mails and webhook calls, written with the event that they are about.

`emit` is called in the transaction of the event, so that an event is never without its notices and no notice is without its
event. `vigie.delivery` sends them. The id of a notice is derived from event, channel and receiver: an event that is emitted
twice has one notice, and a receiver recognises a repeated delivery by its id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vigie.app.notice_tables import (
    DAILY,
    DELIVERED,
    EMAIL,
    NEVER,
    NOW,
    UNDELIVERABLE,
    WAITING,
    WEBHOOK,
    notice_choices,
    notices,
    webhooks,
)
from vigie.app.tables import users
from vigie.db.database import Engine, lock, reading, writing

_ROWS = notices.c
DIGEST_HOUR = 6
"""Hour of the daily e-mail, in UTC."""
KEPT = timedelta(days=30)
"""How long delivered notices are kept."""


@dataclass(frozen=True)
class Notice:
    """One event for one receiver.

    Attributes:
        kind: one of `KINDS`.
        channel: `email` or `webhook`.
        user_id: receiver of an e-mail, else None.
        webhook_id: receiver of a webhook call, else None.
        payload: names, counts and ids; never a cell.
        digest: whether it is sent in the daily e-mail.
        attempts: number of attempts to deliver it, the claimed one included.
    """

    id: str
    kind: str
    channel: str
    user_id: int | None
    webhook_id: str | None
    payload: Mapping[str, Any]
    digest: bool
    created_at: datetime
    not_before: datetime
    attempts: int


def emit(
    connection: sa.Connection,
    kind: str,
    event_id: str,
    user_id: int,
    payload: Mapping[str, Any],
    *,
    team: bool = True,
) -> None:
    """Write the notices of an event within its transaction; a second call with the same event changes nothing.

    Args:
        connection: the transaction of the event.
        kind: one of `KINDS`.
        event_id: unique for the event, at most 200 characters.
        user_id: user whom it concerns.
        payload: names, counts and ids of the event as plain JSON, never a cell. `path` is the address of its page;
            without it that of the run `run_id`, or of the watches.
        team: whether the team of the user is notified too, as it chose.
    """
    now = datetime.now(UTC)
    for channel, receiver, digest in _receivers(connection, kind, user_id, team):
        text = "\n".join((event_id, channel, str(receiver)))
        notice_id = f"ntc_{hashlib.sha256(text.encode()).hexdigest()[:32]}"
        lock(connection, "notices", notice_id)
        if connection.execute(sa.select(_ROWS.id).where(_ROWS.id == notice_id)).scalar() is not None:
            continue
        row = {
            "id": notice_id,
            "kind": kind,
            "channel": channel,
            "user_id": receiver if channel == EMAIL else None,
            "webhook_id": receiver if channel == WEBHOOK else None,
            "payload": dict(payload),
            "state": WAITING,
            "digest": digest,
            "created_at": now,
            "not_before": next_digest(now) if digest else now,
            "attempts": 0,
            "error": "",
        }
        connection.execute(sa.insert(notices).values(row))


def next_digest(now: datetime) -> datetime:
    """Return when the next daily e-mail is sent, later than `now`."""
    today = now.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)


def claim(engine: Engine, worker: str, lease: float, now: datetime) -> list[Notice]:
    """Claim the notices of the next delivery: one, or all of a daily e-mail; empty where none is due.

    A notice whose lease expired is claimed like any other.
    """
    free = sa.or_(_ROWS.lease_until.is_(None), _ROWS.lease_until < now)
    due = sa.and_(_ROWS.state == WAITING, _ROWS.not_before <= now, free)
    first = sa.select(notices).where(due).order_by(_ROWS.not_before, _ROWS.created_at, _ROWS.id).limit(1)
    with writing(engine) as connection:
        row = connection.execute(first.with_for_update(skip_locked=True)).mappings().first()
        if row is None:
            return []
        rows = [row]
        if row["digest"]:
            lock(connection, "digest", row["user_id"])
            # Those of one day: nothing is added to them once their time has come.
            together = sa.and_(
                due, _ROWS.digest, _ROWS.user_id == row["user_id"], _ROWS.not_before == row["not_before"]
            )
            query = sa.select(notices).where(together).order_by(_ROWS.created_at, _ROWS.id)
            rows = list(connection.execute(query).mappings())
        values = {
            "worker": worker,
            "lease_until": now + timedelta(seconds=lease),
            "attempts": _ROWS.attempts + 1,
        }
        same = sa.and_(_ROWS.id.in_([one["id"] for one in rows]), due)
        if connection.execute(sa.update(notices).where(same).values(values)).rowcount != len(rows):
            connection.rollback()
            return []
    names = [name for name in Notice.__annotations__ if name != "attempts"]
    return [Notice(**{name: one[name] for name in names}, attempts=one["attempts"] + 1) for one in rows]


def finish(engine: Engine, claimed: Sequence[Notice], worker: str) -> None:
    """Record that claimed notices were delivered."""
    _end(engine, claimed, worker, {"state": DELIVERED, "error": "", "finished_at": datetime.now(UTC)})


def give_up(engine: Engine, claimed: Sequence[Notice], worker: str, reason: str) -> None:
    """Record that claimed notices cannot be delivered."""
    values = {"state": UNDELIVERABLE, "error": reason[:500], "finished_at": datetime.now(UTC)}
    _end(engine, claimed, worker, values)


def retry(engine: Engine, claimed: Sequence[Notice], worker: str, reason: str, at: datetime) -> None:
    """Deliver claimed notices again at a later time.

    Those of a daily e-mail stay together: all get the same time.
    """
    _end(engine, claimed, worker, {"error": reason[:500], "not_before": at})


def discard(engine: Engine, claimed: Sequence[Notice], worker: str) -> None:
    """Delete claimed notices that have no receiver any more."""
    with writing(engine) as connection:
        connection.execute(sa.delete(notices).where(_held(claimed, worker)))


def delete_old(engine: Engine, now: datetime) -> None:
    """Delete the notices that were delivered, or given up, more than `KEPT` ago."""
    old = sa.and_(_ROWS.state != WAITING, _ROWS.finished_at < now - KEPT)
    with writing(engine) as connection:
        connection.execute(sa.delete(notices).where(old))


def count_by_state(engine: Engine) -> list[tuple[str, str, int]]:
    """Return (channel, state, number) of the notices that are kept."""
    query = sa.select(_ROWS.channel, _ROWS.state, sa.func.count()).group_by(_ROWS.channel, _ROWS.state)
    with reading(engine) as connection:
        return [
            (str(channel), str(state), int(number)) for channel, state, number in connection.execute(query)
        ]


def oldest_waiting(engine: Engine) -> datetime | None:
    """Return since when the oldest notice is due; None where none is."""
    due = sa.and_(_ROWS.state == WAITING, _ROWS.attempts > 0)
    with reading(engine) as connection:
        return connection.execute(sa.select(sa.func.min(_ROWS.created_at)).where(due)).scalar()


def choices(engine: Engine, whose: str) -> dict[str, str]:
    """Return kind -> time of what was chosen; `whose` is `user_key` or `team_key`."""
    at = notice_choices.c
    with reading(engine) as connection:
        rows = connection.execute(sa.select(at.kind, at.time).where(at.whose == whose)).all()
    return {str(kind): str(time) for kind, time in rows}


def set_choices(engine: Engine, whose: str, chosen: Mapping[str, str]) -> None:
    """Replace what was chosen; kinds that are left out follow the team, or the defaults."""
    at = notice_choices.c
    with writing(engine) as connection:
        lock(connection, "notice_choices", whose)
        connection.execute(sa.delete(notice_choices).where(at.whose == whose))
        for kind, time in chosen.items():
            row = {"whose": whose, "kind": kind, "time": time}
            connection.execute(sa.insert(notice_choices).values(row))


def user_key(user_id: int) -> str:
    """Return the key of the choices of a user."""
    return f"user:{user_id}"


def team_key(team: str) -> str:
    """Return the key of the choices of a team."""
    return f"team:{team}"


def _receivers(
    connection: sa.Connection, kind: str, user_id: int, team: bool
) -> Iterator[tuple[str, int | str, bool]]:
    """Yield channel, receiver and whether it goes into the daily e-mail.

    A user's own choice counts before that of the team. Without either, the user whom the event concerns gets an e-mail, and
    the others of the team none.
    """
    at = users.c
    mine = connection.execute(sa.select(at.team).where(at.id == user_id)).scalar() or ""
    whom = sa.or_(at.id == user_id, at.team == mine) if mine and team else at.id == user_id
    members = list(connection.execute(sa.select(at.id).where(whom, at.active).order_by(at.id)).scalars())
    keys = [*(user_key(one) for one in members), *([team_key(mine)] if mine else [])]
    chosen_by = notice_choices.c
    query = sa.select(chosen_by.whose, chosen_by.time).where(
        chosen_by.kind == kind, chosen_by.whose.in_(keys)
    )
    chosen = {str(whose): str(time) for whose, time in connection.execute(query)}
    for one in members:
        default = NOW if one == user_id else NEVER
        time = chosen.get(user_key(one)) or (chosen.get(team_key(mine)) if mine else None) or default
        if time != NEVER:
            yield EMAIL, one, time == DAILY
    hook = webhooks.c
    owners = sa.or_(
        sa.and_(hook.team == "", hook.user_id == user_id),
        sa.and_(hook.team != "", hook.team == mine) if team else sa.false(),
    )
    query = sa.select(hook.id, hook.kinds).where(hook.active, owners).order_by(hook.id)
    for webhook_id, kinds in connection.execute(query):
        if kind in kinds:
            yield WEBHOOK, str(webhook_id), False


def _held(claimed: Sequence[Notice], worker: str) -> sa.ColumnElement[bool]:
    ids = [one.id for one in claimed]
    return sa.and_(_ROWS.id.in_(ids), _ROWS.worker == worker, _ROWS.state == WAITING)


def _end(engine: Engine, claimed: Sequence[Notice], worker: str, values: Mapping[str, Any]) -> None:
    with writing(engine) as connection:
        released = {**values, "worker": None, "lease_until": None}
        connection.execute(sa.update(notices).where(_held(claimed, worker)).values(released))
