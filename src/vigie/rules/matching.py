"""The rows of a table that rules match."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import polars as pl

from vigie.rules.rule import ALERT, Condition, Layout, Rule

ROW, RULE = "row", "rule"
Confirmed = Callable[[str, str, int], Collection[str]]
"""Column, its role and days -> cells of rows that were labelled fraud within as many days."""


@dataclass(frozen=True)
class RuleTable:
    """A table that rules are applied to.

    Attributes:
        rows: all rows, in any order.
        columns: column -> role, in the order of the table.
        index: number of a row, from 0, in the order of the table.
        cell: column -> its cells as text.
        numbers: column of numbers -> its values.
        dates: column of dates or moments -> its values.
        actor: column of the customer; None without one.
        time: column of the time; None without one.
    """

    rows: pl.LazyFrame
    columns: Mapping[str, str]
    index: pl.Expr
    cell: Callable[[str], pl.Expr]
    numbers: Mapping[str, pl.Expr]
    dates: Mapping[str, pl.Expr]
    actor: str | None
    time: str | None

    @property
    def layout(self) -> Layout:
        """Layout of the table."""
        return Layout.of(list(self.columns.items()))


def match_rows(table: RuleTable, rules: Sequence[Rule], confirmed: Confirmed) -> pl.DataFrame:
    """Return `row` and `rule` of each row that a rule matches, by row.

    Rules whose columns the table does not have match nothing.

    Args:
        table: the rows.
        rules: rules that fit the layout of the table.
        confirmed: cells of confirmed frauds.
    """
    wanted = {rule.id: expression(table, rule, confirmed) for rule in rules}
    found = {number: holds for number, holds in wanted.items() if holds is not None}
    if not found:
        return pl.DataFrame(schema={ROW: pl.Int64, RULE: pl.Int64})
    chosen = [holds.fill_null(False).alias(str(number)) for number, holds in found.items()]
    ordered = any(condition.operation == "new" for rule in rules for condition in rule.conditions)
    rows = (_in_time(table) if ordered else table.rows).select(table.index.cast(pl.Int64).alias(ROW), *chosen)
    matched = rows.filter(pl.any_horizontal(str(number) for number in found)).collect()
    return (
        matched.unpivot(index=ROW, variable_name=RULE, value_name="holds")
        .filter("holds")
        .select(ROW, pl.col(RULE).cast(pl.Int64))
        .sort(ROW, RULE)
    )


def deciding_rules(matched: pl.DataFrame, rules: Mapping[int, Rule]) -> dict[int, Rule]:
    """Return row -> rule that decides whether it is an alert: one that alerts before one that hides, else the first one.

    Args:
        matched: `row` and `rule` of each row that a rule matches, as `match_rows` returns them.
        rules: number in `matched` -> rule.
    """
    chosen: dict[int, Rule] = {}
    for row, number in matched.select(ROW, RULE).iter_rows():
        rule = rules[number]
        if row not in chosen or (rule.action == ALERT and chosen[row].action != ALERT):
            chosen[row] = rule
    return chosen


def expression(table: RuleTable, rule: Rule, confirmed: Confirmed) -> pl.Expr | None:
    """Return the expression that holds for the rows that a rule matches; None where the table lacks a column.

    `new` counts the rows before a row: the rows must be in the order of time, as `match_rows` sorts them.
    """
    found = []
    for condition in rule.conditions:
        column = condition.find_column(table.columns)
        holds = None if column is None else _condition(table, condition, column, confirmed)
        if holds is None:
            return None
        found.append(holds)
    return pl.all_horizontal(found)


def _condition(table: RuleTable, condition: Condition, column: str, confirmed: Confirmed) -> pl.Expr | None:
    cell, value = table.cell(column).str.strip_chars(), condition.value
    if condition.operation == "is":
        return cell == str(value).strip()
    if condition.operation == "like":
        parts = [pl.escape_regex(part) for part in str(value).strip().split("*")]
        return cell.str.contains("(?is)^" + ".*".join(parts) + "$")
    if condition.operation == "new":
        actor = None if table.actor in {None, column} else table.actor
        keys = [cell.alias("cell"), *([] if actor is None else [table.cell(actor).alias("actor")])]
        return (cell.fill_null("") != "") & pl.struct(keys).is_first_distinct()
    if condition.operation == "confirmed":
        known = pl.Series(sorted(confirmed(column, table.columns[column], int(value or 0))), dtype=pl.String)
        return cell.is_in(known.implode())
    return _bound(table, column, condition)


def _bound(table: RuleTable, column: str, condition: Condition) -> pl.Expr | None:
    """Return the expression of a bound; None where the column has no numbers, or no dates."""
    limit: float | datetime
    if isinstance(condition.value, str):
        values = table.dates.get(column)
        limit = datetime.combine(date.fromisoformat(condition.value), time())
        if condition.operation == "at_most":
            limit += timedelta(days=1, microseconds=-1)
    else:
        values, limit = table.numbers.get(column), float(condition.value or 0)
    if values is None:
        return None
    return values >= limit if condition.operation == "at_least" else values <= limit


def _in_time(table: RuleTable) -> pl.LazyFrame:
    moment = None if table.time is None else table.dates.get(table.time, table.numbers.get(table.time))
    keys = [table.index] if moment is None else [moment, table.index]
    return table.rows.sort(keys, maintain_order=True, nulls_last=True)
