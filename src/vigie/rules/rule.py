"""Rules and their conditions, as JSON too."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from vigie.errors import UsageRefused
from vigie.i18n.messages import msg

HIDE, ALERT = ACTIONS = ("hide", "alert")
"""A row that a rule matches is no alert, or is one."""
OPERATIONS = ("is", "like", "at_least", "at_most", "new", "confirmed")
MAX_CONDITIONS = 6
MAX_TEXT = 500
MAX_DAYS = 3650
_BOUNDS = ("at_least", "at_most")
_UNKNOWN_ROLES = ("", "none")


@dataclass(frozen=True)
class Layout:
    """Columns of the tables that a rule is for: the same columns, or columns of the same roles under other names.

    Attributes:
        digest: of the column names, in order.
        roles: the roles of the columns, sorted.
    """

    digest: str
    roles: tuple[str, ...]

    @classmethod
    def of(cls, columns: Sequence[tuple[str, str]]) -> Layout:
        """Return the layout of a table with these columns: name and role."""
        names = json.dumps([name for name, _ in columns])
        return cls(hashlib.sha256(names.encode()).hexdigest(), tuple(sorted(role for _, role in columns)))

    def fits(self, other: Layout) -> bool:
        """Return whether a table of the other layout has the same columns, or the same roles."""
        return self.digest == other.digest or self.roles == other.roles


@dataclass(frozen=True)
class Condition:
    """One condition; a rule matches a row where all of its conditions hold.

    Attributes:
        column: name of the column in the table from which the rule was made.
        role: its role there; finds the column where it has another name.
        operation: `is` the cell equals `value`; `like` it matches `value`, in which `*` is any text; `at_least` and
            `at_most` a number, or a date as YYYY-MM-DD; `new` no earlier row of the same customer has the cell, or no
            earlier row of the file where there is no customer; `confirmed` a row with the same cell was labelled fraud
            within `value` days.
        value: of the operation; None for `new`.
    """

    column: str
    role: str
    operation: str
    value: str | float | int | None = None

    def __post_init__(self) -> None:
        """Check the condition.

        Raises:
            UsageRefused: the operation is unknown, or the value is none for it.
        """
        if self.operation not in OPERATIONS:
            raise UsageRefused(
                msg(
                    "found the operation {operation!r} in a rule, expected one of {operations}",
                    operation=self.operation,
                    operations=", ".join(OPERATIONS),
                )
            )
        if not self.column or not _is_value(self.operation, self.value):
            raise UsageRefused(
                msg(
                    "found a condition {operation!r} of column {column!r} without a value that fits it",
                    operation=self.operation,
                    column=self.column,
                ),
                hint="give a text, a number, a date as YYYY-MM-DD, or a number of days",
            )

    def find_column(self, columns: Mapping[str, str]) -> str | None:
        """Return the column of a table that the condition is about; None where the table has none.

        Args:
            columns: column -> role, in order.
        """
        if columns.get(self.column) == self.role:
            return self.column
        if self.role not in _UNKNOWN_ROLES:
            found = next((column for column, role in columns.items() if role == self.role), None)
            if found is not None:
                return found
        return self.column if self.column in columns else None

    def to_json(self) -> dict[str, Any]:
        """Return the condition as plain JSON."""
        return dict(vars(self))


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes:
        id: its number; 0 before it is stored.
        action: `hide` or `alert`.
        conditions: all of them must hold.
        layout: of the tables that the rule is for.
        expires_on: last day (UTC) on which the rule applies to new files; None for no end.
    """

    id: int
    action: str
    conditions: tuple[Condition, ...]
    layout: Layout
    expires_on: date | None = None

    def __post_init__(self) -> None:
        """Check the rule.

        Raises:
            UsageRefused: the action is unknown, or there is no condition, or there are too many.
        """
        if self.action not in ACTIONS:
            raise UsageRefused(
                msg(
                    "found the action {action!r} of a rule, expected one of {actions}",
                    action=self.action,
                    actions=", ".join(ACTIONS),
                )
            )
        if not 1 <= len(self.conditions) <= MAX_CONDITIONS:
            raise UsageRefused(
                msg(
                    "found a rule with {count} conditions, expected 1 to {most}",
                    count=len(self.conditions),
                    most=MAX_CONDITIONS,
                )
            )

    def to_json(self) -> dict[str, Any]:
        """Return the rule as plain JSON."""
        return {
            "id": self.id,
            "action": self.action,
            "conditions": [condition.to_json() for condition in self.conditions],
            "columns_digest": self.layout.digest,
            "roles": list(self.layout.roles),
            "expires_on": self.expires_on and self.expires_on.isoformat(),
        }

    @classmethod
    def from_json(cls, stored: Any) -> Rule:
        """Return the rule of plain JSON.

        Raises:
            UsageRefused: it is none.
        """
        try:
            conditions = tuple(
                Condition(str(one["column"]), str(one.get("role", "")), one["operation"], one.get("value"))
                for one in stored["conditions"]
            )
            layout = Layout(str(stored.get("columns_digest", "")), tuple(map(str, stored.get("roles", ()))))
            end = stored.get("expires_on")
            expires_on = date.fromisoformat(end) if end else None
            return cls(int(stored.get("id", 0)), stored["action"], conditions, layout, expires_on)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise UsageRefused(
                "found something else than a rule, expected an action and conditions",
                hint="export rules from the page Rules, or with vigie rules export",
            ) from None


def read_rules(text: str) -> list[Rule]:
    """Read a file of rules as `write_rules` makes it.

    Raises:
        UsageRefused: it is none.
    """
    try:
        document = json.loads(text)
        stored = document["rules"]
    except (ValueError, KeyError, TypeError):
        raise UsageRefused(
            "found no rules in the file, expected JSON with a list `rules`",
            hint="export rules from the page Rules, or with vigie rules export",
        ) from None
    return [Rule.from_json(one) for one in stored]


def write_rules(rules: Iterable[Rule]) -> str:
    """Return a file of rules."""
    document = {"format": 1, "rules": [rule.to_json() for rule in rules]}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _is_value(operation: str, value: Any) -> bool:
    if operation in {"is", "like"}:
        return isinstance(value, str) and len(value.strip()) > 0 and len(value) <= MAX_TEXT
    if operation in _BOUNDS:
        return is_date(value) if isinstance(value, str) else _is_number(value) and math.isfinite(value)
    if operation == "confirmed":
        return _is_number(value) and value == int(value) and 1 <= value <= MAX_DAYS
    return value is None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_date(text: str) -> bool:
    """Return whether a text is a date as YYYY-MM-DD."""
    try:
        return len(text) == 10 and date.fromisoformat(text) is not None
    except ValueError:
        return False
