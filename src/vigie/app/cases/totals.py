"""What cases say of their alerts, their history, and their removal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from vigie.app.cases.records import scope_of
from vigie.app.cases.tables import MIXED, NEW, case_alerts, case_entities, case_events, cases
from vigie.app.currency_sums import CurrencySum
from vigie.app.tables import uploads, users
from vigie.db.database import lock

_CHUNK = 500
_ALERTS = case_alerts.c
_CASES = cases.c


NO_ALERTS: dict[str, Any] = {
    "alerts": 0,
    "amount": None,
    "currency": "",
    "expected_loss": None,
    "risk": 0.0,
    "first_at": None,
    "last_at": None,
}


def refresh(connection: sa.Connection, case_ids: Iterable[str]) -> None:
    """Compute what cases say of their alerts, and delete cases without alerts that no user has changed."""
    for chunk in chunks(sorted(set(case_ids))):
        found = connection.execute(_totals(chunk)).mappings().all()
        totals = {row["case_id"]: {k: row[k] for k in row if k != "case_id"} for row in found}
        for case_id in chunk:
            values = totals.get(case_id) or NO_ALERTS
            connection.execute(sa.update(cases).where(_CASES.id == case_id).values(values))
        empty = [case_id for case_id in chunk if case_id not in totals]
        delete_cases(connection, empty, only_untouched=True)


def delete_cases(connection: sa.Connection, case_ids: Sequence[str], *, only_untouched: bool = False) -> None:
    """Delete cases with their history; `only_untouched` keeps those that a user has changed."""
    if only_untouched and case_ids:
        by_user = sa.select(case_events.c.case_id).where(case_events.c.user_id.is_not(None))
        untouched = sa.select(_CASES.id).where(
            _CASES.id.in_(case_ids), _CASES.status == NEW, _CASES.id.not_in(by_user)
        )
        case_ids = list(connection.execute(untouched).scalars())
    for chunk in chunks(case_ids):
        merged = connection.execute(sa.select(_CASES.id).where(_CASES.merged_into.in_(chunk))).scalars().all()
        delete_cases(connection, merged)
        for table in (case_alerts, case_entities, case_events):
            connection.execute(sa.delete(table).where(table.c.case_id.in_(chunk)))
        connection.execute(sa.delete(cases).where(_CASES.id.in_(chunk)))


def record_event(
    connection: sa.Connection, case_id: str, user_id: int | None, action: str, detail: Mapping[str, Any]
) -> None:
    """Add a line to the history of a case; `detail` must hold no cell."""
    row = {"case_id": case_id, "at": datetime.now(UTC), "user_id": user_id, "action": action}
    connection.execute(sa.insert(case_events).values(row | {"detail": dict(detail)}))


def lock_scope(connection: sa.Connection, upload_id: str) -> str | None:
    """Lock the cases of an upload's team and return whose they are; None for a deleted upload."""
    query = (
        sa.select(users.c.team, users.c.id)
        .join(uploads, uploads.c.owner_id == users.c.id)
        .where(uploads.c.id == upload_id, uploads.c.state != "deleted")
    )
    owner = connection.execute(query).first()
    if owner is None:
        return None
    scope = scope_of(owner.team, owner.id)
    lock(connection, "cases", scope)
    # The upload may have been deleted while this waited.
    return scope if connection.execute(query).first() is not None else None


def remove_upload(connection: sa.Connection, upload_id: str) -> None:
    """Take the alerts of an upload out of all cases; cases without any other alert are deleted with notes and history."""
    affected = list(
        connection.execute(
            sa.select(_ALERTS.case_id).where(_ALERTS.upload_id == upload_id).distinct()
        ).scalars()
    )
    connection.execute(sa.delete(case_alerts).where(_ALERTS.upload_id == upload_id))
    refresh(connection, affected)
    empty = sa.select(_CASES.id).where(_CASES.id.in_(affected), _CASES.alerts == 0)
    delete_cases(connection, list(connection.execute(empty).scalars()))


def _totals(case_ids: Sequence[str]) -> sa.Select[Any]:
    # Of alerts with an amount: the others say nothing of the sums. Amounts of several currencies have no sum.
    named = sa.case((_ALERTS.amount.is_not(None), _ALERTS.currency))
    first, last = sa.func.min(named), sa.func.max(named)
    one = sa.or_(first == last, first.is_(None))
    return (
        sa.select(
            _ALERTS.case_id,
            sa.func.count().label("alerts"),
            sa.case((one, sa.func.sum(_ALERTS.amount))).label("amount"),
            sa.case((one, sa.func.coalesce(first, "")), else_=MIXED).label("currency"),
            sa.case((one, sa.func.sum(LOSS))).label("expected_loss"),
            sa.func.sum(_ALERTS.weight).label("risk"),
            sa.func.min(_ALERTS.at).label("first_at"),
            sa.func.max(_ALERTS.at).label("last_at"),
        )
        .where(_ALERTS.case_id.in_(case_ids))
        .group_by(_ALERTS.case_id)
    )


LOSS = sa.case((_ALERTS.amount > 0, _ALERTS.amount), (_ALERTS.amount.is_not(None), 0.0)) * _ALERTS.weight
"""Expected loss of an alert."""


def sums_by_currency(
    connection: sa.Connection, case_ids: Sequence[str]
) -> dict[str, tuple[tuple[CurrencySum, ...], tuple[CurrencySum, ...]]]:
    """Return case -> amounts and expected losses of its alerts by currency."""
    found: dict[str, tuple[tuple[CurrencySum, ...], tuple[CurrencySum, ...]]] = {}
    for chunk in chunks(case_ids):
        query = (
            sa.select(_ALERTS.case_id, _ALERTS.currency, sa.func.sum(_ALERTS.amount), sa.func.sum(LOSS))
            .where(_ALERTS.case_id.in_(chunk), _ALERTS.amount.is_not(None))
            .group_by(_ALERTS.case_id, _ALERTS.currency)
            .order_by(_ALERTS.case_id, _ALERTS.currency)
        )
        for case_id, currency, amount, loss in connection.execute(query):
            amounts, losses = found.get(case_id, ((), ()))
            found[case_id] = (
                (*amounts, CurrencySum(currency, amount)),
                (*losses, CurrencySum(currency, loss)),
            )
    return found


def chunks(values: Sequence[Any]) -> Iterable[list[Any]]:
    """Return parts of a list, since SQLite takes a limited number of values in a statement."""
    return (list(values[start : start + _CHUNK]) for start in range(0, len(values), _CHUNK))
