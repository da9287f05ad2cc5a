"""Cases follow the alerts of the newest run of each upload.

The worker calls `sync_run` when a run has finished, and the web app when its budget, a rule or a label that a rule reads has changed. A run whose cases are not
made yet has none in `runs.cases_made`, so that a worker that dies, or a database of an earlier version, leaves no gap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from vigie.app.cases.grouping import Entity, group
from vigie.app.cases.records import RankedAlert
from vigie.app.cases.tables import NEW, UNDECIDED, case_alerts, case_entities, case_events, cases
from vigie.app.cases.totals import NO_ALERTS, chunks, lock_scope, record_event, refresh
from vigie.app.runs import Run
from vigie.app.tables import runs, uploads
from vigie.app.uploads import new_id
from vigie.db.database import Engine, reading, writing

MAX_ALERTS = 20_000
"""Alerts of a run that are in cases, the first of the ranking: more is no work for people."""
_COMPARED = ("case_id", "kind", "entity", "rank", "run_id", "weight")
_ALERTS = case_alerts.c
_CASES = cases.c


def list_pending(engine: Engine, limit: int = 20) -> list[str]:
    """Return ids of finished runs whose cases are not made yet, oldest first."""
    query = (
        sa.select(runs.c.id)
        .join(uploads, sa.and_(uploads.c.id == runs.c.upload_id, uploads.c.state != "deleted"))
        .where(runs.c.kind.in_(("score", "refine")), runs.c.state == "done", runs.c.cases_made.is_(None))
        .order_by(runs.c.finished_at, runs.c.id)
        .limit(limit)
    )
    with reading(engine) as connection:
        return list(connection.execute(query).scalars())


def is_newest(engine: Engine, run: Run) -> bool:
    """Return whether no other finished run of the upload is newer: only the newest one has alerts in cases."""
    with reading(engine) as connection:
        return _newest(connection, run.upload_id) == run.id


def sync_run(engine: Engine, run: Run, alerts: Sequence[RankedAlert], count: int | None = None) -> list[str]:
    """Make and update the cases of the alerts of a run; return the ids of the cases that changed.

    An alert that is in a case stays there, unless no user has changed the case and no other file has alerts in it: such
    alerts are grouped anew, with the new ones. Alerts that the run no longer has leave the cases that are not decided.

    Args:
        engine: database.
        run: a finished run.
        alerts: at its budget after rules, at most `MAX_ALERTS`; none where another run of the upload is newer.
        count: number of all alerts of the run; None where `alerts` are all.
    """
    with writing(engine) as connection:
        scope = lock_scope(connection, run.upload_id)
        made = {"cases_made": len(alerts) if count is None else count}
        connection.execute(sa.update(runs).where(runs.c.id == run.id).values(made))
        if scope is None or _newest(connection, run.upload_id) != run.id:
            return []
        known = {row.row: row for row in connection.execute(_known(run.upload_id))}
        loose = _loose_cases(connection, run.upload_id)
        places = _places(connection, scope, run, alerts, known, loose)
        changed = _store(connection, run, alerts, known, places)
        refresh(connection, changed)
        return sorted(changed)


@dataclass(frozen=True)
class _Place:
    case_id: str
    kind: str
    entity: str


def _newest(connection: sa.Connection, upload_id: str) -> str | None:
    query = (
        sa.select(runs.c.id)
        .where(runs.c.upload_id == upload_id, runs.c.kind.in_(("score", "refine")), runs.c.state == "done")
        .order_by(runs.c.finished_at.desc(), runs.c.id.desc())
        .limit(1)
    )
    found: str | None = connection.execute(query).scalar()
    return found


def _known(upload_id: str) -> sa.Select[Any]:
    columns = ("row", "case_id", "kind", "entity", "rank", "run_id", "weight")
    return (
        sa.select(*(_ALERTS[name] for name in columns), _CASES.status)
        .join(cases, _CASES.id == _ALERTS.case_id)
        .where(_ALERTS.upload_id == upload_id)
    )


def _loose_cases(connection: sa.Connection, upload_id: str) -> dict[str, Entity]:
    """Return the cases with alerts of an upload alone that no user has changed -> entity."""
    other = case_alerts.alias()
    elsewhere = sa.exists().where(other.c.case_id == _CASES.id, other.c.upload_id != upload_id)
    here = sa.exists().where(_ALERTS.case_id == _CASES.id, _ALERTS.upload_id == upload_id)
    by_user = sa.exists().where(case_events.c.case_id == _CASES.id, case_events.c.user_id.is_not(None))
    query = sa.select(_CASES.id, _CASES.kind, _CASES.entity).where(
        _CASES.status == NEW, here, ~elsewhere, ~by_user
    )
    return {row.id: (row.kind, row.entity) for row in connection.execute(query.order_by(_CASES.id))}


def _places(
    connection: sa.Connection,
    scope: str,
    run: Run,
    alerts: Sequence[RankedAlert],
    known: Mapping[int, sa.Row[Any]],
    loose: Mapping[str, Entity],
) -> dict[int, _Place]:
    """Return the place of each alert, making the cases that are needed."""
    kept = {
        row: _Place(place.case_id, place.kind, place.entity)
        for row, place in known.items()
        if place.case_id not in loose
    }
    free = [alert for alert in alerts if alert.row not in kept]
    wanted = {(one.kind, one.entity) for alert in free for one in alert.candidates}
    open_cases = {
        key: case_id
        for key, case_id in _open_cases(connection, scope, wanted).items()
        if case_id not in loose
    }
    of_entity = {key: case_id for case_id, key in loose.items()}
    for row, (key, case_id) in group(free, open_cases, run.upload_id).items():
        if case_id is None:
            case_id = of_entity.setdefault(key, "") or _make(connection, scope, key)
            of_entity[key] = case_id
        kept[row] = _Place(case_id, *key)
    return kept


def _store(
    connection: sa.Connection,
    run: Run,
    alerts: Sequence[RankedAlert],
    known: Mapping[int, sa.Row[Any]],
    places: Mapping[int, _Place],
) -> set[str]:
    """Write what is new of the alerts, with the history of the cases, and return the cases that changed."""
    by_row = {alert.row: alert for alert in alerts}
    gone = [row for row, place in known.items() if row not in by_row and place.status in UNDECIDED]
    for chunk in chunks(gone):
        chosen = sa.and_(_ALERTS.upload_id == run.upload_id, _ALERTS.row.in_(chunk))
        connection.execute(sa.delete(case_alerts).where(chosen))
    new, updated, touched = [], [], {known[row].case_id for row in gone}
    left, joined = Counter(known[row].case_id for row in gone), Counter[str]()
    for row, alert in by_row.items():
        before, place = known.get(row), places[row]
        values = {"upload_id": run.upload_id, "row": row, **vars(place), **_values(run, alert)}
        if before is None:
            new.append(values)
        elif any(values[name] != getattr(before, name) for name in _COMPARED):
            updated.append(values)
        else:
            continue
        touched.add(place.case_id)
        if before is None or before.case_id != place.case_id:
            joined[place.case_id] += 1
        if before is not None and before.case_id != place.case_id:
            left[before.case_id] += 1
            touched.add(before.case_id)
    for part in chunks(new):
        connection.execute(sa.insert(case_alerts), part)
    if updated:
        at = sa.and_(_ALERTS.upload_id == sa.bindparam("at_upload"), _ALERTS.row == sa.bindparam("at_row"))
        parameters = [
            {"at_upload": values["upload_id"], "at_row": values["row"]}
            | {name: value for name, value in values.items() if name not in {"upload_id", "row"}}
            for values in updated
        ]
        connection.execute(sa.update(case_alerts).where(at), parameters)
    _record(connection, run.upload_id, joined, left)
    return touched


def _record(
    connection: sa.Connection, upload_id: str, joined: Mapping[str, int], left: Mapping[str, int]
) -> None:
    """Write into the history of cases which alerts joined and left them, and count their versions up."""
    old = set()
    for chunk in chunks(sorted({*joined, *left})):
        query = sa.select(case_events.c.case_id).where(case_events.c.case_id.in_(chunk)).distinct()
        old |= set(connection.execute(query).scalars())
    for case_id, n in sorted(joined.items()):
        action = "alerts" if case_id in old else "made"
        record_event(connection, case_id, None, action, {"alerts": n, "upload": upload_id})
    for case_id, n in sorted(left.items()):
        record_event(connection, case_id, None, "budget", {"alerts": -n, "upload": upload_id})
    _count_up(connection, old)


def _open_cases(connection: sa.Connection, scope: str, keys: set[Entity]) -> dict[Entity, str]:
    """Return entity -> its open case, the oldest where it has several."""
    found: dict[Entity, str] = {}
    at = case_entities.c
    for chunk in chunks(sorted({entity for _, entity in keys})):
        query = (
            sa.select(at.kind, at.entity, _CASES.id)
            .join(cases, _CASES.id == at.case_id)
            .where(_CASES.scope == scope, _CASES.status.in_(UNDECIDED), _CASES.merged_into.is_(None))
            .where(at.entity.in_(chunk))
            .order_by(_CASES.created_at, _CASES.id)
        )
        for row in connection.execute(query):
            if (row.kind, row.entity) in keys:
                found.setdefault((row.kind, row.entity), row.id)
    return found


def _make(connection: sa.Connection, scope: str, key: Entity) -> str:
    now, (kind, entity) = datetime.now(UTC), key
    case_id = new_id("case")
    row = {"id": case_id, "scope": scope, "kind": kind, "entity": entity, "status": NEW, "version": 1}
    connection.execute(sa.insert(cases).values(row | {"created_at": now, "changed_at": now} | NO_ALERTS))
    connection.execute(sa.insert(case_entities).values(case_id=case_id, kind=kind, entity=entity))
    return case_id


def _count_up(connection: sa.Connection, case_ids: Iterable[str]) -> None:
    """Count the versions of cases up: who decides them must have seen their alerts."""
    for chunk in chunks(sorted(case_ids)):
        values = {"version": _CASES.version + 1, "changed_at": datetime.now(UTC)}
        connection.execute(sa.update(cases).where(_CASES.id.in_(chunk)).values(values))


def _values(run: Run, alert: RankedAlert) -> dict[str, Any]:
    names = ("rank", "score", "probability", "weight", "amount", "currency", "at")
    return {"run_id": run.id} | {name: getattr(alert, name) for name in names}
