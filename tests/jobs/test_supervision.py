"""`vigie serve` as a supervisor: its processes are restarted, and end with it."""

from __future__ import annotations

import io
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest
import sqlalchemy as sa
from tests.helpers.killing import has_ended
from tests.jobs.conftest import CSV, Start, free_port, is_up
from tests.waiting import LIMIT, read_line, wait_until

from vigie.app import User, runs
from vigie.app.tables import runs as table
from vigie.cli import supervisor
from vigie.cli.supervisor import Child, keep_running
from vigie.db import database
from vigie.web.services import Services

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    with suppress(FileNotFoundError):
        return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []


@pytest.mark.slow
@on_sqlite
def test_a_web_process_that_is_killed_again_and_again_is_replaced(start: Start) -> None:
    """The server goes on, whatever the time between the deaths; with its end, its processes end."""
    port = free_port()
    server = start("serve", "--port", str(port), "--no-link", "--no-worker")
    killed: set[int] = set()
    for _ in range(4):
        wait_until(lambda: bool(set(children(server.pid)) - killed))
        (child,) = set(children(server.pid)) - killed
        killed.add(child)
        os.kill(child, signal.SIGKILL)
    wait_until(lambda: is_up(port), pause=0.05)
    assert server.poll() is None
    (child,) = children(server.pid)
    server.kill()
    server.wait(LIMIT)
    wait_until(lambda: has_ended(child))


@pytest.mark.slow
@on_sqlite
def test_a_port_in_use_is_refused_and_a_stopped_server_leaves_it(start: Start, tmp_path: Path) -> None:
    """Exit code 5 with the reason; after SIGTERM exit code 0, and the port is free."""
    port = free_port()
    first = start("serve", "--port", str(port), "--no-link", "--no-worker")
    wait_until(lambda: is_up(port), pause=0.05)
    home = tmp_path / "home"
    assert not [path for path in home.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    second = start("serve", "--port", str(port), "--no-link", "--no-worker")
    assert second.wait(LIMIT) == 5
    assert f"port {port}: Address already in use" in (tmp_path / "process-1.log").read_text()
    first.send_signal(signal.SIGTERM)
    assert first.wait(LIMIT) == 0
    with socket.create_server(("127.0.0.1", port)):
        pass


@pytest.mark.slow
@on_sqlite
def test_a_crash_while_an_upload_is_inspected_harms_no_run(
    services: Services, ada: User, start: Start
) -> None:
    """The process that inspects crashes twice: that upload is refused, and the run beside it ends at its first attempt."""
    worker = start("worker")
    requested = services.predictions.score(ada, send(services, ada))
    wait_until(lambda: runs.find(services.engine, requested.id).state == "running")
    damaged = send(services, ada)
    while services.uploads.find(ada, damaged).state == "received":
        for child in children(worker.pid):
            if b"--lane\0inspect" in Path(f"/proc/{child}/cmdline").read_bytes() and inspects(
                services, damaged
            ):
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGABRT)
                wait_until(lambda child=child: child not in children(worker.pid))
    refused = services.uploads.find(ada, damaged)
    assert refused.error is not None
    assert (refused.state, refused.error["kind"]) == ("refused", "WorkerCrashed")
    wait_until(lambda: runs.find(services.engine, requested.id).state != "running", pause=0.1)
    done = runs.find(services.engine, requested.id)
    assert (done.state, done.attempts) == ("done", 1)
    assert worker.poll() is None


def send(services: Services, user: User) -> str:
    """Send a table; return the id of the upload."""
    return services.uploads.receive(user, "payments.csv", io.BytesIO(CSV.encode())).id


def inspects(services: Services, upload: str) -> bool:
    """Whether a worker inspects that upload now."""
    with database.reading(services.engine) as connection:
        query = sa.select(table.c.state).where(table.c.upload_id == upload, table.c.kind == "inspect")
        return connection.execute(query).scalar_one() == "running"


def test_the_delay_before_a_restart_grows_and_begins_anew_after_a_stable_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process that cannot start does not keep the machine busy."""
    now, codes = [100.0], list[int]()
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now[0])
    child = Child("child", lambda: ["--version"], on_exit=codes.append)
    delays = []
    for _ in range(8):
        child.due = 0.0
        supervisor._attend(child)
        assert child.process is not None
        child.process.wait(LIMIT)
        now[0] += 1
        supervisor._attend(child)
        delays.append(child.delay)
    assert delays == sorted(delays)
    assert delays[0] < delays[-1] == supervisor._LONGEST_DELAY
    assert codes == [0] * 8
    child.due = 0.0
    supervisor._attend(child)
    assert child.process is not None
    child.process.wait(LIMIT)
    now[0] += supervisor._STABLE_SECONDS + 1
    supervisor._attend(child)
    assert child.delay == supervisor._FIRST_DELAY


def test_a_process_that_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor ends, and with it all it started."""
    monkeypatch.setattr(supervisor, "_STOP_SECONDS", 0.1)
    monkeypatch.setattr(supervisor, "_start", lambda child: _deaf())
    child, stopping = Child("deaf", list), Event()
    thread = Thread(target=keep_running, args=([child], stopping))
    thread.start()
    wait_until(lambda: child.process is not None)
    assert child.process is not None
    pid = child.process.pid
    stopping.set()
    thread.join(LIMIT)
    assert not thread.is_alive()
    assert has_ended(pid)


def _deaf() -> object:
    import subprocess
    import sys

    script = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert read_line(process) == b"1\n"
    assert process.stdout is not None
    process.stdout.close()
    return process
