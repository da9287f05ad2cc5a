"""The alerts of a run, with the entities that they name, as `vigie.app.cases.syncing` takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from vigie.app.cases import Candidate, RankedAlert
from vigie.app.result_layout import cell_column, own_column, typed_column
from vigie.cases import entities
from vigie.cases.currencies import row_currency
from vigie.roles.inference import Roles

_MIN_LIFT = 5.0
_ENOUGH = 0.5
"""A shared entity gathers its alerts where their share of its rows is `_MIN_LIFT` times that of the table, or `_ENOUGH`."""


def read_alerts(path: Path, summary: Mapping[str, Any], rows: Sequence[int], key: bytes) -> list[RankedAlert]:
    """Return the alerts of a ranking with the entities that they name.

    Args:
        path: the ranked table.
        summary: of the run.
        rows: of the alerts, from 0.
        key: of the digests; see `vigie.cases.entities.load_key`.
    """
    file, roles = summary["file"], Roles.from_json(summary["roles"])
    names = {column: number for number, column in enumerate(file["columns"])}
    columns = [(kind, names[column]) for kind, column in entities.entity_columns(roles) if column in names]
    scan = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    if not rows:
        return []
    chosen = scan.filter(pl.col(own_column("row")).is_in(pl.Series(rows, dtype=pl.Int64).implode()))
    found = chosen.select(_columns(columns, names, file, roles)).collect()
    gathering = {kind: _gathering(scan, found, kind, n, summary) for kind, n in columns[:-1]}
    return [
        _alert(row, columns, gathering, 1 - place / found.height, key)
        for place, row in enumerate(found.iter_rows(named=True))
    ]


def _columns(
    columns: list[tuple[str, int]], names: Mapping[str, int], file: Mapping[str, Any], roles: Roles
) -> list[pl.Expr]:
    typed = set(file.get("typed", []))

    def cell(role: str, dtype: Any, name: str) -> pl.Expr:
        number = names.get(roles.first(role) or "", -1)
        value = pl.col(typed_column(number)) if number in typed else pl.lit(None)
        return value.cast(dtype, strict=False).alias(name)

    return [
        *(
            pl.col(own_column(name)).alias(name)
            for name in ("row", "rank", "fraud_score", "fraud_probability")
        ),
        cell("amount", pl.Float64, "amount"),
        cell("time", pl.String, "at"),
        row_currency(file, roles),
        *(entities.normalised(pl.col(cell_column(number))).alias(kind) for kind, number in columns),
    ]


def _gathering(
    scan: pl.LazyFrame, alerts: pl.DataFrame, kind: str, number: int, summary: Mapping[str, Any]
) -> set[str]:
    """Return the values of a shared kind whose rows are alerts far more often than those of the table."""
    counts = alerts[kind].drop_nulls().value_counts(name="alerts")
    value = entities.normalised(pl.col(cell_column(number))).alias(kind)
    rows = scan.select(value).filter(pl.col(kind).is_in(counts[kind].implode())).group_by(kind).len()
    both = counts.lazy().join(rows, on=kind).collect()
    least = min(_ENOUGH, _MIN_LIFT * alerts.height / max(1, int(summary["rows"])))
    return set(both.filter(pl.col("alerts") / pl.col("len") >= least)[kind])


def _alert(
    row: Mapping[str, Any],
    columns: list[tuple[str, int]],
    gathering: Mapping[str, set[str]],
    weight: float,
    key: bytes,
) -> RankedAlert:
    probability = row["fraud_probability"]
    named = [(kind, row[kind]) for kind, _ in columns if row[kind] is not None]
    candidates = [
        Candidate(kind, entities.digest(key, kind, value), value in gathering.get(kind, {value}))
        for kind, value in named
    ]
    return RankedAlert(
        row=row["row"],
        rank=row["rank"],
        score=row["fraud_score"],
        probability=probability,
        weight=weight if probability is None else probability,
        amount=row["amount"],
        currency=row["currency"],
        at=_moment(row["at"]),
        candidates=tuple(candidates),
    )


def _moment(text: str | None) -> datetime | None:
    """Return a time of the table as one in UTC; None for a time without a date."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
