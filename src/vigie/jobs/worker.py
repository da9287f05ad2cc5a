"""Claims runs, keeps them alive, and ends them in one of the ways a run can end."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
import traceback
from collections.abc import Callable, Sequence

from vigie.app import job_queue, uploads
from vigie.app.job_queue import Job
from vigie.errors import (
    DamagedBundle,
    DatabaseUnavailable,
    NewerBundle,
    Unavailable,
    UnsignedBundle,
    VigieError,
    kept,
)
from vigie.i18n.messages import msg
from vigie.jobs.context import JobContext, opened
from vigie.jobs.retention import tidy
from vigie.settings import Settings, WebSettings

log = logging.getLogger("vigie.jobs")
QUICK = ("inspect",)
SLOW = ("score", "refine", "train")
_POLL = 0.25
_TIDY = 300.0
_TELL = 0.5


class Gone(Exception):
    """The run is no longer this worker's: cancelled, deleted, or given to another."""


class Worker:
    """One process's worth of jobs: threads that each do one run at a time, and one heartbeat.

    One thread does nothing but look at new uploads, so that nobody waits behind a long run for that.
    """

    def __init__(self, bench: JobContext) -> None:
        self.bench = bench
        self.name = f"{socket.gethostname()[:50]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.stopping = threading.Event()

    def run(self) -> None:
        """Works until `stopping` is set; what is then under way goes back to the others."""
        # Now rather than within the first person's wait.
        import vigie.jobs.inspect_upload
        import vigie.jobs.score  # noqa: F401

        lanes = [QUICK, *[SLOW] * self.bench.web.jobs]
        threads = [threading.Thread(target=self._lane, args=(kinds,), daemon=True) for kinds in lanes]
        threads.append(threading.Thread(target=self._heart, daemon=True))
        threads.append(threading.Thread(target=self._broom, daemon=True))
        for thread in threads:
            thread.start()
        self.stopping.wait()
        job_queue.release(self.bench.engine, self.name)

    def run_one(self, kinds: Sequence[str] = QUICK + SLOW) -> bool:
        """Does the next run, if there is one."""
        job = job_queue.claim(self.bench.engine, self.name, kinds, self.bench.web.lease_seconds)
        if job is None:
            return False
        self._do(job)
        return True

    def _lane(self, kinds: Sequence[str]) -> None:
        wait = _POLL
        while not self.stopping.is_set():
            try:
                wait = 0.0 if self.run_one(kinds) else _POLL
            except DatabaseUnavailable as error:
                log.warning("database unavailable", extra={"error": type(error).__name__})
                wait = min(30.0, 2 * wait + 1)
            except Exception as error:  # noqa: BLE001  the edge: a worker outlives every job
                self._log_bug(error)
                wait = 5.0
            self.stopping.wait(wait)

    def _heart(self) -> None:
        """Renews the leases; a run this process no longer holds is noticed by its own next word."""
        lease = self.bench.web.lease_seconds
        while not self.stopping.wait(lease / 3):
            try:
                job_queue.renew_leases(self.bench.engine, self.name, lease)
            except Exception as error:  # noqa: BLE001  the next beat may work; without one the lease ends
                log.warning("heartbeat failed", extra={"error": type(error).__name__, "worker": self.name})

    def _broom(self) -> None:
        while not self.stopping.is_set():
            try:
                tidy(self.bench)
            except Exception as error:  # noqa: BLE001  tried again
                log.warning("tidying failed", extra={"error": type(error).__name__})
            self.stopping.wait(_TIDY)

    def _do(self, job: Job) -> None:
        started, engine = time.perf_counter(), self.bench.engine
        extra = {"run": job.id, "kind": job.kind, "attempt": job.attempt, "worker": self.name}
        log.info("run begins", extra=extra)
        outcome = "done"
        try:
            if not self._work(job):
                outcome = "lost"
        except Gone:
            outcome = "dropped"
        except VigieError as error:
            outcome = "failed"
            told = error.to_json()
            if isinstance(error, Unavailable) and not isinstance(
                error, (DamagedBundle, UnsignedBundle, NewerBundle)
            ):
                outcome = "postponed"
                job_queue.retry_later(engine, job, told)
            else:
                job_queue.fail(engine, job, told, upload=_refusal(job, told))
        except MemoryError:
            outcome = "failed"
            hint = msg("score a smaller table, or give the worker more memory")
            told = kept(msg("not enough memory"), hint, "MemoryError")
            job_queue.fail(engine, job, told, upload=_refusal(job, told))
        except Exception as error:  # noqa: BLE001  the edge: the user is told, the log says where
            outcome = "bug"
            self._log_bug(error, job)
            hint = msg(
                "this is a bug of Vigie, not a fault of your table; in the worker's log it is run {id}",
                id=job.id,
            )
            told = kept(msg("something unexpected happened"), hint, "Bug")
            job_queue.fail(engine, job, told, upload=_refusal(job, told))
        log.info(f"run {outcome}", extra=extra | {"seconds": round(time.perf_counter() - started, 2)})

    def _work(self, job: Job) -> bool:
        """Does the run; returns whether its result was still wanted."""
        bench, told = self.bench, self._teller(job)
        upload = uploads.find(bench.engine, job.upload_id)
        if job.kind == "inspect":
            from vigie.jobs.inspect_upload import inspect

            return job_queue.finish(bench.engine, job, upload=inspect(bench, upload, told))
        if job.kind == "train":
            from vigie.jobs.train import train

            return job_queue.finish(bench.engine, job, summary=train(bench, job, upload, told))
        from vigie.jobs.score import score

        summary, folder, exact = score(bench, job, upload, told)
        return job_queue.finish(bench.engine, job, summary=summary, result=folder, upload=exact)

    def _teller(self, job: Job) -> Callable[[str, float], None]:
        said_at, said = 0.0, ""

        def tell(stage: str, share: float) -> None:
            nonlocal said_at, said
            now = time.monotonic()
            if stage == said and now - said_at < _TELL:
                return
            said_at, said = now, stage
            if not job_queue.report_progress(self.bench.engine, job, stage, share):
                raise Gone

        return tell

    def _log_bug(self, error: BaseException, job: Job | None = None) -> None:
        """Where it happened, without the error's own words: a library may quote a cell in them."""
        frames = [
            f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        extra = {"error": type(error).__name__, "frames": frames, "run": job.id if job else None}
        log.error("bug", extra=extra)


def work(settings: Settings, web: WebSettings, stopping: threading.Event) -> None:
    """A worker until `stopping` is set."""
    with opened(settings, web) as bench:
        worker = Worker(bench)
        worker.stopping = stopping
        log.info("worker begins", extra={"worker": worker.name})
        worker.run()


def run_until_idle(settings: Settings, web: WebSettings) -> int:
    """Does all queued runs in this thread; returns how many. For tests and for scripts."""
    done = 0
    with opened(settings, web) as bench:
        worker = Worker(bench)
        while worker.run_one():
            done += 1
    return done


def _refusal(job: Job, told: dict[str, str]) -> dict[str, object] | None:
    """An upload that cannot even be looked at is refused, with the reason."""
    return {"state": "refused", "error": told} if job.kind == "inspect" else None
