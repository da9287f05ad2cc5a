"""The lock of a migration that moves nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager

import sqlalchemy as sa

from vigie.relocate import LockTiming, Target, journal
from vigie.relocate.lock import MigrationLock, hold

QUICK = LockTiming(heartbeat=0.05)


def hold_lock(
    engine: sa.Engine, target: str = "/nowhere", timing: LockTiming = QUICK
) -> AbstractContextManager[MigrationLock]:
    """Hold the lock of a new migration to `target` without any model."""
    goal = Target.parse(target)
    return hold(engine, timing, lambda c: (journal.begin(c, goal, [])[0], "running", False))
