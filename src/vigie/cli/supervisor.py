"""Child processes that are kept running: each that ends is started again, later every time it ends soon."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event

import click

_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0
_STABLE_SECONDS = 60.0
"""A process that ran so long did not fail to start: the delay begins anew."""
_POLL_SECONDS = 0.1
_STOP_SECONDS = 10.0


@dataclass
class Child:
    """One process to keep running.

    Attributes:
        name: shown when it ends.
        arguments: returns the arguments of the command `vigie`; called at each start.
        files: file descriptors it inherits.
        on_exit: called with the exit code each time it ends by itself.
    """

    name: str
    arguments: Callable[[], Sequence[str]]
    files: tuple[int, ...] = ()
    on_exit: Callable[[int], None] | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started: float = 0.0
    delay: float = _FIRST_DELAY
    due: float = 0.0


def keep_running(children: Sequence[Child], stopping: Event) -> None:
    """Start processes, restart each that ends, and stop them once `stopping` is set.

    The standard input of a child is a pipe that this process holds open: it ends when this process does, in whatever way.
    """
    try:
        while not stopping.wait(_POLL_SECONDS):
            for child in children:
                _attend(child)
    finally:
        _stop(children)


def _attend(child: Child) -> None:
    now = time.monotonic()
    if child.process is None:
        if now >= child.due:
            child.process = _start(child)
            child.started = now
        return
    code = child.process.poll()
    if code is None:
        return
    _close(child)
    child.delay = (
        _FIRST_DELAY if now - child.started > _STABLE_SECONDS else min(2 * child.delay, _LONGEST_DELAY)
    )
    child.due = now + child.delay
    click.echo(f"{child.name} ended with {code}; restarting in {child.delay:g} s", err=True)
    if child.on_exit is not None:
        child.on_exit(code)


def _start(child: Child) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  our own command
        [sys.executable, "-m", "vigie", *child.arguments()], stdin=subprocess.PIPE, pass_fds=child.files
    )


def _stop(children: Sequence[Child]) -> None:
    running = [child for child in children if child.process is not None]
    for child in running:
        if child.process is not None and child.process.poll() is None:
            child.process.terminate()
    end = time.monotonic() + _STOP_SECONDS
    for child in running:
        if child.process is None:
            continue
        try:
            child.process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        _close(child)


def _close(child: Child) -> None:
    if child.process is not None and child.process.stdin is not None:
        child.process.stdin.close()
    child.process = None
