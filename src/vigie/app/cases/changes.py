"""Changes of a case by users: status, assignee, due date, notes; merging and splitting.

Every change names the version that the user has seen. Where the case has changed since, nothing is done and the error says who
did what: two people never decide the same case unseen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from vigie.app import notices
from vigie.app.cases.tables import (
    CLEARED,
    CONFIRMED,
    DECIDED,
    NEW,
    OPEN,
    case_alerts,
    case_entities,
    case_events,
    cases,
)
from vigie.app.cases.totals import chunks, record_event, refresh
from vigie.app.tables import FRAUD, LEGITIMATE, UNKNOWN, marks, uploads, users
from vigie.app.uploads import new_id, visible_to
from vigie.app.users import User
from vigie.db.database import Engine, lock, writing
from vigie.errors import ChangedMeanwhile, NotFound, UsageRefused
from vigie.i18n.messages import Message, msg

_CASES = cases.c
_ALERTS = case_alerts.c
_MARKS = marks.c
_LABEL = {CONFIRMED: FRAUD, CLEARED: LEGITIMATE}
"""Status of a decided case -> label of its rows."""
_DONE = {
    "made": msg("the case was made"),
    "alerts": msg("new alerts have joined it"),
    "budget": msg("alerts have left it"),
    "status": msg("the status was changed"),
    "assignee": msg("it was assigned to another user"),
    "due": msg("the due date was changed"),
    "merged": msg("it was merged"),
    "split": msg("alerts were split off"),
}


@dataclass(frozen=True)
class Change:
    """What a user changes of a case; None leaves it as it is.

    Attributes:
        status: the new status.
        assignee: id of the new assignee, 0 for none.
        due: the new date; `clear_due` deletes it.
        note: text to add.
    """

    status: str | None = None
    assignee: int | None = None
    due: date | None = None
    clear_due: bool = False
    note: str = ""


def update(engine: Engine, case_id: str, version: int, user: User, change: Change) -> int:
    """Change a case and return the number of rows whose label changed.

    A decision labels the rows of the alerts, but for those that a user has labelled fraud or legitimate. Another decision, or
    opening the case again, takes these labels back. Rows of files that the user may not see keep theirs.

    Raises:
        NotFound: there is no such case.
        ChangedMeanwhile: the case has another version.
    """
    with writing(engine) as connection:
        case = _lock(connection, case_id, version)
        values: dict[str, Any] = {}
        if change.status is not None and change.status != case["status"]:
            values["status"] = change.status
            record_event(
                connection, case_id, user.id, "status", {"before": case["status"], "after": change.status}
            )
        if change.assignee is not None and (change.assignee or None) != case["assignee_id"]:
            values["assignee_id"] = change.assignee or None
            name = _name(connection, change.assignee) if change.assignee else None
            record_event(connection, case_id, user.id, "assignee", {"name": name})
            if change.assignee and change.assignee != user.id:
                _notify_assignee(connection, case_id, version, change.assignee, user.id)
            if change.assignee and case["status"] == NEW and "status" not in values:
                values["status"] = OPEN
        if (change.due is not None or change.clear_due) and change.due != case["due"]:
            values["due"] = change.due
            record_event(
                connection, case_id, user.id, "due", {"day": change.due.isoformat() if change.due else None}
            )
        if change.note:
            _insert_note(connection, case_id, user.id, change.note)
        _store(connection, case_id, values)
        return _relabel(connection, case_id, user, values.get("status", case["status"]))


def _notify_assignee(
    connection: sa.Connection, case_id: str, version: int, assignee: int, user_id: int
) -> None:
    """Write the notice of an assignment; it names the case by its id, since the name of its entity is a cell."""
    payload = {"case": case_id, "by": _name(connection, user_id), "path": f"/cases/{case_id}"}
    event = f"case_assigned:{case_id}:{version}"
    notices.emit(connection, "case_assigned", event, assignee, payload, team=False)


def note(engine: Engine, case_id: str, user_id: int, text: str) -> str:
    """Add a note; it needs no version, since it replaces nothing. Return the id of the case that has it.

    A note on a case that was merged in the meantime joins the other ones in the case that it leads to.

    Raises:
        NotFound: there is no such case.
    """
    with writing(engine) as connection:
        case = _lock_scope(connection, case_id)
        while case["merged_into"]:
            case = _lock_scope(connection, case["merged_into"])
        _insert_note(connection, case["id"], user_id, text)
        return str(case["id"])


def view(engine: Engine, case_id: str, user_id: int) -> None:
    """Remember who has a case open; this is no change of it."""
    with writing(engine) as connection:
        seen = {"viewer_id": user_id, "viewed_at": datetime.now(UTC)}
        connection.execute(sa.update(cases).where(_CASES.id == case_id).values(seen))


def merge(
    engine: Engine, case_id: str, version: int, other_id: str, other_version: int, user_id: int
) -> None:
    """Move the alerts, entities and notes of another case into a case; the other one only leads to it from now on.

    Raises:
        NotFound: there is no such case.
        ChangedMeanwhile: one of them has another version.
        UsageRefused: both are the same, belong to different teams, or one is decided.
    """
    with writing(engine) as connection:
        case, other = _lock_both(connection, {case_id: version, other_id: other_version})
        if case["id"] != case_id:
            case, other = other, case
        if case["scope"] != other["scope"]:
            raise UsageRefused("the cases belong to different teams")
        if {case["status"], other["status"]} & set(DECIDED):
            raise UsageRefused(
                "found a decided case, expected two undecided ones", hint="open it again first"
            )
        connection.execute(sa.update(case_alerts).where(_ALERTS.case_id == other_id).values(case_id=case_id))
        _move_entities(connection, other_id, case_id)
        notes = sa.and_(case_events.c.case_id == other_id, case_events.c.note.is_not(None))
        connection.execute(sa.update(case_events).where(notes).values(case_id=case_id))
        record_event(connection, case_id, user_id, "merged", {"from": other_id, "alerts": other["alerts"]})
        record_event(connection, other_id, user_id, "merged", {"into": case_id, "alerts": other["alerts"]})
        _store(connection, case_id, {"status": OPEN if case["status"] == NEW else case["status"]})
        _store(connection, other_id, {"merged_into": case_id})
        refresh(connection, [case_id, other_id])


def split(engine: Engine, case_id: str, version: int, alerts: Sequence[tuple[str, int]], user_id: int) -> str:
    """Move some alerts of a case into a new one and return its id.

    An entity whose alerts all move goes along, so that its later alerts join the new case; others stay.

    Args:
        engine: database.
        case_id: an undecided case.
        version: that the user has seen.
        alerts: upload and row, from 0, of each alert that moves.
        user_id: the user.

    Raises:
        NotFound: there is no such case, or it has no such alert.
        ChangedMeanwhile: the case has another version.
        UsageRefused: no alert moves, or all would, or the case is decided.
    """
    with writing(engine) as connection:
        case = _lock(connection, case_id, version)
        rows = connection.execute(sa.select(case_alerts).where(_ALERTS.case_id == case_id)).mappings().all()
        moving = [row for row in rows if (row["upload_id"], row["row"]) in set(alerts)]
        if len(moving) < len(set(alerts)):
            raise NotFound("alert", case_id, hint="one of the alerts is not in this case")
        if case["status"] in DECIDED:
            raise UsageRefused("found a decided case, expected an undecided one", hint="open it again first")
        if not moving or len(moving) == len(rows):
            raise UsageRefused("choose some of the alerts, not none and not all")
        staying = {(row["kind"], row["entity"]) for row in rows if row not in moving}
        entities = {(row["kind"], row["entity"]) for row in moving}
        new = _copy(connection, case, min(entities - staying, default=min(entities)))
        for row in moving:
            place = sa.and_(_ALERTS.upload_id == row["upload_id"], _ALERTS.row == row["row"])
            connection.execute(sa.update(case_alerts).where(place).values(case_id=new))
        for kind, entity in sorted(entities - staying):
            same = sa.and_(case_entities.c.kind == kind, case_entities.c.entity == entity)
            owned = sa.and_(case_entities.c.case_id == case_id, same)
            connection.execute(sa.update(case_entities).where(owned).values(case_id=new))
        record_event(connection, case_id, user_id, "split", {"into": new, "alerts": len(moving)})
        record_event(connection, new, user_id, "split", {"from": case_id, "alerts": len(moving)})
        _store(connection, case_id, {})
        refresh(connection, [case_id, new])
        return new


def _lock_scope(connection: sa.Connection, case_id: str) -> sa.RowMapping:
    """Lock the cases of a team until the end of the transaction and return one of them as it is.

    Raises:
        NotFound: there is no such case.
    """
    scope = connection.execute(sa.select(_CASES.scope).where(_CASES.id == case_id)).scalar()
    if scope is not None:
        lock(connection, "cases", scope)
    case = connection.execute(sa.select(cases).where(_CASES.id == case_id)).mappings().first()
    if case is None:
        raise NotFound("case", case_id, hint="its files may have been deleted")
    return case


def _lock(connection: sa.Connection, case_id: str, version: int) -> sa.RowMapping:
    """Lock a case until the end of the transaction and return it as it is.

    Raises:
        NotFound: there is no such case.
        ChangedMeanwhile: it has another version, or was merged.
    """
    case = _lock_scope(connection, case_id)
    if case["version"] != version or case["merged_into"]:
        raise _conflict(connection, case_id)
    return case


def _lock_both(connection: sa.Connection, versions: Mapping[str, int]) -> tuple[sa.RowMapping, sa.RowMapping]:
    if len(versions) < 2:
        raise UsageRefused("found the same case twice, expected two cases")
    first, second = (_lock(connection, case_id, version) for case_id, version in sorted(versions.items()))
    return first, second


def _conflict(connection: sa.Connection, case_id: str) -> ChangedMeanwhile:
    """Return the error that says who changed a case last, and how."""
    event = case_events.c
    query = (
        sa.select(event.action, event.at, users.c.name)
        .join(users, users.c.id == event.user_id, isouter=True)
        .where(event.case_id == case_id, event.action != "note")
        .order_by(event.id.desc())
        .limit(1)
    )
    last = connection.execute(query).first()
    done: Message = _DONE[last.action] if last else msg("the case was changed")
    return ChangedMeanwhile(
        msg("case {case_id}", case_id=case_id),
        name=last.name if last else None,
        at=last.at if last else datetime.now(UTC),
        done=done,
    )


def _store(connection: sa.Connection, case_id: str, values: Mapping[str, Any]) -> None:
    changed = {"version": _CASES.version + 1, "changed_at": datetime.now(UTC), **values}
    connection.execute(sa.update(cases).where(_CASES.id == case_id).values(changed))


def _insert_note(connection: sa.Connection, case_id: str, user_id: int, text: str) -> None:
    row = {"case_id": case_id, "at": datetime.now(UTC), "user_id": user_id, "action": "note"}
    connection.execute(sa.insert(case_events).values(row | {"detail": {}, "note": text}))


def _name(connection: sa.Connection, user_id: int) -> str:
    found = connection.execute(sa.select(users.c.name).where(users.c.id == user_id)).scalar()
    if found is None:
        raise NotFound("user", str(user_id))
    return str(found)


def _relabel(connection: sa.Connection, case_id: str, user: User, status: str) -> int:
    """Give the rows of a case the label of its status, and take back the one that an earlier decision gave."""
    label, n = _LABEL.get(status), 0
    query = (
        sa.select(_ALERTS.upload_id, _ALERTS.row, _ALERTS.case_label)
        .join(uploads, uploads.c.id == _ALERTS.upload_id)
        .join(users, users.c.id == uploads.c.owner_id)
        .where(_ALERTS.case_id == case_id, visible_to(user))
    )
    alerts = connection.execute(query).all()
    for upload_id in sorted({row.upload_id for row in alerts}):
        lock(connection, "marks", upload_id)
        earlier = {row.row: row.case_label for row in alerts if row.upload_id == upload_id}
        n += _relabel_upload(connection, upload_id, earlier, label, user.id)
    return n


def _relabel_upload(
    connection: sa.Connection,
    upload_id: str,
    earlier: Mapping[int, str | None],
    label: str | None,
    user_id: int,
) -> int:
    n, now = 0, datetime.now(UTC)
    for chunk in chunks(sorted(earlier)):
        chosen = sa.and_(_MARKS.upload_id == upload_id, _MARKS.row.in_(chunk))
        query = sa.select(_MARKS.row, _MARKS.verdict, _MARKS.comment).where(chosen)
        before = {row.row: row for row in connection.execute(query)}
        # A label that a user gave, and changed since the decision, is not the decision's to change.
        free = [row for row in chunk if row not in before or before[row].verdict in {UNKNOWN, earlier[row]}]
        changed = [row for row in free if (before[row].verdict if row in before else None) != label]
        if label is None:
            changed = [row for row in changed if earlier[row] == before[row].verdict]
        place = sa.and_(_MARKS.upload_id == upload_id, _MARKS.row.in_(changed))
        connection.execute(sa.delete(marks).where(place))
        new = [
            {"upload_id": upload_id, "row": row, "verdict": label, "user_id": user_id, "at": now}
            | {"comment": before[row].comment if row in before else None}
            for row in changed
        ]
        if label is not None and new:
            connection.execute(sa.insert(marks), new)
        at = sa.and_(_ALERTS.upload_id == upload_id, _ALERTS.row.in_(changed))
        connection.execute(sa.update(case_alerts).where(at).values(case_label=label))
        n += len(changed)
    return n


def _move_entities(connection: sa.Connection, source: str, target: str) -> None:
    at = case_entities.c
    query = sa.select(at.kind, at.entity)
    known = {tuple(row) for row in connection.execute(query.where(at.case_id == target))}
    moved = [tuple(row) for row in connection.execute(query.where(at.case_id == source))]
    connection.execute(sa.delete(case_entities).where(at.case_id == source))
    for kind, entity in sorted(set(moved) - known):
        connection.execute(sa.insert(case_entities).values(case_id=target, kind=kind, entity=entity))


def _copy(connection: sa.Connection, case: sa.RowMapping, entity: tuple[str, str]) -> str:
    """Make an undecided case beside another one: the same team, assignee and due date."""
    now, new = datetime.now(UTC), new_id("case")
    kept = {name: case[name] for name in ("scope", "assignee_id", "due")}
    fresh = {"id": new, "kind": entity[0], "entity": entity[1], "status": OPEN, "version": 1}
    none = {"alerts": 0, "currency": "", "risk": 0.0}
    row = kept | fresh | none | {"created_at": now, "changed_at": now}
    connection.execute(sa.insert(cases).values(row))
    return new
