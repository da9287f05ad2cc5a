"""What rules do to the results of an installation; the rows that rules match are kept in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from vigie.app import Label, Run, feedback, result_layout, rules, runs
from vigie.app.rules import StoredRule
from vigie.app.tables import FRAUD
from vigie.db.database import Engine
from vigie.rules import Layout, Rule
from vigie.rules.matching import match_rows
from vigie.web import alerts
from vigie.web.alerts import Alerts
from vigie.web.result_cache import ResultCache
from vigie.web.stored_results import RankedTable

_MAX_KEPT = 64
_MAX_FILES = 20
"""Earlier files whose labels a condition about confirmed fraud reads."""
_Key = tuple[object, ...]


class RuleEffects:
    """Applies rules to results; safe to share between threads."""

    def __init__(self, engine: Engine, files: ResultCache) -> None:
        self._engine, self._files = engine, files
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
        return alerts.decide(budget, self.matched(run, chosen), {rule.id: rule for rule in chosen})

    def rules_of(self, run: Run) -> list[StoredRule]:
        """Return the rules, on and in shadow, that apply to a run: of its owner and team, its time and its columns."""
        layout = layout_of(run)
        found = rules.list_of_upload(self._engine, run.upload_id)
        return [one for one in found if one.covers(run) and one.rule.layout.fits(layout)]

    def matched(self, run: Run, chosen: Sequence[Rule]) -> pl.DataFrame:
        """Return `row`, `rank` and `rule` of each row of a run that a rule matches, by row and rule."""
        past = self._past(run, chosen)
        key = (run.id, run.result, *chosen, *sorted((key, tuple(sorted(v))) for key, v in past.items()))
        with self._lock:
            if key in self._matched:
                self._matched.move_to_end(key)
                return self._matched[key]
        table = self.table(run)
        found = match_rows(table.rule_table(columns_of(run)), chosen, lambda *wanted: past[wanted])
        ranks = table.ranks(found["row"].unique())
        ranked = found.with_columns(
            pl.col("row").replace_strict(ranks, return_dtype=pl.Int64, default=None).alias("rank")
        )
        with self._lock:
            self._matched[key] = ranked
            while len(self._matched) > _MAX_KEPT:
                self._matched.popitem(last=False)
        return ranked

    def table(self, run: Run) -> RankedTable:
        """Return the ranked rows of a finished run.

        Raises:
            NotFound: the upload was deleted.
        """
        file = (run.summary or {}).get("file", {})
        digest = str(file.get("digests", {}).get(result_layout.RANKED, ""))
        path = self._files.path(run.result or "", result_layout.RANKED, digest)
        return RankedTable(path, file, str(run.options.get("language", "en")))

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
        for other in runs.list_with_labels(self._engine, run.upload_id, FRAUD, since, _MAX_FILES):
            columns = columns_of(other)
            same = column if columns.get(column) == role else None
            named = same or next((name for name, other_role in columns.items() if other_role == role), None)
            if named is None or (named != column and role in {"", "none"}):
                continue
            rows = [
                row for row, one in self.labels(other).items() if one.verdict == FRAUD and one.at >= since
            ]
            found |= self.table(other).cells(named, rows)
        return found


def columns_of(run: Run) -> dict[str, str]:
    """Return column -> role of the table of a finished run, in order."""
    return {item["column"]: item["role"] for item in (run.summary or {}).get("roles", [])}


def layout_of(run: Run) -> Layout:
    """Return the layout of the table of a finished run."""
    return Layout.of(list(columns_of(run).items()))
