"""This month's file against last month's: which files can be compared, and what changed."""

from __future__ import annotations

from dataclasses import dataclass

from vigie.alerts.effects import RuleEffects, layout_of
from vigie.app import Run, Upload, User, runs, uploads
from vigie.db.database import Engine
from vigie.roles.inference import Roles
from vigie.web.comparison import Comparison, ResultTable, Totals, compare, totals
from vigie.web.services.audit import AuditLog
from vigie.web.services.predictions import Predictions
from vigie.web.services.results import Results

_MAX_FILES = 24
"""Newest files among which earlier ones with the same columns are found."""


@dataclass(frozen=True)
class EarlierFile:
    """A file that a result can be compared with, and its newest prediction."""

    run: Run
    upload: Upload


class Comparisons:
    """Compares the results of files with the same columns."""

    def __init__(
        self,
        engine: Engine,
        audit: AuditLog,
        predictions: Predictions,
        results: Results,
        effects: RuleEffects,
    ) -> None:
        self._engine, self._audit = engine, audit
        self._predictions, self._results, self._effects = predictions, results, effects

    def earlier_files(self, user: User, run_id: str) -> list[EarlierFile]:
        """Return the files that were uploaded before that of a run and have the same columns, the newest first."""
        run = self._predictions.find_finished(user, run_id)
        own, layout = uploads.find(self._engine, run.upload_id, user), layout_of(run)
        found = [
            EarlierFile(one, uploads.find(self._engine, one.upload_id))
            for one in runs.list_finished(self._engine, own.owner_id, limit=_MAX_FILES)
            if one.upload_id != own.id and layout.fits(layout_of(one))
        ]
        earlier = [one for one in found if one.upload.created_at < own.created_at]
        return sorted(earlier, key=lambda one: one.upload.created_at, reverse=True)

    def compare(self, user: User, earlier_id: str, run_id: str) -> Comparison:
        """Compare the result of an earlier run with that of a later one.

        Raises:
            NotFound: one of the runs is not there, or the user may not see it.
        """
        earlier = self._predictions.find_finished(user, earlier_id)
        later = self._predictions.find_finished(user, run_id)
        self._audit.record_view(user, "compare", f"run:{later.id}")
        return compare(self._table(earlier), self._table(later))

    def totals(self, user: User, run_id: str, budget: int | None = None) -> Totals:
        """Return rows, alerts and amounts of a result; `budget` as for `Results.alerts`."""
        return totals(self._table(self._predictions.find_finished(user, run_id), budget))

    def _table(self, run: Run, budget: int | None = None) -> ResultTable:
        summary = run.summary or {}
        return ResultTable(
            self._results.ranked_path(run),
            summary["file"],
            Roles.from_json(summary["roles"]),
            self._effects.alerts(run, budget),
            self._effects.labels(run),
        )
