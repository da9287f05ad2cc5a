"""Reading texts that are ordered numbers."""

from __future__ import annotations

import pytest

from vigie.roles.ordinal import read_scale

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
    ["Minor", "Major", "Total loss"],
    ["Low risk", "Medium risk", "High risk"],
    ["BB", "BBB", "A", "AA"],
    ["Not verified", "Pending", "Verified"],
    ["échoué", "réussi"],
    ["nacional", "extranjero"],
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
    ["A", "B", "D"],
]


@pytest.mark.parametrize("texts", ORDERED, ids=lambda texts: texts[-1])
def test_ordered_texts_keep_their_order(texts: list[str]) -> None:
    """Their numbers increase in the order in which a reader would put the texts."""
    scale = read_scale(texts)
    assert scale is not None
    values = [scale[text] for text in texts]
    assert values == sorted(set(values))


@pytest.mark.parametrize("texts", NOT_ORDERED, ids=lambda texts: texts[-1])
def test_other_texts_have_no_order(texts: list[str]) -> None:
    """Codes, dates, names and answers are not ordered."""
    assert read_scale(texts) is None


def test_a_text_outside_the_order_has_no_number() -> None:
    """A few such texts do not prevent the others from being read."""
    scale = read_scale(["1 to 2", "3 to 5", "none", "6 to 9", "unknown"])
    assert scale is not None
    assert scale.keys() == {"1 to 2", "3 to 5", "none", "6 to 9"}
