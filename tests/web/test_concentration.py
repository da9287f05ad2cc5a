"""How alerts concentrate on customers and counterparties."""

from __future__ import annotations

import re

import polars as pl
import pytest
from tests.web.conftest import CSV, Installation, upload

from vigie.app.currency_sums import CurrencySum
from vigie.web.concentration import concentration
from vigie.web.services import RowQuery


def test_entities_with_several_alerts_are_ranked_by_expected_loss() -> None:
    """Amounts decide before the number of alerts, unless they have several currencies; two alerts are no concentration."""
    alerts = pl.DataFrame(
        {
            "entity": ["a"] * 5 + ["b"] * 3 + ["c", "c", None, ""],
            "amount": [10.0] * 5 + [1000.0] * 3 + [9e9] * 4,
            "currency": ["EUR"] * 12,
            "probability": [0.9] * 5 + [0.5] * 3 + [0.9] * 4,
            "verdict": ["fraud", "fine", "unsure", None, None] + [None] * 7,
        }
    )
    found = concentration("to", "counterparty", alerts)
    assert found is not None
    assert [(one.cell, one.alerts, one.amounts, one.known, one.frauds) for one in found.entities] == [
        ("b", 3, (CurrencySum("EUR", 3000.0),), 0, 0),
        ("a", 5, (CurrencySum("EUR", 50.0),), 2, 1),
    ]
    assert [loss.amount for one in found.entities for loss in one.expected_losses] == pytest.approx(
        [1500.0, 45.0]
    )
    assert found.share == pytest.approx(8 / 12)

    codes = ["EUR"] * 4 + ["XOF"] * 4 + ["EUR"] * 4
    mixed = concentration("to", "counterparty", alerts.with_columns(pl.Series("currency", codes)))
    assert mixed is not None
    assert [(one.cell, one.amounts) for one in mixed.entities] == [
        ("a", (CurrencySum("EUR", 40.0), CurrencySum("XOF", 10.0))),
        ("b", (CurrencySum("XOF", 3000.0),)),
    ]


def test_without_amounts_or_probabilities_alerts_are_counted() -> None:
    """And nothing is made up."""
    nothing = pl.DataFrame(
        {
            "entity": ["a"] * 3 + ["b"] * 4,
            "amount": [None] * 7,
            "currency": [""] * 7,
            "probability": [None] * 7,
            "verdict": [None] * 7,
        },
        {
            "entity": pl.String,
            "amount": pl.Float64,
            "currency": pl.String,
            "probability": pl.Float64,
            "verdict": pl.String,
        },
    )
    found = concentration("to", "counterparty", nothing)
    assert found is not None
    assert [(one.cell, one.amounts, one.expected_losses) for one in found.entities] == [
        ("b", (), ()),
        ("a", (), ()),
    ]
    assert concentration("to", "counterparty", nothing.head(2)) is None


def test_the_page_names_them_and_leads_to_their_rows(here: Installation) -> None:
    """With the alerts of the budget, and no more."""
    run = here.services.predictions.score(here.users["ada"], upload(here), budget=200).id
    here.work()
    client = here.browser("ada")
    text = client.get(f"/runs/{run}/concentrations?budget=200&lang=en").get_data(as_text=True)
    links = dict(re.findall(r'href="([^"]*)" data-search="([^"]*)"', text))
    assert links
    rows = here.services.results.rows(here.users["ada"], run, RowQuery(size=500)).rows
    for customer in links.values():
        counted = int(re.search(rf">{customer}</a></th>\s*<td class=\"number\">(\d+)<", text)[1])  # type: ignore[index]
        assert counted == sum(row["cells"]["customer"] == customer for row in rows if row["rank"] <= 200)
    assert CSV.count(f",{customer},") >= counted
