"""Watches on the command line: added, run without a server, listed and removed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from tests.waiting import wait_until

from vigie import settings
from vigie.app import watches
from vigie.app.watch_tables import watches as rows
from vigie.cli.commands import cli
from vigie.db import database
from vigie.jobs.watching import look as looks

pytestmark = pytest.mark.usefixtures("home_with_catalog")
CSV = "when,customer,amount,kind\n" + "".join(
    f"2026-01-{1 + i % 28:02d} {i % 24:02d}:10:00,C{i % 17},{10 + i * 37 % 400}.50,{'abc'[i % 3]}\n"
    for i in range(240)
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A watched folder with one file."""
    monkeypatch.setenv("VIGIE_WATCH_SECONDS", "0.05")
    made = tmp_path / "exports"
    made.mkdir()
    (made / "jan.csv").write_text(CSV)
    return made


def run(*arguments: str) -> str:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_watch_is_added_run_listed_and_removed(folder: Path) -> None:
    """Each content is scored once, however often it runs."""
    assert "exports (wat_" in run("watch", "add", str(folder), "--pattern", "*.csv", "--write-back")
    assert run("watch", "run", "exports").splitlines() == ["found jan.csv", "jan.csv done"]
    assert run("watch", "run", "exports") == ""
    assert len((folder / "jan.predictions.csv").read_text().splitlines()) == 241
    (listed,) = json.loads(run("watch", "list", "--json"))
    assert (listed["name"], listed["columns"]) == ("exports", ["when", "customer", "amount", "kind"])
    run("watch", "remove", "exports", "--yes")
    assert json.loads(run("watch", "list", "--json")) == []


def test_a_run_renews_its_lease_and_leaves_it_when_it_is_interrupted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker beside it takes nothing twice, and need not wait for a run that is no more."""
    monkeypatch.setenv("VIGIE_LEASE_SECONDS", "1")
    run("watch", "add", str(folder))
    renewed: list[datetime] = []

    def interrupted(context: Any, watch: watches.Watch, worker: str) -> None:
        def lease() -> datetime:
            with database.reading(context.engine) as connection:
                return connection.execute(sa.select(rows.c.lease_until)).scalar_one()  # type: ignore[no-any-return]

        before = lease()
        wait_until(lambda: lease() > before)
        renewed.append(lease())
        raise KeyboardInterrupt

    monkeypatch.setattr(looks, "look", interrupted)
    assert CliRunner().invoke(cli, ["watch", "run", "exports"]).exit_code != 0
    assert renewed
    with database.opened(settings.load().database_url) as engine:
        assert watches.claim(engine, "next", 30, datetime.now(UTC)) is not None
