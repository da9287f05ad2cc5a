"""The role of each column of a table, from its name and its values together.

`infer` is the entry point. The order of the columns changes nothing; the order of the rows is used only to recognise an
unnamed step counter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from vigie.errors import NotFound, UnknownColumn
from vigie.roles.amount_sides import amount_sides
from vigie.roles.assignment import assign
from vigie.roles.column_stats import column_stats, sample_rows
from vigie.roles.definitions import ROLES, role_names, role_of
from vigie.roles.fallbacks import UNIQUE_REASON
from vigie.roles.name_parser import parse_name, strip_common_prefix
from vigie.roles.risk_direction import direction
from vigie.roles.role import FALLBACK_ACTOR_RANK, Role

__all__ = ["ROLES", "ColumnRole", "Role", "Roles", "infer"]


@dataclass(frozen=True)
class ColumnRole:
    """The role of one column.

    Attributes:
        column: its name in the table.
        role: a key of `ROLES`.
        confidence: in [0, 1]; orders columns of one role, no probability.
        reasons: why, in short English texts.
        direction: +1 riskier when higher, -1 safer when higher, 0 unknown.
    """

    column: str
    role: str
    confidence: float
    reasons: tuple[str, ...]
    direction: int

    @property
    def definition(self) -> Role:
        """The record of the role."""
        return role_of(self.role)


@dataclass(frozen=True)
class Roles:
    """The roles of all columns of a table, in the table's column order."""

    columns: tuple[ColumnRole, ...]

    def all(self, role: str) -> tuple[str, ...]:
        """Return the columns of a role, best first; equals are ordered by name."""
        found = [column for column in self.columns if column.role == role]
        return tuple(column.column for column in sorted(found, key=lambda c: (-c.confidence, c.column)))

    def first(self, role: str) -> str | None:
        """Return the best column of a role."""
        return next(iter(self.all(role)), None)

    def of(self, column: str) -> ColumnRole:
        """Return the role of one column.

        Raises:
            UnknownColumn: the table has no such column.
        """
        for known in self.columns:
            if known.column == column:
                return known
        raise UnknownColumn(column, (known.column for known in self.columns))

    def actor(self) -> str | None:
        """Return the column of the actor: the customer, else the card, the account and so on.

        A column whose values repeat is preferred, since only repeats make a history. Addresses, names and IP addresses
        are used only where a table has nothing better.
        """
        preferred, fallbacks = _actor_roles()
        return self._entity(preferred) or self._entity(fallbacks)

    def counterpart(self) -> str | None:
        """Return the column of the counterparty."""
        return self._entity(role_names(lambda role: role.counterpart))

    def _entity(self, roles: Iterable[str]) -> str | None:
        found = [column for role in roles for column in self.all(role)]
        repeated = [column for column in found if UNIQUE_REASON not in self.of(column).reasons]
        return next(iter(repeated + found), None)

    def to_json(self) -> list[dict[str, Any]]:
        """Return lists and dicts for `json.dump`; the reasons are stored as `evidence`."""
        return [
            {
                "column": item.column,
                "role": item.role,
                "confidence": item.confidence,
                "evidence": list(item.reasons),
                "direction": item.direction,
            }
            for item in self.columns
        ]

    @classmethod
    def from_json(cls, data: list[dict[str, Any]]) -> Roles:
        """Read what `to_json` returned."""
        return cls(
            tuple(
                ColumnRole(e["column"], e["role"], e["confidence"], tuple(e["evidence"]), e["direction"])
                for e in data
            )
        )


@cache
def _actor_roles() -> tuple[list[str], list[str]]:
    """Return the roles of actors, in the order of preference, and those that are used where none of these is there."""
    ordered = sorted(role_names(lambda role: role.actor_rank), key=lambda name: ROLES[name].actor_rank)
    preferred = [name for name in ordered if ROLES[name].actor_rank < FALLBACK_ACTOR_RANK]
    return preferred, ordered[len(preferred) :]


def infer(frame: pl.DataFrame, overrides: Mapping[str, str] | None = None) -> Roles:
    """Infer the role of every column.

    Args:
        frame: (rows, columns) typed table.
        overrides: column -> role, chosen by the user.

    Raises:
        UnknownColumn: `overrides` names a column that the table does not have.
        NotFound: `overrides` names a role that does not exist.
    """
    chosen = dict(overrides or {})
    for column, role in chosen.items():
        if column not in frame.columns:
            raise UnknownColumn(column, frame.columns)
        if role not in ROLES:
            raise NotFound("role", role, known=ROLES)
    names = {name: parse_name(short) for name, short in strip_common_prefix(tuple(frame.columns)).items()}
    assigned = assign(column_stats(frame), names, chosen, amount_sides(sample_rows(frame)))
    return Roles(
        tuple(
            ColumnRole(
                column=name,
                role=assigned[name].role,
                confidence=round(min(1.0, assigned[name].score), 4),
                reasons=assigned[name].reasons,
                direction=direction(names[name], assigned[name].role),
            )
            for name in frame.columns
        )
    )
