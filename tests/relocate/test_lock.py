"""Two people migrating at once, and locks that dead processes leave behind."""

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
    """Changes what the lock's row says."""
    with engine.begin() as connection:
        connection.execute(sa.update(migrations).values(**values))


def test_the_second_is_told_who_and_since_when(engine: sa.Engine, source: str, target: str) -> None:
    """User, machine, process and time; nothing is copied, and a rollback is refused as well."""
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


def test_the_second_waits_if_it_is_asked_to(
    engine: sa.Engine, source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on as soon as the first one ends."""
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


def test_of_eight_that_come_at_once_one_holds_it(engine: sa.Engine) -> None:
    """The lock is a unique column, not a look followed by a write."""
    inside: list[int] = []
    refused: list[int] = []
    gate = threading.Barrier(8)

    def come(number: int) -> None:
        gate.wait(LIMIT)
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


def test_a_live_heart_keeps_the_lock_and_a_silent_one_loses_it(
    engine: sa.Engine, source: str, target: str
) -> None:
    """On another machine only the heartbeat tells; by the database's clock."""
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


def test_a_process_that_died_on_this_machine_is_known_to_be_dead(
    sqlite: sa.Engine, source: str, target: str
) -> None:
    """Nobody waits for the heartbeat of a process that the system no longer has; but one that lives is waited for."""
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


def test_one_that_wakes_up_after_it_was_given_up_changes_nothing_any_more(
    engine: sa.Engine, source: str, target: str, counting: CountingStores
) -> None:
    """A laptop closed in the middle: another run took over, finished and was rolled back; the first must stop."""
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


def test_an_error_of_ours_gives_the_lock_back(sqlite: sa.Engine) -> None:
    """An interrupted run can be taken up at once."""
    with pytest.raises(KeyboardInterrupt), hold_lock(sqlite):
        raise KeyboardInterrupt
    (record,) = list_migrations(sqlite)
    assert (record.state, record.held, record.error) == (
        "failed",
        False,
        "interrupted (KeyboardInterrupt)",
    )
