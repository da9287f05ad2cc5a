"""For those who write Python: a table in, predictions out, with the models and the settings of the command line.

>>> import vigie
>>> import polars as pl
>>> payments = pl.DataFrame(
...     {
...         "date": [f"2026-03-{1 + i % 28:02} {i % 24:02}:15" for i in range(400)],
...         "client": [f"C{i % 40:04}" for i in range(400)],
...         "montant": [9_000_000.0 if i == 137 else 1_000.0 + 37 * (i % 53) for i in range(400)],
...     }
... )
>>> result = vigie.predict(payments)
>>> result.frame.columns == [*payments.columns, *result.additions.columns]
True
>>> result.additions.columns[:3]
['fraud_score', 'fraud_probability', 'anomaly_score']
>>> int(result.additions["fraud_score"].arg_max())
137
>>> [role["role"] for role in vigie.match(payments).summary["roles"]]
['time', 'customer', 'amount']
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from vigie import resources, settings
from vigie import table as tables
from vigie.engine import files, table_matching
from vigie.engine.options import Options, ScoringContext
from vigie.errors import InputRefused
from vigie.table import Table

Given = str | Path | pl.DataFrame | Any
"""A file, a polars or pandas table, an Arrow table, or a mapping of columns."""


@dataclass(frozen=True)
class Predictions:
    """What Vigie says of a table.

    Attributes:
        frame: the table as it was given, and then `additions`.
        additions: `fraud_score` and the six others, a row for each row of the table.
        summary: what there is to say of the whole: roles, matches, share of fraud, alerts; plain JSON.
    """

    frame: pl.DataFrame
    additions: pl.DataFrame
    summary: dict[str, Any]

    def alerts(self) -> pl.DataFrame:
        """The rows to look at, the most suspicious first."""
        score, alert = (self.additions.columns.index(name) for name in ("fraud_score", "alert"))
        width = self.frame.width - self.additions.width
        names = self.frame.columns
        rows = self.frame.filter(pl.col(names[width + alert]) == 1)
        return rows.sort(names[width + score], descending=True, maintain_order=True)


@dataclass(frozen=True)
class Matches:
    """What the columns of a table mean, and the models that fit: the best first, with the evidence of each."""

    matches: tuple[Any, ...]
    summary: dict[str, Any]


def predict(
    table: Given,
    *,
    roles: Mapping[str, str] | None = None,
    alert_budget: float | int | None = None,
    expected_fraud_rate: float | None = None,
    language: str = "en",
    **more: Any,
) -> Predictions:
    """Scores every row of a table that nobody has labelled.

    Args:
        table: a file, or a table in memory; never changed.
        roles: column -> what it means, where you know better than its name: `{"montant": "amount"}`.
        alert_budget: how many rows can be looked at: a share in (0, 1) or a number.
        expected_fraud_rate: the share of fraud, where you know it.
        language: of the reasons, `en` or `fr`.
        more: the other fields of `vigie.engine.options.Options`.
    """
    options = Options(
        roles=dict(roles or {}),
        alert_budget=alert_budget,
        expected_fraud_rate=expected_fraud_rate,
        language=language,
        **more,
    )
    chosen, given = settings.load(), _table(table)
    with resources.open_catalog(chosen) as catalog:
        context = ScoringContext(catalog, resources.bundle_loader(chosen), options)
        found = files.predict_table(given, context, chosen.cache_dir / "jobs")
    return Predictions(tables.append_columns(given, found.additions), found.additions, found.summary)


def match(table: Given, *, roles: Mapping[str, str] | None = None, **more: Any) -> Matches:
    """What the columns mean and which models fit; scores nothing.

    Args:
        table: a file, or a table in memory.
        roles: column -> what it means, where you know better.
        more: the other fields of `vigie.engine.options.Options`, such as `top`.
    """
    chosen, given = settings.load(), _table(table)
    with resources.open_catalog(chosen) as catalog:
        context = ScoringContext(
            catalog, resources.bundle_loader(chosen), Options(roles=dict(roles or {}), **more)
        )
        found = table_matching.match(given, context)
    return Matches(
        found.matches, {"roles": found.roles.to_json(), "read": found.read, "seconds": found.seconds}
    )


def _table(given: Given) -> Table:
    if isinstance(given, str | Path):
        chosen = settings.load()
        return tables.read(given, max_rows=chosen.max_rows, max_columns=chosen.max_columns)
    try:
        frame = given if isinstance(given, pl.DataFrame) else pl.DataFrame(given)
    except (TypeError, ValueError, ImportError, pl.exceptions.PolarsError) as error:
        raise InputRefused(
            f"table: found {type(given).__name__}, expected a file or a table ({type(error).__name__})",
            hint="give a path, a polars or pandas table, or a mapping of column names to lists",
        ) from error
    return tables.from_frame(frame)
