"""Alert rules applied to a table that was scored in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from vigie.engine.output import Prediction
from vigie.errors import UsageRefused
from vigie.i18n.messages import msg, translate
from vigie.roles.inference import Roles
from vigie.rules import Rule, wording
from vigie.rules.matching import RuleTable, deciding_rules, match_rows
from vigie.rules.rule import ALERT

_INDEX = "\0row"


@dataclass(frozen=True)
class AppliedRules:
    """A prediction whose alerts rules have changed.

    Attributes:
        prediction: with other alerts and reasons; scores and levels are the same.
        hidden: number of rows that are alerts no more.
        added: number of rows that have become alerts.
        skipped: numbers of the rules that are for other tables, or have ended.
    """

    prediction: Prediction
    hidden: int
    added: int
    skipped: tuple[int, ...]


def apply_rules(prediction: Prediction, rules: Sequence[Rule], language: str, today: date) -> AppliedRules:
    """Hide and add alerts by rules; where one rule hides a row and another one alerts it, the row is an alert.

    Args:
        prediction: a table scored in memory.
        rules: rules, for this table and others.
        language: of the reasons.
        today: rules that ended before are not applied.

    Raises:
        UsageRefused: a rule asks for confirmed fraud, which only the web app knows.
    """
    for rule in rules:
        if any(condition.operation == "confirmed" for condition in rule.conditions):
            raise UsageRefused(
                msg("found a condition about confirmed fraud in rule {number}", number=rule.id),
                hint="only the web app knows what was confirmed; leave this rule out of the file",
            )
    roles = Roles.from_json(prediction.summary["roles"])
    table = rule_table(prediction.table.frame, prediction.table.typed, roles)
    fitting = [
        rule
        for rule in rules
        if rule.layout.fits(table.layout) and (rule.expires_on is None or rule.expires_on >= today)
    ]
    # Numbers of a file need not differ: here rules are told apart by their places.
    placed = [replace(rule, id=place) for place, rule in enumerate(fitting)]
    found = match_rows(table, placed, lambda *_: ())
    alert = prediction.additions["alert"].to_list()
    chosen = deciding_rules(found, dict(enumerate(fitting)))
    changed = {row: rule for row, rule in chosen.items() if bool(alert[row]) != (rule.action == ALERT)}
    added = sum(rule.action == ALERT for rule in changed.values())
    hidden = len(changed) - added
    skipped = tuple(rule.id for rule in rules if rule not in fitting)
    summary = prediction.summary | {"alerts": prediction.summary["alerts"] - hidden + added}
    additions = _with_changes(prediction.additions, changed, language)
    changed_prediction = replace(prediction, additions=additions, summary=summary)
    return AppliedRules(changed_prediction, hidden, added, skipped)


def _with_changes(additions: pl.DataFrame, changed: dict[int, Rule], language: str) -> pl.DataFrame:
    alert, reasons = additions["alert"].to_list(), additions["reasons"].to_list()
    for row, rule in changed.items():
        alert[row] = int(rule.action == ALERT)
        reasons[row] = "; ".join(filter(None, (reasons[row], translate(wording.reason(rule), language))))
    return additions.with_columns(
        pl.Series("alert", alert, dtype=additions["alert"].dtype),
        pl.Series("reasons", reasons, dtype=pl.String),
    )


def rule_table(frame: pl.DataFrame, typed: pl.DataFrame, roles: Roles) -> RuleTable:
    """Return a table as rules see it: its cells as text, and its numbers and dates.

    Args:
        frame: (rows, columns) cells.
        typed: the same columns in the same order, parsed.
        roles: of the columns.
    """
    columns: list[Any] = [
        series.cast(pl.String, strict=False).rename(f"c:{number}") for number, series in enumerate(frame)
    ]
    columns += [series.rename(f"t:{number}") for number, series in enumerate(typed)]
    places = {name: number for number, name in enumerate(frame.columns)}
    types = dict(zip(frame.columns, typed.dtypes, strict=True))
    dated = [name for name, dtype in types.items() if isinstance(dtype, pl.Date | pl.Datetime)]
    return RuleTable(
        pl.DataFrame(columns).with_row_index(_INDEX).lazy(),
        {name: roles.of(name).role for name in frame.columns},
        pl.col(_INDEX),
        lambda column: pl.col(f"c:{places[column]}"),
        {name: pl.col(f"t:{places[name]}").cast(pl.Float64) for name, t in types.items() if t.is_numeric()},
        {name: pl.col(f"t:{places[name]}").cast(pl.Datetime("us")) for name in dated},
        roles.actor(),
        roles.first("time"),
    )
