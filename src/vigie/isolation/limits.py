"""Limits of a process, and the memory of the machine."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_CGROUP_FILES = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_FALLBACK_MEMORY = 8 * 1024**3


@dataclass(frozen=True)
class Limits:
    """Limits of a child process; sizes in bytes, times in seconds.

    Attributes:
        memory_bytes: memory that it writes to; mapped files do not count.
        cpu_seconds: CPU time, of all its threads together.
        wall_seconds: time.
        output_bytes: size of a file that it writes.
    """

    memory_bytes: int
    cpu_seconds: int
    wall_seconds: float
    output_bytes: int


def machine_memory() -> int:
    """Return the memory of the machine or of the container, whichever is less, in bytes."""
    found = [_FALLBACK_MEMORY]
    with suppress(ValueError, OSError, AttributeError):
        found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _CGROUP_FILES:
        with suppress(ValueError, OSError):
            found.append(int(path.read_text()))  # "max" where there is no limit
    return min(found)


def limit_memory(limit: int) -> None:
    """Limit the memory that this process may write to, in bytes; the kernel then refuses allocations.

    Mapped files are not counted, so that a table may be larger than the limit. Windows has no such limit.
    """
    _set("RLIMIT_DATA", limit)


def apply(limits: Limits) -> None:
    """Apply limits to this process, for the rest of its life; no core dump is written."""
    limit_memory(limits.memory_bytes)
    _set("RLIMIT_CPU", limits.cpu_seconds)
    _set("RLIMIT_FSIZE", limits.output_bytes)
    _set("RLIMIT_CORE", 0)


def _set(name: str, value: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    which = getattr(resource, name)
    _, hard = resource.getrlimit(which)
    allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (allowed, hard))
