"""Sandbox of the process that opens third-party model files; applied only in that process.

It is applied before the first byte of a file is read, and before any module that starts threads is imported:

    limits on memory, CPU, size of files and number of processes; no core dump
    a network namespace of its own
    a kernel filter of system calls (seccomp) that denies sockets, exec, fork, signals to other processes, opening files for
    writing, removing, renaming and changing files, and raising the limits again

`apply_sandbox` returns the protections that are in force, for the bundle's provenance. `network namespace` and `system call
filter` are enforced by the kernel; `socket module removed` does not stop hostile code and is used where the kernel offers
neither (macOS, Windows, a container that forbids both). Readable files are not hidden from trusted code, which runs as the
operator. The limit on processes does not bind root; the filter does. The numbers of the filter are those of Linux on x86-64
(tested) and on arm64 (from the same kernel headers, not tested).
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

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
_DENIED = {
    "x86_64": (
        85, 41, 42, 49, 50, 43, 288, 44, 46, 307,      # creat; socket … sendmmsg
        59, 322, 57, 58, 101, 62, 200, 234, 310, 311,  # exec, fork, ptrace, kill, other processes' memory
        82, 264, 316, 87, 263, 84, 83, 258, 86, 265, 88, 266,  # rename, unlink, mkdir, link
        90, 91, 268, 452, 92, 93, 94, 260, 76, 133, 259,       # chmod, chown, truncate, mknod
        165, 166, 155, 161, 188, 189, 190, 197, 198, 199, 132, 235, 280, 261,  # mount, xattr, times
        425, 321, 298, 250, 248, 249, 175, 313, 176, 246, 323, 434, 424, 438,  # io_uring, bpf, keys, modules
        272, 308, 304, 319, 169, 167, 170, 164, 227, 302, 160, 129, 297,       # namespaces, memfd, limits
        29, 68, 64, 240, 429, 430, 432, 428, 442, 105, 117, 126,               # shared memory, mounts, ids
    ),
    "aarch64": (
        198, 203, 200, 201, 202, 242, 206, 211, 269,
        221, 281, 117, 129, 130, 131, 270, 271,
        38, 276, 35, 34, 37, 36,
        52, 53, 452, 55, 54, 45, 33,
        40, 39, 41, 51, 5, 6, 7, 14, 15, 16, 88,
        425, 280, 241, 219, 217, 218, 105, 273, 106, 104, 282, 434, 424, 438,
        97, 268, 265, 279, 142, 224, 161, 170, 112, 261, 164, 138, 240,
        194, 186, 190, 180, 429, 430, 432, 428, 442, 146, 147, 91,
    ),
}
# fmt: on
_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_OPEN = {
    "x86_64": ((2, 1), (257, 2)),
    "aarch64": ((56, 2),),
}  # (call, position of the argument with the flags)
_CLONE = {"x86_64": 56, "aarch64": 220}
_UNSUPPORTED = (435, 437)  # clone3, openat2: a filter cannot see their arguments, so they fail as unsupported


def apply_sandbox(*, memory_bytes: int, cpu_seconds: int, output_bytes: int) -> list[str]:
    """Restrict this process, which must have a single thread, for the rest of its life.

    Args:
        memory_bytes: maximum address space.
        cpu_seconds: maximum CPU time.
        output_bytes: maximum size of a written file.

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
    if machine not in _DENIED or struct.calcsize("P") != 8:
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
    for call in _DENIED[machine]:
        lines += [line(equal, call, 0, 1), line(give, deny)]
    for call in _UNSUPPORTED:
        lines += [line(equal, call, 0, 1), line(give, unknown)]
    for call, position in _OPEN[machine]:
        lines += [line(equal, call, 0, 4), line(load, argument + 8 * position)]
        lines += [line(any_bit, _WRITING, 0, 1), line(give, deny), line(give, allow)]
    lines += [line(equal, _CLONE[machine], 0, 4), line(load, argument)]
    lines += [line(any_bit, _CLONE_THREAD, 1, 0), line(give, deny), line(give, allow)]
    return b"".join([*lines, line(give, allow)])


def _block_socket_module() -> None:
    import socket

    def denied(*_: object, **__: object) -> None:
        raise PermissionError("no network while a third-party file is open")

    for name in ("socket", "create_connection", "getaddrinfo", "socketpair"):
        setattr(socket, name, denied)
