"""The commands: the five of the first implementation, and `vigie migrate`."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from tests.relocate.held_lock import hold_lock
from tests.relocate.sample_models import contents, places, populate, read_all
from tests.waiting import LIMIT

from vigie.catalog import Catalog
from vigie.cli import migrate_report
from vigie.cli.migrate import migrate
from vigie.db import database
from vigie.starter_models import registry
from vigie.stores.open import connect

CHECKOUT = Path(__file__).resolve().parents[2]
BUCKET = "fraud-detection-models"
HOME = f"s3://{BUCKET}/automl_models"


@pytest.fixture
def bucket() -> Iterator[str]:
    """The bucket that the documented commands use, empty, on the S3 server of the environment."""
    session = boto3.session.Session(
        os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1"
    )
    client = session.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"])
    client.create_bucket(Bucket=BUCKET)
    store = connect(f"s3://{BUCKET}")
    for head in list(store.list()):
        store.delete(head.key)
    yield BUCKET
    for head in list(store.list()):
        store.delete(head.key)
    client.delete_bucket(Bucket=BUCKET)


def five_commands(url: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each command in a process of its own, with forty models in the catalog."""
    monkeypatch.setenv("DATABASE_URL", url)
    engine = database.open(url)
    try:
        in_turn(engine, source)
    finally:
        engine.dispose()


def in_turn(engine: sa.Engine, source: str) -> None:
    """Run the commands and check their output and the stores."""
    catalog = Catalog(engine)
    missing = 40 - registry.register(catalog)
    if missing > 0:
        populate(engine, source, missing, 300)
    entries = catalog.list(active_only=False)
    assert len(entries) == 40
    before = places(engine)

    def python(arguments: str, code: int = 0) -> str:
        line = [sys.executable, *arguments.split()]
        done = subprocess.run(line, cwd=CHECKOUT, capture_output=True, text=True, timeout=LIMIT)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    output = python("migrate_models_to_s3.py --estimate")
    assert "40 models in 240 objects" in output
    assert all(name in output for name in ("Amazon S3", "Google Cloud", "Azure", "Cloudflare R2"))
    output = python("migrate_models_to_s3.py --bucket fraud-detection-models --dry-run")
    assert "40 models: 40 new" in output
    assert contents(HOME) == {}
    output = python("migrate_models_to_s3.py --bucket fraud-detection-models --verify", code=5)
    assert "0 of 40 models are right" in output
    output = python("migrate_models_to_s3.py --bucket fraud-detection-models")
    assert "40 of 40 models moved" in output
    assert "40 models in, 40 out" in output
    moved = catalog.list(active_only=False)
    assert {(e.storage.storage_type, e.storage.bucket) for e in moved} == {("s3", BUCKET)}
    assert all(e.storage.prefix == f"automl_models/{e.name}/{e.version}" for e in moved)
    output = python("migrate_models_to_s3.py --bucket fraud-detection-models --verify")
    assert f"40 of 40 models right at {HOME}" in output
    output = python("migrate_models_to_s3.py --rollback")
    assert "40 models are where they were" in output
    assert places(engine) == before
    assert read_all(engine) == 40


