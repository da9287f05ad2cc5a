"""Watches: new files are scored once, their results go where they belong, and what goes wrong is a notice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncssh
import polars as pl
import pytest
import sqlalchemy as sa
from tests.helpers.sftp_server import SftpServer

from vigie import settings
from vigie.alerts.effects import columns_of, layout_of
from vigie.app import User, notices, rules, runs, uploads, users, watch_template, watched_files, watches
from vigie.app.notice_tables import notices as notice_rows
from vigie.app.watches import Watch
from vigie.db import database
from vigie.jobs import retention
from vigie.jobs.context import JobContext, open_context
from vigie.jobs.ranked_rows import rule_effects
from vigie.jobs.watching.follow_up import FollowUp, compare_columns
from vigie.jobs.watching.look import Look, look
from vigie.jobs.worker import Worker
from vigie.rules import Condition, Rule
from vigie.sources.folder import FolderSource

ROWS = 240


def table(seed: int = 0, columns: str = "when,customer,amount,kind") -> str:
    """A table of payments."""
    return f"{columns}\n" + "".join(
        f"2026-01-{1 + i % 28:02d} {i % 24:02d}:10:00,C{i % 17},{10 + (i + seed) * 37 % 400}.50,{'abc'[i % 3]}\n"
        for i in range(ROWS)
    )


@pytest.fixture
def context(tmp_path: Path, database_url: str) -> Iterator[JobContext]:
    """An installation; a file needs to be unchanged for no time at all, but over two looks."""
    chosen = settings.load({"VIGIE_HOME": str(tmp_path / "home"), "DATABASE_URL": database_url})
    with open_context(chosen, settings.WebSettings(watch_seconds=1e-6)) as made:
        yield made


@pytest.fixture
def ada(context: JobContext) -> User:
    """The owner."""
    return users.add(context.engine, "ada@example.org", "Ada", "analyst", team="blue")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is watched."""
    made = tmp_path / "exports"
    made.mkdir()
    return made


def add(context: JobContext, owner: User, folder: Path, **values: Any) -> Watch:
    """Adds a watch of all CSV files."""
    chosen = {"url": folder.as_uri(), "pattern": "*.csv", "schedule": "", "timezone": "UTC", "write_back": True,
              "options": watch_template.DEFAULTS, "mapping": {}, "next_look_at": datetime.now(UTC)}  # fmt: skip
    return watches.add(context.engine, owner, "exports", chosen | values)


def look_at(context: JobContext, watch: Watch, worker: str = "w") -> Look:
    """One look."""
    claimed = watches.claim(context.engine, worker, 30, datetime.now(UTC), watch.id)
    assert claimed is not None
    return look(context, claimed, worker)


def work(context: JobContext, watch: Watch) -> None:
    """Runs all jobs until every file is finished."""
    follow_up = FollowUp(context)
    while follow_up.run(watch.id):
        Worker(context).run_one()


def notices_of(context: JobContext) -> list[tuple[str, str]]:
    """Kind and file of each notice."""
    query = sa.select(notice_rows.c.kind, notice_rows.c.payload).order_by(notice_rows.c.created_at)
    with database.reading(context.engine) as connection:
        return [(kind, payload.get("file", "")) for kind, payload in connection.execute(query)]


