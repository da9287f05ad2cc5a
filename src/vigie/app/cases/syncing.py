"""Cases follow the alerts of the newest run of each upload.

The worker calls `sync_run` when a run has finished, and the web app when its budget has changed. A run whose cases are not
made yet has none in `runs.cases_made`, so that a worker that dies, or a database of an earlier version, leaves no gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from vigie.app.cases.grouping import Entity, group
from vigie.app.cases.records import RankedAlert
from vigie.app.cases.tables import NEW, UNDECIDED, case_alerts, case_entities, cases
from vigie.app.cases.totals import NO_ALERTS, chunks, lock_scope, record_event, refresh
from vigie.app.runs import Run
from vigie.app.tables import runs, uploads
from vigie.app.uploads import new_id
from vigie.db.database import Engine, reading, writing

MAX_ALERTS = 20_000
"""Alerts of a run that are in cases, the first of the ranking: more is no work for people."""
_CHUNK = 500
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


def sync_run(engine: Engine, run: Run, alerts: Sequence[RankedAlert]) -> list[str]:
    """Make and update the cases of the alerts of a run; return the ids of the cases that changed.

    An alert that is in a case stays there. A new one joins an open case of its entity, or a new case is made. Alerts that the
    run no longer has leave the cases that are not decided.

    Args:
        engine: database.
        run: a finished run.
        alerts: within its budget, at most `MAX_ALERTS`; none where another run of the upload is newer.
    """
    with writing(engine) as connection:
        scope = lock_scope(connection, run.upload_id)
        made = {"cases_made": run.budget or 0}
        connection.execute(sa.update(runs).where(runs.c.id == run.id).values(made))
        if scope is None or _newest(connection, run.upload_id) != run.id:
            return []
        changed = _update_known(connection, run, {alert.row: alert for alert in alerts})
        known = _known_rows(connection, run.upload_id)
        changed |= _place(connection, scope, run, [alert for alert in alerts if alert.row not in known])
        refresh(connection, changed)
        return sorted(changed)


def _newest(connection: sa.Connection, upload_id: str) -> str | None:
    query = (
        sa.select(runs.c.id)
        .where(runs.c.upload_id == upload_id, runs.c.kind.in_(("score", "refine")), runs.c.state == "done")
        .order_by(runs.c.finished_at.desc(), runs.c.id.desc())
        .limit(1)
    )
    found: str | None = connection.execute(query).scalar()
    return found


def _known_rows(connection: sa.Connection, upload_id: str) -> set[int]:
    query = sa.select(_ALERTS.row).where(_ALERTS.upload_id == upload_id)
    return set(connection.execute(query).scalars())


def _update_known(connection: sa.Connection, run: Run, alerts: Mapping[int, RankedAlert]) -> set[str]:
    """Give the alerts that are in cases their new ranks, and take those that are no longer alerts out."""
    query = (
        sa.select(_ALERTS.row, _ALERTS.case_id, _CASES.status, _ALERTS.rank, _ALERTS.run_id, _ALERTS.weight)
        .join(cases, _CASES.id == _ALERTS.case_id)
        .where(_ALERTS.upload_id == run.upload_id)
    )
    known = connection.execute(query).all()
    gone = [row for row in known if row.row not in alerts and row.status in UNDECIDED]
    for chunk in chunks([row.row for row in gone]):
        chosen = sa.and_(_ALERTS.upload_id == run.upload_id, _ALERTS.row.in_(chunk))
        connection.execute(sa.delete(case_alerts).where(chosen))
    for case_id, n in _count(row.case_id for row in gone).items():
        record_event(connection, case_id, None, "budget", {"alerts": -n, "upload": run.upload_id})
    moved = [
        (row, alert)
        for row in known
        if (alert := alerts.get(row.row)) is not None
        and (row.run_id, row.rank, row.weight) != (run.id, alert.rank, alert.weight)
    ]
    at = sa.and_(_ALERTS.upload_id == run.upload_id, _ALERTS.row == sa.bindparam("at_row"))
    change = sa.update(case_alerts).where(at)
    if moved:
        connection.execute(change, [{"at_row": alert.row, **_values(run, alert)} for _, alert in moved])
    changed = {row.case_id for row in gone}
    _count_up(connection, changed)
    return changed | {row.case_id for row, _ in moved}


def _place(connection: sa.Connection, scope: str, run: Run, alerts: Sequence[RankedAlert]) -> set[str]:
    """Put new alerts into open cases of their entities and into new cases."""
    open_cases = _open_cases(
        connection, scope, {(one.kind, one.entity) for alert in alerts for one in alert.candidates}
    )
    entity_of = {case_id: key for key, case_id in sorted(open_cases.items(), reverse=True)}
    joined, placed = set(), []
    for key, members in group(alerts, open_cases, run.upload_id).items():
        if isinstance(key, str):
            case_id = key
            joined.add(case_id)
        else:
            case_id = _make(connection, scope, key)
            entity_of[case_id] = key
        detail = {"alerts": len(members), "upload": run.upload_id}
        record_event(connection, case_id, None, "alerts" if isinstance(key, str) else "made", detail)
        for alert in members:
            own = {
                (one.kind, one.entity)
                for one in alert.candidates
                if case_id == open_cases.get((one.kind, one.entity))
            }
            kind, entity = min(own, default=entity_of[case_id])
            place = {"upload_id": run.upload_id, "row": alert.row, "case_id": case_id}
            placed.append(place | {"kind": kind, "entity": entity, **_values(run, alert)})
    for start in range(0, len(placed), _CHUNK):
        connection.execute(sa.insert(case_alerts), placed[start : start + _CHUNK])
    _count_up(connection, joined)
    return {str(row["case_id"]) for row in placed}


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


def _count(case_ids: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for case_id in case_ids:
        counts[case_id] = counts.get(case_id, 0) + 1
    return dict(sorted(counts.items()))
