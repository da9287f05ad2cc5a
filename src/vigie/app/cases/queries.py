"""One case with its alerts and history, and the queue of the cases that a user may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from vigie.app.cases.records import Case, CaseAlert, CaseEvent, scope_of
from vigie.app.cases.tables import MIXED, UNDECIDED, case_alerts, case_entities, case_events, cases
from vigie.app.cases.totals import chunks, sums_by_currency
from vigie.app.currency_sums import CurrencySum
from vigie.app.tables import marks, runs, uploads, users
from vigie.app.uploads import visible_to
from vigie.app.users import User
from vigie.db.database import Engine, reading
from vigie.errors import NotFound

_CASES = cases.c
_ALERTS = case_alerts.c
_EVENTS = case_events.c
_HISTORY = 500


@dataclass(frozen=True)
class CaseQuery:
    """Selection of cases.

    Attributes:
        view: `all`, `mine` or `unassigned`.
        statuses: of `vigie.app.cases.tables.STATUSES`; none for the undecided ones.
        kind: role of the entity; empty for all.
        entities: digests of the entities that a search may mean; None without a search.
        currency: cases with amounts of this currency; empty for all.
        page: from 1.
        size: cases per page.
    """

    view: str = "all"
    statuses: tuple[str, ...] = UNDECIDED
    kind: str = ""
    entities: tuple[str, ...] | None = None
    currency: str = ""
    page: int = 1
    size: int = 50


@dataclass(frozen=True)
class CasePage:
    """One page of cases; `total` counts all selected ones."""

    cases: list[Case]
    total: int


@dataclass(frozen=True)
class Gathering:
    """How many of the alerts in undecided cases a few entities of one kind have."""

    kind: str
    entities: int
    alerts: int
    share: float


def in_scope(user: User) -> sa.ColumnElement[bool]:
    """Return the condition for cases that a user may see: their team's; all for administrators."""
    if user.role == "admin":
        return sa.true()
    return _CASES.scope.in_({scope_of(user.team, user.id), scope_of("", user.id)})


def find(engine: Engine, case_id: str, user: User) -> Case:
    """Return a case.

    Raises:
        NotFound: there is no such case that the user may see.
    """
    with reading(engine) as connection:
        row = connection.execute(_query().where(_CASES.id == case_id, in_scope(user))).mappings().first()
        if row is None:
            raise NotFound("case", case_id, hint="its files may have been deleted")
        return _cases(connection, [row])[0]


def list_cases(engine: Engine, user: User, query: CaseQuery) -> CasePage:
    """Return one page of the queue: the largest expected loss first, the cases of several currencies in turn."""
    places = _places(user, query.statuses)
    selected = _query().join(places, places.c.id == _CASES.id).where(*_conditions(user, query))
    with reading(engine) as connection:
        total = connection.execute(sa.select(sa.func.count()).select_from(selected.subquery())).scalar_one()
        start = (query.page - 1) * query.size
        page = selected.order_by(places.c.place).limit(query.size).offset(start)
        rows = connection.execute(page).mappings().all()
        return CasePage(_cases(connection, rows), int(total))


def next_after(engine: Engine, user: User, case: Case, query: CaseQuery) -> str | None:
    """Return the id of the undecided case that comes after a case in a queue, or of the first; None for an empty queue."""
    places = _places(user, query.statuses, case.id)
    wanted = sa.and_(*_conditions(user, query), _CASES.status.in_(UNDECIDED)).label("wanted")
    ranked = sa.select(_CASES.id, places.c.place, wanted).join(places, places.c.id == _CASES.id).subquery()
    here = sa.select(ranked.c.place).where(ranked.c.id == case.id).scalar_subquery()
    found = (
        sa.select(ranked.c.id)
        .where(ranked.c.wanted, ranked.c.id != case.id)
        .order_by(sa.case((ranked.c.place > here, 0), else_=1), ranked.c.place)
        .limit(1)
    )
    with reading(engine) as connection:
        next_id: str | None = connection.execute(found).scalar()
    return next_id


