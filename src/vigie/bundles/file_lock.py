"""Locks on files and folders that the system releases when a process dies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

AVAILABLE = fcntl is not None
"""Whether this system has such locks; without them every attempt to lock succeeds."""
_POLL_INTERVAL = 0.01


def try_lock(descriptor: int, *, shared: bool) -> bool:
    """Try to lock an open file; return False where another process holds it. Closing the file unlocks it."""
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks: nothing is known to be in use
            return True
    return True


@contextmanager
def folder_lock(folder: Path, seconds: float) -> Iterator[bool]:
    """Create and lock a folder, and yield whether it is locked: False after `seconds`, or where it cannot be made."""
    descriptor, locked = -1, False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
        deadline = time.monotonic() + seconds
        while not (locked := try_lock(descriptor, shared=False)) and time.monotonic() < deadline:
            time.sleep(_POLL_INTERVAL)
    except OSError:
        pass  # writing into the folder will report what is wrong with it
    try:
        yield locked
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def remove_unused(path: Path) -> bool:
    """Remove a file unless another process has it locked; return whether it was removed."""
    try:
        with path.open("rb") as handle:
            if not try_lock(handle.fileno(), shared=False):
                return False
            path.unlink()
    except OSError:
        return False
    return True
