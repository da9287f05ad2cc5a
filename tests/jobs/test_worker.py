"""What a job makes of a file, and how a run ends when something goes wrong."""

from __future__ import annotations

import gzip
import io
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from vigie import settings
from vigie.app import Run, Upload, User, runs, uploads, users
from vigie.errors import StoreUnavailable
from vigie.jobs import inspect_upload, score, upload_files
from vigie.jobs.context import JobContext, opened
from vigie.jobs.worker import Worker
from vigie.logs import JsonLines
from vigie.web.services import Services

FRAME = pl.DataFrame(
    {
        "when": [f"2026-01-{1 + i % 28:02d} {i % 24:02d}:10:00" for i in range(6000)],
        "customer": [f"C{i % 97}" for i in range(6000)],
        "amount": [10.5 + i * 37 % 4000 for i in range(6000)],
        "note": [f'said "{i}",\nand more' for i in range(6000)],
    }
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[JobContext]:
    """An installation's workshop."""
    chosen = settings.load({"VIGIE_HOME": str(tmp_path / "home")})
    with opened(chosen, settings.WebSettings(part_bytes=100_000)) as made:
        yield made


@pytest.fixture
def ada(bench: JobContext) -> User:
    """Somebody who may upload."""
    return users.add(bench.engine, "ada@example.org", "Ada", "analyst")


@pytest.fixture
def send(bench: JobContext, ada: User) -> Callable[[str, bytes], Upload]:
    """Sends a file."""
    desk = Services(bench.settings, bench.web, bench.engine, bench.store)
    return lambda name, data: desk.receive(ada, name, io.BytesIO(data))


def encoded(extension: str) -> bytes:
    """The frame as a file of that kind."""
    out = io.BytesIO()
    text = FRAME.write_csv()
    match extension:
        case ".parquet":
            FRAME.write_parquet(out)
            return out.getvalue()
        case ".xlsx":
            FRAME.write_excel(out)
            return out.getvalue()
        case ".csv.gz":
            return gzip.compress(text.encode())
        case "utf-16.csv":
            return text.encode("utf-16")
        case "semicolon.csv":
            return FRAME.write_csv(separator=";", decimal_comma=True).encode("latin-1")
        case _:
            return text.encode()


@pytest.mark.parametrize("extension", [".csv", ".csv.gz", ".parquet", ".xlsx", "utf-16.csv", "semicolon.csv"])
def test_every_kind_of_file_is_looked_at(
    bench: JobContext, send: Callable[[str, bytes], Upload], extension: str
) -> None:
    """In parts smaller than the file; the columns mean the same in each."""
    sent = send(f"table{extension}", encoded(extension))
    assert Worker(bench).run_one()
    found = uploads.find(bench.engine, sent.id)
    assert (found.state, found.error, found.rows, found.rows_exact) == ("ready", None, 6000, True)
    assert found.inspection is not None
    roles = {one["column"]: one["role"] for one in found.inspection["roles"]}
    assert (roles["amount"], roles["when"], roles["customer"]) == ("amount", "time", "customer")


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_large_file_is_judged_by_its_head(
    bench: JobContext,
    send: Callable[[str, bytes], Upload],
    monkeypatch: pytest.MonkeyPatch,
    pack: Callable[[bytes], bytes],
) -> None:
    """Cut at the end of a record, not inside a quoted cell; the rows estimated; the tail not even read."""
    monkeypatch.setattr(upload_files, "HEAD_BYTES", 50_000)
    text = FRAME.write_csv().encode()
    sent = send("table.csv.gz" if pack is gzip.compress else "table.csv", pack(text))
    last = f"{sent.folder}/parts/{sent.parts:05d}"
    read: list[str] = []
    get = bench.store.get
    monkeypatch.setattr(bench.store, "get", lambda key: read.append(key) or get(key))  # type: ignore[func-returns-value]
    assert Worker(bench).run_one()
    found = uploads.find(bench.engine, sent.id)
    assert (found.state, found.rows_exact) == ("ready", False)
    assert found.rows == pytest.approx(6000, rel=0.25 if pack is gzip.compress else 0.03)
    if sent.parts > 1:
        assert not any(key.startswith(last) for key in read)


def test_a_head_that_cannot_be_read_leaves_the_judgement_to_the_whole(
    bench: JobContext, send: Callable[[str, bytes], Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    """First rows that are all alike refuse nothing; a line far below is named when the file is read."""
    monkeypatch.setattr(upload_files, "HEAD_BYTES", 500)
    lines = FRAME.select("when", "customer", "amount").write_csv().splitlines()
    alike = ["2026-01-01 00:10:00,Ann,5.0"] * 100
    silent = send("table.csv", "\n".join([lines[0], *alike, *lines[1:500]]).encode())
    broken = send("table.csv", "\n".join([*lines[:200], "2026-01-01,Ann,5,6,7", *lines[200:]]).encode())
    while Worker(bench).run_one():
        pass
    assert uploads.find(bench.engine, silent.id).rows_exact
    assert uploads.find(bench.engine, broken.id).state == "ready"
    sent = broken
    asked = _score(bench, sent)
    assert asked.state == "failed"
    assert asked.error is not None
    assert "line 201" in asked.error["message"]


def _score(bench: JobContext, sent: Upload) -> Run:
    desk = Services(bench.settings, bench.web, bench.engine, bench.store)
    asked = desk.start_score(users.find(bench.engine, sent.owner_id), sent.id)
    while Worker(bench).run_one():
        pass
    return runs.find(bench.engine, asked.id)


def test_bytes_that_changed_in_the_store_are_never_scored(
    bench: JobContext, send: Callable[[str, bytes], Upload]
) -> None:
    """Each part is compared with what arrived."""
    sent = send("table.csv", FRAME.write_csv().encode())
    while Worker(bench).run_one():
        pass
    key = next(head.key for head in bench.store.list(f"{sent.folder}/parts"))
    data = bytearray(bench.store.get(key))
    data[1000] ^= 1
    bench.store.put(key, bytes(data))
    asked = _score(bench, sent)
    assert asked.state == "failed"
    assert asked.error is not None
    assert asked.error["kind"] == "DamagedBundle"


def test_a_store_that_is_away_is_waited_for(
    bench: JobContext, send: Callable[[str, bytes], Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run waits, says why, and is tried again."""
    sent = send("table.csv", FRAME.write_csv().encode())

    def away(*_: object) -> None:
        raise StoreUnavailable("s3 bucket 'b': the connection failed", hint="check the network")

    monkeypatch.setattr(inspect_upload, "inspect", away)
    assert Worker(bench).run_one()
    assert not Worker(bench).run_one()
    assert uploads.find(bench.engine, sent.id).state == "received"


def test_a_bug_fails_its_run_in_words_and_the_log_quotes_nothing(
    bench: JobContext,
    send: Callable[[str, bytes], Upload],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The worker goes on with the next run."""
    caplog.set_level(logging.INFO, "vigie")
    sent = send("table.csv", FRAME.write_csv().encode())
    while Worker(bench).run_one():
        pass
    whole = score.score

    def broken(*_: object) -> None:
        raise ValueError("could not convert 'Zebulon-Quirk'")

    monkeypatch.setattr(score, "score", broken)
    failed = _score(bench, sent)
    assert failed.state == "failed"
    assert failed.error is not None
    assert failed.id in failed.error["hint"]
    lines = "\n".join(JsonLines().format(record) for record in caplog.records)
    assert "Zebulon" not in lines + caplog.text + str(failed.error)
    assert "test_worker.py" in lines
    monkeypatch.setattr(score, "score", whole)
    assert _score(bench, sent).state == "done"


def test_a_run_that_is_cancelled_meanwhile_leaves_no_result(
    bench: JobContext, send: Callable[[str, bytes], Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker notices at its next word."""
    sent = send("table.csv", FRAME.write_csv().encode())
    while Worker(bench).run_one():
        pass
    desk = Services(bench.settings, bench.web, bench.engine, bench.store)
    asked = desk.start_score(users.find(bench.engine, sent.owner_id), sent.id)
    whole = upload_files.whole

    def and_cancel(*arguments: object) -> object:
        runs.cancel(bench.engine, asked.id)
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(upload_files, "whole", and_cancel)
    assert Worker(bench).run_one()
    assert runs.find(bench.engine, asked.id).state == "cancelled"
    assert not list(bench.store.list(f"{sent.folder}/runs"))


def test_what_a_killed_worker_left_on_the_disk_is_swept(bench: JobContext) -> None:
    """It holds cells; the folders of living workers stay."""
    folder = bench.settings.cache_dir / "jobs"
    dead, alive = folder / "999999999-x", folder / f"{os.getpid()}-y"
    for one in (dead, alive):
        one.mkdir(parents=True)
        (one / "upload.csv").write_text("a,b\n")
    assert upload_files.sweep(bench) == 1
    assert not dead.exists()
    assert alive.exists()