def test_a_new_file_is_scored_once_and_its_predictions_stand_beside_it(
    context: JobContext, ada: User, folder: Path
) -> None:
    """After it stopped growing; the same content under another name, and a second worker, score nothing again."""
    watch = add(context, ada, folder)
    path = folder / "jan.csv"
    path.write_text(table()[:2000])
    assert look_at(context, watch).started == []
    path.write_text(table())
    assert look_at(context, watch).started == []
    assert look_at(context, watch).started == ["jan.csv"]
    work(context, watch)
    assert path.read_text() == table()
    lines = (folder / "jan.predictions.csv").read_text().splitlines()
    assert (
        lines[0]
        == "when,customer,amount,kind,fraud_score,fraud_probability,anomaly_score,agreement,risk_level,alert,reasons"
    )
    assert [line.split(",fraud")[0][:30] for line in lines[1:]] == [
        line[:30] for line in table().splitlines()[1:]
    ]
    (folder / "copy.csv").write_text(table())
    os.utime(path)  # written again, with the same content
    for worker in ("w", "other", "w"):
        assert look_at(context, watch, worker).started == []
    (file,) = watched_files.list_newest(context.engine, watch.id)
    assert (file.state, file.error) == ("done", None)
    (upload,) = uploads.list_for(context.engine, ada, limit=5)
    assert (upload.id, upload.name, upload.state) == (file.upload_id, "jan.csv", "ready")
    assert notices_of(context) == [("scored", "jan.csv")]
    assert sorted(os.listdir(folder)) == ["copy.csv", "jan.csv", "jan.predictions.csv"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_of_an_sftp_server_is_scored_once(
    context: JobContext, ada: User, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After it stopped growing, in spite of a connection that breaks; a wrong host key is a notice with the cause."""
    server = SftpServer(folder, tmp_path)
    try:
        monkeypatch.setenv("VIGIE_SFTP_KNOWN_HOSTS", str(server.known_hosts))
        monkeypatch.setenv("VIGIE_SFTP_KEY", str(server.key))
        watch = add(context, ada, folder, url=server.url)
        path = folder / "jan.csv"
        path.write_text(table()[:2000])
        assert look_at(context, watch).started == []
        path.write_text(table())
        assert look_at(context, watch).started == []
        server.break_after = 3000
        broken = look_at(context, watch)
        assert broken.started == []
        assert "the connection broke" in str(broken.error)
        assert look_at(context, watch).started == ["jan.csv"]
        work(context, watch)
        (folder / "copy.csv").write_text(table())
        os.utime(path, (1000, 1000))
        server.trust(other_key := asyncssh.generate_private_key("ssh-ed25519"))
        for _ in range(2):
            assert "another host key" in str(look_at(context, watch).error)
        assert other_key.export_public_key().decode() in server.known_hosts.read_text()
        server.trust(server.host_key)
        for worker in ("w", "other", "w"):
            assert look_at(context, watch, worker).started == []
    finally:
        server.stop()
    assert path.read_text() == table()
    assert len((folder / "jan.predictions.csv").read_text().splitlines()) == ROWS + 1
    (upload,) = uploads.list_for(context.engine, ada, limit=5)
    assert (upload.name, upload.state) == ("jan.csv", "ready")
    assert notices_of(context) == [("scored", "jan.csv"), ("watch_failed", "")]
    assert sorted(os.listdir(folder)) == ["copy.csv", "jan.csv", "jan.predictions.csv"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_scored_is_a_notice_with_the_cause(
    context: JobContext, ada: User, folder: Path
) -> None:
    """Broken, empty, of no known format, with renamed columns: each once, and the files beside are scored."""
    watch = add(context, ada, folder, pattern="*", columns=["kind", "when", "customer", "amount"])
    (folder / "broken.csv").write_bytes(b"\x00\x01\x02" * 500)
    (folder / "empty.csv").touch()
    (folder / "notes.docx").write_bytes(b"PK")
    latin = folder / os.fsdecode(b"caf\xe9.csv")
    latin.write_text(table(3))
    (folder / "renamed.csv").write_text(table(1, "date,customer,amount,kind"))
    (folder / "good.csv").write_text(table(2))
    for _ in range(2):
        look_at(context, watch)
    work(context, watch)
    for _ in range(2):
        assert look_at(context, watch).started == []
    errors = {
        file.key: str(file.error["message"]) if file.error else ""
        for file in watched_files.list_newest(context.engine, watch.id)
    }
    assert errors["good.csv"] == ""
    assert errors["renamed.csv"] == "the columns changed: missing 'when', new 'date'"
    assert "empty file" in errors["empty.csv"]
    assert "extension" in errors["notes.docx"]
    assert errors["broken.csv"]
    (odd,) = [key for key in errors if key.startswith("caf")]
    assert "not UTF-8" in errors[odd]
    assert latin.read_text() == table(3)
    assert sorted(notices_of(context)) == [
        ("file_failed", "broken.csv"), ("file_failed", odd), ("file_failed", "empty.csv"), ("file_failed", "notes.docx"),
        ("file_failed", "renamed.csv"), ("scored", "good.csv"),
    ]  # fmt: skip
    assert [path.name for path in folder.glob("*.predictions.csv")] == ["good.predictions.csv"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_absent_folder_gives_one_notice_and_is_looked_at_again(
    context: JobContext, ada: User, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the second failure in a row; once it is back, its files are scored. A bug is a failure like others."""
    watch = add(context, ada, folder)
    folder.rename(folder.with_name("away"))
    for _ in range(4):
        assert look_at(context, watch).error is not None
    failing = watches.find(context.engine, watch.id)
    assert (failing.failures, failing.error and failing.error["kind"]) == (4, "NotFound")
    assert notices_of(context) == [("watch_failed", "")]
    folder.with_name("away").rename(folder)
    (folder / "jan.csv").write_text(table())
    look_at(context, watch)
    assert watches.find(context.engine, watch.id).error is None
    with monkeypatch.context() as patch:
        patch.setattr(FolderSource, "fetch", lambda *_: {}["a bug"])
        assert "unexpected" in str(look_at(context, watch).error)
    assert look_at(context, watch).started == ["jan.csv"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_predictions_that_cannot_be_written_are_tried_again(
    context: JobContext, ada: User, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source away after the scoring: nothing is lost, and nothing is scored twice."""
    watch = add(context, ada, folder, columns=None)
    (folder / "jan.csv").write_text(table())
    for _ in range(2):
        look_at(context, watch)
    away = folder.with_name("away")
    follow_up = FollowUp(context)
    Worker(context).run_one()
    follow_up.run()
    Worker(context).run_one()
    folder.rename(away)
    assert follow_up.run() == 1
    away.rename(folder)
    assert FollowUp(context).run() == 1
    assert (folder / "jan.predictions.csv").exists()
    assert notices_of(context) == [("scored", "jan.csv")]
    assert watches.find(context.engine, watch.id).columns == ["when", "customer", "amount", "kind"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("fault", ["damaged", "missing"])
def test_a_result_that_cannot_be_read_keeps_no_other_file_waiting(
    context: JobContext, ada: User, folder: Path, fault: str
) -> None:
    """The first of two files fails with a notice, the other is finished."""
    watch = add(context, ada, folder, columns=["when", "customer", "amount", "kind"])
    for day in range(2):
        (folder / f"{day}.csv").write_text(table(day))
        os.utime(folder / f"{day}.csv", (1000 + day, 1000 + day))
    look_at(context, watch), look_at(context, watch)
    inspected = Worker(context).run_one() and Worker(context).run_one()
    assert inspected
    FollowUp(context).run()
    while Worker(context).run_one():
        pass
    first = watched_files.list_unfinished(context.engine, watch.id)[0]
    run = runs.find(context.engine, str(first.run_id))
    for head in list(context.store.list(str(run.result))):
        if fault == "damaged":
            context.store.put(head.key, b"no table")
        else:
            context.store.delete(head.key)
    FollowUp(context).run()
    states = {file.key: file.state for file in watched_files.list_newest(context.engine, watch.id)}
    assert states == {"0.csv": "failed", "1.csv": "done"}
    assert sorted(notices_of(context)) == [("file_failed", "0.csv"), ("scored", "1.csv")]


def test_two_workers_that_take_the_same_file_begin_one_upload(
    context: JobContext, ada: User, folder: Path
) -> None:
    """A look whose lease ended and the look that followed it."""
    watch = add(context, ada, folder)
    (folder / "jan.csv").write_text(table())
    look_at(context, watch)
    late = watches.claim(context.engine, "late", 0, datetime.now(UTC), watch.id)
    assert late is not None
    assert look_at(context, watch, "next").started == ["jan.csv"]
    watches.save_sightings(context.engine, watch.id, [], ["jan.csv"])
    look(context, late, "late")
    assert look(context, late, "late").started == []
    assert len(uploads.list_for(context.engine, ada, limit=5)) == 1


def test_columns_are_compared_by_name() -> None:
    """In any order; a repeated name is a change too."""
    assert compare_columns(None, ["a"]) is None
    assert compare_columns(["a", "b"], ["b", "a"]) is None
    for found in (["a"], ["a", "c"], ["a", "b", "c"], ["a", "a", "b"]):
        assert compare_columns(["a", "b"], found) is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_watch_of_an_inactive_user_or_of_later_files_rests(
    context: JobContext, ada: User, folder: Path
) -> None:
    """Nothing is due; files from before are left out."""
    watch = add(context, ada, folder, files_since=datetime.now(UTC))
    (folder / "old.csv").write_text(table())
    os.utime(folder / "old.csv", (0, 0))
    for _ in range(3):
        assert look_at(context, watch).started == []
    users.update(context.engine, ada.id, {"active": False})
    assert watches.claim(context.engine, "w", 30, datetime.max.replace(tzinfo=UTC)) is None
    assert notices.count_by_state(context.engine) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_retention_leaves_no_empty_folder_and_a_deleted_content_is_not_scored_again(
    context: JobContext, ada: User, folder: Path
) -> None:
    """The watch remembers what it scored after its upload is gone."""
    watch = add(context, ada, folder)
    (folder / "jan.csv").write_text(table())
    for _ in range(2):
        look_at(context, watch)
    work(context, watch)
    assert retention.delete_expired(context, datetime.now(UTC) + timedelta(days=31)) == 1
    root = Path(context.store.bucket)
    assert list((root / "uploads").rglob("*")) == []
    os.utime(folder / "jan.csv")
    for _ in range(2):
        assert look_at(context, watch).started == []
    assert uploads.list_for(context.engine, ada, limit=5) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_the_first_file_sets_the_columns(context: JobContext, ada: User, folder: Path) -> None:
    """Also where a later file was inspected at the same time."""
    watch = add(context, ada, folder)
    for day, columns in enumerate(("when,customer,amount,kind", "date,customer,amount,kind")):
        (folder / f"{day}.csv").write_text(table(day, columns))
        os.utime(folder / f"{day}.csv", (1000 + day, 1000 + day))
    for _ in range(2):
        look_at(context, watch)
    while Worker(context).run_one():
        pass
    work(context, watch)
    states = {file.key: file.state for file in watched_files.list_newest(context.engine, watch.id)}
    assert states == {"0.csv": "done", "1.csv": "failed"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_differs_much_from_the_one_before_is_one_notice(
    context: JobContext, ada: User, folder: Path
) -> None:
    """Not the first file, nor one like the one before; the notice names both files and has the index above its limit."""
    watch = add(context, ada, folder, write_back=False)
    header, *rows = (line.split(",") for line in table(7).splitlines())
    larger = [[when, customer, f"{float(amount) * 10}", kind] for when, customer, amount, kind in rows]
    files = {"jan": table(), "feb": table(5)}
    for name, kind in (("mar", "d"), ("apr", "e")):
        files[name] = "\n".join(",".join(row) for row in [header, *larger[:-1], [*larger[-1][:3], kind]])
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
        for _ in range(2):
            look_at(context, watch)
        work(context, watch)
    query = sa.select(notice_rows.c.payload).where(notice_rows.c.kind == "drift")
    with database.reading(context.engine) as connection:
        (payload,) = connection.execute(query).scalars()
    assert (payload["file"], payload["earlier"]) == ("mar.csv", "feb.csv")
    assert payload["amount_psi"] >= payload["psi_limit"]
    states = {file.key: file.state for file in watched_files.list_newest(context.engine, watch.id)}
    assert states == {f"{name}.csv": "done" for name in files}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_predictions_beside_a_file_and_its_notice_have_the_alerts_that_rules_leave(
    context: JobContext, ada: User, folder: Path
) -> None:
    """A rule made from the first file hides and another adds rows of the next one, and the reasons say so."""
    watch = add(context, ada, folder, options=watch_template.DEFAULTS | {"budget": 20, "language": "fr"})
    (folder / "jan.csv").write_text(table())
    look_at(context, watch), look_at(context, watch)
    work(context, watch)
    first = _alerts_beside(folder / "jan.predictions.csv")
    assert len(first) == 20
    (run,) = runs.list_finished(context.engine, ada.id, limit=1)
    added = next(row for row in range(ROWS) if row not in first)
    columns, lines = columns_of(run), table().splitlines()[1:]
    for action, row in (("hide", first[0]), ("hide", first[1]), ("alert", added)):
        cells = zip(("when", "customer"), lines[row].split(","), strict=False)
        made = tuple(Condition(name, columns[name], "is", value) for name, value in cells)
        rules.add(context.engine, Rule(0, action, made, layout_of(run)), owner_id=ada.id, author_id=ada.id,
                  run_id=run.id, comment=None, state="on", applies_from=run.created_at)  # fmt: skip
    text = table() + "2026-01-28 23:10:00,C1,77.50,a\n"
    (folder / "feb.csv").write_text(text)
    look_at(context, watch), look_at(context, watch)
    work(context, watch)
    second = runs.list_finished(context.engine, ada.id, limit=1)[0]
    decided = rule_effects(context).alerts(second)
    assert decided.added
    assert len(decided.reasons()) == len(decided.hidden) + len(decided.added)
    beside = _alerts_beside(folder / "feb.predictions.csv")
    assert len(beside) == decided.count
    assert set(decided.added) <= set(beside)
    assert not set(decided.hidden) & set(beside)
    lines = (folder / "feb.predictions.csv").read_text().splitlines()[1:]
    assert all("règle" in lines[row].lower() for row in decided.reasons())
    assert [line.rsplit(",fraud", 1)[0][:25] for line in lines] == [
        line[:25] for line in text.splitlines()[1:]
    ]
    with database.reading(context.engine) as connection:
        payloads = list(connection.execute(sa.select(notice_rows.c.payload)).scalars())
    (notice,) = [one for one in payloads if one["file"] == "feb.csv"]
    assert notice["alerts"] == decided.count != 20


def _alerts_beside(path: Path) -> list[int]:
    """Rows of the alerts in a file of predictions, from 0."""
    return [row for row, alert in enumerate(pl.read_csv(path)["alert"]) if alert]
