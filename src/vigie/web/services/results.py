"""What a finished run left: rows, related rows, charts, downloads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from vigie.app import Run, User, feedback, uploads
from vigie.errors import NotFound, UsageRefused
from vigie.i18n.messages import msg
from vigie.web.online_scoring import Plans
from vigie.web.results import Files, Page, RowQuery, Rows
from vigie.web.services.base import require
from vigie.web.services.predictions import Runs

_FORMATS = {
    "csv": ("predictions.csv", "text/csv; charset=utf-8"),
    "parquet": ("predictions.parquet", "application/vnd.apache.parquet"),
    "xlsx": ("alerts.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


class Answers(Runs):
    """Reads what the worker wrote; sorts and pages it, and computes nothing."""

    def rows(self, user: User, run_id: str, query: RowQuery) -> Page:
        """One page of the rows within the alert budget, or of all."""
        run = self.finished(user, run_id)
        self.note_sight(user, "see rows", f"run:{run.id}")
        return self._rows(run).page(query, self._verdicts(run))

    def related(self, user: User, run_id: str, row: int, limit: int = 200) -> dict[str, Any]:
        """The other rows of whoever acts in that row."""
        run = self.finished(user, run_id)
        self.note_sight(user, "see related rows", f"run:{run.id}")
        return self._rows(run).related(row, min(max(1, limit), 1000), self._verdicts(run))

    def charts(self, user: User, run_id: str) -> dict[str, Any]:
        """What to draw."""
        return self._files.document(self.finished(user, run_id).result or "", "charts.json")

    def suggest(self, user: User, run_id: str, n: int = 10) -> list[int]:
        """Rows worth asking somebody about, the best first; those that are marked are left out."""
        run = self.finished(user, run_id)
        marked = {mark.row for mark in feedback.list_labels(self.engine, run.upload_id)}
        wanted = self._files.document(run.result or "", "charts.json")["suggested"]
        return [row for row in wanted if row not in marked][: max(0, n)]

    def download(
        self, user: User, run_id: str, kind: str = "csv"
    ) -> tuple[Iterator[bytes], str, str, int | None]:
        """The result as a file: its bytes, a name, its media type, its size."""
        run = self.finished(user, run_id)
        if kind not in _FORMATS:
            raise UsageRefused(
                msg(
                    "found format {kind!r}, expected one of {formats}", kind=kind, formats=", ".join(_FORMATS)
                )
            )
        stored, media = _FORMATS[kind]
        key = f"{run.result}/{stored}"
        try:
            size = self.store.head(key).size
        except NotFound:
            raise NotFound("file", stored, hint="this table has no such file") from None
        name = self.upload_name(user, run).rpartition(".")[0].removesuffix(".csv") or "predictions"
        self.note(user, "download", f"run:{run.id}", format=kind)
        return self.store.stream(key), f"{name}-{stored.partition('.')[0]}.{kind}", media, size

    def score_live(
        self, user: User, run_id: str, rows: Sequence[Mapping[str, Any]], last: int = 1
    ) -> list[dict[str, Any]]:
        """Scores a few rows as a finished run's table would; all but the last ones are their history."""
        require(user, "analyst", "score rows")
        run = self.finished(user, run_id)
        if not rows or not 1 <= last <= len(rows):
            raise UsageRefused(
                msg(
                    "found {rows} rows and last={last}, expected at least as many rows",
                    rows=len(rows),
                    last=last,
                )
            )
        self.note_sight(user, "score rows", f"run:{run.id}")
        return self._plans.score(run.result or "", rows, last)

    def upload_name(self, user: User, run: Run) -> str:
        """What the file of a run is called."""
        return uploads.find(self.engine, run.upload_id, user).name

    def sweep(self) -> None:
        """Tidies this machine's copies, now and then; costs nothing the other times."""
        self._files.sweep()

    @cached_property
    def _plans(self) -> Plans:
        return Plans(self.store)

    @cached_property
    def _files(self) -> Files:
        return Files(self.store, self.settings.cache_dir / "results", self.settings.cache_bytes)

    def _rows(self, run: Run) -> Rows:
        return Rows(self._files.path(run.result or "", "ranked.parquet"), (run.summary or {}).get("file", {}))

    def _verdicts(self, run: Run) -> dict[int, str]:
        return {mark.row: mark.verdict for mark in feedback.list_labels(self.engine, run.upload_id)}
