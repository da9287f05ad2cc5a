"""What each column of a table means, from its name and its values together.

`infer` is the only way in. It never looks at the order of the columns, and at the order of the rows only
to recognise a step counter nobody has named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from vigie.errors import NotFound, UnknownColumn
from vigie.roles.assignment import assign
from vigie.roles.column_stats import UNIQUE, look
from vigie.roles.definitions import ROLES, Role
from vigie.roles.name_parser import read, shorten
from vigie.roles.risk_direction import direction

__all__ = ["ROLES", "ColumnRole", "Role", "Roles", "infer"]

_ACTORS = ("customer", "card", "account", "email", "phone", "device")
_STAND_INS = ("address", "person_name", "ip")
_COUNTERPARTS = ("counterparty",)


@dataclass(frozen=True)
class ColumnRole:
    """What one column means.

    Attributes:
        column: its name in the table.
        role: a key of `ROLES`.
        confidence: in [0, 1]; not a probability, it only orders columns of one role.
        evidence: short reasons in English.
        direction: +1 riskier when higher, -1 safer when higher, 0 unknown.
    """

    column: str
    role: str
    confidence: float
    evidence: tuple[str, ...]
    direction: int


@dataclass(frozen=True)
class Roles:
    """The roles of all columns of a table, in the table's column order."""

    columns: tuple[ColumnRole, ...]

    def all(self, role: str) -> tuple[str, ...]:
        """Columns of that role, best first; equals are ordered by name, never by position."""
        found = [column for column in self.columns if column.role == role]
        return tuple(column.column for column in sorted(found, key=lambda c: (-c.confidence, c.column)))

    def first(self, role: str) -> str | None:
        """The best column of that role."""
        return next(iter(self.all(role)), None)

    def of(self, column: str) -> ColumnRole:
        """The role of one column; refuses a name the table does not have."""
        for known in self.columns:
            if known.column == column:
                return known
        raise UnknownColumn(column, (known.column for known in self.columns))

    def actor(self) -> str | None:
        """The column that best says who acts: the customer, else the card, the account, …

        A column that repeats is preferred, since only repeats give a history; without any, the first in
        that order. Addresses, names and IPs stand in only where nothing better exists.
        """
        return self._entity(_ACTORS) or self._entity(_STAND_INS)

    def counterpart(self) -> str | None:
        """The column that best says who receives."""
        return self._entity(_COUNTERPARTS)

    def _entity(self, roles: tuple[str, ...]) -> str | None:
        found = [column for role in roles for column in self.all(role)]
        repeated = [column for column in found if UNIQUE not in self.of(column).evidence]
        return next(iter(repeated + found), None)

    def to_json(self) -> list[dict[str, Any]]:
        """Plain lists and dicts, for `json.dump`."""
        return [{**asdict(column), "evidence": list(column.evidence)} for column in self.columns]

    @classmethod
    def from_json(cls, data: list[dict[str, Any]]) -> Roles:
        """What `to_json` wrote."""
        return cls(tuple(ColumnRole(**{**entry, "evidence": tuple(entry["evidence"])}) for entry in data))


def infer(frame: pl.DataFrame, overrides: Mapping[str, str] | None = None) -> Roles:
    """Finds the role of every column.

    Args:
        frame: a table's typed columns.
        overrides: column -> role, what the user knows better; refused if either does not exist.
    """
    given = dict(overrides or {})
    for column, role in given.items():
        if column not in frame.columns:
            raise UnknownColumn(column, frame.columns)
        if role not in ROLES:
            raise NotFound("role", role, known=ROLES)
    facts = look(frame)
    short = shorten(tuple(frame.columns))
    found = assign(facts, {name: read(known) for name, known in short.items()}, given)
    columns = []
    for name in frame.columns:
        choice = found[name]
        columns.append(
            ColumnRole(
                column=name,
                role=choice.role,
                confidence=round(min(1.0, choice.score), 4),
                evidence=choice.evidence,
                direction=direction(read(short[name]), choice.role),
            )
        )
    return Roles(tuple(columns))
