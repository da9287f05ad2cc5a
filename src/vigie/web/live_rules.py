"""Alert rules on rows that are scored online."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from vigie.engine.alert_rules import rule_table
from vigie.i18n.messages import translate
from vigie.roles.inference import Roles
from vigie.rules import Rule, wording
from vigie.rules.matching import Confirmed, deciding_rules, match_rows
from vigie.rules.rule import ALERT
from vigie.web.live_rows import CellStyle


def apply(
    scored: Sequence[dict[str, Any]],
    sent: Sequence[Mapping[str, Any]],
    typed: pl.DataFrame,
    roles: Roles,
    style: CellStyle,
    rules: Sequence[Rule],
    confirmed: Confirmed,
    language: str,
) -> None:
    """Change `alert` and `reasons` of scored rows by rules.

    Args:
        scored: output columns of the last rows.
        sent: all rows as they were sent, oldest first.
        typed: the same rows, parsed.
        roles: of the columns of the fitted table.
        style: how the upload writes its cells.
        rules: the rules that apply.
        confirmed: cells of confirmed frauds.
        language: of the reasons.
    """
    names = [item.column for item in roles.columns if item.column in typed.columns]
    cells = {
        name: [None if row.get(name) is None else style.text(row[name]) for row in sent] for name in names
    }
    frame = pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String))
    known = Roles(tuple(item for item in roles.columns if item.column in names))
    matched = match_rows(rule_table(frame, typed.select(names), known), rules, confirmed)
    first = len(sent) - len(scored)
    for row, rule in deciding_rules(matched, {rule.id: rule for rule in rules}).items():
        if row < first or scored[row - first]["alert"] == (rule.action == ALERT):
            continue
        one = scored[row - first]
        one["alert"] = rule.action == ALERT
        one["reasons"] = "; ".join(filter(None, (one["reasons"], translate(wording.reason(rule), language))))
