"""The threads of a worker that look at watches, follow their files, and deliver notices."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from vigie.app import watches
from vigie.delivery.dispatch import deliver_next
from vigie.jobs.context import JobContext
from vigie.jobs.watching.follow_up import FollowUp
from vigie.jobs.watching.look import look
from vigie.logs import frames

log = logging.getLogger("vigie.jobs")
_POLL_SECONDS = 1.0
_LONGEST_WAIT = 30.0


def threads(context: JobContext, worker: str, stopping: threading.Event) -> list[threading.Thread]:
    """Return the threads, to be started; they end after `stopping` is set."""
    follow_up = FollowUp(context)
    steps: dict[str, Callable[[], bool]] = {
        "looks": lambda: look_once(context, worker),
        "follow-up": lambda: follow_up.run() < 0,
        "notices": lambda: deliver_next(context.engine, context.web, worker),
    }
    return [
        threading.Thread(target=_repeat, args=(name, step, stopping), daemon=True)
        for name, step in steps.items()
    ]


def look_once(context: JobContext, worker: str) -> bool:
    """Look at the watch that is due longest; return whether one was."""
    watch = watches.claim(context.engine, worker, context.web.lease_seconds, datetime.now(UTC))
    if watch is None:
        return False
    look(context, watch, worker)
    return True


def _repeat(name: str, step: Callable[[], bool], stopping: threading.Event) -> None:
    """Repeat a step until `stopping` is set: at once while it returns True, later after an error."""
    wait = 0.0
    while not stopping.wait(wait):
        try:
            wait = 0.0 if step() else _POLL_SECONDS
        except BaseException as error:  # noqa: BLE001  no error ends the worker; what was not done is found again
            log.error(
                "step failed", extra={"step": name, "error": type(error).__name__, "frames": frames(error)}
            )
            wait = min(_LONGEST_WAIT, 2 * wait + 1)
