"""Runs and rollbacks killed at random moments: the next run completes, and no location is ever wrong."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.relocate.sample_models import places, populate, read_all

from vigie.relocate import list_migrations, rollback, verify
from vigie.stores.open import connect

KILLS = int(os.environ.get("VIGIE_TEST_KILLS", "10"))
"""Kills per run to a server; the documented results are of 50."""


class KilledMigrations:
    """Repeatedly killed migrations of one catalog."""

    def __init__(self, engine: sa.Engine, url: str, target: str, folder: Path, count: int) -> None:
        self.engine, self.url, self.target, self.count = engine, url, target, count
        self.puts = folder / "puts"
        self.puts.touch()
        self.reported = 0
        self.counts: Counter[str] = Counter()

    def sent(self) -> list[str]:
        """Return the keys sent since the last call."""
        lines = self.puts.read_text().splitlines()
        new, self.reported = lines[self.reported :], len(lines)
        return new

    def attempt(self, killable: Any, moment: float, pause: float) -> bool:
        """Kill a run after `moment` seconds, check the state and return whether it had finished."""
        before = {head.key for head in connect(self.target).list()}
        output = killable.kill(moment, "migrate", self.url, self.target, self.puts, pause)
        assert "INCOMPLETE" not in output, output
        sent = self.sent()
        prefix = self.target.split("/", 3)[3] + "/" if self.target.startswith("s3") else ""
        again = [key for key in sent if key.removeprefix(prefix) in before]
        assert not again, f"sent again although there: {again}"
        assert len(sent) == len(set(sent))
        assert read_all(self.engine) == self.count  # every row points at whole, right bytes
        self.counts["files sent"] += len(sent)
        self.counts["killed"] += "complete" not in output
        return "complete" in output

    def kill_repeatedly(self, killable: Any, kills: int, longest: float, pause: float) -> None:
        """Kill `kills` runs at random moments, start over after each finished migration, and let the last one finish."""
        chance = random.Random(kills)
        while self.counts["killed"] < kills:
            if self.attempt(killable, chance.random() * longest, pause):
                self.finish()
        while not self.attempt(killable, 60, 0):
            pass
        self.finish()

    def finish(self) -> None:
        """Verify a finished migration, roll it back and empty the target."""
        assert verify(self.engine, self.target).right
        last = list_migrations(self.engine)[0]
        assert (last.state, last.held) == ("done", False)
        assert last.steps == {"switched": self.count}
        self.counts["completed"] += 1
        rollback(self.engine)
        store = connect(self.target)
        for head in list(store.list()):
            store.delete(head.key)


def killed_migrations(
    engine: sa.Engine, url: str, source: str, target: str, folder: Path, count: int = 40
) -> KilledMigrations:
    """Publish small models to move."""
    populate(engine, source, count, 200)
    return KilledMigrations(engine, url, target, folder, count)


def test_runs_killed_at_eight_moments(
    sqlite: sa.Engine,
    source: str,
    target: str,
    tmp_path: Path,
    make_killable: Callable[[], Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """To a folder, on SQLite."""
    url = f"sqlite:///{tmp_path / 'only.sqlite'}"
    migrations = killed_migrations(sqlite, url, source, target, tmp_path)
    migrations.kill_repeatedly(make_killable(), 8, 0.25, 0.01)
    with capsys.disabled():
        print(f"\n{dict(migrations.counts)}")
    assert migrations.counts["files sent"] >= 240 * migrations.counts["completed"]


@pytest.mark.slow
def test_runs_killed_at_random_moments(
    engine: sa.Engine,
    database_url: str,
    source: str,
    target: str,
    tmp_path: Path,
    make_killable: Callable[[], Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """To a folder; fifty kills in all on the two databases."""
    migrations = killed_migrations(engine, database_url, source, target, tmp_path)
    migrations.kill_repeatedly(make_killable(), 25, 0.5, 0.01)
    with capsys.disabled():
        print(f"\n{engine.dialect.name}: {dict(migrations.counts)}")


@pytest.mark.slow
@pytest.mark.parametrize("where", ["s3", pytest.param("radosgw", marks=pytest.mark.radosgw)])
def test_runs_to_s3_killed(
    where: str,
    engine: sa.Engine,
    database_url: str,
    source: str,
    tmp_path: Path,
    make_killable: Callable[[], Any],
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    """Fewer models than to a folder, since a server is slower."""
    target = f"{request.getfixturevalue(where)}/automl_models"
    migrations = killed_migrations(engine, database_url, source, target, tmp_path, 12)
    migrations.kill_repeatedly(make_killable(), KILLS, 1.0, 0.005)
    with capsys.disabled():
        print(f"\n{where}, {engine.dialect.name}: {dict(migrations.counts)}")


def test_a_rollback_killed_at_six_moments(
    sqlite: sa.Engine,
    source: str,
    target: str,
    tmp_path: Path,
    make_killable: Callable[[], Any],
) -> None:
    """Each rollback resumes where the last one was killed; every location is valid all the time."""
    from vigie.relocate import run

    database_url, engine = f"sqlite:///{tmp_path / 'only.sqlite'}", sqlite
    populate(engine, source, 40, 100)
    before = places(engine)
    run(engine, target)
    killable, chance = make_killable(), random.Random(6)
    counted = [0]

    def restored() -> int:
        return list_migrations(engine)[0].steps.get("restored", 0)

    for _ in range(6):
        output = killable.kill(
            0.1 * chance.random(), "rollback", database_url, 0.02, 6, after=lambda: restored() > counted[-1]
        )
        assert "restored" not in output
        assert read_all(engine) == 40
        counted.append(restored())
    assert 6 <= counted[-1] < 40
    done = rollback(engine)
    assert len(done.restored) == 40 - counted[-1]
    assert done.before == counted[-1]
    assert places(engine) == before