def count_by_view(engine: Engine, user: User) -> dict[str, int]:
    """Return the number of undecided cases: `all`, `mine` and `unassigned`, and of each status."""
    mine = sa.func.coalesce(sa.func.sum(sa.case((_CASES.assignee_id == user.id, 1), else_=0)), 0)
    free = sa.func.coalesce(sa.func.sum(sa.case((_CASES.assignee_id.is_(None), 1), else_=0)), 0)
    query = (
        sa.select(_CASES.status, sa.func.count(), mine, free)
        .where(in_scope(user), _CASES.merged_into.is_(None))
        .group_by(_CASES.status)
    )
    counts = {"all": 0, "mine": 0, "unassigned": 0}
    with reading(engine) as connection:
        for status, n, own, unassigned in connection.execute(query):
            counts[status] = int(n)
            if status in UNDECIDED:
                counts["all"] += int(n)
                counts["mine"] += int(own)
                counts["unassigned"] += int(unassigned)
    return counts


def count_of_upload(engine: Engine, upload_id: str, user: User) -> dict[str, int]:
    """Return status -> number of the cases that have alerts of an upload."""
    members = sa.select(_ALERTS.case_id).where(_ALERTS.upload_id == upload_id)
    chosen = sa.and_(in_scope(user), _CASES.id.in_(members), _CASES.merged_into.is_(None))
    query = sa.select(_CASES.status, sa.func.count()).where(chosen).group_by(_CASES.status)
    with reading(engine) as connection:
        return {str(status): int(n) for status, n in connection.execute(query)}


def list_currencies(engine: Engine, user: User) -> list[str]:
    """Return the currencies of the amounts in undecided cases, one of them empty where some are unknown."""
    undecided = sa.and_(in_scope(user), _CASES.status.in_(UNDECIDED), _CASES.merged_into.is_(None))
    of_cases = sa.select(_CASES.currency).where(undecided, sa.or_(_MIXED, _CASES.amount.is_not(None)))
    of_alerts = (
        sa.select(_ALERTS.currency)
        .join(cases, _CASES.id == _ALERTS.case_id)
        .where(undecided, _MIXED, _ALERTS.amount.is_not(None))
    )
    with reading(engine) as connection:
        found = set(connection.execute(of_cases.distinct()).scalars())
        if MIXED in found:
            found |= set(connection.execute(of_alerts.distinct()).scalars())
    return sorted(found - {MIXED})


def list_kinds(engine: Engine, user: User) -> list[str]:
    """Return the kinds of entities that the cases of a user have."""
    query = sa.select(case_entities.c.kind).join(cases).where(in_scope(user)).distinct()
    with reading(engine) as connection:
        return sorted(connection.execute(query).scalars())


def gathering(engine: Engine, user: User, *, most: int, least_alerts: int) -> Gathering | None:
    """Return which kind of entity gathers most alerts of the undecided cases; None where none gathers several.

    Args:
        engine: database.
        user: the caller.
        most: number of entities that are counted.
        least_alerts: alerts of an entity that is counted.
    """
    undecided = sa.and_(in_scope(user), _CASES.status.in_(UNDECIDED), _CASES.merged_into.is_(None))
    place = sa.func.row_number().over(partition_by=_CASES.kind, order_by=(_CASES.alerts.desc(), _CASES.id))
    ranked = sa.select(_CASES.kind, _CASES.alerts, place.label("place")).where(undecided).subquery()
    query = (
        sa.select(ranked.c.kind, sa.func.count(), sa.func.sum(ranked.c.alerts))
        .where(ranked.c.place <= most, ranked.c.alerts >= least_alerts)
        .group_by(ranked.c.kind)
        .order_by(sa.func.sum(ranked.c.alerts).desc(), ranked.c.kind)
        .limit(1)
    )
    with reading(engine) as connection:
        found = connection.execute(query).first()
        total = connection.execute(sa.select(sa.func.sum(_CASES.alerts)).where(undecided)).scalar()
    if found is None or not total:
        return None
    kind, entities, alerts = found
    return Gathering(str(kind), int(entities), int(alerts), int(alerts) / int(total))


