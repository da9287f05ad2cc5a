"""Columns of a model made elsewhere, found in a table that names them otherwise."""

from __future__ import annotations

from vigie.models.binding import bind


def test_a_name_comes_before_a_meaning() -> None:
    """In any case, with any separator; the meaning only where it is the only one on both sides."""
    model = {"Card_Id": "card", "amount": "amount", "seen": "time", "v1": "number"}
    table = {"card-id": "card", "Montant": "amount", "debut": "time", "fin": "time", "v2": "number"}
    assert bind(model, table) == {"Card_Id": "card-id", "amount": "Montant"}


def test_a_column_is_meant_once() -> None:
    """One that its name has claimed is not there for its meaning any more."""
    assert bind({"fee": "amount", "amount": "amount"}, {"amount": "amount"}) == {"amount": "amount"}
    assert bind({"a": "amount", "b": "amount"}, {"c": "amount"}) == {}
