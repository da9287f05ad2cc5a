"""Functions that tests call in a child process with limits."""

from __future__ import annotations

import os
from pathlib import Path

from vigie.errors import TableTooLarge


def add(one: int, other: int) -> int:
    return one + other


def environment() -> list[str]:
    return sorted(os.environ)


def abort() -> None:
    os.abort()


def exit_without_answer() -> None:
    os._exit(0)


def allocate(size: int) -> int:
    return len(bytearray(size))


def spin() -> None:
    while True:
        pass


def wait() -> None:
    import time

    time.sleep(3600)


def write(path: str, size: int) -> None:
    Path(path).write_bytes(b"x" * size)


def refuse() -> None:
    raise TableTooLarge("t.csv", found=7, limit=5, unit="rows")


def panic() -> None:
    raise BaseException("Zebulon-Quirk")