def list_alerts(engine: Engine, case_id: str, user: User) -> list[CaseAlert]:
    """Return the alerts of a case in time, with the labels of their rows; without those of files the user may not see."""
    labeller = users.alias("labeller")
    same_row = sa.and_(marks.c.upload_id == _ALERTS.upload_id, marks.c.row == _ALERTS.row)
    query = (
        sa.select(
            *(column for column in _ALERTS if column.name != "case_id"),
            uploads.c.name.label("upload_name"),
            marks.c.verdict,
            marks.c.comment,
            labeller.c.name.label("verdict_by"),
        )
        .join(uploads, sa.and_(uploads.c.id == _ALERTS.upload_id, uploads.c.state != "deleted"))
        .join(users, users.c.id == uploads.c.owner_id)
        .join(marks, same_row, isouter=True)
        .join(labeller, labeller.c.id == marks.c.user_id, isouter=True)
        .where(_ALERTS.case_id == case_id, visible_to(user))
        .order_by(_ALERTS.at.asc().nulls_last(), uploads.c.created_at, _ALERTS.row)
    )
    with reading(engine) as connection:
        return [CaseAlert(**row) for row in connection.execute(query).mappings()]


def list_rows(engine: Engine, upload_id: str) -> set[int]:
    """Return the rows of an upload that are in cases, from 0."""
    query = sa.select(_ALERTS.row).where(_ALERTS.upload_id == upload_id)
    with reading(engine) as connection:
        return set(connection.execute(query).scalars())


def list_events(engine: Engine, case_id: str) -> list[CaseEvent]:
    """Return the history of a case with its notes, newest first."""
    query = (
        sa.select(_EVENTS.id, _EVENTS.at, users.c.name, _EVENTS.action, _EVENTS.detail, _EVENTS.note)
        .join(users, users.c.id == _EVENTS.user_id, isouter=True)
        .where(_EVENTS.case_id == case_id)
        .order_by(_EVENTS.id.desc())
        .limit(_HISTORY)
    )
    with reading(engine) as connection:
        return [CaseEvent(*row) for row in connection.execute(query)]


def list_runs(engine: Engine, case: Case, user: User, limit: int) -> tuple[list[str], int]:
    """Return the newest finished runs of the files of a case's team, and the number of files that are left out.

    Files with alerts of the case come first, then the newest ones.
    """
    kinds, done = runs.c.kind.in_(("score", "refine")), runs.c.state == "done"
    place = sa.func.row_number().over(
        partition_by=runs.c.upload_id, order_by=(runs.c.finished_at.desc(), runs.c.id.desc())
    )
    here = sa.select(_ALERTS.upload_id).where(_ALERTS.case_id == case.id)
    newest = (
        sa.select(
            runs.c.id,
            users.c.team,
            uploads.c.owner_id,
            uploads.c.created_at,
            sa.case((uploads.c.id.in_(here), 0), else_=1).label("other"),
            place.label("place"),
        )
        .join(uploads, sa.and_(uploads.c.id == runs.c.upload_id, uploads.c.state != "deleted"))
        .join(users, users.c.id == uploads.c.owner_id)
        .where(kinds, done, visible_to(user))
        .subquery()
    )
    query = (
        sa.select(newest)
        .where(newest.c.place == 1)
        .order_by(newest.c.other, newest.c.created_at.desc(), newest.c.id)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    found = [row.id for row in rows if scope_of(row.team, row.owner_id) == case.scope]
    return found[:limit], max(0, len(found) - limit)


def list_colleagues(engine: Engine, case: Case) -> list[tuple[int, str]]:
    """Return id and name of the users to whom a case can be assigned: analysts who may see it, by name."""
    query = sa.select(users.c.id, users.c.name, users.c.team, users.c.role).where(
        users.c.active, users.c.role != "viewer"
    )
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(users.c.name, users.c.id)).all()
    return [
        (row.id, row.name)
        for row in rows
        if row.role == "admin" or case.scope in {scope_of(row.team, row.id), scope_of("", row.id)}
    ]


_MIXED = _CASES.currency == MIXED
_LOSS = sa.case((_MIXED, None), else_=_CASES.expected_loss)
_ORDER = (_LOSS.desc().nulls_last(), _CASES.risk.desc(), _CASES.created_at, _CASES.id)


