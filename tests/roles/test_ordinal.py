"""Texts that are ordered numbers are read as such, and nothing else is."""

from __future__ import annotations

import math

import polars as pl
import pytest

from vigie.roles.ordinal import ordinal

ORDERED = [
    ["none", "1 to 2", "3 to 5", "more than 5"],
    ["none", "1", "2 to 4", "more than 4"],
    ["new", "2 years", "3 years", "more than 7"],
    ["under 6 months", "1 year", "2 to 3 years", "4 to 8 years", "no change"],
    ["1 vehicle", "2 vehicles", "3 to 4", "5 to 8", "more than 8"],
    ["less than 20000", "20000 to 29000", "60000 to 69000", "more than 69000"],
    ["16 to 17", "18 to 20", "26 to 30", "over 65"],
    ["aucun", "moins de 5", "entre 5 et 10", "plus de 10"],
    ["menos de 1 año", "1 a 3 años", "más de 3 años", "nunca"],
    ["até 2 anos", "3 a 5 anos", "mais de 5 anos"],
    ["<18", "18-25", "26-35", ">35"],
    ["low", "medium", "high"],
    ["faible", "moyen", "élevé"],
    ["Trivial Damage", "Minor Damage", "Major Damage", "Total Loss"],
    ["10k", "20k", "50k+"],
]
NOT_ORDERED = [
    ["visa", "mastercard"],
    ["A12", "B13", "C14"],
    ["0123", "0456", "0789"],
    ["12:30", "14:20", "15:10"],
    ["yes", "no"],
    ["Type 1", "Type 2"],
    ["2020-01", "2020-02"],
    ["Paris", "Lyon"],
]


@pytest.mark.parametrize("texts", ORDERED, ids=lambda texts: texts[-1])
def test_ordered_texts_keep_their_order(texts: list[str]) -> None:
    """Numbers grow as a reader would say."""
    values = ordinal(pl.Series(texts * 3))
    assert values is not None
    assert values[: len(texts)] == sorted(values[: len(texts)])
    assert len(set(values)) == len(texts)


@pytest.mark.parametrize("texts", NOT_ORDERED, ids=lambda texts: texts[-1])
def test_other_texts_are_not_numbers(texts: list[str]) -> None:
    """Codes, dates, names and answers have no order."""
    assert ordinal(pl.Series(texts * 3)) is None


def test_unknown_and_empty_cells_are_nan() -> None:
    """A few texts outside the order do not spoil it."""
    values = ordinal(pl.Series(["1 to 2", None, "3 to 5", "none", "6 to 9", "unknown"]))
    assert values is not None
    assert [math.isnan(value) for value in values] == [False, True, False, False, False, True]


def test_only_texts_are_read() -> None:
    """Numbers are numbers already."""
    assert ordinal(pl.Series([1, 2, 3])) is None
