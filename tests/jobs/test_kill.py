"""kill -9 of the worker and of the web process: runs are finished once, and nothing a user sent is lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
import sqlalchemy as sa

from vigie import database, settings
from vigie.records import Run, User, people, runs, tokens, uploads
from vigie.web.desk import Desk

pytestmark = pytest.mark.slow
ROWS = 30_000
CSV = "when,customer,amount,kind\n" + "".join(
    f"2026-01-{1 + i % 28:02d} {i % 24:02d}:{i % 60:02d}:00,C{i * 7919 % 997},{10 + i * 37 % 4000}.50,{'abc'[i % 3]}\n"
    for i in range(ROWS)
)
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def environ(tmp_path: Path, database_url: str) -> dict[str, str]:
    """One installation for processes; leases so short that a takeover can be waited for."""
    return {
        "VIGIE_HOME": str(tmp_path / "home"),
        "DATABASE_URL": database_url,
        "VIGIE_PRODUCTION": "no",
        "VIGIE_LEASE_SECONDS": "3",
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture
def desk(environ: dict[str, str]) -> Iterator[Desk]:
    """The same installation from here."""
    opened = Desk.open(settings.load(environ), settings.load_web(environ))
    yield opened
    opened.close()


@pytest.fixture
def ada(desk: Desk) -> User:
    """Somebody who may upload."""
    return people.add(desk.engine, "ada@example.org", "Ada", "analyst")


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


def wait_for(what: Callable[[], bool], seconds: float = 120) -> None:
    """Waits for something another process does."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def send(desk: Desk, user: User, text: str = CSV) -> str:
    """Sends a table; returns its id."""
    import io

    return desk.receive(user, "payments.csv", io.BytesIO(text.encode())).id


def test_a_worker_killed_while_scoring_is_replaced_and_the_run_ends_once(
    desk: Desk, ada: User, start: Start
) -> None:
    """Another worker takes the run over when the lease ends; one result, of the attempt that ended."""
    sent = send(desk, ada)
    asked = desk.start_score(ada, sent, budget=50)

    def now() -> Run:
        return runs.find(desk.engine, asked.id)

    first = start("worker")
    wait_for(lambda: now().stage in {"gathering evidence", "matching models", "scoring"})
    first.kill()
    assert now().state == "running"
    start("worker")
    wait_for(lambda: now().state != "running" or now().attempts > 1)
    wait_for(lambda: now().state in {"done", "failed"})
    done = now()
    assert (done.state, done.attempts) == ("done", 2)
    assert done.result is not None
    assert done.result.endswith("/2")
    assert done.summary is not None
    assert done.summary["alerts"] == 50
    assert desk.upload(ada, sent).state == "ready"
    with database.reading(desk.engine) as connection:
        from vigie.records.tables import runs as table

        kinds = connection.execute(sa.select(table.c.kind, table.c.state)).all()
    assert sorted(kinds) == [("inspect", "done"), ("score", "done")]


def test_a_worker_told_to_stop_leaves_its_run_to_the_next_at_once(
    desk: Desk, ada: User, start: Start
) -> None:
    """SIGTERM, as at each deployment: no lease has to end, no attempt is counted."""
    asked = desk.start_score(ada, send(desk, ada))
    first = start("worker")
    wait_for(lambda: runs.find(desk.engine, asked.id).stage in {"gathering evidence", "scoring"})
    first.send_signal(signal.SIGTERM)
    assert first.wait(30) == 0
    left = runs.find(desk.engine, asked.id)
    assert (left.state, left.attempts) == ("queued", 0)


def test_an_upload_goes_on_where_the_killed_web_process_left_it(
    desk: Desk, ada: User, start: Start, environ: dict[str, str]
) -> None:
    """Parts that were answered are kept; the rest is sent to the next process, and the table is whole."""
    _, secret = tokens.add(desk.engine, ada.id, "test", ["write"], None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def ask(method: str, path: str, data: bytes | None = None) -> bytes:
        request = Request(f"http://127.0.0.1:{port}/api/v1/uploads/{path}", data=data, method=method)
        request.add_header("Authorization", f"Bearer {secret}")
        with urlopen(request, timeout=60) as answer:
            return bytes(answer.read())

    def up() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return True
        except (URLError, OSError):
            return False

    serve = ("serve", "--port", str(port), "--no-worker", "--no-link")
    begun = desk.begin_upload(ada, "payments.csv", len(CSV))
    pieces = [CSV[at : at + 400_000].encode() for at in range(0, len(CSV), 400_000)]
    first = start(*serve)
    wait_for(up)
    ask("PUT", f"{begun.id}/parts/1", pieces[0])
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    second = start(*serve)
    wait_for(up)
    assert [part.number for part in uploads.parts(desk.engine, begun.id)] == [1]
    for number, piece in enumerate(pieces[1:], start=2):
        ask("PUT", f"{begun.id}/parts/{number}", piece)
    ask("POST", f"{begun.id}/complete", b"")
    os.killpg(second.pid, signal.SIGKILL)
    second.wait()
    from vigie.jobs.worker import run_until_idle

    assert run_until_idle(settings.load(environ), settings.load_web(environ)) == 1
    found = desk.upload(ada, begun.id)
    assert (found.state, found.size) == ("ready", len(CSV))
