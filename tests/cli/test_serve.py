"""`vigie serve`, `vigie worker` and `vigie users` as commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vigie import settings
from vigie.app import sessions
from vigie.cli.commands import cli
from vigie.db import database
from vigie.errors import SignInRefused


def run(*arguments: str, **environ: str) -> Result:
    """The command line in this process."""
    return CliRunner().invoke(cli, list(arguments), env=environ)


@pytest.mark.parametrize(
    ("arguments", "environ", "stated"),
    [
        (("serve", "--host", "0.0.0.0"), {}, "VIGIE_PRODUCTION"),
        (("serve",), {"VIGIE_PRODUCTION": "yes"}, "VIGIE_SECRET"),
        (("serve",), {"VIGIE_PRODUCTION": "yes", "VIGIE_SECRET": "short"}, "at least 32"),
        (("serve",), {"STORAGE_TYPE": "s3"}, "S3_MODEL_BUCKET"),
        (("serve",), {"VIGIE_PRODUCTION": "perhaps"}, "expected yes or no"),
        (("users", "add", "no-address"), {}, "no valid e-mail address"),
    ],
)
def test_what_would_not_be_safe_is_refused_before_anything_listens(
    arguments: tuple[str, ...], environ: dict[str, str], stated: str
) -> None:
    """In words, with the exit code of a usage error."""
    refused = run(*arguments, **environ)
    assert refused.exit_code == 2
    assert stated in refused.stderr
    assert refused.stdout == ""


def test_people_are_added_listed_and_let_in(vigie_home: Path) -> None:
    """The link on stdout signs in once; an address is added once."""
    added = run(
        "users", "add", "Ada@Example.org", "--role", "admin", VIGIE_PUBLIC_URL="https://vigie.example/"
    )
    assert added.exit_code == 0
    found = re.fullmatch(r"https://vigie\.example/sign-in/link\?token=(\S+)\n", added.stdout)
    assert found
    engine = database.open(settings.load({"VIGIE_HOME": str(vigie_home)}).database_url)
    try:
        assert sessions.use_link(engine, found[1]).role == "admin"
        with pytest.raises(SignInRefused):
            sessions.use_link(engine, found[1])
    finally:
        engine.dispose()
    listed = json.loads(run("users", "list", "--json").stdout)
    assert [(user["email"], user["role"], user["name"]) for user in listed] == [
        ("ada@example.org", "admin", "Ada")
    ]
    assert "ada@example.org" in run("users", "list").stdout
    assert run("users", "add", "ada@example.org").exit_code == 2
    assert run("users", "link", "ada@example.org").stdout.startswith(
        "http://127.0.0.1:8000/sign-in/link?token="
    )
    named = run("users", "link", "ada@example.org", "--url", "https://v.example/")
    assert named.stdout.startswith("https://v.example/sign-in/link?token=")
    unset = run("users", "link", "ada@example.org", VIGIE_PRODUCTION="yes", VIGIE_SECRET="x" * 40)
    assert "VIGIE_PUBLIC_URL is not set" in unset.stderr
    assert run("users", "link", "eve@example.org").exit_code == 4


@pytest.mark.parametrize(
    ("role", "scopes"),
    [("viewer", ["read"]), ("analyst", ["read", "write"]), ("admin", ["admin", "read", "write"])],
)
def test_a_token_without_a_browser(role: str, scopes: list[str]) -> None:
    """The first user of an installation and their token are made by one command; the secret is all it prints."""
    from vigie import settings
    from vigie.app import tokens
    from vigie.db import database

    made = run("users", "add", "robot@example.org", "--role", role, "--token", "--days", "30")
    again = run("users", "token", "robot@example.org")
    engine = database.open(settings.load().database_url)
    for done in (made, again):
        assert done.exit_code == 0, done.output
        found = tokens.authenticate(engine, done.stdout.strip())
        assert found is not None
        assert (found[0].email, found[0].role, sorted(found[1].scopes)) == ("robot@example.org", role, scopes)
        assert (found[1].expires_at is not None) == (done is made)
    assert made.stdout != again.stdout
    engine.dispose()
    assert run("users", "token", "eve@example.org").exit_code == 4
