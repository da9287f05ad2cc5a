"""Roles from names alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from vigie import table
from vigie.roles import inference
from vigie.roles.from_schema import roles_from_schema

EXAMPLE = Path(__file__).parents[2] / "examples" / "mobile_money_fr.csv"
PLAIN = {"number", "flag", "category", "text", "none"}


@pytest.mark.parametrize("typed", [True, False])
def test_names_give_the_roles_that_names_and_values_give(typed: bool) -> None:
    """On a table whose names mean something; a type that is known may only help."""
    frame = table.read(EXAMPLE).typed
    types = {name: "number" if frame[name].dtype.is_numeric() else "text" for name in frame.columns}
    found = roles_from_schema(types if typed else dict.fromkeys(types))
    for column in inference.infer(frame).columns:
        if column.role not in PLAIN:
            assert (column.column, found[column.column]) == (column.column, column.role)


def test_names_without_meaning() -> None:
    """Are given no meaning, whatever their type."""
    found = roles_from_schema({"V1": "number", "V2": "number", "x": None, "qwzx": "text"})
    assert set(found.values()) <= PLAIN


def test_the_type_decides_between_two_meanings() -> None:
    """The hour of a number, and an order that does not matter."""
    types = {"hour": "number", "amount": "number", "country": "text", "is_new_device": "number"}
    expected = {"hour": "hour", "amount": "amount", "country": "country", "is_new_device": "risk_signal"}
    assert roles_from_schema(types) == expected
    assert roles_from_schema(dict(reversed(types.items()))) == expected
