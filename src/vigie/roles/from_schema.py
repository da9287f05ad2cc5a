"""Roles of columns without values: from their names, and their types where these are known.

An imported model comes with the names of its columns and no table. Each name is read as for a table, with the statistics that
suit it best among those that its type allows.
"""

from __future__ import annotations

from collections.abc import Mapping

from vigie.roles.assignment import assign
from vigie.roles.column_stats import ColumnStats
from vigie.roles.name_parser import ParsedName, parse_name, strip_common_prefix
from vigie.roles.name_rules import matching_rules
from vigie.roles.value_checks import CHECKS

NUMBER, TEXT = "number", "text"

_ROWS = 1000


def _number(low: float, high: float, n_distinct: int, **more: float) -> ColumnStats:
    values = frozenset({"0", "1"}) if n_distinct == 2 else frozenset()
    known = {"integer_share": 1.0, "cents_share": 1.0, "distinct_share": n_distinct / _ROWS, **more}
    return ColumnStats("number", _ROWS, n_distinct=n_distinct, min=low, max=high, values=values, **known)  # type: ignore[arg-type]


def _text(pattern: str = "", n_distinct: int = 500) -> ColumnStats:
    share = n_distinct / _ROWS
    return ColumnStats("text", _ROWS, n_distinct=n_distinct, distinct_share=share, pattern=pattern)


# What columns of numbers and of texts may look like, the plainest first: it is taken where a name says nothing.
_NUMBERS = (
    _number(-5.0, 1e4, 500, median=10.0, percentile_99=900.0, integer_share=0.1, cents_share=0.5),
    _number(0, 1e5, 400),
    _number(0, 1, 2),
    _number(0, 23, 24),
    _number(0, 6, 7),
    _number(1, 12, 12),
    _number(1, 31, 31),
    _number(18, 90, 60),
    _number(1930, 2005, 70),
    _number(1.7e9, 1.75e9, 900),
    _number(1, 1000, 1000),
    _number(-60.0, 60.0, 500, median=5.0, percentile_99=59.0, integer_share=0.0, cents_share=0.0),
)
_TEXTS = (
    _text(n_distinct=8),
    _text("code"),
    _text("uuid", 1000),
    _text(),
    *(_text(pattern) for pattern in ("ip", "email", "phone", "card", "user_agent")),
    *(_text(pattern, 30) for pattern in ("country", "currency", "state")),
    _text("weekday", 7),
    _text("month", 12),
    _text("clock"),
    ColumnStats("time", _ROWS, n_distinct=900, distinct_share=0.9),
)


def roles_from_schema(types: Mapping[str, str | None]) -> dict[str, str]:
    """Return column -> role.

    Args:
        types: column -> `NUMBER` or `TEXT`; any other type is unknown, and the name may mean either.
    """
    names = {name: parse_name(short) for name, short in strip_common_prefix(tuple(types)).items()}
    stats = {name: _suitable_stats(names[name], types[name]) for name in types}
    return {name: candidate.role for name, candidate in assign(stats, names, {}).items()}


def _suitable_stats(name: ParsedName, column_type: str | None) -> ColumnStats:
    """Return the statistics that suit best what the name says."""
    possible = {NUMBER: _NUMBERS, TEXT: _TEXTS}.get(column_type or "", _NUMBERS + _TEXTS)
    rules = [rule for rule, _ in matching_rules(frozenset(name.concepts))]
    return max(
        possible,
        key=lambda stats: max((rule.weight * CHECKS[rule.check](stats) for rule in rules), default=0.0),
    )
