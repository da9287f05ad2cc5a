"""Who holds the migrations of a catalog: this process by name, and whether another one still lives."""

from __future__ import annotations

import getpass
import os
import socket
from datetime import datetime, timedelta
from pathlib import Path


def username() -> str:
    """Who runs this process, as far as the system tells."""
    try:
        return getpass.getuser()[:255]
    except (OSError, KeyError, ImportError):
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown user"


def machine() -> str:
    """This machine's name; on Linux also which boot and which table of processes its process ids belong to.

    Two containers may share a name; a process id of one means nothing in the other.
    """
    name = socket.gethostname()[:200] or "unknown"
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
        table = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        return name
    return f"{name} [{boot}.{table}]"


def name_of(host: str) -> str:
    """The part of `machine` that a person wants to read."""
    return host.partition(" [")[0]


def is_dead(host: str, pid: int, heartbeat: datetime, now: datetime, stale: timedelta) -> bool:
    """Whether the holder is gone: its heart stopped long ago, or it ran here and its process is no more."""
    if now - heartbeat > stale:
        return True
    return "[" in host and host == machine() and not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}
