"""The worker: claims jobs, renews their leases and finishes them."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from vigie.app import job_queue, uploads, watches, worker_heartbeats
from vigie.app.job_queue import Job
from vigie.app.run_times import SMALL_ROWS
from vigie.errors import (
    DamagedBundle,
    DatabaseUnavailable,
    NewerBundle,
    Unavailable,
    UnsignedBundle,
    VigieError,
    error_record,
)
from vigie.i18n.messages import msg
from vigie.isolation import is_out_of_memory, limit_memory, machine_memory
from vigie.jobs import make_cases, retention
from vigie.jobs.context import JobContext, ProgressCallback, open_context
from vigie.jobs.watching import loops
from vigie.logs import frames
from vigie.settings import Settings, WebSettings

log = logging.getLogger("vigie.jobs")
QUICK = ("inspect",)
SLOW = ("score", "refine", "train")
LANES: dict[str, tuple[str, ...]] = {
    "inspect": QUICK,
    "watches": (),
    "small": ("score", "refine"),
    "jobs": SLOW,
}
"""Lane -> kinds of jobs; an inspection never waits for a long job, nor shares its process. `watches` runs no jobs: it looks
at watches and delivers notices. `small` scores tables of at most `SMALL_ROWS` rows, which never wait for a longer one."""
_POLL_SECONDS = 0.25
_CLEANUP_SECONDS = 300.0
_PROGRESS_SECONDS = 0.5
_HEARTBEAT_SECONDS = 10.0
_PERMANENT = (DamagedBundle, UnsignedBundle, NewerBundle)


class LeaseLost(Exception):
    """The run was cancelled, deleted, or claimed by another worker."""


class Worker:
    """Runs one job at a time, with a heartbeat beside it.

    A process has one worker, so that a job that makes its process crash or run out of memory harms no other.

    Args:
        context: resources of the jobs.
        name: name of the worker, never used before; by default a new one.
    """

    def __init__(self, context: JobContext, name: str = "") -> None:
        self.context = context
        self.started_at = datetime.now(UTC)
        self.name = name or f"{socket.gethostname()[:50]}:{os.getpid()}:{secrets.token_hex(6)}"
        self.stopping = threading.Event()

    def run(self, kinds: Sequence[str] = QUICK + SLOW, *, max_rows: int | None = None) -> None:
        """Run jobs until `stopping` is set, then release the lease of an unfinished job.

        Args:
            kinds: kinds of jobs; without any, watches and notices.
            max_rows: only jobs of tables that are known to have at most so many rows.
        """
        with self.heartbeat():
            threads: list[threading.Thread] = []
            if kinds:
                # Imported at start rather than while the first user waits.
                import vigie.jobs.inspect_upload
                import vigie.jobs.score  # noqa: F401

                threads.append(
                    threading.Thread(target=self._worker_loop, args=(kinds, max_rows), daemon=True)
                )
            else:
                threads += loops.threads(self.context, self.name, self.stopping)
            if set(QUICK) & set(kinds):
                threads.append(threading.Thread(target=self._cleanup_loop, daemon=True))
            for thread in threads:
                thread.start()
            self.stopping.wait()

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Renew the leases in a thread beside the block; at its end set `stopping` and release those that are left."""
        self._beat()
        threading.Thread(target=self._heartbeat_loop, daemon=True).start()
        try:
            yield
        finally:
            self.stopping.set()
            job_queue.release(self.context.engine, self.name)
            watches.release(self.context.engine, self.name)
            worker_heartbeats.remove(self.context.engine, self.name)

    def run_one(self, kinds: Sequence[str] = QUICK + SLOW, max_rows: int | None = None) -> bool:
        """Run the next job; return whether there was one."""
        lease = self.context.web.lease_seconds
        job = job_queue.claim(self.context.engine, self.name, kinds, lease, max_rows=max_rows)
        if job is None:
            return False
        self._run_job(job)
        return True

    def _worker_loop(self, kinds: Sequence[str], max_rows: int | None) -> None:
        wait = _POLL_SECONDS
        while not self.stopping.is_set():
            try:
                wait = 0.0 if self.run_one(kinds, max_rows) else _POLL_SECONDS
            except DatabaseUnavailable as error:
                log.warning("database unavailable", extra={"error": type(error).__name__})
                wait = min(30.0, 2 * wait + 1)
            except BaseException as error:  # noqa: BLE001  no error of a job ends the worker; polars' panic is no Exception
                self._log_bug(error)
                wait = 5.0
            self.stopping.wait(wait)

    def _heartbeat_loop(self) -> None:
        """Renew the leases and show that this worker is alive.

        A job that lost its lease notices at its next progress report.
        """
        lease = self.context.web.lease_seconds
        while not self.stopping.wait(min(lease / 3, _HEARTBEAT_SECONDS)):
            try:
                job_queue.renew_leases(self.context.engine, self.name, lease)
                watches.renew_leases(self.context.engine, self.name, lease)
            except Exception as error:  # noqa: BLE001  tried again; without a renewal the leases expire
                log.warning("heartbeat failed", extra={"error": type(error).__name__, "worker": self.name})
            self._beat()

    def _beat(self) -> None:
        """Show that this worker is alive, on this machine even while the database is not."""
        try:
            worker_heartbeats.touch(self.context.settings.home)
            worker_heartbeats.beat(self.context.engine, self.name, self.started_at)
        except (OSError, DatabaseUnavailable) as error:
            log.warning("heartbeat failed", extra={"error": type(error).__name__, "worker": self.name})

    def _cleanup_loop(self) -> None:
        while not self.stopping.is_set():
            try:
                retention.delete_expired(self.context)
                make_cases.make_pending(self.context)
            except Exception as error:  # noqa: BLE001  tried again
                log.warning("cleanup failed", extra={"error": type(error).__name__})
            self.stopping.wait(_CLEANUP_SECONDS)

    def _run_job(self, job: Job) -> None:
        started = time.perf_counter()
        extra = {"run": job.id, "kind": job.kind, "attempt": job.attempt, "worker": self.name}
        log.info("run begins", extra=extra)
        try:
            outcome = "done" if self._compute(job) else "lost"
            if outcome == "done" and job.kind in {"score", "refine"}:
                self._make_cases(job.id)
        except LeaseLost:
            outcome = "dropped"
        except VigieError as error:
            outcome = self._fail(job, error)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  the user reads that it failed, the log says where
            outcome = self._fail_unexpectedly(job, error)
        log.info(f"run {outcome}", extra=extra | {"seconds": round(time.perf_counter() - started, 2)})

    def _fail_unexpectedly(self, job: Job, error: BaseException) -> str:
        """Store a failure that is no error of ours: too little memory, or a bug."""
        if is_out_of_memory(error):
            hint = msg("split the table, or raise VIGIE_WORKER_MEMORY_BYTES")
            record = error_record(
                msg("the table is too large for the memory of this worker"), hint, "MemoryError"
            )
            outcome = "failed"
        else:
            self._log_bug(error, job)
            record, outcome = job_queue.bug_record(job.id), "bug"
        self._store_failure(job, record)
        return outcome

    def _compute(self, job: Job) -> bool:
        """Compute a job and store its result; return whether the worker still held the lease."""
        context, progress = self.context, self._progress_callback(job)
        upload = uploads.find(context.engine, job.upload_id)
        if job.kind == "inspect":
            from vigie.jobs.inspect_upload import inspect_upload

            return job_queue.finish(context.engine, job, upload=inspect_upload(context, upload, progress))
        if job.kind == "train":
            from vigie.jobs.train import train

            return job_queue.finish(context.engine, job, summary=train(context, job, upload, progress))
        from vigie.jobs.score import score

        summary, folder, changes = score(context, job, upload, progress)
        return job_queue.finish(context.engine, job, summary=summary, result=folder, upload=changes)

    def _make_cases(self, run_id: str) -> None:
        """Make the cases of a finished run; where that fails, it is tried again with the next cleanup."""
        try:
            make_cases.make(self.context, run_id)
        except Exception as error:  # noqa: BLE001  the run is done, whatever becomes of its cases
            self._log_bug(error)

    def _fail(self, job: Job, error: VigieError) -> str:
        if isinstance(error, Unavailable) and not isinstance(error, _PERMANENT):
            job_queue.retry_later(self.context.engine, job, error.to_json())
            return "postponed"
        return self._store_failure(job, error.to_json())

    def _store_failure(self, job: Job, error: dict[str, str]) -> str:
        refused = {"state": "refused", "error": error} if job.kind == "inspect" else None
        job_queue.fail(self.context.engine, job, error, upload=refused)
        return "failed"

    def _progress_callback(self, job: Job) -> ProgressCallback:
        last_time, last_stage = 0.0, ""

        def report(stage: str, share: float) -> None:
            nonlocal last_time, last_stage
            now = time.monotonic()
            if stage == last_stage and now - last_time < _PROGRESS_SECONDS:
                return
            last_time, last_stage = now, stage
            if not job_queue.report_progress(self.context.engine, job, stage, share):
                raise LeaseLost

        return report

    def _log_bug(self, error: BaseException, job: Job | None = None) -> None:
        """Log where an error occurred, without its message: a library may quote a cell in it."""
        extra = {"error": type(error).__name__, "frames": frames(error), "run": job.id if job else None}
        log.error("bug", extra=extra)


def run_worker(
    settings: Settings, web: WebSettings, stopping: threading.Event, *, lane: str, name: str = ""
) -> None:
    """Run the worker of this process until `stopping` is set, within its limit of memory.

    Args:
        settings: settings of the installation.
        web: settings of the web app.
        stopping: set to end.
        lane: a key of `LANES`.
        name: as `Worker` takes it.
    """
    limit_memory(web.worker_memory_bytes or machine_memory() * 9 // 10)
    with open_context(settings, web) as context:
        worker = Worker(context, name)
        worker.stopping = stopping
        log.info("worker begins", extra={"worker": worker.name, "lane": lane})
        worker.run(LANES[lane], max_rows=SMALL_ROWS if lane == "small" else None)


def run_until_idle(settings: Settings, web: WebSettings) -> int:
    """Run all queued jobs in this thread and return their number; for tests and scripts."""
    jobs = 0
    with open_context(settings, web) as context:
        worker = Worker(context)
        while worker.run_one():
            jobs += 1
    return jobs
