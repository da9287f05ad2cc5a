"""Processes of ours, started and killed as a platform would."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import sqlalchemy as sa
from tests.waiting import LIMIT, wait_until

from vigie import settings
from vigie.app import User, users
from vigie.app.tables import runs
from vigie.db import database
from vigie.web.services import Services

Start = Callable[..., "subprocess.Popen[bytes]"]


ROWS = 12_000
CSV = "when,customer,amount,kind\n" + "".join(
    f"2026-01-{1 + i % 28:02d} {i % 24:02d}:{i % 60:02d}:00,C{i * 7919 % 997},{10 + i * 37 % 4000}.50,{'abc'[i % 3]}\n"
    for i in range(ROWS)
)


@pytest.fixture
def environ(tmp_path: Path, database_url: str) -> dict[str, str]:
    """One installation for processes; no lease ends while its owner lives, however slow the machine is: see `end_leases`."""
    return {
        "VIGIE_HOME": str(tmp_path / "home"),
        "DATABASE_URL": database_url,
        "VIGIE_PRODUCTION": "no",
        "VIGIE_LEASE_SECONDS": str(LIMIT),
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture
def services(environ: dict[str, str]) -> Iterator[Services]:
    """The same installation from here."""
    opened = Services.open(settings.load(environ), settings.load_web(environ))
    yield opened
    opened.close()


@pytest.fixture
def ada(services: Services) -> User:
    """A user who may upload."""
    return users.add(services.engine, "ada@example.org", "Ada", "analyst")


@pytest.fixture
def start(environ: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts `vigie …` in a process of its own; whatever is left at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"process-{len(started)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "vigie", *arguments],
                env=os.environ | environ, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def end_leases(services: Services, worker: subprocess.Popen[bytes]) -> None:
    """What time does after a worker was killed, once the processes that it started have ended too."""
    worker.wait(LIMIT)
    wait_until(lambda: not group_is_alive(worker.pid))
    past = datetime.now(UTC) - timedelta(seconds=1)
    with database.writing(services.engine) as connection:
        connection.execute(sa.update(runs).where(runs.c.state == "running").values(lease_until=past))


def group_is_alive(process: int) -> bool:
    """Whether a process of the group that `process` began is there."""
    try:
        os.killpg(process, 0)
    except ProcessLookupError:
        return False
    return True


def free_port() -> int:
    """A free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def is_up(port: int) -> bool:
    """Whether the web process there is ready."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=LIMIT):
            return True
    except (URLError, OSError):
        return False
