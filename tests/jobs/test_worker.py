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
from vigie.jobs.context import JobContext, open_context
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
def context(tmp_path: Path) -> Iterator[JobContext]:
    """Resources of one installation."""
    chosen = settings.load({"VIGIE_HOME": str(tmp_path / "home")})
    with open_context(chosen, settings.WebSettings(part_bytes=100_000)) as made:
        yield made


@pytest.fixture
def ada(context: JobContext) -> User:
    """A user who may upload."""
    return users.add(context.engine, "ada@example.org", "Ada", "analyst")


@pytest.fixture
def send(context: JobContext, ada: User) -> Callable[[str, bytes], Upload]:
    """Sends a file."""
    services = Services(context.settings, context.web, context.engine, context.store)
    return lambda name, data: services.uploads.receive(ada, name, io.BytesIO(data))


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
    context: JobContext, send: Callable[[str, bytes], Upload], extension: str
) -> None:
    """In parts smaller than the file; the columns mean the same in each."""
    sent = send(f"table{extension}", encoded(extension))
    assert Worker(context).run_one()
    found = uploads.find(context.engine, sent.id)
    assert (found.state, found.error, found.rows, found.rows_exact) == ("ready", None, 6000, True)
    assert found.inspection is not None
    roles = {one["column"]: one["role"] for one in found.inspection["roles"]}
    assert (roles["amount"], roles["when"], roles["customer"]) == ("amount", "time", "customer")


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_large_file_is_judged_by_its_head(
    context: JobContext,
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
    get = context.store.get
    monkeypatch.setattr(context.store, "get", lambda key: read.append(key) or get(key))  # type: ignore[func-returns-value]
    assert Worker(context).run_one()
    found = uploads.find(context.engine, sent.id)
    assert (found.state, found.rows_exact) == ("ready", False)
    assert found.rows == pytest.approx(6000, rel=0.25 if pack is gzip.compress else 0.03)
    if sent.parts > 1:
        assert not any(key.startswith(last) for key in read)


def test_a_head_that_cannot_be_read_leaves_the_judgement_to_the_whole(
    context: JobContext, send: Callable[[str, bytes], Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    """First rows that are all alike refuse nothing; lines far below that do not fit, too many to set aside, are named when the file is read."""
    monkeypatch.setattr(upload_files, "HEAD_BYTES", 500)
    lines = FRAME.select("when", "customer", "amount").write_csv().splitlines()
    alike = ["2026-01-01 00:10:00,Ann,5.0"] * 100
    silent = send("table.csv", "\n".join([lines[0], *alike, *lines[1:500]]).encode())
    broken = send(
        "table.csv",
        "\n".join([*lines[:200], *["2026-01-01,Ann,5,6,7"] * (len(lines) // 10), *lines[200:]]).encode(),
    )
    while Worker(context).run_one():
        pass
    assert uploads.find(context.engine, silent.id).rows_exact
    assert uploads.find(context.engine, broken.id).state == "ready"
    sent = broken
    requested = _score(context, sent)
    assert requested.state == "failed"
    assert requested.error is not None
    assert "line 201" in requested.error["message"]


def _score(context: JobContext, sent: Upload) -> Run:
    services = Services(context.settings, context.web, context.engine, context.store)
    requested = services.predictions.score(users.find(context.engine, sent.owner_id), sent.id)
    while Worker(context).run_one():
        pass
    return runs.find(context.engine, requested.id)


def test_bytes_that_changed_in_the_store_are_never_scored(
    context: JobContext, send: Callable[[str, bytes], Upload]
) -> None:
    """Each part is compared with what arrived."""
    sent = send("table.csv", FRAME.write_csv().encode())
    while Worker(context).run_one():
        pass
    key = next(head.key for head in context.store.list(f"{sent.folder}/parts"))
    data = bytearray(context.store.get(key))
    data[1000] ^= 1
    context.store.put(key, bytes(data))
    requested = _score(context, sent)
    assert requested.state == "failed"
    assert requested.error is not None
    assert requested.error["kind"] == "DamagedBundle"


def test_a_store_that_is_away_is_waited_for(
    context: JobContext, send: Callable[[str, bytes], Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run waits, says why, and is tried again."""
    sent = send("table.csv", FRAME.write_csv().encode())

    def away(*_: object) -> None:
        raise StoreUnavailable("s3 bucket 'b': the connection failed", hint="check the network")

    monkeypatch.setattr(inspect_upload, "inspect_upload", away)
    assert Worker(context).run_one()
    assert not Worker(context).run_one()
    assert uploads.find(context.engine, sent.id).state == "received"


def test_a_bug_fails_its_run_in_words_and_the_log_quotes_nothing(
    context: JobContext,
    send: Callable[[str, bytes], Upload],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The worker goes on with the next run."""
    caplog.set_level(logging.INFO, "vigie")
    sent = send("table.csv", FRAME.write_csv().encode())
    while Worker(context).run_one():
        pass
    whole = score.score

    def broken(*_: object) -> None:
        raise ValueError("could not convert 'Zebulon-Quirk'")

    monkeypatch.setattr(score, "score", broken)
    failed = _score(context, sent)
    assert failed.state == "failed"
    assert failed.error is not None
    assert failed.id in failed.error["hint"]
    lines = "\n".join(JsonLines().format(record) for record in caplog.records)
    assert "Zebulon" not in lines + caplog.text + str(failed.error)
    assert "test_worker.py" in lines
    monkeypatch.setattr(score, "score", whole)
    assert _score(context, sent).state == "done"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MemoryError(), "MemoryError"),
        (RuntimeError("std::bad_alloc"), "MemoryError"),
        (pl.exceptions.PanicException("memory allocation of 9 bytes failed"), "MemoryError"),
        (pl.exceptions.PanicException("Zebulon-Quirk"), "Bug"),
    ],
)
def test_no_error_of_a_library_ends_the_worker(
    context: JobContext,
    send: Callable[[str, bytes], Upload],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: BaseException,
    kind: str,
) -> None:
    """A panic of polars is no Exception; too little memory is said in words, whichever library lacks it."""

    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(inspect_upload, "inspect_upload", failing)
    sent = send("table.csv", FRAME.write_csv().encode())
    assert Worker(context).run_one()
    found = uploads.find(context.engine, sent.id)
    assert found.state == "refused"
    assert found.error is not None
    assert found.error["kind"] == kind
    assert "Zebulon" not in str(found.error) + caplog.text


def test_a_run_that_is_cancelled_meanwhile_leaves_no_result(
    context: JobContext, send: Callable[[str, bytes], Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker notices at its next word."""
    sent = send("table.csv", FRAME.write_csv().encode())
    while Worker(context).run_one():
        pass
    services = Services(context.settings, context.web, context.engine, context.store)
    requested = services.predictions.score(users.find(context.engine, sent.owner_id), sent.id)
    whole = upload_files.local_copy

    def and_cancel(*arguments: object) -> object:
        runs.cancel(context.engine, requested.id)
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(upload_files, "local_copy", and_cancel)
    assert Worker(context).run_one()
    assert runs.find(context.engine, requested.id).state == "cancelled"
    assert not list(context.store.list(f"{sent.folder}/runs"))


def test_what_a_killed_worker_left_on_the_disk_is_swept(context: JobContext) -> None:
    """It holds cells; the folders of living workers stay."""
    folder = context.settings.cache_dir / "jobs"
    dead, alive = folder / "999999999-x", folder / f"{os.getpid()}-y"
    for one in (dead, alive):
        one.mkdir(parents=True)
        (one / "upload.csv").write_text("a,b\n")
    assert upload_files.remove_stale_folders(context) == 1
    assert not dead.exists()
    assert alive.exists()
