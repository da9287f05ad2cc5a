"""Migrations with failing stores and databases: a clear error, no loss, and a second run that finishes."""

from __future__ import annotations

import itertools
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.relocate.counting_store import CountingStores
from tests.relocate.held_lock import hold_lock
from tests.relocate.sample_models import contents, places, populate, read_all
from tests.waiting import wait_until

from vigie.catalog import Catalog
from vigie.errors import DatabaseUnavailable, MigrationUnderWay, StoreUnavailable
from vigie.relocate import list_migrations, rollback, run, verify

COUNT = 5


def after(requests: int, what: str) -> Any:
    """Return a fault of every request from that number on."""
    seen = itertools.count(1)
    return lambda verb, path: what if next(seen) > requests else None


def every(nth: int, what: str, verbs: str = "GET PUT") -> Any:
    """Return a fault of every nth request of these verbs."""
    seen = itertools.count(1)
    return lambda verb, path: what if verb in verbs and next(seen) % nth == 0 else None


def finish_run(engine: sa.Engine, target: str, **provided: Any) -> None:
    """Run again without faults and verify every byte."""
    assert run(engine, target, **provided).complete
    assert verify(engine, target).right
    assert read_all(engine) == COUNT


def found_right(engine: sa.Engine, target: str) -> bool:
    """Whether every model is valid at the target; False where the store cannot be read."""
    try:
        return verify(engine, target).right
    except StoreUnavailable:
        return False


