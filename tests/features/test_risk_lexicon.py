"""What the words of a cell say of risk."""

from __future__ import annotations

import pytest

from vigie.features.risk_lexicon import RISKIER, SAFER, risk


@pytest.mark.parametrize(
    ("riskier", "safer"),
    [
        ("TRANSFER", "PAYMENT"),
        ("CASH_OUT", "CASH_IN"),
        ("gift card", "groceries"),
        ("carte prépayée", "supermarché"),
        ("en ligne", "en magasin"),
        ("Retrait", "Dépôt"),
        ("retiro", "factura"),
        ("card not present", "card present"),
        ("not verified", "verified"),
        ("Étranger", "domestic"),
    ],
)
def test_the_riskier_word_weighs_more(riskier: str, safer: str) -> None:
    assert risk(riskier) > 0 >= risk(safer), (risk(riskier), risk(safer))


@pytest.mark.parametrize("text", ["", "B", "42", "Paris", "zzz"])
def test_other_words_have_no_direction(text: str) -> None:
    assert risk(text) == 0


def test_every_word_is_worth_at_most_one_and_on_one_side_only() -> None:
    for words in (RISKIER, SAFER):
        for word, worth in words.items():
            assert 0 < worth <= 1
            assert -1 <= risk(word) <= 1
    assert not RISKIER.keys() & SAFER.keys()
