"""Roles of columns whose values nobody can look at: from their names, and their types where they are known.

A model made elsewhere comes with the names of its columns and no table. A name is read as for a table; what its values
would have to look like is granted, as far as the type allows it.
"""

from __future__ import annotations

from collections.abc import Mapping

from vigie.roles.assignment import assign
from vigie.roles.column_stats import Values
from vigie.roles.name_parser import Reading, read, shorten
from vigie.roles.name_rules import speak
from vigie.roles.value_checks import FITS

NUMBER, TEXT = "number", "text"

_MANY = {"rows": 1000, "distinct": 500, "unique": 0.5}
_WHOLE = {"kind": "number", "whole": 1.0, "cents": 1.0}


def _whole(low: float, high: float, distinct: int, unique: float | None = None) -> Values:
    share = distinct / 1000 if unique is None else unique
    few = frozenset({"0", "1"}) if distinct == 2 else frozenset()
    return Values(rows=1000, distinct=distinct, unique=share, low=low, high=high, few=few, **_WHOLE)  # type: ignore[arg-type]


def _text(shape: str = "", distinct: int = 500) -> Values:
    return Values("text", rows=1000, distinct=distinct, unique=distinct / 1000, shape=shape)


# What columns of numbers and of texts may look like, the plainest first: it is taken where a name says nothing.
_NUMBERS = (
    Values("number", low=-5.0, high=1e4, middle=10.0, tail=900.0, whole=0.1, cents=0.5, **_MANY),  # type: ignore[arg-type]
    _whole(0, 1e5, 400),
    _whole(0, 1, 2),
    _whole(0, 23, 24),
    _whole(0, 6, 7),
    _whole(1, 12, 12),
    _whole(1, 31, 31),
    _whole(18, 90, 60),
    _whole(1930, 2005, 70),
    _whole(1.7e9, 1.75e9, 900),
    _whole(1, 1000, 1000),
    Values("number", low=-60.0, high=60.0, middle=5.0, tail=59.0, whole=0.0, **_MANY),  # type: ignore[arg-type]
)
_TEXTS = (
    _text(distinct=8),
    _text("code"),
    _text("uuid", 1000),
    _text(),
    *(_text(shape) for shape in ("ip", "email", "phone", "card", "user_agent")),
    *(_text(shape, 30) for shape in ("country", "currency", "state")),
    _text("weekday", 7),
    _text("month", 12),
    _text("clock"),
    Values("time", rows=1000, distinct=900, unique=0.9),
)


def of_names(types: Mapping[str, str | None]) -> dict[str, str]:
    """The role of each column.

    Args:
        types: column -> `number` or `text`; anything else is taken for unknown, and a name may then mean both.
    """
    readings = {name: read(short) for name, short in shorten(tuple(types)).items()}
    facts = {name: _imagine(readings[name], types[name]) for name in types}
    return {name: choice.role for name, choice in assign(facts, readings, {}).items()}


def _imagine(reading: Reading, kind: str | None) -> Values:
    """The values that suit what the name says best."""
    able = _NUMBERS if kind == NUMBER else _TEXTS if kind == TEXT else _NUMBERS + _TEXTS
    said = [rule for rule, _ in speak(frozenset(reading.concepts))]
    return max(
        able, key=lambda values: max((rule.weight * FITS[rule.fit](values) for rule in said), default=0.0)
    )
