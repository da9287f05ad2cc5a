"""Killed at any moment, and run again: complete, verified, nothing sent twice for nothing, no row at wrong bytes."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.relocate.sample_models import object_digests, places, populate, read_all

from vigie.relocate import list_migrations, rollback, verify

KILLS = int(os.environ.get("VIGIE_TEST_KILLS", "10"))
"""On the way to a server; more where somebody has the time: all were seen with 50."""


class Siege:
    """Migrations of one catalog, killed again and again; `moments` are seconds after their start."""

    def __init__(self, engine: sa.Engine, url: str, target: str, folder: Path, count: int) -> None:
        self.engine, self.url, self.target, self.count = engine, url, target, count
        self.puts = folder / "puts"
        self.puts.touch()
        self.told = 0
        self.counts: Counter[str] = Counter()

    def sent(self) -> list[str]:
        """The keys sent since the last call."""
        lines = self.puts.read_text().splitlines()
        new, self.told = lines[self.told :], len(lines)
        return new

    def attempt(self, killable: Any, moment: float, pause: float) -> bool:
        """One run, killed after `moment`; whether it was done before that. Everything must be right afterwards."""
        before = object_digests(self.target)
        said = killable.kill(moment, "migrate", self.url, self.target, self.puts, pause)
        assert "INCOMPLETE" not in said, said
        sent = self.sent()
        prefix = self.target.split("/", 3)[3] + "/" if self.target.startswith("s3") else ""
        again = [key for key in sent if key.removeprefix(prefix) in before]
        assert not again, f"sent again although there: {again}"
        assert len(sent) == len(set(sent))
        assert read_all(self.engine) == self.count  # every row points at whole, right bytes
        self.counts["files sent"] += len(sent)
        self.counts["killed"] += "complete" not in said
        return "complete" in said

    def storm(self, killable: Any, kills: int, longest: float, pause: float) -> None:
        """Kills `kills` runs at random moments, starting afresh whenever a migration is done; then lets one finish."""
        chance = random.Random(kills)
        while self.counts["killed"] < kills:
            if self.attempt(killable, chance.random() * longest, pause):
                self.finish()
        while not self.attempt(killable, 60, 0):
            pass
        self.finish()

    def finish(self) -> None:
        """After a run that ended: all verified; then everything is taken back and the target emptied."""
        assert verify(self.engine, self.target).right
        last = list_migrations(self.engine)[0]
        assert (last.state, last.held) == ("done", False)
        assert last.steps == {"switched": self.count}
        self.counts["completed"] += 1
        rollback(self.engine)
        from vigie.stores.open import connect

        store = connect(self.target)
        for head in list(store.list()):
            store.delete(head.key)


def siege(engine: sa.Engine, url: str, source: str, target: str, folder: Path, count: int = 40) -> Siege:
    """Small models, ready to be moved."""
    populate(engine, source, count, 200)
    return Siege(engine, url, target, folder, count)


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
    camp = siege(sqlite, url, source, target, tmp_path)
    camp.storm(make_killable(), 8, 0.5, 0.02)
    with capsys.disabled():
        print(f"\n{dict(camp.counts)}")
    assert camp.counts["files sent"] >= 240 * camp.counts["completed"]


@pytest.mark.slow
def test_runs_killed_at_fifty_moments(
    engine: sa.Engine,
    database_url: str,
    source: str,
    target: str,
    tmp_path: Path,
    make_killable: Callable[[], Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """To a folder, on both databases."""
    camp = siege(engine, database_url, source, target, tmp_path)
    camp.storm(make_killable(), 50, 1.0, 0.02)
    with capsys.disabled():
        print(f"\n{engine.dialect.name}: {dict(camp.counts)}")


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
    """Fewer models on the slower server."""
    target = f"{request.getfixturevalue(where)}/automl_models"
    count, longest = (40, 2.0) if where == "s3" else (12, 0.6)
    camp = siege(engine, database_url, source, target, tmp_path, count)
    camp.storm(make_killable(), KILLS, longest, 0.005)
    with capsys.disabled():
        print(f"\n{where}, {engine.dialect.name}: {dict(camp.counts)}")


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
        said = killable.kill(
            0.1 * chance.random(), "rollback", database_url, 0.02, 6, after=lambda: restored() > counted[-1]
        )
        assert "restored" not in said
        assert read_all(engine) == 40
        counted.append(restored())
    assert 6 <= counted[-1] < 40
    done = rollback(engine)
    assert len(done.restored) == 40 - counted[-1]
    assert done.before == counted[-1]
    assert places(engine) == before
