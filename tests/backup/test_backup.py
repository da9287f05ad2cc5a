"""A backup is made while the installation runs, everything is destroyed, and it is there again."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.waiting import wait_until
from tests.web.conftest import CSV

from vigie import resources, settings
from vigie.app import User, notices, runs, tokens, uploads, users, webhooks
from vigie.backup import rows
from vigie.backup.contents import MANIFEST
from vigie.backup.creating import create
from vigie.backup.restoring import restore
from vigie.db import database
from vigie.errors import DamagedBundle, NotFound, UsageRefused
from vigie.jobs import worker
from vigie.settings import Settings
from vigie.stores.open import connect
from vigie.web.services import RowQuery, Services

Install = Callable[[str, str], Settings]
_BETWEEN_UPLOADS, _BETWEEN_LOOKS = 0.05, 0.01
"""Seconds."""


@pytest.fixture
def install(tmp_path: Path, request: pytest.FixtureRequest) -> Install:
    """Settings of an installation that does not exist yet: name, and kind of database."""

    def make(name: str, kind: str) -> Settings:
        home = tmp_path / name
        url = f"sqlite:///{home / 'catalog.sqlite'}"
        if kind == "postgresql":
            url = request.getfixturevalue("postgres_url")
        return settings.load({"VIGIE_HOME": str(home), "DATABASE_URL": url})

    return make


def used(chosen: Settings) -> tuple[User, str, str]:
    """An installation with a finished run, a token, a webhook and a notice; user, run and secret of the token."""
    services = Services.open(chosen, settings.WebSettings())
    ada = users.add(services.engine, "ada@example.org", "Ada é", "admin", team="blue")
    sent = services.uploads.receive(ada, "payments.csv", io.BytesIO(CSV.encode()))
    run = services.predictions.score(ada, sent.id)
    worker.run_until_idle(chosen, settings.WebSettings())
    services.predictions.set_labels(ada, run.id, {3: "fraud"}, {3: "seen before"})
    _, secret = services.tokens.create(ada, "program", ["admin"])
    webhooks.add(services.engine, ada, "https://example.org/", ["scored"])
    with database.writing(services.engine) as connection:
        notices.emit(connection, "scored", "e1", ada.id, {"file": "payments.csv"})
    services.close()
    return ada, run.id, secret


def contents(chosen: Settings) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with database.opened(chosen.database_url) as engine, rows.snapshot(engine) as connection:
        return {
            table.name: [json.loads(line) for line in rows.lines(connection, table)]
            for table in rows.ordered_tables()
        }


@pytest.mark.parametrize(
    ("first", "second"), [("sqlite", "sqlite"), ("sqlite", "postgresql"), ("postgresql", "sqlite")]
)
def test_everything_is_there_again(tmp_path: Path, install: Install, first: str, second: str) -> None:
    """Rows, files and what they mean; also on the other kind of database. New rows get numbers of their own."""
    old = install("old", first)
    ada, run, secret = used(old)
    before = contents(old)
    stored = {
        head.key: resources.model_store(old).get(head.key) for head in resources.model_store(old).list()
    }
    manifest = create(old, connect(str(tmp_path / "backup")))
    assert {one.name for one in manifest.tables} == database.TABLES
    shutil.rmtree(old.home)
    new = install("new", second)
    restore(new, connect(str(tmp_path / "backup")))
    assert contents(new) == before
    assert {
        head.key: resources.model_store(new).get(head.key) for head in resources.model_store(new).list()
    } == stored
    services = Services.open(new, settings.WebSettings())
    assert services.results.rows(ada, run, RowQuery(size=1)).total == 240
    assert [(one.row, one.comment) for one in services.predictions.labels(ada, run)] == [(3, "seen before")]
    assert tokens.authenticate(services.engine, secret) is not None
    assert users.add(services.engine, "bob@example.org", "Bob", "viewer").id > ada.id
    services.audit.record(ada, "restored", "everything")
    services.close()


def test_a_backup_that_is_damaged_incomplete_or_in_the_way_is_refused(
    tmp_path: Path, install: Install
) -> None:
    """Nothing is restored in part: neither rows without files, nor into what is in use."""
    old = install("old", "sqlite")
    used(old)
    folder = tmp_path / "backup"
    create(old, connect(str(folder)))
    with pytest.raises(UsageRefused, match="found files, expected none"):
        create(old, connect(str(folder)))
    with pytest.raises(UsageRefused, match="would be in the store"):
        create(old, connect(str(old.home / "models" / "backup")))
    with pytest.raises(UsageRefused, match="not empty"):
        restore(old, connect(str(folder)))
    manifest = json.loads((folder / MANIFEST).read_text())
    for number, entry in enumerate([manifest["files"][0], manifest["tables"][-1]["data"]]):
        path = folder / entry["key"]
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        new = install(f"new{number}", "sqlite")
        with pytest.raises(DamagedBundle, match="sha256"):
            restore(new, connect(str(folder)))
        engine = database.connect(new.database_url)
        with database.reading(engine) as connection:
            assert database.revision(connection) is None
        engine.dispose()
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        assert list(resources.model_store(new).list()) == []  # every byte is compared before one is written
    for change in (
        {"tables": [{**manifest["tables"][0], "name": "../x"}]},
        {"files": [1]},
        {"revision": None},
    ):
        (folder / MANIFEST).write_text(json.dumps(manifest | change))
        with pytest.raises((DamagedBundle, UsageRefused)):
            restore(install("new", "sqlite"), connect(str(folder)))
    (folder / MANIFEST).write_text("[" * 100_000)
    with pytest.raises(DamagedBundle, match="manifest"):
        restore(install("new", "sqlite"), connect(str(folder)))
    (folder / MANIFEST).rename(folder / "other.json")
    with pytest.raises(NotFound, match="backup"):
        restore(install("new", "sqlite"), connect(str(folder)))


def test_a_backup_with_rows_that_are_none_is_refused(
    tmp_path: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although their digests are right: before anything is written where they are malformed, else without any rows."""
    monkeypatch.setattr(rows, "_MAX_LINE", 10_000)
    old, folder = install("old", "sqlite"), tmp_path / "backup"
    with database.opened(old.database_url) as engine:
        users.add(engine, "ada@example.org", "Ada", "admin")
    create(old, connect(str(folder)))
    manifest = json.loads((folder / MANIFEST).read_text())
    (entry,) = (one for one in manifest["tables"] if one["name"] == "users")
    path = folder / entry["data"]["key"]
    good = gzip.decompress(path.read_bytes())
    row = json.loads(good)

    def refused(data: bytes, change: dict[str, Any] | None = None) -> int:
        """Restore with these bytes; return how many tables the new database has."""
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        entry.update({"data": {**entry["data"], "size": len(data), "sha256": digest}} | (change or {}))
        (folder / MANIFEST).write_text(json.dumps(manifest))
        new = install(f"new{uuid.uuid4()}", "sqlite")
        with pytest.raises(DamagedBundle, match=r"users\.|manifest"):
            restore(new, connect(str(folder)))
        engine = database.connect(new.database_url)
        with database.reading(engine) as connection:
            assert not sa.inspect(connection).has_table("users") or not connection.scalar(
                sa.text("select count(*) from users")
            )
            found = len(sa.inspect(connection).get_table_names())
        engine.dispose()
        return found

    malformed = [b"hello\n", b"[" * 100_000, b'{"a": 1}\n', b"5\n", b'["\xff"]\n', json.dumps(row[:-1]).encode(), good * 2, b"",
                 json.dumps([{"time": "x"}] * len(row)).encode(), b" " * 20_000]  # fmt: skip
    for data in [good, gzip.compress(good)[:-8], *map(gzip.compress, malformed)]:
        assert refused(data) == 0
    missing = json.dumps([None if cell == "ada@example.org" else cell for cell in row]).encode()
    refused(gzip.compress(missing))
    refused(gzip.compress(good), {"columns": [f"{name}s" for name in entry["columns"]]})
    assert refused(gzip.compress(good), {"columns": [1] * len(row)}) == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_backup_of_an_earlier_revision_is_upgraded(
    tmp_path: Path, install: Install, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """As an earlier Vigie wrote it, without the tables and columns that came later; new rows get numbers of their own."""
    revision = database.REVISIONS[6]
    old = install("old", "sqlite")
    engine = database.connect(old.database_url)
    database.upgrade(engine, to=revision)
    earlier = sa.MetaData()
    earlier.reflect(engine)
    with database.writing(engine) as connection:
        values = {"email": "ada@example.org", "name": "Ada", "role": "admin", "team": "", "active": True, "language": "",
                  "created_at": datetime.now(UTC)}  # fmt: skip
        known = earlier.tables["users"].c
        connection.execute(
            sa.insert(earlier.tables["users"]), {n: v for n, v in values.items() if n in known}
        )
    engine.dispose()

    def written() -> list[sa.Table]:
        """The tables of that revision, with the types of today."""
        return [
            sa.Table(table.name, sa.MetaData(), *(sa.Column(c.name, c.type, primary_key=c.primary_key) for c in table.columns
                                                  if c.name in earlier.tables[table.name].c))
            for table in tables() if table.name in earlier.tables
        ]  # fmt: skip

    @contextmanager
    def without_upgrade(url: str) -> Iterator[sa.Engine]:
        connected = database.connect(url)
        yield connected
        connected.dispose()

    tables = rows.ordered_tables
    with monkeypatch.context() as patch:
        patch.setattr(rows, "ordered_tables", written)
        patch.setattr(database, "HEAD", revision)
        patch.setattr(database, "opened", without_upgrade)
        create(old, connect(str(tmp_path / "backup")))
    new = install("new", kind)
    restore(new, connect(str(tmp_path / "backup")))
    with database.opened(new.database_url) as engine:
        ada = users.find_by_email(engine, "ada@example.org")
        assert users.add(engine, "bob@example.org", "Bob", "viewer").id > ada.id
        with database.reading(engine) as connection:
            assert database.revision(connection) == database.HEAD


def test_what_changes_during_a_backup_is_not_half_in_it(
    tmp_path: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload that begins after the snapshot has no rows, and one that is deleted meanwhile stops nothing."""
    old = install("old", "sqlite")
    ada, run, _ = used(old)
    services = Services.open(old, settings.WebSettings())
    lines = rows.lines

    def meanwhile(connection: sa.Connection, table: sa.Table) -> Iterator[bytes]:
        if table.name == "users":
            services.uploads.receive(ada, "later.csv", io.BytesIO(CSV.encode()))
        yield from lines(connection, table)

    monkeypatch.setattr(rows, "lines", meanwhile)
    create(old, connect(str(tmp_path / "backup")))
    services.close()
    new = install("new", "sqlite")
    restore(new, connect(str(tmp_path / "backup")))
    with database.opened(new.database_url) as engine:
        assert [one.name for one in uploads.list_for(engine, ada, limit=5)] == ["payments.csv"]
        assert runs.find(engine, run).state == "done"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_backup_of_a_busy_installation_is_whole(tmp_path: Path, install: Install, kind: str) -> None:
    """Uploads arrive and are inspected all the time; once all is destroyed, each that was in the snapshot is finished elsewhere."""
    old, web = install("old", kind), settings.WebSettings(lease_seconds=0.2)
    services, ended, small = (
        Services.open(old, web),
        threading.Event(),
        "".join(CSV.splitlines(keepends=True)[:20]),
    )
    ada = users.add(services.engine, "ada@example.org", "Ada", "admin")

    def send() -> None:
        number = 0
        while not ended.wait(_BETWEEN_UPLOADS):
            number += 1
            services.uploads.receive(ada, f"{number}.csv", io.BytesIO(small.encode()))

    def work() -> None:
        while not ended.wait(_BETWEEN_LOOKS):
            worker.run_until_idle(old, web)

    busy = [threading.Thread(target=one) for one in (send, work)]
    for thread in busy:
        thread.start()
    wait_until(lambda: len(uploads.list_for(services.engine, ada, limit=100)) > 3)
    create(old, connect(str(tmp_path / "backup")))
    ended.set()
    for thread in busy:
        thread.join()
    services.close()
    shutil.rmtree(old.home)
    new = install("new", "sqlite")
    restore(new, connect(str(tmp_path / "backup")))
    time.sleep(2 * web.lease_seconds)  # the leases of workers that are no more
    worker.run_until_idle(new, web)
    services = Services.open(new, web)
    sent = uploads.list_for(services.engine, ada, limit=1000)
    # One whose parts were still being received is as after a kill: it can be continued or sent again.
    assert {one.state for one in sent} <= {"ready", "receiving"}
    assert sum(one.state == "ready" for one in sent) > 2
    services.close()
