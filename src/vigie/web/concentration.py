"""Customers and counterparties that many alerts have in common: how alerts concentrate, and which to look at first."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from vigie.app.currency_sums import CurrencySum
from vigie.cases import currencies

MAX_ENTITIES = 6
"""Entities shown."""
MIN_ALERTS = 3
"""Alerts of an entity that is shown: fewer are no concentration."""


@dataclass(frozen=True)
class Entity:
    """One customer or counterparty among the alerts.

    Attributes:
        cell: as the upload names it.
        alerts: its alerts.
        amounts: their sum in each currency.
        expected_losses: sum of probability times amount in each currency; none without probabilities.
        known: its alerts that are labelled.
        frauds: its alerts labelled fraud.
    """

    cell: str
    alerts: int
    amounts: tuple[CurrencySum, ...]
    expected_losses: tuple[CurrencySum, ...]
    known: int
    frauds: int


@dataclass(frozen=True)
class Concentration:
    """How the alerts concentrate on the entities of one column.

    Attributes:
        column: of the upload.
        role: of the column.
        share: of the alerts that the named entities have.
        entities: the first ones, by expected loss, else by amount, else by alerts; amounts of several currencies do not
            compare, so there alerts decide.
    """

    column: str
    role: str
    share: float
    entities: list[Entity]


def concentration(column: str, role: str, alerts: pl.DataFrame) -> Concentration | None:
    """Return how alerts concentrate on the entities of a column; None where no entity has several.

    Args:
        column: of the upload.
        role: of the column.
        alerts: (alerts, …) `entity`, `amount`, `currency`, `probability` and `verdict` of each; the others may be null.
    """
    alerts = alerts.with_columns(
        (pl.col("amount").clip(lower_bound=0) * pl.col("probability")).alias("expected_loss")
    )
    by = ["alerts", "entity"]
    if alerts.drop_nulls("amount")["currency"].n_unique() <= 1:
        by = ["expected_loss", "amount", *by]
    grouped = (
        alerts.filter(pl.col("entity").fill_null("") != "")
        .group_by("entity")
        .agg(
            pl.len().alias("alerts"),
            _sum(pl.col("amount")).alias("amount"),
            _sum(pl.col("expected_loss")).alias("expected_loss"),
            pl.col("verdict").is_in(["fraud", "fine"]).sum().alias("known"),
            (pl.col("verdict") == "fraud").sum().alias("frauds"),
        )
        .filter(pl.col("alerts") >= MIN_ALERTS)
        .sort(by, descending=[name != "entity" for name in by], nulls_last=True)
        .head(MAX_ENTITIES)
    )
    if grouped.is_empty():
        return None
    parts = alerts.partition_by("entity", as_dict=True)
    entities = [
        Entity(
            row["entity"],
            row["alerts"],
            currencies.sums(parts[row["entity"],]),
            currencies.sums(parts[row["entity"],], "expected_loss"),
            row["known"],
            row["frauds"],
        )
        for row in grouped.iter_rows(named=True)
    ]
    return Concentration(column, role, sum(one.alerts for one in entities) / alerts.height, entities)


def _sum(values: pl.Expr) -> pl.Expr:
    """Return the sum; null where no value is known."""
    return pl.when(values.count() > 0).then(values.sum())
