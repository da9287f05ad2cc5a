"""What rules do to the results of an installation; the rows that rules match are kept in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from vigie.alerts import decision, ranked_table
from vigie.alerts.decision import Alerts
from vigie.app import Label, Run, feedback, rules, runs, uploads
from vigie.app.rules import StoredRule
from vigie.app.tables import FRAUD
from vigie.db.database import Engine
from vigie.rules import Layout, Rule
from vigie.rules.matching import Confirmed, match_rows

_MAX_KEPT = 64
_MAX_FILES = 20
"""Earlier files whose labels a condition about confirmed fraud reads."""
_Key = tuple[object, ...]


class RuleEffects:
    """Applies rules to results; safe to share between threads.

    Args:
        engine: the database.
        open_ranked: run -> context with the path of its ranked rows on this machine.
    """

    def __init__(self, engine: Engine, open_ranked: Callable[[Run], AbstractContextManager[Path]]) -> None:
        self._engine, self._open_ranked = engine, open_ranked
        self._lock = threading.Lock()
        self._matched: OrderedDict[_Key, pl.DataFrame] = OrderedDict()

    def alerts(self, run: Run, budget: int | None = None) -> Alerts:
        """Return the alerts of a finished run: those of its budget, or of another one, and what rules change."""
        number = (run.budget or 0) if budget is None else budget
        found = [one.rule for one in self.rules_of(run) if one.state == rules.ON]
        return self.with_rules(run, number, found)

    def with_rules(self, run: Run, budget: int, chosen: Sequence[Rule]) -> Alerts:
        """Return the alerts of a finished run if these rules were on and no others."""
        if not chosen:
            return Alerts(budget)
        return decision.decide(budget, self.matched(run, chosen), {rule.id: rule for rule in chosen})

    def rules_of(self, run: Run) -> list[StoredRule]:
        """Return the rules, on and in shadow, that apply to a run: of its owner and team, its time and its columns."""
        layout = layout_of(run)
        found = rules.list_of_upload(self._engine, run.upload_id)
        return [one for one in found if one.covers(run) and one.rule.layout.fits(layout)]

    def rules_of_live_rows(self, run: Run) -> tuple[list[Rule], Confirmed]:
        """Return the rules for rows that are scored today as rows of a run, and what is confirmed for them."""
        today = datetime.now(UTC).date()
        on = [one.rule for one in self.rules_of(run) if one.state == rules.ON]
        chosen = [rule for rule in on if rule.expires_on is None or rule.expires_on >= today]
        past = self._past(run, chosen)
        return chosen, lambda *wanted: past[wanted]

    def matched(self, run: Run, chosen: Sequence[Rule]) -> pl.DataFrame:
        """Return `row`, `rank` and `rule` of each row of a run that a rule matches, by row and rule."""
        past = self._past(run, chosen)
        key = (run.id, run.result, *chosen, *sorted((key, tuple(sorted(v))) for key, v in past.items()))
        with self._lock:
            if key in self._matched:
                self._matched.move_to_end(key)
                return self._matched[key]
        with self._open_ranked(run) as path:
            table = ranked_table.rule_table(path, _description(run), columns_of(run))
            found = match_rows(table, chosen, lambda *wanted: past[wanted])
            ranked = ranked_table.with_ranks(path, found)
        with self._lock:
            self._matched[key] = ranked
            while len(self._matched) > _MAX_KEPT:
                self._matched.popitem(last=False)
        return ranked

    def labels(self, run: Run) -> dict[int, Label]:
        """Return row -> label."""
        return {label.row: label for label in feedback.list_labels(self._engine, run.upload_id)}

    def _past(self, run: Run, chosen: Iterable[Rule]) -> dict[tuple[str, str, int], frozenset[str]]:
        """Return the cells of confirmed frauds for each condition about them: column, role and days -> cells."""
        columns = columns_of(run)
        wanted = set()
        for rule in chosen:
            for condition in rule.conditions:
                column = condition.find_column(columns) if condition.operation == "confirmed" else None
                if column is not None:
                    wanted.add((column, columns[column], int(condition.value or 0)))
        return {one: frozenset(self._confirmed(run, *one)) for one in wanted}

    def _confirmed(self, run: Run, column: str, role: str, days: int) -> Collection[str]:
        """Return the cells of a column in rows of the team that were labelled fraud within `days` before a run."""
        since = (run.finished_at or datetime.now(UTC)) - timedelta(days=days)
        found: set[str] = set()
        owner = uploads.find(self._engine, run.upload_id).owner_id
        for other in runs.list_with_labels(self._engine, owner, FRAUD, since, _MAX_FILES):
            columns = columns_of(other)
            same = column if columns.get(column) == role else None
            named = same or next((name for name, other_role in columns.items() if other_role == role), None)
            if named is None or (named != column and role in {"", "none"}):
                continue
            rows = [
                row for row, one in self.labels(other).items() if one.verdict == FRAUD and one.at >= since
            ]
            with self._open_ranked(other) as path:
                found |= ranked_table.cells(path, _description(other), named, rows)
        return found


def columns_of(run: Run) -> dict[str, str]:
    """Return column -> role of the table of a finished run, in order."""
    return {item["column"]: item["role"] for item in (run.summary or {}).get("roles", [])}


def layout_of(run: Run) -> Layout:
    """Return the layout of the table of a finished run."""
    return Layout.of(list(columns_of(run).items()))


def _description(run: Run) -> Mapping[str, Any]:
    """Return the description of the ranked rows of a finished run."""
    found: Mapping[str, Any] = (run.summary or {}).get("file", {})
    return found
