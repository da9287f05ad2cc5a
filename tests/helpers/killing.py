"""Processes that tests kill at a chosen moment.

A module of jobs runs as a server (`serve`): each line of its input forks a process that does one job. Starting Python
anew for every process to kill would take most of a test's time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tests.waiting import LIMIT, wait_until

CHECKOUT = Path(__file__).resolve().parents[2]


def serve(jobs: Mapping[str, Callable[..., None]]) -> None:
    """Answer each line of standard input with the id of a new process that does the job; its output goes to a file."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps ended processes at once
    for line in sys.stdin:
        output, job, *arguments = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
            jobs[job](*arguments)
            os._exit(0)
        print(child, flush=True)


def has_ended(process: int) -> bool:
    """Whether the system no longer has that process."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


class KillableJobs:
    """Starts jobs of a module in processes of their own and kills them.

    Args:
        module: a module whose `serve` argument calls `serve`.
        folder: where the output of each job is written.
    """

    def __init__(self, module: str, folder: Path) -> None:
        self.output = folder / "job-output"
        self.server = subprocess.Popen(
            [sys.executable, "-m", module, "serve"],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def kill(self, moment: float | None, *job: object, after: Callable[[], bool] = lambda: True) -> str:
        """Run `job`, kill it `moment` seconds after `ready` and `after`, or at None once it prints `stopped`.

        A job that ends by itself is not killed.

        Returns:
            What it printed after `ready`.
        """
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.output.unlink(missing_ok=True)
        self.server.stdin.write("\t".join(map(str, (self.output, *job))) + "\n")
        self.server.stdin.flush()
        process = int(self.server.stdout.readline())
        word = "stopped\n" if moment is None else "ready\n"
        wait_until(lambda: self.output.exists() and word in self.output.read_text())
        wait_until(after)
        end = time.monotonic() + (moment or 0.0)
        with suppress(ProcessLookupError):
            while time.monotonic() < end:
                os.kill(process, 0)
                time.sleep(min(0.02, max(0.0, end - time.monotonic())))
            os.kill(process, signal.SIGKILL)
        wait_until(lambda: has_ended(process))
        return self.output.read_text().removeprefix("ready\n")

    def stop(self) -> None:
        """End the server."""
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.close()
        self.server.stdout.close()
        self.server.wait(LIMIT)
