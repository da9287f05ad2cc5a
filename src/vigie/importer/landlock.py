"""Restricts this process to reading some folders, and to signals and traces within itself (Landlock).

A filter of system calls sees no paths; this does. Other processes, their memory and environment under /proc, and files of the
operator that an import does not need, cannot be opened afterwards.

Source: Linux, Documentation/userspace-api/landlock.rst.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

LANDLOCK = "file system restriction"

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on all architectures
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
"""Version of the interface -> rights that it adds."""
_TCP_RIGHTS, _TCP_VERSION = 3, 4
_SCOPES, _SCOPE_VERSION = 3, 6  # abstract sockets and signals
_PR_SET_NO_NEW_PRIVS = 38
_SYSTEM_FILES = (
    *("/dev/null", "/dev/urandom", "/proc/cpuinfo", "/proc/meminfo", "/proc/self/status", "/proc/self/maps"),
    *(
        "/sys/devices/system",
        "/usr/lib",
        "/usr/lib64",
        "/lib",
        "/lib64",
        "/usr/local/lib",
        "/usr/share/zoneinfo",
    ),
    *("/etc/localtime", "/etc/ld.so.cache"),
)


def restrict(readable: Iterable[str]) -> bool:
    """Restrict this process, which must have a single thread, for the rest of its life.

    Args:
        readable: files and folders that it may read, besides those of the system's libraries; others are invisible to it.

    Returns:
        Whether the restriction is in force; False where the kernel does not have it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE, None, 0, _VERSION_FLAG)
    if version < 1:
        return False
    rights = sum(added for since, added in _FILE_RIGHTS if version >= since)
    attributes = struct.pack("=Q", rights)
    if version >= _TCP_VERSION:
        attributes += struct.pack("=Q", _TCP_RIGHTS)
    if version >= _SCOPE_VERSION:
        attributes += struct.pack("=Q", _SCOPES)
    rules = libc.syscall(_CREATE, attributes, len(attributes), 0)
    if rules < 0:
        return False
    try:
        for path in (*_SYSTEM_FILES, *readable):
            with suppress(OSError):
                _allow(libc, rules, Path(path))
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return False
        return bool(libc.syscall(_RESTRICT, rules, 0) == 0)
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: Path) -> None:
    rights = _READ_FILE | _READ_DIR if path.is_dir() else _READ_FILE
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", rights, descriptor)
        libc.syscall(_ADD, rules, _PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)
