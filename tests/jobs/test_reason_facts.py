"""The numbers beside reasons are those of the table."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from vigie.engine.output import Prediction
from vigie.i18n.facts import sentences
from vigie.i18n.translator import Translator
from vigie.jobs.reason_facts import reason_facts
from vigie.roles.inference import infer
from vigie.table import from_frame

START = datetime(2026, 1, 1)
AMOUNTS = [100.0, 100.0, 120.0, 90.0, 4100.0]
FRAME = pl.DataFrame(
    {
        "when": [START + timedelta(hours=6 * i) for i in range(5)]
        + [START + timedelta(days=40 + i) for i in range(60)],
        "customer": ["C1"] * 5 + [f"C{2 + i % 9}" for i in range(60)],
        "receiver": ["R1", "R2", "R3", "R4", "R5"] + [f"R{6 + i % 7}" for i in range(60)],
        "amount": AMOUNTS + [1000.0 + i for i in range(60)],
    }
)


def _facts(feature: str, language: str = "en", row: int = 4) -> list[dict[str, Any]]:
    texts = [""] * FRAME.height
    texts[row] = Translator(language)(f"feature.{feature}")
    table = from_frame(FRAME)
    additions = pl.DataFrame({"reasons": texts})
    found = reason_facts(Prediction(table, additions, {}), infer(table.typed), language)
    assert found.null_count() == FRAME.height - 1
    reported: list[dict[str, Any]] = json.loads(found[row])
    return reported


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("amount_habit", {"detail": "times", "times": 41.0, "usual": 100.0, "here": 4100.0}),
        ("amount_over_max", {"detail": "before", "usual": 120.0, "here": 4100.0}),
        ("amount", {"detail": "above", "here": 4100.0, "share": 64 / 65}),
        ("count_day_actor", {"detail": "rows", "n": 4}),
        ("sum_day_actor", {"detail": "total", "total": 100.0 + 120.0 + 90.0 + 4100.0}),
        ("counterparts_per_actor", {"detail": "parties", "n": 5}),
        ("amount_round", {}),
        ("actors_per_device", {}),
        ("amount_counterpart", {}),
    ],
)
def test_a_reason_has_the_numbers_that_show_it(feature: str, expected: dict[str, Any]) -> None:
    """A day is the day before the row; what the table does not have is left out."""
    for language in ("en", "fr"):
        assert _facts(feature, language) == [pytest.approx({"feature": feature, **expected})]


def test_facts_are_read_in_any_language() -> None:
    """Whatever the language in which the table was scored."""
    facts = _facts("amount_habit", "fr")
    assert sentences(facts, None, Translator("en")) == [
        "amount far above this customer's habit: 41 times the usual 100, here 4,100"
    ]
    french = sentences(facts, None, Translator("fr"))[0]
    assert "41 fois le montant habituel de 100" in french
    assert "4\u202f100" in french or "4\u00a0100" in french


def test_results_without_facts_keep_their_words() -> None:
    """Those of an earlier version."""
    assert sentences(None, "one; two", Translator("fr")) == ["one", "two"]
    assert sentences(None, None, Translator("fr")) == []
