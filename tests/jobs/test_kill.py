"""kill -9 of the worker and of the web process: runs are finished once, and nothing a user sent is lost."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from urllib.request import Request, urlopen

import pytest
import sqlalchemy as sa
from tests.jobs.conftest import CSV, ROWS, Start, end_leases, free_port, is_up
from tests.waiting import LIMIT, read_line, wait_until

from vigie import settings
from vigie.app import Run, User, runs, tokens, uploads
from vigie.app.tables import runs as table
from vigie.db import database
from vigie.jobs.worker import run_until_idle
from vigie.web.services import RowQuery, Services

pytestmark = pytest.mark.slow


def send(services: Services, user: User, text: str = CSV) -> str:
    """Sends a table; returns its id."""
    return services.uploads.receive(user, "payments.csv", io.BytesIO(text.encode())).id


def test_a_worker_killed_while_scoring_is_replaced_and_the_run_ends_once(
    services: Services, ada: User, start: Start
) -> None:
    """Another worker takes the run over when the lease ends; one result, of the attempt that ended."""
    sent = send(services, ada)
    requested = services.predictions.score(ada, sent, budget=50)

    def now() -> Run:
        return runs.find(services.engine, requested.id)

    first = start("worker")
    wait_until(lambda: now().stage in {"gathering evidence", "matching models", "scoring"})
    first.kill()
    assert now().state == "running"
    end_leases(services, first)
    start("worker")
    wait_until(lambda: now().state in {"done", "failed"}, pause=0.1)
    done = now()
    assert (done.state, done.attempts) == ("done", 2)
    assert done.result is not None
    assert done.result.endswith("/2")
    assert done.summary is not None
    assert done.summary["alerts"] == 50
    assert services.uploads.find(ada, sent).state == "ready"
    with database.reading(services.engine) as connection:
        kinds = connection.execute(sa.select(table.c.kind, table.c.state)).all()
    assert sorted(kinds) == [("inspect", "done"), ("score", "done")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_killed_while_refining_is_replaced_too(
    services: Services, ada: User, start: Start, environ: dict[str, str]
) -> None:
    """The labels of the time of the request count, whichever worker finishes it."""
    sent = send(services, ada)
    requested = services.predictions.score(ada, sent)
    assert run_until_idle(settings.load(environ), settings.load_web(environ)) == 2
    rows = services.results.suggest(ada, requested.id, 6)
    services.predictions.set_labels(
        ada, requested.id, {row: ("fraud", "fine")[number % 2] for number, row in enumerate(rows)}
    )
    refined = services.predictions.refine(ada, requested.id)

    def now() -> Run:
        return runs.find(services.engine, refined.id)

    first = start("worker")
    wait_until(lambda: now().stage not in {"", "reading"})
    first.kill()
    end_leases(services, first)
    services.predictions.set_labels(ada, requested.id, {7: "fraud"})
    start("worker")
    wait_until(lambda: now().state in {"done", "failed"}, pause=0.1)
    done = now()
    assert (done.state, done.attempts) == ("done", 2)
    assert len(done.options["marks"]) == 6
    assert services.results.rows(ada, refined.id, RowQuery(size=1)).total == ROWS


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_stopped_worker_leaves_its_run_to_the_next_at_once(
    services: Services, ada: User, start: Start
) -> None:
    """SIGTERM, as at each deployment: no lease has to end, no attempt is counted."""
    requested = services.predictions.score(ada, send(services, ada))
    first = start("worker")
    wait_until(lambda: runs.find(services.engine, requested.id).stage in {"gathering evidence", "scoring"})
    first.send_signal(signal.SIGTERM)
    assert first.wait(LIMIT) == 0
    left = runs.find(services.engine, requested.id)
    assert (left.state, left.attempts) == ("queued", 0)


BUSY = """
import sys
import polars as pl
from vigie import cli
from vigie.jobs.worker import Worker


def never_done(self, kinds, max_rows):
    sys.stdout.write("busy\\n")  # one write, so that threads do not mix their lines
    sys.stdout.flush()
    while True:
        pl.Series(range(100_000)).map_elements(lambda x: x + 1, return_dtype=pl.Int64)


Worker.run_one = never_done
sys.argv = ["vigie", "worker", "--lane", "jobs"]
cli.main()
"""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_that_is_stopped_while_it_computes_ends_without_an_error(environ: dict[str, str]) -> None:
    """Native code in the middle of a call would abort the process when the interpreter is finalized."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", BUSY],
        env=os.environ | environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert read_line(process) == b"busy\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT) == 0
    finally:
        process.kill()  # a test that fails leaves no process that computes for ever
        _, printed = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, printed.decode()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_upload_goes_on_where_the_killed_web_process_left_it(
    services: Services, ada: User, start: Start, environ: dict[str, str]
) -> None:
    """Parts that were answered are kept; the rest is sent to the next process, and the table is whole."""
    _, secret = tokens.create(services.engine, ada.id, "test", ["write"], None)
    port = free_port()

    def ask(method: str, path: str, data: bytes | None = None) -> bytes:
        request = Request(f"http://127.0.0.1:{port}/api/v1/uploads/{path}", data=data, method=method)
        request.add_header("Authorization", f"Bearer {secret}")
        with urlopen(request, timeout=LIMIT) as answer:
            return bytes(answer.read())

    serve = ("serve", "--port", str(port), "--no-worker", "--no-link")
    started = services.uploads.begin(ada, "payments.csv", len(CSV))
    pieces = [CSV[at : at + 150_000].encode() for at in range(0, len(CSV), 150_000)]
    first = start(*serve)
    wait_until(lambda: is_up(port), pause=0.05)
    ask("PUT", f"{started.id}/parts/1", pieces[0])
    os.killpg(first.pid, signal.SIGKILL)
    first.wait(LIMIT)
    second = start(*serve)
    wait_until(lambda: is_up(port), pause=0.05)
    assert [part.number for part in uploads.list_parts(services.engine, started.id)] == [1]
    for number, piece in enumerate(pieces[1:], start=2):
        ask("PUT", f"{started.id}/parts/{number}", piece)
    ask("POST", f"{started.id}/complete", b"")
    os.killpg(second.pid, signal.SIGKILL)
    second.wait(LIMIT)
    assert run_until_idle(settings.load(environ), settings.load_web(environ)) == 1
    found = services.uploads.find(ada, started.id)
    assert (found.state, found.size) == ("ready", len(CSV))
