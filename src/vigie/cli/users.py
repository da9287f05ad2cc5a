"""`vigie users …`: users of the web app."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from vigie import settings
from vigie.cli import options
from vigie.cli.errors import EXAMPLES, Group
from vigie.extras import require

if TYPE_CHECKING:
    from vigie.app import User
    from vigie.db.database import Engine

_ROLES = click.Choice(["admin", "analyst", "viewer"])
_EXAMPLES = EXAMPLES.format(
    "vigie users add ada@example.org --role admin",
    "vigie users link ada@example.org",
    "vigie users list --json",
)


@click.group(cls=Group, epilog=_EXAMPLES)
def users() -> None:
    """Manage the users of the web app."""


@users.command(epilog=_EXAMPLES)
@click.argument("email")
@click.option("--name", default="", metavar="NAME", help="Name of the user.")
@click.option("--role", default="analyst", show_default=True, type=_ROLES, help="Role of the user.")
@click.option("--team", default="", metavar="TEAM", help="Team of the user; a team shares its uploads.")
def add(email: str, name: str, role: str, team: str) -> None:
    """Add a user and print a link that signs them in once."""
    require("web", "the web app")
    from vigie.app import sessions
    from vigie.app import users as accounts
    from vigie.web.services.accounts import LINK_LIFETIME, check_email, link_url

    check_email(email)
    web = settings.load_web()
    with _engine() as engine:
        added = accounts.add(engine, email, name or email.partition("@")[0], role, team=team)
        _record(engine, "add user", added.id, role=role)
        click.echo(link_url(web.public_url, sessions.create_link(engine, added.id, LINK_LIFETIME)))


@users.command(epilog=_EXAMPLES)
@click.argument("email")
def link(email: str) -> None:
    """Print a new link that signs a user in once."""
    require("web", "the web app")
    from vigie.app import sessions
    from vigie.app import users as accounts
    from vigie.web.services.accounts import LINK_LIFETIME, link_url

    with _engine() as engine:
        found = accounts.find_by_email(engine, email)
        _record(engine, "make link", found.id)
        secret = sessions.create_link(engine, found.id, LINK_LIFETIME)
    click.echo(link_url(settings.load_web().public_url, secret))


@users.command("list", epilog=_EXAMPLES)
@options.as_json
def list_(as_json: bool) -> None:
    """List the users."""
    from vigie.app import users as accounts
    from vigie.cli import console

    with _engine() as engine:
        found = accounts.list_all(engine)
    if as_json:
        console.dump([_brief(user) for user in found])
        return
    table = console.columns("e-mail", "name", "role", "team", "active", "last seen")
    for user in found:
        seen = f"{user.seen_at:%Y-%m-%d %H:%M}" if user.seen_at else "never"
        table.add_row(user.email, user.name, user.role, user.team, "yes" if user.active else "no", seen)
    console.show(table)


def _record(engine: Engine, action: str, user_id: int, **detail: str) -> None:
    """Add a line to the audit log; its actor is the account of the system."""
    from getpass import getuser

    from vigie.app import audit

    audit.record(engine, f"command line ({getuser()})", action, f"user:{user_id}", detail, "")


@contextmanager
def _engine() -> Iterator[Engine]:
    from vigie.db import database

    engine = database.open(settings.load().database_url)
    try:
        yield engine
    finally:
        engine.dispose()


def _brief(user: User) -> dict[str, Any]:
    return {
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "team": user.team,
        "active": user.active,
        "seen_at": user.seen_at.isoformat() if user.seen_at else None,
    }
