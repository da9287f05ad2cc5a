"""Identity of the process that holds the migration lock, and whether that process still runs."""

from __future__ import annotations

import getpass
import os
import socket
from datetime import datetime, timedelta
from pathlib import Path


def username() -> str:
    """Return the name of the user who runs this process, as far as the system has one."""
    try:
        return getpass.getuser()[:255]
    except (OSError, KeyError, ImportError):
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown user"


def machine() -> str:
    """Return this machine's name; on Linux with its boot and PID namespace, which make a process id unique.

    Two containers may have the same name, and a process id of one means nothing in the other.
    """
    name = socket.gethostname()[:200] or "unknown"
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
        namespace = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        return name
    return f"{name} [{boot}.{namespace}]"


def columns(now: datetime) -> dict[str, object]:
    """Return the columns of `migrations` that identify this process as the owner since `now`."""
    return {
        "host": machine(),
        "pid": os.getpid(),
        "username": username(),
        "started_at": now,
        "heartbeat_at": now,
    }


def display_name(host: str) -> str:
    """Return the readable part of a `machine` name."""
    return host.partition(" [")[0]


def is_dead(host: str, pid: int, heartbeat: datetime, now: datetime, max_silence: timedelta) -> bool:
    """Return whether the owner is gone: its last heartbeat is too old, or it ran on this machine and no longer does."""
    if now - heartbeat > max_silence:
        return True
    return "[" in host and host == machine() and not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}
