"""Customers and counterparties that many alerts have in common: how alerts concentrate, and which to look at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

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
        amount: their sum; None without amounts.
        expected_loss: sum of probability times amount; None without either.
        known: its alerts that are labelled.
        frauds: its alerts labelled fraud.
    """

    cell: str
    alerts: int
    amount: float | None
    expected_loss: float | None
    known: int
    frauds: int


@dataclass(frozen=True)
class Concentration:
    """How the alerts concentrate on the entities of one column.

    Attributes:
        column: of the upload.
        role: of the column.
        share: of the alerts that the named entities have.
        entities: the first ones, by expected loss, else by amount, else by alerts.
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
        alerts: (alerts, …) `entity`, `amount`, `probability` and `verdict` of each; the last three may be null.
    """
    loss = pl.col("amount").clip(lower_bound=0) * pl.col("probability")
    grouped = (
        alerts.filter(pl.col("entity").fill_null("") != "")
        .group_by("entity")
        .agg(
            pl.len().alias("alerts"),
            _sum(pl.col("amount")).alias("amount"),
            _sum(loss).alias("expected_loss"),
            pl.col("verdict").is_in(["fraud", "fine"]).sum().alias("known"),
            (pl.col("verdict") == "fraud").sum().alias("frauds"),
        )
        .filter(pl.col("alerts") >= MIN_ALERTS)
        .sort(
            "expected_loss",
            "amount",
            "alerts",
            "entity",
            descending=[True, True, True, False],
            nulls_last=True,
        )
        .head(MAX_ENTITIES)
    )
    if grouped.is_empty():
        return None
    rows: Sequence[tuple[str, int, float | None, float | None, int, int]] = grouped.rows()
    return Concentration(
        column, role, sum(row[1] for row in rows) / alerts.height, [Entity(*row) for row in rows]
    )


def _sum(values: pl.Expr) -> pl.Expr:
    """Return the sum; null where no value is known."""
    return pl.when(values.count() > 0).then(values.sum())