@pytest.mark.parametrize(
    ("fault", "words"),
    [("503", "asks to slow down"), ("drop", ""), ("403", "access key is unknown"), ("cut", "")],
)
def test_an_s3_store_that_fails_in_the_middle(
    sqlite: sa.Engine,
    source: str,
    s3: str,
    proxy: Any,
    fault: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unavailable, disconnected, revoked credentials, damaged responses: models that had moved stay moved."""
    monkeypatch.setenv("VIGIE_STORE_TOTAL_SECONDS", "1")
    populate(sqlite, source, COUNT)
    proxy.fault = after(45, fault)
    report = run(sqlite, f"{s3}/m", parallel=1)
    assert not report.complete
    assert report.failures
    assert proxy.hits[fault] > 0
    assert all("s3 bucket" in reason and words in reason for _, reason in report.failures)
    assert report.hint
    assert 0 < report.models_out < COUNT
    (record,) = list_migrations(sqlite)
    assert (record.state, record.held) == ("failed", False)
    assert record.error
    proxy.fault = lambda verb, path: None
    assert read_all(sqlite) == COUNT
    finish_run(sqlite, f"{s3}/m")


@pytest.mark.parametrize("fault", ["503", "drop", "cut"])
def test_an_s3_store_that_fails_sometimes(
    sqlite: sa.Engine, source: str, s3: str, proxy: Any, fault: str
) -> None:
    """Every fifth request fails; the client repeats it, and every model is moved."""
    populate(sqlite, source, COUNT)
    proxy.fault = every(5, fault, "GET PUT" if fault != "cut" else "PUT")
    report = run(sqlite, f"{s3}/m", parallel=4)
    proxy.fault = lambda verb, path: None
    assert proxy.hits[fault] > 5
    assert report.complete, report.failures
    finish_run(sqlite, f"{s3}/m")


def test_damaged_responses_of_the_target_move_no_model(
    sqlite: sa.Engine, source: str, s3: str, proxy: Any
) -> None:
    """The error names each model with its file."""
    entries = populate(sqlite, source, COUNT)
    proxy.fault = lambda verb, path: "flip" if verb == "GET" and "booster" in path else None
    report = run(sqlite, f"{s3}/m", parallel=4)
    assert report.models_out == 0
    assert len(report.failures) == COUNT
    assert all("booster.ubj.zst" in reason and "read back" in reason for _, reason in report.failures)
    assert places(sqlite) == {e.label: str(e.storage) for e in entries}
    assert not any("manifest.json" in key for key in contents(f"{s3}/m"))
    proxy.fault = lambda verb, path: None
    finish_run(sqlite, f"{s3}/m")


def test_a_damaged_response_is_requested_again(sqlite: sa.Engine, source: str, s3: str, proxy: Any) -> None:
    """Once, in either direction."""
    populate(sqlite, f"{s3}/old", COUNT)
    seen = itertools.count(1)
    proxy.fault = lambda verb, path: (
        "flip" if verb == "GET" and "booster" in path and next(seen) == 3 else None
    )
    assert run(sqlite, f"{s3}/m", parallel=1).complete
    assert proxy.hits["flip"] == 1


def test_a_bucket_deleted_in_the_middle(
    sqlite: sa.Engine, source: str, s3: str, moto_endpoint: str, counting: CountingStores
) -> None:
    """The error says so; a rollback restores the models that had moved."""
    import boto3

    entries = populate(sqlite, source, COUNT)
    client = boto3.client("s3", endpoint_url=moto_endpoint)
    bucket, lock, gone = s3.removeprefix("s3://"), threading.Lock(), []

    def delete(verb: str, key: str) -> None:
        with lock:
            if verb == "put" and counting.count("put") == 20 and not gone:
                gone.append(bucket)
                for item in client.list_objects_v2(Bucket=bucket)["Contents"]:
                    client.delete_object(Bucket=bucket, Key=item["Key"])
                client.delete_bucket(Bucket=bucket)

    counting.fault = delete
    report = run(sqlite, f"{s3}/m", opener=counting, parallel=1)
    assert not report.complete
    assert all("no such bucket" in reason for _, reason in report.failures)
    assert not found_right(sqlite, f"{s3}/m")
    rollback(sqlite)
    assert places(sqlite) == {e.label: str(e.storage) for e in entries}
    client.create_bucket(Bucket=bucket)
    finish_run(sqlite, f"{s3}/m")


def test_a_disk_that_becomes_full(sqlite: sa.Engine, source: str, mount_disk: Callable[[str], Path]) -> None:
    """Models that fitted are moved; with more space a second run finishes."""
    small_disk = mount_disk("1m")
    populate(sqlite, source, COUNT, 200_000)
    report = run(sqlite, str(small_disk), parallel=2)
    assert 0 < report.models_out < COUNT
    assert any("the disk is full" in reason for _, reason in report.failures)
    assert "space" in report.hint
    assert read_all(sqlite) == COUNT
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    finish_run(sqlite, str(small_disk))


def test_a_database_that_becomes_unavailable_stops_the_run(
    sqlite: sa.Engine, source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run takes the lock and resumes."""
    populate(sqlite, source, COUNT)
    original, calls = Catalog.relocate, []

    def gone(self: Catalog, *provided: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) > 3:
            raise DatabaseUnavailable("the database went away", hint="look after it")
        return original(self, *provided, **named)

    monkeypatch.setattr(Catalog, "relocate", gone)
    with pytest.raises(DatabaseUnavailable):
        run(sqlite, target, parallel=2)
    assert list_migrations(sqlite)[0].steps["switched"] == 3
    monkeypatch.undo()
    assert read_all(sqlite) == COUNT
    finish_run(sqlite, target)


def test_a_source_that_fails_in_the_middle(
    sqlite: sa.Engine, target: str, s3: str, proxy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From S3 to a folder: no half-copied model is registered."""
    monkeypatch.setenv("VIGIE_STORE_TOTAL_SECONDS", "1")
    populate(sqlite, f"{s3}/models", COUNT)
    proxy.fault = after(20, "503")
    report = run(sqlite, target, parallel=4)
    assert not report.complete
    proxy.fault = lambda verb, path: None
    assert read_all(sqlite) == COUNT
    finish_run(sqlite, target)


def test_models_load_during_migrations(
    engine: sa.Engine, source: str, s3: str, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Readers load them from the catalog's locations, without a cache, during two migrations and two rollbacks."""
    populate(engine, source, 8)
    stop, failures, loaded, seen = threading.Event(), [], [0], set()

    def predict() -> None:
        while not stop.is_set():
            try:
                loaded[0] += read_all(engine)
                seen.update(place.split(":")[0] for place in places(engine).values())
            except Exception as error:  # noqa: BLE001  whatever it is, a prediction failed
                failures.append(error)

    readers = [threading.Thread(target=predict) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        assert run(engine, f"{s3}/m").complete
        wait_until(lambda: failures or "s3" in seen)
        assert run(engine, target).complete
        rollback(engine)
        rollback(engine)
        wait_until(lambda: failures or (loaded[0] > 16 and "local" in seen))
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    with capsys.disabled():
        print(f"\n{engine.dialect.name}: {loaded[0]} models loaded during it, {len(failures)} failed")
    assert not failures
    assert seen == {"local", "s3"}


def test_a_refused_run_writes_no_journal(sqlite: sa.Engine, target: str, source: str) -> None:
    """The journal has only the other migration."""

    populate(sqlite, source, 2)
    with hold_lock(sqlite, target), pytest.raises(MigrationUnderWay):
        run(sqlite, target)
    assert len(list_migrations(sqlite)) == 1
