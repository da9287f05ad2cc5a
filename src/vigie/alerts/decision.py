"""Which rows of a result are alerts: the first rows of the ranking, as many as the alert budget says, and what rules change.

This is decided here alone: pages, exports, report, API and cases take an `Alerts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from vigie.app.result_layout import own_column
from vigie.i18n.messages import Message
from vigie.rules import Rule, wording
from vigie.rules.matching import deciding_rules
from vigie.rules.rule import ALERT, HIDE


@dataclass(frozen=True)
class Alerts:
    """The alerts of a result at a budget.

    Attributes:
        budget: number of rows from the top of the ranking.
        hidden: row among them -> rule by which it is no alert.
        added: row behind them -> rule by which it is an alert.
    """

    budget: int
    hidden: Mapping[int, Rule] = field(default_factory=dict)
    added: Mapping[int, Rule] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of alerts."""
        return self.budget - len(self.hidden) + len(self.added)

    @property
    def has_changes(self) -> bool:
        """Whether rules change any row."""
        return bool(self.hidden or self.added)

    def includes(self, row: int, rank: int) -> bool:
        """Return whether a row, from 0, with a rank, from 1, is an alert."""
        return row in self.added or (rank <= self.budget and row not in self.hidden)

    def select(self, ranked: pl.LazyFrame) -> pl.LazyFrame:
        """Return the alerts among the ranked rows, most suspicious first."""
        if not self.has_changes:
            return ranked.head(max(0, self.budget))
        rows = ranked if self.added else ranked.head(max(0, self.budget))
        return rows.filter(self._row_condition())

    def _row_condition(self) -> pl.Expr:
        """Return the condition of the ranked rows that are alerts."""
        row, rank = pl.col(own_column("row")), pl.col(own_column("rank"))
        by_score = (rank <= self.budget) & ~row.is_in(_series(self.hidden))
        return by_score | row.is_in(_series(self.added))

    def reason(self, row: int) -> Message | None:
        """Return why a rule changes a row; None where none does."""
        rule = self.hidden.get(row) or self.added.get(row)
        return None if rule is None else wording.reason(rule)

    def reasons(self) -> dict[int, Message]:
        """Return row -> why a rule changes it."""
        return {row: wording.reason(rule) for row, rule in (*self.hidden.items(), *self.added.items())}


def decide(budget: int, matched: pl.DataFrame, rules: Mapping[int, Rule]) -> Alerts:
    """Return the alerts.

    Args:
        budget: number of rows from the top of the ranking.
        matched: `row`, `rank` and `rule` of each row that a rule matches, by row and rule.
        rules: number -> rule.
    """
    ranks = dict(matched.select("row", "rank").iter_rows())
    hidden, added = {}, {}
    for row, rule in deciding_rules(matched, rules).items():
        if rule.action == ALERT and ranks[row] > budget:
            added[row] = rule
        elif rule.action == HIDE and ranks[row] <= budget:
            hidden[row] = rule
    return Alerts(budget, hidden, added)


def _series(rows: Iterable[int]) -> pl.Expr:
    return pl.lit(pl.Series(list(rows), dtype=pl.Int64)).implode()
