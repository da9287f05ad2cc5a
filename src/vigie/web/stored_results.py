"""Pages of a stored result.

All rows are stored most suspicious first in small row groups (`vigie.app.result_layout`), so that an alert budget is a
number of rows from the top and a page is a slice of the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from vigie.alerts.decision import Alerts
from vigie.app import Label
from vigie.app.result_layout import cell_column, own_column, typed_column
from vigie.cases.currencies import row_currency
from vigie.engine.output import RESULT_COLUMNS
from vigie.errors import NotFound, UsageRefused
from vigie.i18n.facts import sentences
from vigie.i18n.messages import Message, msg, translate
from vigie.i18n.translator import Translator
from vigie.roles.inference import Roles

_OWN = ("row", "rank", *RESULT_COLUMNS)
_MAX_PAGE_SIZE = 500
_MAX_SORTED_ROWS = 200_000
_MAX_CELL = 2000
_SAME = 0.005
"""Half of the smallest unit of most currencies: numbers nearer than this are the same for a search."""


@dataclass(frozen=True)
class RowQuery:
    """Selection and order of rows.

    Attributes:
        budget: only alerts: those of this number of rows from the top of the ranking; None for all rows.
        page: from 1.
        size: rows per page, at most 500.
        sort: `rank`, another column of Vigie, or a column of the upload.
        search: text in a cell or a reason, in any case.
        filters: column of the upload -> exact cell.
        level: `HIGH`, `MEDIUM` or `LOW`.
        label: a label of `vigie.app.tables.LABELS`, `any` or `none`.
        only: indices of rows, from 0; None for all.
        ranges: column of numbers or dates -> least and largest value, None for no limit.
        feature: name of a feature that is among the reasons of the row.
        numbers: values that `search` may mean; a cell that is one of them is found however it is written.
        alerts: which rows are alerts; None for those of the budget, else of the run.
        by_score: `budget` selects the first rows of the ranking, whatever rules say.
    """

    budget: int | None = None
    page: int = 1
    size: int = 50
    sort: str = "rank"
    descending: bool = False
    search: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    level: str = ""
    label: str = ""
    only: tuple[int, ...] | None = None
    ranges: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    feature: str = ""
    numbers: tuple[float, ...] = ()
    alerts: Alerts | None = None
    by_score: bool = False


@dataclass(frozen=True)
class Page:
    """One page of rows; `total` counts all selected rows."""

    rows: list[dict[str, Any]]
    total: int
    columns: list[str]


class RankedTable:
    """The ranked rows of one result.

    Args:
        path: the stored table.
        description: its columns, as `vigie.jobs.result_files.write_all` returns them.
        language: in which its reasons were written.
    """

    def __init__(self, path: Path, description: Mapping[str, Any], language: str = "en") -> None:
        self._path, self._language = path, language
        self._description = description
        self.columns: list[str] = list(description.get("columns", []))
        self._typed: set[int] = set(description.get("typed", []))
        self._has_facts = bool(description.get("facts"))
        self._actor: str | None = description.get("actor")
        self._actor_role: str = description.get("actor_role") or ""
        schema = self._scan().collect_schema()
        self._numeric = [n for n in sorted(self._typed) if schema[typed_column(n)].is_numeric()]

    def page(self, query: RowQuery, labels: Mapping[int, Label]) -> Page:
        """Return one page of the rows that a query selects.

        Args:
            query: selection and order.
            labels: row -> label.
        """
        if query.page < 1 or not 1 <= query.size <= _MAX_PAGE_SIZE:
            raise UsageRefused(
                msg("expected a page from 1 and 1 to {max_page} rows per page", max_page=_MAX_PAGE_SIZE)
            )
        rows = self._scan()
        alerts = query.alerts or Alerts(0)
        if query.budget is not None:
            rows = rows.head(max(0, query.budget)) if query.by_score else alerts.select(rows)
        ranked = query.sort == "rank" and not query.descending
        if not ranked or query.search:
            rows = rows.head(_MAX_SORTED_ROWS)
        for condition in self._conditions(query, labels):
            rows = rows.filter(condition)
        total = int(rows.select(pl.len()).collect().item())
        if not ranked:
            keys = [self._sort_key(query.sort), own_column("rank")]
            rows = rows.sort(keys, descending=[query.descending, False], nulls_last=True)
        found = rows.slice((query.page - 1) * query.size, query.size).collect()
        return Page(self._to_dicts(found, labels, alerts), total, self.columns)

    def related(self, row: int, limit: int, labels: Mapping[int, Label], alerts: Alerts) -> dict[str, Any]:
        """Return the rows of the same actor, in the order of the upload; no rows where the actor is unknown.

        Raises:
            NotFound: there is no such row.
        """
        if self._actor is None or self._actor not in self.columns:
            return {"column": None, "role": None, "rows": []}
        cell, index = pl.col(self._cell_column(self._actor)), pl.col(own_column("row"))
        actor = self._scan().filter(index == row).select(cell).collect()
        if not actor.height:
            raise NotFound("row", str(row + 1), hint="rows count from 1")
        rows: list[dict[str, Any]] = []
        if actor.item() not in {None, ""}:
            found = self._scan().filter(cell == actor.item()).sort(index).head(limit).collect()
            rows = self._to_dicts(found, labels, alerts)
        return {"column": self._actor, "role": self._actor_role, "rows": rows}

    def cells(self, column: str, rows: Iterable[int]) -> dict[int, str]:
        """Return row -> cell of a column of the upload, without empty cells."""
        names = [pl.col(own_column("row")), pl.col(self._cell_column(column))]
        found = self._scan().filter(_is_row(rows)).select(names).drop_nulls().collect()
        return dict(zip(*found, strict=True))

    def ranks(self, rows: Iterable[int]) -> dict[int, int]:
        """Return row -> rank of some rows."""
        names = [own_column("row"), own_column("rank")]
        found = self._scan().filter(_is_row(rows)).select(names).collect()
        return dict(zip(found[names[0]], found[names[1]], strict=True))

    def reasons(self, t: Translator) -> dict[int, str]:
        """Return row -> reasons in the language of the translator; nothing for results without facts."""
        if not self._has_facts:
            return {}
        names = [own_column("row"), own_column("facts")]
        found = self._scan().select(names).drop_nulls().collect()
        return {row: "; ".join(sentences(json.loads(facts), None, t)) for row, facts in found.iter_rows()}

    def reasons_of(self, rows: Iterable[int], t: Translator) -> dict[int, list[str]]:
        """Return row -> reasons of some rows in the language of the translator."""
        names = [
            own_column("row"),
            own_column("reasons"),
            *([own_column("facts")] if self._has_facts else []),
        ]
        found = self._scan().filter(_is_row(rows)).select(names).collect()
        return {
            row: sentences(json.loads(facts[0]) if facts and facts[0] else None, reasons, t)
            for row, reasons, *facts in found.iter_rows()
        }

    def rows_of(self, alerts: Alerts) -> list[int]:
        """Return the rows of the alerts, most suspicious first."""
        found = alerts.select(self._scan()).select(own_column("row")).collect()
        return [int(row) for row in found.to_series()]

    def row_cells(self, row: int) -> dict[str, str | None]:
        """Return column -> cell of a row, from 0.

        Raises:
            NotFound: there is no such row.
        """
        columns = [pl.col(cell_column(number)) for number in range(len(self.columns))]
        found = self._scan().filter(pl.col(own_column("row")) == row).select(columns).collect()
        if not found.height:
            raise NotFound("row", str(row + 1), hint="rows count from 1")
        return dict(zip(self.columns, found.row(0), strict=True))

    def alerts_of(
        self, entity: str, roles: Roles, alerts: Alerts, labels: Mapping[int, Label]
    ) -> pl.DataFrame:
        """Return `entity`, `amount`, `currency`, `probability` and `verdict` of the alerts.

        Args:
            entity: column of the upload.
            roles: of the columns of the upload.
            alerts: which rows are alerts.
            labels: row -> label.
        """
        amount = roles.first("amount")
        number = None if amount is None else self._number(amount)
        value = pl.lit(None, pl.Float64) if number not in self._numeric else pl.col(typed_column(number or 0))
        found = (
            alerts.select(self._scan())
            .select(
                pl.col(own_column("row")).alias("row"),
                pl.col(self._cell_column(entity)).alias("entity"),
                value.cast(pl.Float64).alias("amount"),
                row_currency(self._description, roles),
                pl.col(own_column("fraud_probability")).cast(pl.Float64).alias("probability"),
            )
            .collect()
        )
        verdicts = [label.verdict if (label := labels.get(row)) else None for row in found["row"]]
        return found.with_columns(pl.Series("verdict", verdicts, dtype=pl.String))

    def least_score(self, budget: int) -> float | None:
        """Return the score of the last of the first rows of the ranking; None for a budget of 0."""
        score = pl.col(own_column("fraud_score"))
        found = self._scan().head(max(0, budget)).tail(1).select(score).collect().to_series()
        return float(found[0]) if len(found) else None

    def _scan(self) -> pl.LazyFrame:
        return pl.scan_parquet(self._path, glob=False, hive_partitioning=False)

    def _cell_column(self, column: str) -> str:
        return cell_column(self._number(column))

    def _number(self, column: str) -> int:
        if column not in self.columns:
            raise NotFound("column", column, known=self.columns)
        return self.columns.index(column)

    def _sort_key(self, column: str) -> str:
        if column in _OWN and column not in self.columns:
            return own_column(column)
        number = self._number(column)
        return typed_column(number) if number in self._typed else cell_column(number)

    def _conditions(self, query: RowQuery, labels: Mapping[int, Label]) -> list[pl.Expr]:
        conditions = [pl.col(self._cell_column(column)) == cell for column, cell in query.filters.items()]
        if query.only is not None:
            conditions.append(_is_row(query.only))
        if query.level:
            conditions.append(pl.col(own_column("risk_level")) == query.level)
        if query.search.strip():
            text = query.search.strip().lower()[:200]
            cells = [*map(cell_column, range(len(self.columns))), own_column("reasons")]
            found = [pl.col(cell).str.to_lowercase().str.contains(text, literal=True) for cell in cells]
            found += [
                pl.col(typed_column(number)).is_between(value - _SAME, value + _SAME)
                for number in self._numeric
                for value in query.numbers
            ]
            conditions.append(pl.any_horizontal(found).fill_null(False))
        for column, (least, most) in query.ranges.items():
            conditions += self._within(column, least, most)
        if query.feature:
            named = pl.col(own_column("facts")).str.contains(f'"feature": "{query.feature}"', literal=True)
            conditions.append(named.fill_null(False) if self._has_facts else pl.lit(False))
        if query.label == "none":
            conditions.append(~_is_row(labels))
        elif query.label:
            conditions.append(
                _is_row(row for row, label in labels.items() if query.label in {label.verdict, "any"})
            )
        return conditions

    def _within(self, column: str, least: Any, most: Any) -> list[pl.Expr]:
        """Return the conditions of a range; a column without numbers or dates has no row in it."""
        number = self._number(column)
        if number not in self._typed:
            return [pl.lit(False)]
        cell = pl.col(typed_column(number))
        found = [] if least is None else [cell >= least]
        return found if most is None else [*found, cell <= most]

    def _to_dicts(
        self, found: pl.DataFrame, labels: Mapping[int, Label], alerts: Alerts
    ) -> list[dict[str, Any]]:
        rows = []
        for stored in found.iter_rows(named=True):
            row = {name: stored[own_column(name)] for name in _OWN}
            facts = stored[own_column("facts")] if self._has_facts else None
            row["facts"] = facts and json.loads(facts)
            row["alert"] = alerts.includes(row["row"], row["rank"])
            self._add_reason(row, alerts.reason(row["row"]))
            row["cells"] = {
                name: _shortened(stored[cell_column(number)]) for number, name in enumerate(self.columns)
            }
            row["numbers"] = {self.columns[n]: stored[typed_column(n)] for n in self._numeric}
            label = labels.get(row["row"])
            row["mark"] = row["verdict"] = label and label.verdict
            row["verdict_by"], row["verdict_at"] = label and label.user_name, label and label.at
            row["comment"] = label and label.comment
            rows.append(row)
        return rows

    def _add_reason(self, row: dict[str, Any], reason: Message | None) -> None:
        """Add the reason of a rule, to the facts where the result has any."""
        if reason is None:
            return
        if self._has_facts:
            row["facts"] = [*(row["facts"] or ()), {"message": reason.to_json()}]
        row["reasons"] = "; ".join(filter(None, (row["reasons"], translate(reason, self._language))))


def _is_row(rows: Iterable[int]) -> pl.Expr:
    return pl.col(own_column("row")).is_in(pl.Series(list(rows), dtype=pl.Int64).implode())


def _shortened(cell: str | None) -> str | None:
    return cell if cell is None or len(cell) <= _MAX_CELL else cell[:_MAX_CELL] + "…"