def _places(user: User, statuses: Sequence[str], case_id: str = "") -> sa.Subquery:
    """Return `id` and `place` in the queue of the cases with some statuses, and of the case `case_id` with any.

    Expected losses of several currencies cannot be compared: the first case of each currency comes first, then the second
    of each. Cases without amounts come last.
    """
    chosen = sa.and_(
        in_scope(user),
        _CASES.merged_into.is_(None),
        sa.or_(_CASES.status.in_(statuses), _CASES.id == case_id),
    )
    turn = sa.func.row_number().over(partition_by=_CASES.currency, order_by=_ORDER).label("turn")
    valued = sa.case((sa.or_(_MIXED, _CASES.expected_loss.is_not(None)), 0), else_=1).label("valued")
    turns = sa.select(_CASES.id, _CASES.risk, _CASES.created_at, valued, turn).where(chosen).subquery()
    order = (turns.c.valued, turns.c.turn, turns.c.risk.desc(), turns.c.created_at, turns.c.id)
    return sa.select(turns.c.id, sa.func.row_number().over(order_by=order).label("place")).subquery()


def _conditions(user: User, query: CaseQuery) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [
        in_scope(user),
        _CASES.merged_into.is_(None),
        _CASES.status.in_(query.statuses),
    ]
    if query.view == "mine":
        conditions.append(_CASES.assignee_id == user.id)
    elif query.view == "unassigned":
        conditions.append(_CASES.assignee_id.is_(None))
    if query.kind:
        conditions.append(_CASES.kind == query.kind)
    if query.currency:
        own = sa.select(_ALERTS.case_id).where(
            _ALERTS.currency == query.currency, _ALERTS.amount.is_not(None)
        )
        conditions.append(sa.or_(_CASES.currency == query.currency, sa.and_(_MIXED, _CASES.id.in_(own))))
    if query.entities is not None:
        named = sa.select(case_entities.c.case_id).where(case_entities.c.entity.in_(query.entities))
        by_alert = sa.select(_ALERTS.case_id).where(_ALERTS.entity.in_(query.entities))
        conditions.append(sa.or_(_CASES.id.in_(named), _CASES.id.in_(by_alert)))
    return conditions


def _query() -> sa.Select[Any]:
    assignee, viewer = users.alias("assignee"), users.alias("viewer")
    return (
        sa.select(cases, assignee.c.name.label("assignee_name"), viewer.c.name.label("viewer_name"))
        .join(assignee, assignee.c.id == _CASES.assignee_id, isouter=True)
        .join(viewer, viewer.c.id == _CASES.viewer_id, isouter=True)
    )


def _samples(connection: sa.Connection, case_ids: Sequence[str]) -> dict[str, tuple[str, str, int, str]]:
    """Return case -> upload, run, row and kind of an alert that names its entity."""
    other = sa.case((_ALERTS.entity == _CASES.entity, 0), else_=1)
    order = (other, _ALERTS.rank, _ALERTS.upload_id)
    place = sa.func.row_number().over(partition_by=_ALERTS.case_id, order_by=order).label("place")
    found: dict[str, tuple[str, str, int, str]] = {}
    for chunk in chunks(case_ids):
        ranked = (
            sa.select(_ALERTS.case_id, _ALERTS.upload_id, _ALERTS.run_id, _ALERTS.row, _ALERTS.kind, place)
            .join(cases, _CASES.id == _ALERTS.case_id)
            .where(_ALERTS.case_id.in_(chunk))
            .subquery()
        )
        rows = connection.execute(sa.select(ranked).where(ranked.c.place == 1)).all()
        found |= {row.case_id: (row.upload_id, row.run_id, row.row, row.kind) for row in rows}
    return found


def _cases(connection: sa.Connection, rows: Sequence[sa.RowMapping]) -> list[Case]:
    samples = _samples(connection, [row["id"] for row in rows])
    mixed = sums_by_currency(connection, [row["id"] for row in rows if row["currency"] == MIXED])
    return [_case(row, samples.get(row["id"]), mixed.get(row["id"])) for row in rows]


def _case(
    row: sa.RowMapping,
    sample: tuple[str, str, int, str] | None,
    mixed: tuple[tuple[CurrencySum, ...], tuple[CurrencySum, ...]] | None,
) -> Case:
    columns = {name: row[name] for name in Case.__annotations__ if name in row}
    amounts, losses = mixed or (_single(row, "amount"), _single(row, "expected_loss"))
    if row["currency"] == MIXED:  # an earlier version added them
        columns |= {"amount": None, "expected_loss": None}
    return Case(**columns, sample=sample, amounts=amounts, expected_losses=losses)


def _single(row: sa.RowMapping, column: str) -> tuple[CurrencySum, ...]:
    return () if row[column] is None else (CurrencySum(row["currency"], row[column]),)
