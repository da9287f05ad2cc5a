"""Sandbox of the process that opens third-party model files; applied only in that process.

It is applied before the first byte of a file is read, and before any module that starts threads is imported:

    limits on memory, CPU, size of files and number of processes; no core dump
    a network namespace of its own
    read access to the libraries and the files of the model alone, no signal to and no look into another process (Landlock)
    a kernel filter of system calls (seccomp) that allows what Python, numpy and XGBoost need to compute and to read files, some of
    it only with harmless arguments, and denies everything else: sockets, exec, fork, signals, writing, changing and removing files

`apply_sandbox` returns the protections that are in force, for the bundle's provenance. `network namespace` and `system call
filter` are enforced by the kernel; `socket module removed` does not stop hostile code and is used where the kernel offers
neither (macOS, Windows, a container that forbids both); code of a file (`--trust`) runs only where the filter and the restriction
are in force. The limit on processes does not bind root; the filter does. The numbers of the filter are those of Linux on x86-64
(tested) and on arm64 (from the same kernel headers, not tested).
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable

from vigie.importer import landlock
from vigie.importer.landlock import LANDLOCK

NAMESPACE = "network namespace"
FILTER = "system call filter"
SOCKET_MODULE_REMOVED = "socket module removed"

_CLONE_NEWNET = 0x40000000
_CLONE_NEWUSER = 0x10000000
_CLONE_THREAD = 0x00010000
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_MODE_FILTER = 2
_WRITING = 0o1 | 0o2 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
_EPERM = 1
_ENOSYS = 38

# fmt: off
_ALLOWED = {
    "x86_64": (
        0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,  # read, write, close, stat …, poll, lseek, mmap …, brk, signals of its own
        17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,     # pread … writev, access, pipe, select, yield, mremap, msync, mincore, madvise
        32, 33, 35, 39, 60, 63, 74, 78, 79, 89, 96, 97, 98, 99, 100,  # dup, nanosleep, getpid, exit, uname, fsync, getdents, getcwd, readlink …
        102, 104, 107, 108, 110, 111, 131, 137, 138, 186, 201, 202, 204,  # ids, sigaltstack, statfs, gettid, time, futex, sched_getaffinity
        217, 218, 221, 228, 229, 230, 231, 239, 262, 267, 269, 270, 271, 273, 274,  # getdents64 … clocks, exit_group, newfstatat, ppoll, robust lists
        292, 293, 295, 309, 318, 324, 332, 334, 439, 449,   # dup3, pipe2, preadv, getcpu, getrandom, membarrier, statx, rseq, faccessat2, futex_waitv
    ),
    "aarch64": (
        63, 64, 57, 80, 79, 73, 62, 222, 226, 215, 214, 134, 135, 139,
        67, 68, 65, 66, 48, 59, 72, 124, 216, 227, 232, 233,
        23, 24, 101, 172, 93, 160, 82, 61, 17, 78, 169, 163, 165, 179, 153,
        174, 176, 175, 177, 173, 132, 43, 44, 178, 98, 123,
        96, 223, 113, 114, 115, 94, 236, 99, 100,
        69, 168, 278, 283, 291, 293, 439, 449,
    ),
}
"""Calls that any argument may have. What is not here, and not in the tables below, is denied: a kernel gains calls, and a list of
what to deny would be one behind."""
_BY_ARGUMENT = {
    # call -> (position of the argument, values that it may have)
    "x86_64": {
        16: (1, (0x5401, 0x5413, 0x541B, 0x5450, 0x5451)),  # ioctl: is it a terminal, its size, bytes to read, close-on-exec
        72: (1, (0, 1, 2, 3, 1030)),                        # fcntl: duplicates, flags; no owner, signal or asynchronous input
        157: (0, (3, 15, 16, 0x53564D41)),                  # prctl: names of threads and of memory
        302: (2, (0,)),                                     # prlimit64: asks, and does not set
    },
    "aarch64": {
        29: (1, (0x5401, 0x5413, 0x541B, 0x5450, 0x5451)),
        25: (1, (0, 1, 2, 3, 1030)),
        167: (0, (3, 15, 16, 0x53564D41)),
        261: (2, (0,)),
    },
}
# fmt: on
_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_OPEN = {
    "x86_64": ((2, 1), (257, 2)),
    "aarch64": ((56, 2),),
}  # (call, position of the argument with the flags)
_CLONE = {"x86_64": 56, "aarch64": 220}
_UNSUPPORTED = (435, 437)  # clone3, openat2: a filter cannot see their arguments, so they fail as unsupported


def apply_sandbox(
    *, memory_bytes: int, cpu_seconds: int, output_bytes: int, readable: Iterable[str] = ()
) -> list[str]:
    """Restrict this process, which must have a single thread, for the rest of its life.

    Args:
        memory_bytes: maximum address space.
        cpu_seconds: maximum CPU time.
        output_bytes: maximum size of a written file.
        readable: files and folders that it reads; the libraries of Python are added.

    Returns:
        The protections that are in force.
    """
    protections: list[str] = []
    if sys.platform != "win32":
        limits = (
            ("AS", memory_bytes),
            ("CPU", cpu_seconds),
            ("FSIZE", output_bytes),
            ("CORE", 0),
            ("NPROC", 0),
        )
        for name, limit in limits:
            if _set_limit(f"RLIMIT_{name}", limit):
                binds = name != "NPROC" or os.geteuid() != 0
                protections.append(f"limit {name}" if binds else f"limit {name} (not binding for root)")
    if sys.platform == "linux" and _unshare_network():
        protections.append(NAMESPACE)
    libraries = (*sys.path, sys.prefix, sys.base_prefix)
    if sys.platform == "linux" and landlock.restrict([*filter(None, libraries), *readable]):
        protections.append(LANDLOCK)
    if sys.platform == "linux" and _install_filter():
        protections.append(FILTER)
    else:
        _block_socket_module()
        protections.append(SOCKET_MODULE_REMOVED)
    return protections


def _set_limit(name: str, limit: int) -> bool:
    import resource

    which = getattr(resource, name, None)
    if which is None:
        return False
    hard = resource.getrlimit(which)[1]
    value = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    try:
        resource.setrlimit(which, (value, value))
    except (ValueError, OSError):
        return False
    return True


def _unshare_network() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    unshare = getattr(libc, "unshare", None)
    return unshare is not None and (
        unshare(_CLONE_NEWNET) == 0 or unshare(_CLONE_NEWNET | _CLONE_NEWUSER) == 0
    )


def _install_filter() -> bool:
    machine = platform.machine()
    if machine not in _ALLOWED or struct.calcsize("P") != 8:
        return False
    program = _program(machine)
    instructions = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))

    argument = Program(len(program) // 8, ctypes.addressof(instructions))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong)
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, None, 0, 0) != 0:
        return False
    return bool(prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(argument), 0, 0) == 0)


def _program(machine: str) -> bytes:
    """Return the classic BPF program of the filter.

    Source: Linux, Documentation/userspace-api/seccomp_filter.rst.
    """
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, deny, unknown = 0x7FFF0000, 0x00050000 | _EPERM, 0x00050000 | _ENOSYS
    kill = 0x80000000

    def line(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("=HBBI", code, yes, no, value)

    number, argument = 0, 16  # offsets in the kernel's record of a call; arguments are 8 bytes each
    lines = [line(load, 4), line(equal, _ARCH[machine], 1), line(give, kill), line(load, number)]
    lines += [line(at_least, 0x40000000, 0, 1), line(give, deny)]  # the same calls of the x32 ABI
    for call in _ALLOWED[machine]:
        lines += [line(equal, call, 0, 1), line(give, allow)]
    for call in _UNSUPPORTED:
        lines += [line(equal, call, 0, 1), line(give, unknown)]
    for call, position in _OPEN[machine]:
        lines += [line(equal, call, 0, 4), line(load, argument + 8 * position)]
        lines += [line(any_bit, _WRITING, 0, 1), line(give, deny), line(give, allow)]
    lines += [line(equal, _CLONE[machine], 0, 4), line(load, argument)]
    lines += [line(any_bit, _CLONE_THREAD, 1, 0), line(give, deny), line(give, allow)]
    for call, (position, values) in _BY_ARGUMENT[machine].items():
        tests = [line(load, argument + 8 * position)]
        for value in values:
            tests += [line(equal, value, 0, 1), line(give, allow)]
        # The kernel reads all 8 bytes of a pointer; 0 is one only where both halves are.
        if values == (0,):
            tests = [line(load, argument + 8 * position), line(equal, 0, 1, 0), line(give, deny)]
            tests += [line(load, argument + 8 * position + 4), line(equal, 0, 0, 1), line(give, allow)]
        tests.append(line(give, deny))
        lines += [line(equal, call, 0, len(tests)), *tests]
    return b"".join([*lines, line(give, deny)])


def _block_socket_module() -> None:
    import socket

    def denied(*_: object, **__: object) -> None:
        raise PermissionError("no network while a third-party file is open")

    for name in ("socket", "create_connection", "getaddrinfo", "socketpair"):
        setattr(socket, name, denied)
