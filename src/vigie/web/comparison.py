"""Two results with the same columns compared, as this month's file with last month's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vigie.alerts.decision import Alerts
from vigie.app import Label
from vigie.app.currency_sums import CurrencySum, one_sum
from vigie.app.result_layout import cell_column, find_typed, own_column
from vigie.app.tables import FRAUD, LEGITIMATE
from vigie.calibration import stability
from vigie.calibration.stability import Stability
from vigie.cases import currencies
from vigie.cases.currencies import row_currency
from vigie.roles.definitions import category_roles
from vigie.roles.inference import Roles

MAX_VALUES = 8
"""Values of a category that are listed; the others are one line."""
_MAX_CATEGORIES = 2
_MAX_DISTINCT = 5000


@dataclass(frozen=True)
class ResultTable:
    """One of the two results.

    Attributes:
        path: the ranked rows.
        description: of them.
        roles: of the columns.
        alerts: which rows are alerts.
        labels: row -> label.
    """

    path: Path
    description: Mapping[str, Any]
    roles: Roles
    alerts: Alerts
    labels: Mapping[int, Label]


@dataclass(frozen=True)
class Totals:
    """What one table comes to; amounts by currency, none without a column of amounts."""

    rows: int
    alerts: int
    frauds: int
    known: int
    amounts: tuple[CurrencySum, ...]
    alert_amounts: tuple[CurrencySum, ...]
    fraud_amounts: tuple[CurrencySum, ...]
    median_amounts: tuple[CurrencySum, ...]

    @property
    def amount(self) -> float | None:
        """Sum of the amounts; None without amounts and for several currencies, as the others."""
        return one_sum(self.amounts)

    @property
    def alert_amount(self) -> float | None:
        """The same of the alerts."""
        return one_sum(self.alert_amounts)

    @property
    def fraud_amount(self) -> float | None:
        """The same of the rows labelled fraud."""
        return one_sum(self.fraud_amounts)

    @property
    def median_amount(self) -> float | None:
        """Median of the amounts."""
        return one_sum(self.median_amounts)


@dataclass(frozen=True)
class Value:
    """A value of a category: its rows before and after; `name` is None for all others."""

    name: str | None
    before: int
    after: int


@dataclass(frozen=True)
class Category:
    """A category in both tables.

    Attributes:
        column: its name in the later table.
        values: the most frequent ones, then all others.
        new: values that only the later table has.
        gone: values that only the earlier table has.
    """

    column: str
    values: list[Value]
    new: list[Value]
    gone: list[Value]
    moved: Stability


@dataclass(frozen=True)
class NewEntities:
    """Entities of one column that only the later table has: their number, rows and alerts."""

    column: str
    role: str
    entities: int
    rows: int
    alerts: int


@dataclass(frozen=True)
class Comparison:
    """What changed from one table to a later one.

    Attributes:
        missing: columns that only the earlier table has.
        added: columns that only the later table has.
        amounts: how far amounts moved, by currency, for those that both tables have.
        renamed: column of the earlier table -> the one of the later table that has its role.
    """

    before: Totals
    after: Totals
    scores: Stability | None
    amounts: dict[str, Stability]
    categories: list[Category]
    new_entities: list[NewEntities]
    missing: list[str]
    added: list[str]
    renamed: dict[str, str]


def compare(before: ResultTable, after: ResultTable) -> Comparison:
    """Compare an earlier result with a later one."""
    frames = [_read(one) for one in (before, after)]
    renamed, missing, added = _columns(before, after)
    new_entities = [_new_entities(before, after, kind) for kind in ("counterpart", "actor")]
    categories = [_category(before, after, *pair) for pair in _shared_categories(before, after)]
    return Comparison(
        _totals(before, frames[0]),
        _totals(after, frames[1]),
        _moved(frames, "score"),
        _moved_amounts(frames),
        [one for one in categories if one is not None],
        [one for one in new_entities if one is not None],
        missing,
        added,
        renamed,
    )


def totals(table: ResultTable) -> Totals:
    """Return what the table of a result comes to."""
    return _totals(table, _read(table))


def _read(table: ResultTable) -> pl.DataFrame:
    """Return `row`, `score`, `amount`, `currency` and `alert` of all rows."""
    typed = find_typed(table.description, table.roles.first("amount"))
    amount = pl.lit(None) if typed is None else pl.col(typed)
    chosen = [
        pl.col(own_column("row")).alias("row"),
        pl.col(own_column("fraud_score")).alias("score"),
        amount.cast(pl.Float64, strict=False).alias("amount"),
        row_currency(table.description, table.roles),
    ]
    alerts = table.alerts.select(_scan(table)).select(pl.col(own_column("row")).alias("row"))
    marked = alerts.with_columns(pl.lit(True).alias("alert"))
    rows = _scan(table).select(chosen).join(marked, on="row", how="left")
    return rows.with_columns(pl.col("alert").fill_null(False)).collect()


def _totals(table: ResultTable, rows: pl.DataFrame) -> Totals:
    verdicts = {row: label.verdict for row, label in table.labels.items()}
    frauds = [row for row, verdict in verdicts.items() if verdict == FRAUD]
    known = sum(verdict in {FRAUD, LEGITIMATE} for verdict in verdicts.values())
    every = currencies.sums(rows)
    of_frauds = rows.filter(pl.col("row").is_in(pl.Series(frauds, dtype=pl.Int64).implode()))

    def total(chosen: pl.DataFrame) -> tuple[CurrencySum, ...]:
        found = {one.currency: one.amount for one in currencies.sums(chosen)}
        return tuple(CurrencySum(one.currency, found.get(one.currency, 0.0)) for one in every)

    medians = rows.drop_nulls("amount").group_by("currency").agg(pl.col("amount").median()).sort("currency")
    return Totals(
        rows.height,
        int(rows["alert"].sum()),
        len(frauds),
        known,
        every,
        total(rows.filter("alert")),
        total(of_frauds),
        tuple(CurrencySum(*row) for row in medians.rows()),
    )


def _moved(frames: list[pl.DataFrame], name: str) -> Stability | None:
    before, after = (frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for frame in frames)
    return stability.of_values(before, after)


def _moved_amounts(frames: list[pl.DataFrame]) -> dict[str, Stability]:
    names = [set(frame.drop_nulls("amount")["currency"]) for frame in frames]
    found = {
        name: _moved([frame.filter(pl.col("currency") == name) for frame in frames], "amount")
        for name in sorted(names[0] & names[1])
    }
    return {name: moved for name, moved in found.items() if moved is not None}


def _columns(before: ResultTable, after: ResultTable) -> tuple[dict[str, str], list[str], list[str]]:
    """Return renamed, missing and added columns; a column of a role is renamed where another one has the role."""
    first, second = (list(one.description["columns"]) for one in (before, after))
    missing, added = [c for c in first if c not in second], [c for c in second if c not in first]
    renamed: dict[str, str] = {}
    for column in list(missing):
        role = before.roles.of(column).role
        same = next((c for c in added if role != "none" and after.roles.of(c).role == role), None)
        if same is not None:
            renamed[column] = same
            missing.remove(column)
            added.remove(same)
    return renamed, missing, added


def _shared_categories(before: ResultTable, after: ResultTable) -> list[tuple[str, str]]:
    """Return the columns of the same category in both tables, by name, else by role."""
    found: list[tuple[str, str]] = []
    for role in category_roles():
        for column in after.roles.all(role):
            first = column if column in before.roles.all(role) else before.roles.first(role)
            if first is not None and first not in [one for one, _ in found]:
                found.append((first, column))
    return found[:_MAX_CATEGORIES]


def _category(before: ResultTable, after: ResultTable, first: str, second: str) -> Category | None:
    counts = [_counts(before, first, "before"), _counts(after, second, "after")]
    both = counts[0].join(counts[1], on="value", how="full", coalesce=True).fill_null(0)
    both = both.sort(pl.col("after") + pl.col("before"), "value", descending=[True, False])
    moved = stability.of_counts(both["before"].to_numpy(), both["after"].to_numpy())
    if moved is None or not 2 <= both.height <= _MAX_DISTINCT:
        return None
    rows = [Value(*row) for row in both.select("value", "before", "after").iter_rows()]
    rest = rows[MAX_VALUES:]
    others = [Value(None, sum(v.before for v in rest), sum(v.after for v in rest))] if rest else []
    new, gone = [v for v in rows if not v.before], [v for v in rows if not v.after]
    return Category(second, rows[:MAX_VALUES] + others, new[:MAX_VALUES], gone[:MAX_VALUES], moved)


def _counts(table: ResultTable, column: str, name: str) -> pl.DataFrame:
    values = _cells(table, column)
    counted = _scan(table).select(values.alias("value")).drop_nulls().group_by("value").len(name).collect()
    return counted.with_columns(pl.col(name).cast(pl.Int64))


def _new_entities(before: ResultTable, after: ResultTable, kind: str) -> NewEntities | None:
    first, second = (
        one.roles.counterpart() if kind == "counterpart" else one.roles.actor() for one in (before, after)
    )
    if first is None or second is None or _place(after, second) is None or _place(before, first) is None:
        return None
    known = _scan(before).select(_cells(before, first).alias("entity")).unique()
    rows = _scan(after).select(pl.col(own_column("row")).alias("row"), _cells(after, second).alias("entity"))
    new = rows.drop_nulls().join(known, on="entity", how="anti").collect()
    chosen = after.alerts.select(_scan(after)).select(pl.col(own_column("row")).alias("row")).collect()
    alerts = new.join(chosen, on="row", how="semi").height
    return NewEntities(second, after.roles.of(second).role, new["entity"].n_unique(), new.height, alerts)


def _cells(table: ResultTable, column: str) -> pl.Expr:
    cell = pl.col(cell_column(_place(table, column) or 0)).str.strip_chars()
    return pl.when(cell != "").then(cell)


def _place(table: ResultTable, column: str | None) -> int | None:
    columns: list[str] = list(table.description["columns"])
    return columns.index(column) if column in columns else None


def _scan(table: ResultTable) -> pl.LazyFrame:
    return pl.scan_parquet(table.path, glob=False, hive_partitioning=False)
