"""Two people migrating at once, and locks that dead processes leave behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from vigie.db.database import migrations
from vigie.errors import MigrationUnderWay
from vigie.relocate import Timing, journal, records, rollback, running
from vigie.relocate.lock_owner import machine

QUICK = Timing(beat=0.05, stale=0.4)


def hold(engine: sa.Engine, timing: Timing = QUICK) -> Any:
    """The lock of a new migration to nowhere."""
    goal = journal.Target.parse("/nowhere")
    return journal.hold(engine, timing, lambda c: (journal.begin(c, goal, [])[0], "running", False))


def rewrite(engine: sa.Engine, **values: Any) -> None:
    """Changes what the lock's row says."""
    with engine.begin() as connection:
        connection.execute(sa.update(migrations).values(**values))


def test_the_second_is_told_who_and_since_when(
    engine: sa.Engine, source: str, target: str, tools: Any
) -> None:
    """User, machine, process and time; nothing is copied, and a rollback is refused as well."""
    tools.populate(engine, source, 2)
    with hold(engine):
        with pytest.raises(MigrationUnderWay) as caught:
            running(engine, target)
        with pytest.raises(MigrationUnderWay):
            rollback(engine, 1)
    assert f"process {os.getpid()}" in caught.value.message
    assert caught.value.who.split(" on ")[1].startswith(os.uname().nodename)
    assert f"{datetime.now(UTC):%Y-%m-%d}" in caught.value.since
    assert tools.contents(target) == {}
    assert running(engine, target).complete


def test_the_second_waits_if_it_is_asked_to(engine: sa.Engine, source: str, target: str, tools: Any) -> None:
    """It goes on as soon as the first one ends."""
    tools.populate(engine, source, 2)
    free = threading.Event()

    def first() -> None:
        with hold(engine) as held:
            free.set()
            time.sleep(0.5)
            held.finish("failed")

    thread = threading.Thread(target=first)
    thread.start()
    free.wait(5)
    report = running(engine, target, timing=Timing(wait=10))
    thread.join()
    assert report.complete


def test_of_eight_that_come_at_once_one_holds_it(engine: sa.Engine) -> None:
    """The lock is a unique column, not a look followed by a write."""
    inside, refused, lock = [], [], threading.Lock()
    gate = threading.Barrier(8)

    def come() -> None:
        gate.wait()
        try:
            with hold(engine, Timing()):
                with lock:
                    inside.append(1)
                time.sleep(0.5)
        except MigrationUnderWay:
            refused.append(1)

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(inside), len(refused)) == (1, 7)


def test_a_live_heart_keeps_the_lock_and_a_silent_one_loses_it(
    engine: sa.Engine, source: str, target: str, tools: Any
) -> None:
    """On another machine only the heartbeat tells; by the database's clock."""
    tools.populate(engine, source, 1)
    with hold(engine):
        time.sleep(0.8)
        with pytest.raises(MigrationUnderWay):
            running(engine, target, timing=QUICK)
    now = datetime.now(UTC)
    for age, taken in ((0.1, False), (1.0, True)):
        beat = now - timedelta(seconds=age)
        rewrite(
            engine, lock="migration", state="running", host="elsewhere", started_at=beat, heartbeat_at=beat
        )
        if taken:
            assert running(engine, target, timing=QUICK).complete
        else:
            with pytest.raises(MigrationUnderWay, match="on elsewhere, process"):
                running(engine, target, timing=Timing())
    assert records(engine)[0].state == "done"


def test_a_process_that_died_on_this_machine_is_known_to_be_dead(
    sqlite: sa.Engine, source: str, target: str, tools: Any
) -> None:
    """Nobody waits for the heartbeat of a process that the system no longer has; but one that lives is waited for."""
    tools.populate(sqlite, source, 1)
    with hold(sqlite) as held:
        held.finish("failed")
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True)
    now = datetime.now(UTC)
    row = {"lock": "migration", "state": "running", "host": machine(), "heartbeat_at": now, "started_at": now}
    rewrite(sqlite, **row, pid=1)
    with pytest.raises(MigrationUnderWay):
        running(sqlite, target)
    rewrite(sqlite, **{**row, "host": machine().replace("[", "[x")}, pid=int(dead.stdout))
    with pytest.raises(MigrationUnderWay):
        running(sqlite, target)
    rewrite(sqlite, **row, pid=int(dead.stdout))
    assert running(sqlite, target).complete


def test_one_that_wakes_up_after_it_was_given_up_changes_nothing_any_more(
    engine: sa.Engine, source: str, target: str, tools: Any, stage: Any
) -> None:
    """A laptop closed in the middle: another run took over, finished and was rolled back; the first must stop."""
    entries = tools.populate(engine, source, 3)
    slept = []

    def sleep(verb: str, key: str) -> None:
        if verb == "put" and key.endswith("manifest.json") and not slept:
            slept.append(key)
            then = datetime.now(UTC) - timedelta(seconds=60)
            rewrite(engine, host="asleep", heartbeat_at=then)
            assert running(engine, target).resumed
            rollback(engine)

    stage.fault = sleep
    with pytest.raises(MigrationUnderWay):
        running(engine, target, opener=stage, parallel=1, timing=Timing(beat=60))
    assert slept
    assert tools.places(engine) == {entry.label: str(entry.place) for entry in entries}
    assert records(engine)[0].state == "rolled_back"


def test_an_error_of_ours_gives_the_lock_back(sqlite: sa.Engine) -> None:
    """An interrupted run can be taken up at once."""
    with pytest.raises(KeyboardInterrupt), hold(sqlite):
        raise KeyboardInterrupt
    (record,) = records(sqlite)
    assert (record.state, record.held, record.error) == (
        "failed",
        False,
        "interrupted (KeyboardInterrupt)",
    )
