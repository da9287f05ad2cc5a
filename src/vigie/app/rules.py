"""Alert rules of a user and of the user's team."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from vigie.app.runs import Run
from vigie.app.tables import alert_rules, uploads, users
from vigie.app.users import User
from vigie.db.database import Engine, reading, writing
from vigie.errors import NotFound
from vigie.rules import Condition, Layout, Rule

_ROWS = alert_rules.c
ON, SHADOW, OFF = "on", "shadow", "off"


@dataclass(frozen=True)
class StoredRule:
    """A rule in the database.

    Attributes:
        rule: its conditions.
        owner_id: the user whose files, with those of the team, it is for.
        author: name of the user who made it.
        run_id: the run from which it was made.
        comment: why it was made; None without a comment.
        state: `on`, `shadow` (counts what it would do) or `off`.
        applies_from: runs that were created earlier stay as they are.
        changed_by: name of the user who changed it last.
    """

    rule: Rule
    owner_id: int
    author: str
    run_id: str
    comment: str | None
    state: str
    created_at: datetime
    applies_from: datetime
    changed_by: str
    changed_at: datetime

    @property
    def id(self) -> int:
        """Number of the rule."""
        return self.rule.id

    def covers(self, run: Run) -> bool:
        """Return whether a run was created in the time of the rule, whatever its columns are."""
        end = self.rule.expires_on
        in_time = end is None or run.created_at.astimezone(UTC).date() <= end
        return in_time and run.created_at >= self.applies_from


def add(
    engine: Engine,
    rule: Rule,
    *,
    owner_id: int,
    author_id: int,
    run_id: str,
    comment: str | None,
    state: str,
    applies_from: datetime,
) -> StoredRule:
    """Store a new rule; its number is given by the database."""
    now = datetime.now(UTC)
    row = {
        "owner_id": owner_id,
        "author_id": author_id,
        "run_id": run_id,
        "action": rule.action,
        "conditions": [condition.to_json() for condition in rule.conditions],
        "columns_digest": rule.layout.digest,
        "roles": list(rule.layout.roles),
        "comment": comment,
        "state": state,
        "created_at": now,
        "applies_from": applies_from,
        "expires_on": rule.expires_on,
        "changed_by_id": author_id,
        "changed_at": now,
    }
    with writing(engine) as connection:
        number = connection.execute(sa.insert(alert_rules).values(row).returning(_ROWS.id)).scalar_one()
    return find(engine, int(number))


def find(engine: Engine, number: int, user: User | None = None) -> StoredRule:
    """Return a rule; with `user`, only one that the user may see.

    Raises:
        NotFound: there is no such rule.
    """
    query = _query().where(_ROWS.id == number)
    if user is not None:
        query = query.where(_visible_to(user))
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("rule", str(number))
    return _stored(row)


def list_for(engine: Engine, user: User) -> list[StoredRule]:
    """Return the rules that a user may see: their own and their team's, newest first."""
    return _list(engine, _query().where(_visible_to(user)).order_by(_ROWS.id.desc()))


def list_all(engine: Engine) -> list[StoredRule]:
    """Return all rules, newest first."""
    return _list(engine, _query().order_by(_ROWS.id.desc()))


def list_of_upload(engine: Engine, upload_id: str) -> list[StoredRule]:
    """Return the rules, not switched off, for the files of an upload's owner and team, by number."""
    uploader = users.alias("uploader")
    same_team = sa.and_(uploader.c.team != "", uploader.c.team == _OWNER.c.team)
    query = (
        _query()
        .join(uploads, uploads.c.id == upload_id)
        .join(uploader, uploader.c.id == uploads.c.owner_id)
        .where(_ROWS.state != OFF, sa.or_(_ROWS.owner_id == uploads.c.owner_id, same_team))
    )
    return _list(engine, query.order_by(_ROWS.id))


def change(
    engine: Engine, number: int, user_id: int, *, state: str | None = None, **values: date | None
) -> None:
    """Change the state or the last day of a rule; its conditions never change.

    Args:
        engine: the database.
        number: of the rule.
        user_id: the user who changes it.
        state: `on`, `shadow` or `off`; None to leave it.
        **values: `expires_on`, None for no end.
    """
    changed: dict[str, Any] = {"changed_by_id": user_id, "changed_at": datetime.now(UTC), **values}
    if state is not None:
        changed["state"] = state
    with writing(engine) as connection:
        connection.execute(sa.update(alert_rules).where(_ROWS.id == number).values(changed))


_OWNER = users.alias("rule_owner")
_AUTHOR = users.alias("rule_author")
_CHANGER = users.alias("rule_changer")


def _query() -> sa.Select[Any]:
    return (
        sa.select(alert_rules, _AUTHOR.c.name.label("author"), _CHANGER.c.name.label("changed_by"))
        .join(_OWNER, _OWNER.c.id == _ROWS.owner_id)
        .join(_AUTHOR, _AUTHOR.c.id == _ROWS.author_id)
        .join(_CHANGER, _CHANGER.c.id == _ROWS.changed_by_id)
    )


def _visible_to(user: User) -> sa.ColumnElement[bool]:
    if user.role == "admin":
        return sa.true()
    own: sa.ColumnElement[bool] = _ROWS.owner_id == user.id
    return sa.or_(own, _OWNER.c.team == user.team) if user.team else own


def _list(engine: Engine, query: sa.Select[Any]) -> list[StoredRule]:
    with reading(engine) as connection:
        return [_stored(row) for row in connection.execute(query).mappings().all()]


def _stored(row: sa.RowMapping) -> StoredRule:
    conditions = tuple(Condition(**one) for one in row["conditions"])
    layout = Layout(row["columns_digest"], tuple(row["roles"]))
    rule = Rule(row["id"], row["action"], conditions, layout, row["expires_on"])
    names = ("owner_id", "author", "run_id", "comment", "state", "created_at", "applies_from")
    values = {name: row[name] for name in names}
    return StoredRule(rule=rule, **values, changed_by=row["changed_by"], changed_at=row["changed_at"])
