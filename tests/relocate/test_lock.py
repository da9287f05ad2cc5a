"""The lock: concurrent migrations, and locks of dead processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from tests.relocate.counting_store import CountingStores
from tests.relocate.held_lock import hold_lock
from tests.relocate.sample_models import contents, places, populate
from tests.waiting import LIMIT, wait_until

from vigie.errors import MigrationUnderWay
from vigie.relocate import LockTiming, list_migrations, lock, rollback, run
from vigie.relocate.lock_owner import machine
from vigie.relocate.tables import migrations


def rewrite(engine: sa.Engine, **values: Any) -> None:
    """Change the lock's row."""
    with engine.begin() as connection:
        connection.execute(sa.update(migrations).values(**values))


def test_a_second_run_is_refused(engine: sa.Engine, source: str, target: str) -> None:
    """The error has user, machine, process and time; nothing is copied, and a rollback is refused as well."""
    populate(engine, source, 2)
    with hold_lock(engine):
        with pytest.raises(MigrationUnderWay) as caught:
            run(engine, target)
        with pytest.raises(MigrationUnderWay):
            rollback(engine, 1)
    assert f"process {os.getpid()}" in caught.value.message
    assert caught.value.who.split(" on ")[1].startswith(os.uname().nodename)
    assert f"{datetime.now(UTC):%Y-%m-%d}" in caught.value.since
    assert contents(target) == {}
    assert run(engine, target).complete


def test_a_second_run_waits(
    engine: sa.Engine, source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts when the first one ends."""
    populate(engine, source, 2)
    held, waits = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        waits.set()
        time.sleep(min(seconds, 0.05))

    monkeypatch.setattr(lock, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))

    def first() -> None:
        with hold_lock(engine) as mine:
            held.set()
            assert waits.wait(LIMIT)
            mine.finish("failed")

    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(first)
        assert held.wait(LIMIT)
        report = run(engine, target, timing=LockTiming(wait=LIMIT))
        ended.result()
    assert report.complete


def test_of_concurrent_runs_one_gets_the_lock(engine: sa.Engine) -> None:
    """The lock is a unique column."""
    inside: list[int] = []
    refused: list[int] = []
    barrier = threading.Barrier(8)

    def come(number: int) -> None:
        barrier.wait(LIMIT)
        try:
            with hold_lock(engine, timing=LockTiming()):
                inside.append(number)
                # Until all others have come: who came after the end would hold it as well.
                wait_until(lambda: len(refused) + len(inside) == 8)
        except MigrationUnderWay:
            refused.append(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come, range(8)))
    assert (len(inside), len(refused)) == (1, 7)


def test_the_heartbeat_keeps_the_lock(engine: sa.Engine, source: str, target: str) -> None:
    """An owner on another machine loses it by silence, measured by the database's clock."""
    populate(engine, source, 1)
    with hold_lock(engine):
        long_ago = datetime.now(UTC) - timedelta(hours=1)
        rewrite(engine, heartbeat_at=long_ago)
        wait_until(lambda: list_migrations(engine)[0].heartbeat_at > long_ago)
        with pytest.raises(MigrationUnderWay):
            run(engine, target)
    now = datetime.now(UTC)
    for age, taken in ((0, False), (3600, True)):
        beat = now - timedelta(seconds=age)
        rewrite(
            engine, lock="migration", state="running", host="elsewhere", started_at=beat, heartbeat_at=beat
        )
        timing = LockTiming(stale=LIMIT)
        if taken:
            assert run(engine, target, timing=timing).complete
        else:
            with pytest.raises(MigrationUnderWay, match="on elsewhere, process"):
                run(engine, target, timing=timing)
    assert list_migrations(engine)[0].state == "done"


def test_a_dead_process_of_this_machine_loses_the_lock(sqlite: sa.Engine, source: str, target: str) -> None:
    """At once; a live process keeps it."""
    populate(sqlite, source, 1)
    with hold_lock(sqlite) as held:
        held.finish("failed")
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True)
    now = datetime.now(UTC)
    row = {"lock": "migration", "state": "running", "host": machine(), "heartbeat_at": now, "started_at": now}
    rewrite(sqlite, **row, pid=1)
    with pytest.raises(MigrationUnderWay):
        run(sqlite, target)
    rewrite(sqlite, **{**row, "host": machine().replace("[", "[x")}, pid=int(dead.stdout))
    with pytest.raises(MigrationUnderWay):
        run(sqlite, target)
    rewrite(sqlite, **row, pid=int(dead.stdout))
    assert run(sqlite, target).complete


def test_an_owner_that_lost_the_lock_changes_nothing(
    engine: sa.Engine, source: str, target: str, counting: CountingStores
) -> None:
    """A process was suspended, another run took over, finished and was rolled back."""
    entries = populate(engine, source, 3)
    slept = []

    def sleep(verb: str, key: str) -> None:
        if verb == "put" and key.endswith("manifest.json") and not slept:
            slept.append(key)
            then = datetime.now(UTC) - timedelta(seconds=60)
            rewrite(engine, host="asleep", heartbeat_at=then)
            assert run(engine, target).resumed
            rollback(engine)

    counting.fault = sleep
    with pytest.raises(MigrationUnderWay):
        run(engine, target, opener=counting, parallel=1, timing=LockTiming(heartbeat=60))
    assert slept
    assert places(engine) == {entry.label: str(entry.storage) for entry in entries}
    assert list_migrations(engine)[0].state == "rolled_back"


def test_an_interrupted_run_releases_the_lock(sqlite: sa.Engine) -> None:
    """It can be resumed at once."""
    with pytest.raises(KeyboardInterrupt), hold_lock(sqlite):
        raise KeyboardInterrupt
    (record,) = list_migrations(sqlite)
    assert (record.state, record.held, record.error) == (
        "failed",
        False,
        "interrupted (KeyboardInterrupt)",
    )
