"""Migrations that tests run in processes of their own to kill them. A job prints `ready`, then its result.

worker.py migrate DATABASE URL PUTS PAUSE    a run; a line to PUTS for each file sent, a pause around each request
worker.py rollback DATABASE PAUSE MOST       takes the last migration back, with a pause around each row; stops after MOST
worker.py serve                              answers each line with a process that does such a job
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg  # noqa: F401  once in the server, rather than in each process that it starts
from tests.helpers.killing import serve

from vigie.db import database
from vigie.relocate import rollback, run
from vigie.relocate.lock import MigrationLock
from vigie.stores import cloud  # noqa: F401
from vigie.stores.base import Location, Store
from vigie.stores.open import open_location


def slow_store(location: Location, log: int, pause: float) -> Store:
    """Open a store that waits a random time before and after each write and appends its key to `log`."""
    store = open_location(location)
    chance = random.Random(os.getpid())
    for name in ("put", "put_if_absent"):
        setattr(store, name, _logged(getattr(store, name), log, pause, chance))
    return store


def _logged(
    method: Callable[..., None], log: int, pause: float, chance: random.Random
) -> Callable[..., None]:
    def call(key: str, data: Any) -> None:
        time.sleep(chance.random() * pause)
        os.write(log, f"{key}\n".encode())
        method(key, data)
        time.sleep(chance.random() * pause)

    return call


def do_migrate(url: str, target: str, puts: str, pause: str) -> None:
    """Move every model."""
    log = os.open(puts, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    engine = database.open(url)
    print("ready", flush=True)
    report = run(engine, target, parallel=4, opener=lambda location: slow_store(location, log, float(pause)))
    print("complete" if report.complete else f"INCOMPLETE {report.failures}", flush=True)


def do_rollback(url: str, pause: str, most: str) -> None:
    """Roll the last migration back; wait to be killed before the row after `most`."""
    engine, rows = database.open(url), itertools.count()
    original = MigrationLock.set_step_state

    def slowly(self: MigrationLock, *provided: Any, **named: Any) -> None:
        while next(rows) >= int(most):
            signal.pause()
        time.sleep(float(pause))
        original(self, *provided, **named)
        time.sleep(float(pause))

    MigrationLock.set_step_state = slowly  # type: ignore[method-assign]
    print("ready", flush=True)
    report = rollback(engine)
    print(f"restored {len(report.restored)} {report.before}", flush=True)


JOBS: dict[str, Callable[..., None]] = {"migrate": do_migrate, "rollback": do_rollback}

if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(JOBS)
    else:
        JOBS[sys.argv[1]](*sys.argv[2:])