@pytest.mark.slow
def test_the_five_commands_on_sqlite_and_moto(
    s3: str, bucket: str, tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the catalog in SQLite."""
    five_commands(f"sqlite:///{tmp_path / 'catalog.sqlite'}", source, monkeypatch)


@pytest.mark.slow
def test_the_five_commands_on_postgresql_and_moto(
    s3: str, bucket: str, postgres_url: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the catalog in PostgreSQL."""
    five_commands(postgres_url, source, monkeypatch)


@pytest.mark.radosgw
def test_the_five_commands_on_a_real_gateway(
    radosgw: str,
    bucket: str,
    database_url: str,
    source: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The gateway checks signatures."""
    five_commands(database_url, source, monkeypatch)


@pytest.fixture
def vigie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `vigie migrate` in this process, on a catalog without starter models."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'only.sqlite'}")
    monkeypatch.setattr(registry, "register", lambda catalog: 0)

    def run(*arguments: str, answer: str = "") -> Result:
        return CliRunner().invoke(migrate, list(arguments), input=answer)

    return run


def test_all_actions_in_sequence(sqlite: sa.Engine, source: str, target: str, vigie: Any) -> None:
    """Plan, run, verify, status, roll back; results on stdout, progress on stderr."""
    populate(sqlite, source, 3)
    done = vigie("--to", target, "--dry-run")
    assert "3 models: 3 new" in done.stdout
    assert "read 3 of 3 models" in done.stderr
    done = vigie("--to", target, "--parallel", "2")
    assert "Migration 1: 3 of 3 models moved" in done.stdout
    assert "18 files copied and read back" in done.stdout
    assert "moved 3 of 3 models" in done.stderr
    assert "Nothing to do" in vigie("--to", target).stdout
    assert "3 of 3 models right" in vigie("--verify").stdout
    assert "1" in vigie("--status").stdout
    done = vigie("--rollback", "1")
    assert "Migration 1 rolled back: 3 models are where they were" in done.stdout
    assert "rolled_back" in vigie("--status").stdout


def test_progress_lines_depend_on_the_bytes_and_not_on_the_clock(
    sqlite: sa.Engine,
    source: str,
    target: str,
    vigie: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A small migration prints one line on a machine of any speed; a large one at most one per twentieth of its bytes."""
    clock = itertools.count(step=10.0)
    monkeypatch.setattr(migrate_report, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    populate(sqlite, source, 3)
    printed = vigie("--to", target).stderr.splitlines()
    assert [line.partition(",")[0] for line in printed] == ["moved 3 of 3 models"]
    lines = migrate_report.Lines()
    lines.begin(2, 2 * 10**9, "moved")
    for number in range(200):
        lines.advance(10**7)
        if number % 100 == 99:
            lines.finish_model(f"model {number}", "moved")
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == lines.steps
    assert [line.split(", ")[1] for line in printed[:2]] == ["100 MB of 2.0 GB", "200 MB of 2.0 GB"]
    assert printed[-1] == "moved 2 of 2 models, 2.0 GB of 2.0 GB"


def test_a_bar_begins_at_nothing_of_the_real_total() -> None:
    """It is not drawn before the total is known; reading and moving have a bar each."""
    bar = migrate_report.Bar()
    assert not bar.bar.live.is_started
    try:
        for verb, models, size in (("read", 3, 3000), ("moved", 2, 2000)):
            bar.begin(models, size, verb)
            (task,) = bar.bar.tasks
            assert (task.completed, task.total) == (0, size)
            assert task.description == f"{verb} 0 of {models} models"
            assert bar.bar.live.is_started
            bar.advance(size)
    finally:
        bar.bar.stop()


def test_the_number_of_reads_is_an_assumption(sqlite: sa.Engine, source: str, vigie: Any) -> None:
    """It is named and can be set; without reads there is no traffic."""
    populate(sqlite, source, 2, 10**6)
    assert "read from the store 30 times a month (once a day)" in vigie("--estimate").stdout
    done = vigie("--estimate", "--reads", "0", "--json")
    assert {cost["transfer_out"] for cost in json.loads(done.stdout)["costs"]} == {0}
    assert "read from the store 2 times a month" in vigie("--estimate", "--reads", "2").stdout


def test_the_status_knows_the_dead(sqlite: sa.Engine, source: str, target: str, vigie: Any) -> None:
    """A live process is alive; a row that a killed one left is interrupted, with the commands that go on."""
    populate(sqlite, source, 2)
    with hold_lock(sqlite, target):
        shown = vigie("--status").stdout
        assert "alive" in shown
        assert "interrupted" not in shown
    with sqlite.begin() as connection:
        left = "UPDATE migrations SET state = 'running', lock = 'migration', heartbeat_at = '2026-01-01 00:00:00'"
        connection.execute(sa.text(left))
    shown = " ".join(vigie("--status").stdout.split())
    assert "interrupted" in shown
    assert "00:00:00" in shown
    assert f"vigie migrate --to {target}" in shown
    assert json.loads(vigie("--status", "--json").stdout)[0]["interrupted"] is True


def test_json_output(sqlite: sa.Engine, source: str, target: str, vigie: Any) -> None:
    """For each action, on stdout, with nothing on stderr."""
    populate(sqlite, source, 2)

    def as_json(*arguments: str) -> Any:
        done = vigie(*arguments, "--json")
        assert done.exit_code == 0, done.output
        assert done.stderr == ""
        return json.loads(done.stdout)

    costs = as_json("--to", target, "--estimate")
    assert costs["load"]["models"] == 2
    assert [c["provider"]["key"] for c in costs["costs"]] == ["s3", "gcs", "azure", "r2"]
    assert as_json("--to", target, "--dry-run")["counts"] == {"new": 2}
    assert as_json("--to", target)["complete"] is True
    assert as_json("--to", target, "--verify")["good"] == 2
    assert as_json("--status")[0]["state"] == "done"
    assert as_json("--rollback")["restored"] == ["dataset1 1", "dataset2 1"]


def test_the_exit_code_of_an_incomplete_migration(
    sqlite: sa.Engine, source: str, target: str, vigie: Any
) -> None:
    """It is 5; the error names the model and the file, and the other models are moved."""
    entries = populate(sqlite, source, 3)
    connect(source).delete(entries[1].bundle.keys()["profile.json"])
    for arguments in (("--dry-run",), (), ("--verify",)):
        done = vigie("--to", target, *arguments)
        assert done.exit_code == 5, done.output
        assert "2 of 3 models" in done.stderr
        assert "dataset2 1" in done.stderr
    with hold_lock(sqlite, target):
        done = vigie("--to", target)
    assert done.exit_code == 5
    assert "is under way" in done.stderr
    assert f"process {os.getpid()}" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "no store was named"),
        (("--dry-run",), 2, "no store was named"),
        (("--estimate", "--verify"), 2, "--estimate and --verify cannot go together"),
        (("--to", "ftp://x/y"), 2, "unknown scheme"),
        (("--to", "s3://key:secret@bucket/x"), 2, "user name"),
        (("--rollback", "yesterday"), 2, "expected the number"),
        (("--rollback", "9"), 4, "no migration '9'"),
        (("--rollback",), 4, "no migration"),
        (("--estimate", "--prices", "absent.json"), 4, "no price file"),
        (("--to", "/tmp/x", "--prune-source", "--yes"), 4, "no finished migration"),
    ],
)
def test_contradictory_options_are_refused(
    sqlite: sa.Engine, vigie: Any, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """With a message, the exit code of its kind, and no traceback."""
    done = vigie(*arguments)
    assert done.exit_code == code, done.output
    assert words in done.stderr
    assert "Traceback" not in done.output
    assert "secret" not in done.output.replace("AWS_SECRET", "")


def test_pruning_asks_for_confirmation(sqlite: sa.Engine, source: str, target: str, vigie: Any) -> None:
    """Without an answer nothing is deleted."""
    populate(sqlite, source, 2)
    vigie("--to", target)
    for answer in ("", "n\n"):
        assert vigie("--to", target, "--prune-source", answer=answer).exit_code == 130
        assert len(contents(source)) == 12
    done = vigie("--to", target, "--prune-source", answer="y\n")
    assert "12 old files of 2 models deleted" in done.stdout
    assert contents(source) == {}
    assert read_all(sqlite) == 2


def test_an_empty_catalog(sqlite: sa.Engine, target: str, vigie: Any) -> None:
    """Every action succeeds."""
    assert "Nothing to do" in vigie("--to", target).stdout
    assert "0 models" in vigie("--estimate").stdout
    assert "No migration yet" in vigie("--status").stdout
