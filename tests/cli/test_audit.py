"""Changes made on the command line are in the audit log, by the account of the operating system."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cli.test_models import packed

from vigie import settings
from vigie.app import audit
from vigie.cli.commands import cli
from vigie.db import database


def run(*arguments: str) -> str:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def lines() -> list[tuple[str, str, str]]:
    """Actor, action and object of all lines, the oldest first."""
    with database.opened(settings.load().database_url) as engine:
        found = audit.list_lines(engine, limit=100, before=None)
    return [(line.actor, line.action, line.object) for line in reversed(found)]


@pytest.mark.usefixtures("home_with_catalog")
def test_every_change_by_a_command_leaves_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of models, users and stores; what only reads leaves none."""
    folder = tmp_path / "sample"
    folder.mkdir()
    for name, data in packed().items():
        (folder / name).write_bytes(data)
    monkeypatch.setattr(getpass, "getuser", lambda: "carole")
    run("models", "list")
    label = run("models", "add", str(folder)).splitlines()[-1]
    run("models", "add", str(folder))
    run("models", "deactivate", label)
    run("models", "deactivate", label)
    run("models", "activate", label)
    run("migrate", "--to", (tmp_path / "there").as_uri(), "--only", "own")
    run("migrate", "--rollback")
    run("models", "remove", label, "--yes")
    run("users", "add", "ada@example.org", "--token")
    run("users", "link", "ada@example.org")
    model = f"model:{label.replace('@', ' ')}"
    assert [line[1:] for line in lines()] == [
        ("register model", model),
        ("deactivate model", model),
        ("activate model", model),
        ("migrate", "migration:1"),
        ("roll back", "migration:1"),
        ("remove model", model),
        ("add user", "user:1"),
        ("make token", "user:1"),
        ("make link", "user:1"),
    ]
    assert {line[0] for line in lines()} == {"command line (carole)"}


@pytest.mark.usefixtures("home_with_catalog")
def test_an_account_without_a_name_is_written_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose user is in no /etc/passwd."""

    def absent() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", absent)
    run("users", "add", "ada@example.org")
    assert lines()[0][0].startswith("command line (user ")
