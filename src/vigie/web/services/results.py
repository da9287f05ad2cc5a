"""Results of finished predictions: rows, related rows, charts, files; online scoring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vigie.app import Run, User, feedback, result_layout, uploads
from vigie.db.database import Engine
from vigie.errors import NotFound, UsageRefused
from vigie.i18n.messages import msg
from vigie.stores.base import Store, join
from vigie.web.online_scoring import ScorerCache
from vigie.web.services.access import require
from vigie.web.services.audit import AuditLog
from vigie.web.services.predictions import Predictions
from vigie.web.stored_results import Page, RankedTable, ResultCache, RowQuery

_FORMATS = {
    "csv": (result_layout.CSV, "text/csv; charset=utf-8"),
    "parquet": (result_layout.PARQUET, "application/vnd.apache.parquet"),
    "xlsx": (
        result_layout.WORKBOOK,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
}
_MAX_RELATED = 1000


@dataclass(frozen=True)
class Download:
    """A file to send; `size` in bytes, where the store knows it."""

    chunks: Iterator[bytes]
    name: str
    media_type: str
    size: int | None


class Results:
    """Reads what a worker stored; sorts and pages it."""

    def __init__(
        self,
        engine: Engine,
        audit: AuditLog,
        predictions: Predictions,
        store: Store,
        files: ResultCache,
        scorers: ScorerCache,
    ) -> None:
        self._engine, self._audit, self._predictions = engine, audit, predictions
        self._store, self._files, self._scorers = store, files, scorers

    def rows(self, user: User, run_id: str, query: RowQuery) -> Page:
        """Return one page of rows."""
        run = self._predictions.find_finished(user, run_id)
        self._audit.record_view(user, "see rows", f"run:{run.id}")
        return self._ranked(run).page(query, self._labels(run))

    def related(self, user: User, run_id: str, row: int, limit: int = 200) -> dict[str, Any]:
        """Return at most `limit` rows of the same actor as `row`: `column`, `role` and `rows`."""
        run = self._predictions.find_finished(user, run_id)
        self._audit.record_view(user, "see related rows", f"run:{run.id}")
        return self._ranked(run).related(row, min(max(1, limit), _MAX_RELATED), self._labels(run))

    def charts(self, user: User, run_id: str) -> dict[str, Any]:
        """Return the data of the charts; see `vigie.jobs.chart_data`."""
        return self._charts(self._predictions.find_finished(user, run_id))

    def suggest(self, user: User, run_id: str, n: int = 10) -> list[int]:
        """Return at most `n` unlabelled rows whose labels would help a refinement most, best first."""
        run = self._predictions.find_finished(user, run_id)
        labels = self._labels(run)
        return [row for row in self._charts(run)["suggested"] if row not in labels][: max(0, n)]

    def download(self, user: User, run_id: str, kind: str = "csv") -> Download:
        """Return the table with the output columns as a file.

        Args:
            user: the caller.
            run_id: a finished run.
            kind: `csv`, `parquet` or `xlsx`.

        Raises:
            NotFound: the result has no such file.
        """
        run = self._predictions.find_finished(user, run_id)
        if kind not in _FORMATS:
            raise UsageRefused(
                msg(
                    "found format {kind!r}, expected one of {formats}", kind=kind, formats=", ".join(_FORMATS)
                )
            )
        file, media_type = _FORMATS[kind]
        key = join(run.result or "", file)
        try:
            size = self._store.head(key).size
        except NotFound:
            raise NotFound("file", file, hint="this result has no such file") from None
        upload = uploads.find(self._engine, run.upload_id, user)
        stem = upload.name.rpartition(".")[0].removesuffix(".csv") or "predictions"
        self._audit.record(user, "download", f"run:{run.id}", format=kind)
        name = f"{stem}-{file.partition('.')[0]}.{kind}"
        return Download(self._store.stream(key), name, media_type, size)

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
        return self._scorers.score(run.result or "", rows, last)

    def remove_stale_copies(self) -> None:
        """Delete old local copies of results, at most every five minutes."""
        self._files.remove_stale()

    def _ranked(self, run: Run) -> RankedTable:
        path = self._files.path(run.result or "", result_layout.RANKED)
        return RankedTable(path, (run.summary or {}).get("file", {}))

    def _charts(self, run: Run) -> dict[str, Any]:
        return self._files.document(run.result or "", result_layout.CHARTS)

    def _labels(self, run: Run) -> dict[int, str]:
        return {label.row: label.verdict for label in feedback.list_labels(self._engine, run.upload_id)}
