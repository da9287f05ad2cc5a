"""What is drawn from a summary, without scoring anything: every turn it can take, at every width."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from vigie.cli.params import Budget, Share
from vigie.cli.report import Written, matched, report
from vigie.i18n.translator import Translator


def summary(**changes: Any) -> dict[str, Any]:
    """A summary as `predict` makes it."""
    roles = [
        {
            "column": "montant",
            "role": "amount",
            "confidence": 0.9,
            "evidence": ["name says amount"],
            "direction": 0,
        },
        {
            "column": "statut final",
            "role": "leak",
            "confidence": 1.0,
            "evidence": ["values are verdicts of fraud"],
            "direction": 0,
        },
        {
            "column": "vide",
            "role": "none",
            "confidence": 1.0,
            "evidence": ["one value on every row"],
            "direction": 0,
        },
    ]
    match = {
        "name": "mobile_money_full", "version": "1", "domain": "mobile_money", "similarity": 0.86, "weight": 0.5, "skill": 0.91, "skill_by": "worlds",
        "evidence": [{"points": 0.2 - 0.01 * i, "en": f"reason {i}", "fr": f"raison {i}"} for i in range(6)],
    }  # fmt: skip
    return {
        "rows": 12345, "columns": 3, "roles": roles, "matches": [match], "calibrated": True, "abstained_because": None,
        "abstained_because_fr": None, "prevalence": {"estimate": 0.012, "low": 0.004, "high": 0.03}, "agreement": 0.8,
        "alerts": 62, "alert_precision": {"estimate": 0.79, "low": 0.6, "high": 0.9},
        "risk_levels": {"HIGH": 62, "MEDIUM": 118, "LOW": 12165},
        "top": [{"row": 4812, "fraud_score": 0.998, "fraud_probability": 0.93, "reasons": "empties the account; new device"}],
        "seconds": {},
    } | changes  # fmt: skip


def drawn(width: int = 100, language: str = "en", **changes: Any) -> str:
    """The report as a pipe gets it."""
    console = Console(width=width, force_terminal=False, highlight=False)
    with console.capture() as page:
        for part in report(
            summary(**changes),
            Translator(language),
            source="t.csv",
            width=width,
            written=Written("out.csv", ["fraud_score"]),
        ):
            console.print(part)
    return page.get()


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_fits(width: int, language: str) -> None:
    """No line is wider than the page, and nothing is cut off."""
    text = drawn(width, language)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "montant" in text


def test_the_text_of_the_report() -> None:
    """Numbers as people say them."""
    text = drawn()
    for words in ("12,345 rows × 3 columns", "similarity 0.86", "50% of the vote", "4,812", "93%", "62 rows to look at (0.50% of",
                  "about 8 should be fraud (between 6 and 9)", "about 1.2% (between 0.40% and 3.0%)", "Written: out.csv",
                  "Left out, known only afterwards: statut final", "Not used: vide"):  # fmt: skip
        assert words in text, words


def test_brief_and_whole_evidence() -> None:
    """`predict` gives the three strongest points, `match` all six."""
    assert drawn().count("reason ") == 3
    console = Console(width=100)
    with console.capture() as page:
        for part in matched(summary(), Translator("en"), source="t.csv", width=100, minimum=0.5):
            console.print(part)
    assert page.get().count("reason ") == 6


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "The number of frauds among these rows cannot be estimated yet"),
        ("fr", "ne peut pas encore être estimé"),
    ],
)
def test_an_interval_of_nearly_all_is_no_estimate(language: str, shown: str) -> None:
    """No number is printed that any number of frauds agrees with."""
    text = drawn(120, language, alert_precision={"estimate": 0.5, "low": 0.0, "high": 1.0})
    assert shown in text
    assert Translator(language)("cli.precision", estimate="5", low="0", high="10") not in text
    assert shown not in drawn(120, language, alert_precision={"estimate": 0.5, "low": 0.2, "high": 0.9})


def test_abstention() -> None:
    """No probabilities, no expected precision, but a reason and a way on."""
    changes = {
        "calibrated": False, "abstained_because": "the models contradict each other on this table",
        "prevalence": None, "alert_precision": None, "alerts": 0,
        "agreement": None, "matches": [],
        "top": [{"row": 1, "fraud_score": 0.5, "fraud_probability": None, "reasons": ""}],
    }  # fmt: skip
    text = drawn(**changes)
    assert "No probabilities: the models contradict each other on this table" in text
    assert "probability" not in text
    assert "No row is an alert." in text
    assert "les modèles se contredisent" in drawn(language="fr", **changes)


def test_shares_of_fraud() -> None:
    """What the user said, and what the table cannot tell."""
    assert "0.50%, as given" in drawn(prevalence={"estimate": 0.005, "low": 0.005, "high": 0.005})
    assert "at least 0.60%" in drawn(prevalence={"estimate": 0.03, "low": 0.006, "high": 1.0})


def test_values_of_options() -> None:
    """Percent signs, commas, plain shares and counts."""
    budget, share = Budget(), Share()
    assert [budget.convert(text, None, None) for text in ("1%", "0,5 %", "500", "1_000", "0.01")] == [
        0.01,
        0.005,
        500,
        1000,
        0.01,
    ]
    assert [share.convert(text, None, None) for text in ("0.5%", "0.005", "0,5%")] == [0.005] * 3


@pytest.mark.parametrize(
    ("by", "stated"),
    [("worlds", "simulated tables"), ("held_out", "held-out rows"), ("makers", "its owner states")],
)
def test_the_report_names_the_source_of_a_models_performance(by: str, stated: str) -> None:
    """A model of one's own was never measured on simulated tables."""
    (match,) = summary()["matches"]
    assert stated in " ".join(drawn(matches=[match | {"skill_by": by}]).split())


def test_labels_are_pointed_out() -> None:
    """With the command that trains a model from them, and the column quoted for a shell; nothing without labels."""
    text = " ".join(drawn(read={"warnings": [], "labels": ["est fraude"]}).split())
    assert "The column est fraude looks like labels: vigie train t.csv --label 'est fraude'" in text
    assert "looks like labels" not in drawn(read={"warnings": [], "labels": []})
