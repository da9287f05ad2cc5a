"""A week of files that appear one by one while processes are killed: each is scored once, and each receiver knows of it once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.helpers.receivers import Mailbox, Receiver, verified
from tests.jobs.conftest import Start
from tests.jobs.test_supervision import children
from tests.waiting import wait_until

from vigie import settings
from vigie.app import runs, uploads, users, watch_template, watched_files, watches, webhooks
from vigie.app.notice_tables import KINDS
from vigie.stores.open import connect
from vigie.web.services import Services

pytestmark = pytest.mark.slow
KILLS = 5
LARGE_ROWS = int(os.environ.get("VIGIE_WEEK_ROWS", "20000"))
"""Rows of the largest file; `make bench-week` has 1,500,000."""


def table(seed: int, rows: int = 600, columns: str = "when,customer,amount,kind") -> bytes:
    """A table of payments."""
    lines = (
        f"2026-01-{1 + i % 28:02d} {i % 24:02d}:{i % 60:02d}:00,C{i * 7919 % 97},{10 + (i + seed) * 37 % 4000}.50,{'abc'[i % 3]}"
        for i in range(rows)
    )
    return "\n".join([columns, *lines, ""]).encode()


@pytest.fixture
def where(request: pytest.FixtureRequest, tmp_path: Path, environ: dict[str, str]) -> str:
    """The watched location; in a cloud, uploads and results are in the same bucket."""
    if request.param == "folder":
        (tmp_path / "exports").mkdir()
        return (tmp_path / "exports").as_uri()
    url = str(request.getfixturevalue(request.param))
    environ.update(STORAGE_TYPE="s3", S3_MODEL_BUCKET=urlsplit(url).netloc)
    return f"{url}/exports"


def wait_for_lanes(worker: subprocess.Popen[bytes]) -> None:
    """Until the worker has started its processes."""
    wait_until(lambda: len(children(worker.pid)) > 2)


def wait_for_files(services: Services, watch_id: str, number: int) -> None:
    """Until the watch has found so many."""
    wait_until(lambda: len(watched_files.list_newest(services.engine, watch_id)) >= number)


@pytest.mark.parametrize(
    ("database_url", "where"),
    [
        ("sqlite", "folder"),
        pytest.param("postgresql", "s3"),
        pytest.param("postgresql", "radosgw", marks=pytest.mark.radosgw),
    ],
    indirect=True,
)
def test_a_week_of_files_with_processes_killed(
    where: str, environ: dict[str, str], start: Start, mailbox: Mailbox, receiver: Receiver
) -> None:
    """Seven files, of which three cannot be scored; five processes killed at random moments, one of them with all its lanes."""
    environ.update(
        VIGIE_LEASE_SECONDS="3", VIGIE_WATCH_SECONDS="0.3", VIGIE_SMTP_HOST="127.0.0.1", VIGIE_SMTP_PORT=str(mailbox.port),
        VIGIE_SMTP_SECURITY="none", VIGIE_MAIL_FROM="vigie@bank.example", VIGIE_WEBHOOK_PRIVATE="yes",
    )  # fmt: skip
    services = Services.open(settings.load(environ), settings.load_web(environ))
    ada = users.add(services.engine, "ada@example.org", "Ada", "analyst")
    hook = webhooks.add(services.engine, ada, receiver.url, KINDS)
    values = {"url": where, "pattern": "*", "schedule": "", "timezone": "UTC", "write_back": True, "mapping": {},
              "options": watch_template.DEFAULTS, "columns": None, "next_look_at": datetime.now(UTC)}  # fmt: skip
    watch = watches.add(services.engine, ada, "exports", values)
    source, chance = connect(where), random.Random(20)
    week = {
        "monday.csv": table(1), "tuesday.csv": b"\x00\x01\x02\xff" * 400, "wednesday.csv": table(3),
        "thursday.csv": table(4, columns="date,customer,amount,kind"), "friday.csv": b"", "saturday.csv": table(6, LARGE_ROWS),
        "sunday.csv": table(7),
    }  # fmt: skip
    kills = sorted(chance.sample(range(1, len(week)), KILLS))
    worker = start("worker")
    for day, (name, data) in enumerate(week.items()):
        source.put(name, data)
        if day in kills:
            wait_for_lanes(worker)
            if day == kills[2]:
                worker.kill()
                worker = start("worker")
            else:
                wait_for_files(services, watch.id, day + 1)
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(children(worker.pid)), signal.SIGKILL)

    def finished() -> bool:
        found = watched_files.list_newest(services.engine, watch.id)
        return len(found) == len(week) and all(file.finished_at for file in found)

    wait_until(finished, pause=0.1)
    states = {file.key: file.state for file in watched_files.list_newest(services.engine, watch.id)}
    scored = {name for name in week if name not in {"tuesday.csv", "thursday.csv", "friday.csv"}}
    assert {name for name, state in states.items() if state == "done"} == scored
    wait_until(lambda: len({str(one["Message-ID"]) for one in mailbox.messages}) == len(week), pause=0.1)
    wait_until(lambda: len({headers["webhook-id"] for headers, _ in receiver.calls}) == len(week), pause=0.1)
    assert {
        str(one["Subject"]).removeprefix("Vigie: ").split(".csv")[0] + ".csv" for one in mailbox.messages
    } == set(week)
    assert {document["data"]["file"] for document in receiver.documents()} == set(week)
    assert all(verified(hook.secret, headers, body) for headers, body in receiver.calls)
    assert {head.key for head in source.list()} == {
        *week,
        *(name.replace(".csv", ".predictions.csv") for name in scored),
    }
    for name, data in week.items():
        assert source.get(name) == data
        if name in scored:
            lines = source.get(name.replace(".csv", ".predictions.csv")).decode().splitlines()
            assert len(lines) == data.count(b"\n")
            assert lines[0].startswith("when,customer,amount,kind,fraud_score,")
    listed = uploads.list_for(services.engine, ada, limit=20)
    assert len(listed) == len(week) - 1  # an empty file is no upload
    done = [
        run for run in runs.list_for(services.engine, ada, upload_id=None, limit=50) if run.kind == "score"
    ]
    assert sorted(run.state for run in done) == ["done"] * len(scored)
    services.close()
