"""Results of finished predictions: rows, related rows, charts, files; online scoring."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from vigie import tempdirs
from vigie.alerts.decision import Alerts
from vigie.alerts.effects import RuleEffects
from vigie.app import Label, Run, User, result_layout, uploads
from vigie.app.tables import FRAUD, LABELS, LEGITIMATE
from vigie.calibration import reviewed
from vigie.calibration.reviewed import Reviewed
from vigie.db.database import Engine
from vigie.errors import UsageRefused
from vigie.i18n.messages import msg
from vigie.i18n.translator import Translator
from vigie.roles.inference import Roles
from vigie.web import live_rules
from vigie.web.concentration import Concentration, concentration
from vigie.web.exports import csv_parquet, workbook
from vigie.web.exports.result_table import ResultTable
from vigie.web.live_rows import CellStyle
from vigie.web.online_scoring import ScorerCache
from vigie.web.result_cache import ResultCache
from vigie.web.services.access import require
from vigie.web.services.audit import AuditLog
from vigie.web.services.predictions import Predictions
from vigie.web.stored_results import Page, RankedTable, RowQuery

_FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_CHUNK = 1024 * 1024
_MAX_RELATED = 1000


@dataclass(frozen=True)
class Download:
    """A file to send; `size` in bytes, None where it is made while it is sent."""

    chunks: Iterator[bytes]
    name: str
    media_type: str
    size: int | None


def _style(run: Run) -> CellStyle:
    """Return how the upload of a run writes its cells; results of earlier versions do not say it."""
    file = (run.summary or {}).get("file", {})
    return CellStyle((file.get("dialect") or {}).get("decimal", "."), bool(file.get("month_first")))


def _seed(run: Run) -> int:
    """Return the seed of the random sample of a run."""
    return int.from_bytes(hashlib.sha256(run.id.encode()).digest()[:8])


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


class Results:
    """Reads what a worker stored; sorts and pages it."""

    def __init__(
        self,
        engine: Engine,
        audit: AuditLog,
        predictions: Predictions,
        files: ResultCache,
        effects: RuleEffects,
        scorers: ScorerCache,
        exports: Path,
    ) -> None:
        self._engine, self._audit, self._predictions = engine, audit, predictions
        self._files, self._effects, self._scorers, self._exports = files, effects, scorers, exports

    def rows(self, user: User, run_id: str, query: RowQuery) -> Page:
        """Return one page of rows."""
        run = self._predictions.find_finished(user, run_id)
        self._audit.record_view(user, "see rows", f"run:{run.id}")
        if query.alerts is None:
            query = replace(query, alerts=self._effects.alerts(run, query.budget))
        return self.ranked(run).page(query, self._labels(run))

    def alerts(self, user: User, run_id: str, budget: int | None = None) -> Alerts:
        """Return which rows are alerts; `budget` is a number of rows from the top, None for that of the run."""
        return self._effects.alerts(self._predictions.find_finished(user, run_id), budget)

    def alert_rows(self, user: User, run_id: str, budget: int | None = None) -> list[int]:
        """Return the rows of the alerts, from 0, most suspicious first."""
        run = self._predictions.find_finished(user, run_id)
        return self.ranked(run).rows_of(self._effects.alerts(run, budget))

    def related(self, user: User, run_id: str, row: int, limit: int = 200) -> dict[str, Any]:
        """Return at most `limit` rows of the same actor as `row`: `column`, `role` and `rows`."""
        run = self._predictions.find_finished(user, run_id)
        self._audit.record_view(user, "see related rows", f"run:{run.id}")
        limit = min(max(1, limit), _MAX_RELATED)
        return self.ranked(run).related(row, limit, self._labels(run), self._effects.alerts(run))

    def charts(self, user: User, run_id: str) -> dict[str, Any]:
        """Return the data of the charts; see `vigie.jobs.chart_data`."""
        return self._charts(self._predictions.find_finished(user, run_id))

    def suggest(self, user: User, run_id: str, n: int = 10) -> list[int]:
        """Return at most `n` unlabelled rows whose labels would help a refinement most, best first."""
        run = self._predictions.find_finished(user, run_id)
        labels = self._labels(run)
        return [row for row in self._charts(run)["suggested"] if row not in labels][: max(0, n)]

    def reviewed(self, user: User, run_id: str, budget: int | None = None) -> Reviewed:
        """Return what the labels say of the alerts; `budget` is their number, None for that of the run."""
        run = self._predictions.find_finished(user, run_id)
        labels, rows = self._labels(run), self.ranked(run).rows_of(self._effects.alerts(run, budget))
        by_verdict: dict[str, list[int]] = {verdict: [] for verdict in LABELS}
        for place, row in enumerate(rows, start=1):
            if row in labels:
                by_verdict[labels[row].verdict].append(place)
        return reviewed.review(len(rows), by_verdict[FRAUD], by_verdict[LEGITIMATE], _seed(run))

    def concentrations(self, user: User, run_id: str, budget: int | None = None) -> list[Concentration]:
        """Return how the alerts concentrate on customers and on counterparties, where they do."""
        run = self._predictions.find_finished(user, run_id)
        roles = Roles.from_json((run.summary or {})["roles"])
        alerts = self._effects.alerts(run, budget)
        table, labels, found = self.ranked(run), self._labels(run), []
        for column in dict.fromkeys((roles.counterpart(), roles.actor())):
            if column is not None and column in table.columns:
                rows = table.alerts_of(column, roles, alerts, labels)
                found.append(concentration(column, roles.of(column).role, rows))
        return [one for one in found if one is not None]

    def sample(self, user: User, run_id: str, budget: int | None = None) -> list[int]:
        """Return alerts drawn at random, labelled or not; once all are labelled, they say how many alerts are fraud."""
        run = self._predictions.find_finished(user, run_id)
        rows = self.ranked(run).rows_of(self._effects.alerts(run, budget))
        return [rows[place - 1] for place in reviewed.sample(len(rows), reviewed.OFFERED, _seed(run))]

    def download(
        self, user: User, run_id: str, kind: str = "csv", *, budget: int | None = None, language: str = "en"
    ) -> Download:
        """Return the table with result and verdict columns as a file.

        Args:
            user: the caller.
            run_id: a finished run.
            kind: `csv`, `parquet` or `xlsx`.
            budget: number of rows from the top of the ranking; None for that of the run.
            language: of the reasons and of the workbook.

        Raises:
            NotFound: the upload was deleted.
        """
        run = self._predictions.find_finished(user, run_id)
        if kind not in _FORMATS:
            raise UsageRefused(
                msg(
                    "found format {kind!r}, expected one of {formats}", kind=kind, formats=", ".join(_FORMATS)
                )
            )
        upload = uploads.find(self._engine, run.upload_id, user)
        stem = upload.name.rpartition(".")[0].removesuffix(".csv") or "table"
        table = self._table(run, budget, Translator(language))
        self._audit.record(user, "download", f"run:{run.id}", format=kind, alerts=len(table.alerts))
        name, media_type = f"{stem}-predictions.{kind}", _FORMATS[kind]
        if kind == "csv":
            return Download(csv_parquet.csv(table), name, media_type, None)
        with tempdirs.temporary_workdir(self._exports) as folder:
            if kind == "parquet":
                path = csv_parquet.write_parquet(table, folder)
            else:
                path = folder / "workbook.xlsx"
                roles = {item["column"]: item["role"] for item in (run.summary or {}).get("roles", [])}
                workbook.write(path, table, roles, Translator(language))
            # Read after the folder is gone: the file lasts as long as it is open.
            file = path.open("rb")
            return Download(_chunks(file), name, media_type, path.stat().st_size)

    def score_rows(
        self, user: User, run_id: str, rows: Sequence[Mapping[str, Any]], last: int = 1
    ) -> list[dict[str, Any]]:
        """Score new rows with the scorer of a finished run.

        Args:
            user: the caller.
            run_id: a finished run.
            rows: column -> cell, oldest first.
            last: number of rows to score; the rows before them are their history.

        Returns:
            The output columns of the last rows.
        """
        require(user, "analyst", "score rows")
        run = self._predictions.find_finished(user, run_id)
        if not rows or not 1 <= last <= len(rows):
            raise UsageRefused(
                msg(
                    "found {rows} rows and last={last}, expected last from 1 to the number of rows",
                    rows=len(rows),
                    last=last,
                )
            )
        self._audit.record_view(user, "score rows", f"run:{run.id}")
        digest = _digest(run, result_layout.SCORER)
        typed: list[pl.DataFrame] = []
        found = self._scorers.score(run.result or "", rows, last, _style(run), digest, typed.append)
        if run.alert_budget is not None:
            least = self.ranked(run).least_score(run.alert_budget)
            for row in found:
                row["alert"] = least is not None and row["fraud_score"] >= least
        rules, confirmed = self._effects.rules_of_live_rows(run)
        if rules:
            roles = Roles.from_json((run.summary or {})["roles"])
            language = str(run.options.get("language", "en"))
            live_rules.apply(found, rows, typed[0], roles, _style(run), rules, confirmed, language)
        return found

    def ranked(self, run: Run) -> RankedTable:
        """Return the ranked rows of a finished run that the caller may see."""
        language = str(run.options.get("language", "en"))
        return RankedTable(self.ranked_path(run), (run.summary or {}).get("file", {}), language)

    def ranked_path(self, run: Run) -> Path:
        """Return the path of the ranked rows of a finished run on this machine."""
        return self._path(run, result_layout.RANKED)

    def remove_stale_copies(self) -> None:
        """Delete old local copies of results, at most every five minutes, and exports of processes that were killed."""
        if self._files.remove_stale():
            tempdirs.remove_stale(self._exports)

    def _table(self, run: Run, budget: int | None, t: Translator) -> ResultTable:
        description = (run.summary or {}).get("file", {})
        has_exact = bool(description.get("exact") or description.get("partial"))
        ranked, alerts = self.ranked(run), self._effects.alerts(run, budget)
        rows = ranked.rows_of(alerts)
        return ResultTable(
            self._path(run, result_layout.ROWS),
            self._path(run, result_layout.EXACT) if has_exact else None,
            description,
            rows,
            ranked.ranks(rows),
            self._labels(run),
            ranked.reasons(t),
            {row: t.message(reason) for row, reason in alerts.reasons().items()},
        )

    def _charts(self, run: Run) -> dict[str, Any]:
        name = result_layout.CHARTS
        return self._files.document(run.result or "", name, _digest(run, name))

    def _path(self, run: Run, name: str) -> Path:
        return self._files.path(run.result or "", name, _digest(run, name))

    def _labels(self, run: Run) -> dict[int, Label]:
        return self._effects.labels(run)


def _digest(run: Run, name: str) -> str:
    """Return the SHA-256 of a file of a result; empty where an earlier version wrote it."""
    digests = (run.summary or {}).get("file", {}).get("digests", {})
    return str(digests.get(name, ""))
