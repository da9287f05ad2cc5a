"""What follows a look: files that were inspected are scored, and those that were scored are finished."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from vigie.app import Run, job_queue, notices, runs, uploads, watched_files, watches
from vigie.app.watch_tables import INSPECTING
from vigie.app.watched_files import WatchedFile
from vigie.app.watches import Watch
from vigie.db.database import writing
from vigie.errors import NotFound, Unavailable, UnwritableOutput, VigieError, error_record
from vigie.i18n.messages import join as join_messages
from vigie.i18n.messages import msg
from vigie.jobs.context import JobContext
from vigie.jobs.ranked_rows import rule_effects
from vigie.jobs.watching.drift import measure_drift
from vigie.jobs.watching.results import write_beside
from vigie.logs import frames

log = logging.getLogger("vigie.jobs")
_GIVE_UP = timedelta(hours=24)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=10)
_NOTIFIED_FAILURES = 3
_MAX_NAMED = 10
_DELETED = error_record(
    msg("the upload was deleted before its file was finished"), msg("score the file on its page"), "NotFound"
)
_CANCELLED = error_record(msg("the run was cancelled"), msg("score the file on its page"), "Cancelled")


class FollowUp:
    """Makes the steps of unfinished files; several workers may do so at once.

    Args:
        context: resources of the installation.
    """

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._failures: dict[tuple[str, str], tuple[int, datetime]] = {}

    def run(self, watch_id: str | None = None) -> int:
        """Make the steps that are due; return the number of files that are not finished.

        Args:
            watch_id: only the files of this watch.
        """
        found = watched_files.list_unfinished(self._context.engine, watch_id)
        known: dict[str, Watch] = {}
        inspecting: set[str] = set()
        for file in found:
            failed = self._failures.get((file.watch_id, file.digest))
            if failed is not None and failed[1] > datetime.now(UTC):
                continue
            try:
                if file.watch_id not in known:
                    known[file.watch_id] = watches.find(self._context.engine, file.watch_id)
                watch = known[file.watch_id]
                # Only the oldest file sets the columns of a watch that has none: the others wait for it.
                if watch.columns is None and file.state == INSPECTING:
                    if file.watch_id in inspecting:
                        continue
                    inspecting.add(file.watch_id)
                self._advance(watch, file)
            except NotFound:
                continue  # the watch was removed
            except (VigieError, KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # noqa: BLE001  polars' panic is no Exception; the other files go on
                self._fail_unexpectedly(watch, file, error)
        return len(found)

    def _advance(self, watch: Watch, file: WatchedFile) -> None:
        if file.state == INSPECTING:
            self._begin_scoring(watch, file)
            return
        run = watched_files.find_run(self._context.engine, str(file.run_id))
        if run is None:
            watched_files.fail(self._context.engine, watch, file, _DELETED)
        elif run["state"] in {"failed", "cancelled"}:
            watched_files.fail(self._context.engine, watch, file, run["error"] or _CANCELLED)
        elif run["state"] == "done":
            self._finish(watch, file, runs.find(self._context.engine, str(file.run_id)))

    def _begin_scoring(self, watch: Watch, file: WatchedFile) -> None:
        engine = self._context.engine
        try:
            upload = uploads.find(engine, str(file.upload_id))
        except NotFound:
            watched_files.fail(engine, watch, file, _DELETED)
            return
        if upload.state == "refused":
            watched_files.fail(engine, watch, file, upload.error or _DELETED)
        elif upload.state == "ready":
            columns = list((upload.inspection or {}).get("columns", []))
            different = compare_columns(watch.columns, columns)
            if different is not None:
                watched_files.fail(engine, watch, file, different)
            else:
                watched_files.begin_scoring(engine, watch, file, upload.mapping, columns)

    def _finish(self, watch: Watch, file: WatchedFile, run: Run) -> None:
        """Write the predictions beside the file where the watch says so, then finish the file with its notices."""
        engine = self._context.engine
        try:
            alerts = rule_effects(self._context).alerts(run)
            if watch.write_back and not watched_files.is_superseded(engine, file):
                write_beside(self._context, watch.url, file.key, run, alerts)
        except VigieError as error:
            self._fail_writing(watch, file, error)
            return
        self._failures.pop((file.watch_id, file.digest), None)
        summary = run.summary or {}
        prevalence = (summary.get("prevalence") or {}).get("estimate")
        counts = {"rows": summary["rows"], "alerts": alerts.count, "fraud_share": prevalence}
        watched_files.finish(engine, watch, file, counts, self._measure_drift(file, run))

    def _fail_unexpectedly(self, watch: Watch, file: WatchedFile, error: BaseException) -> None:
        """Fail a file whose results cannot be read, or that meets a bug: raised, it would keep the others waiting for ever."""
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
            reason = error.strerror or type(error).__name__
            self._fail_writing(watch, file, UnwritableOutput(file.key, reason=reason))
            return
        extra = {"error": type(error).__name__, "frames": frames(error), "run": file.run_id}
        log.error("bug", extra=extra)
        watched_files.fail(self._context.engine, watch, file, job_queue.bug_record(str(file.run_id)))

    def _measure_drift(self, file: WatchedFile, run: Run) -> dict[str, Any]:
        """Return what changed much since the file before; empty where nothing did, or the two cannot be compared."""
        engine = self._context.engine
        before = watched_files.find_previous(engine, file)
        if before is None or watched_files.find_run(engine, str(before.run_id)) is None:
            return {}
        try:
            drift = measure_drift(self._context, runs.find(engine, str(before.run_id)), run)
        except (NotFound, Unavailable) as error:
            # The file is scored and its results are there: a notice less is better than a file that is not finished.
            log.warning("drift not measured", extra={"watch": file.watch_id, "error": type(error).__name__})
            return {}
        return {"earlier": before.key, **drift} if drift else {}

    def _fail_writing(self, watch: Watch, file: WatchedFile, error: VigieError) -> None:
        """Try again later and say so; give up after a day. The results are in the app all the time."""
        engine, key = self._context.engine, (file.watch_id, file.digest)
        number = self._failures.get(key, (0, datetime.now(UTC)))[0] + 1
        log.warning("writing predictions failed", extra={"watch": watch.id, "error": type(error).__name__})
        if not isinstance(error, Unavailable | NotFound) or datetime.now(UTC) - file.found_at > _GIVE_UP:
            watched_files.fail(engine, watch, file, error.to_json())
            return
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(number - 1, 10))
        self._failures[key] = number, datetime.now(UTC) + wait
        if number == _NOTIFIED_FAILURES:
            payload = {"watch": watch.name, "watch_id": watch.id, "file": file.key, "run_id": file.run_id,
                       "error": error.to_json()}  # fmt: skip
            with writing(engine) as connection:
                event = f"writing_failed:{watch.id}:{file.digest}"
                notices.emit(connection, "watch_failed", event, watch.owner_id, payload)


def compare_columns(expected: Sequence[str] | None, found: Sequence[str]) -> dict[str, Any] | None:
    """Return the error of a file whose columns are not those of the watch, in any order; None where they are."""
    if expected is None or sorted(expected) == sorted(found):
        return None
    missing = [name for name in expected if name not in found]
    new = [name for name in found if name not in expected]
    parts = [msg("missing {columns}", columns=_listed(missing))] if missing else []
    parts += [msg("new {columns}", columns=_listed(new))] if new else []
    return error_record(
        msg(
            "the columns changed: {changes}", changes=join_messages(parts) if parts else msg("a name repeats")
        ),
        msg("export the file as before, or remove the watch and add one like an upload with these columns"),
        "ColumnsChanged",
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:80]) for name in names[:_MAX_NAMED])
    return shown if len(names) <= _MAX_NAMED else f"{shown}, …"
