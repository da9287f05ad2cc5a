"""The one time limit of the tests, and waiting for an event.

A test waits for an event and never for an amount of time: the limit only ends a test that would otherwise never end,
and is so long that no machine reaches it by being slow.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from threading import Timer

LIMIT = 900.0
"""Seconds after which a test that waits has failed."""

_POLL = 0.01


def wait_until(condition: Callable[[], object], pause: float = _POLL) -> None:
    """Wait until `condition()` is true.

    Args:
        condition: called again and again.
        pause: seconds between two calls; longer for what takes seconds and then stays true, such as the end of a job.

    Raises:
        TimeoutError: it was not true within `LIMIT` seconds.
    """
    deadline = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not true within {LIMIT:.0f} s")
        time.sleep(pause)


def read_line(process: subprocess.Popen[bytes]) -> bytes:
    """Return the next line that a process writes to the pipe of its output; empty where it ends without one.

    A process that writes none within `LIMIT` seconds is killed.
    """
    assert process.stdout is not None
    timer = Timer(LIMIT, process.kill)
    timer.start()
    try:
        return process.stdout.readline()
    finally:
        timer.cancel()
