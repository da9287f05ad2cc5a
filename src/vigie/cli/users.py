"""`vigie users …`: who may sign in to the web app."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from vigie import settings
from vigie.cli.errors import EXAMPLES, Group
from vigie.extras import require

if TYPE_CHECKING:
    from vigie.app import User
    from vigie.db.database import Engine

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
_ROLES = click.Choice(["admin", "analyst", "viewer"])
_EXAMPLES = EXAMPLES.format(
    "vigie users add ada@example.org --role admin",
    "vigie users link ada@example.org",
    "vigie users list --json",
)


@click.group(cls=Group, epilog=_EXAMPLES)
def users() -> None:
    """Say who may sign in to the web app."""


@users.command(epilog=_EXAMPLES)
@click.argument("email")
@click.option("--name", default="", metavar="NAME", help="What to call them.")
@click.option("--role", default="analyst", show_default=True, type=_ROLES, help="What they may do.")
@click.option("--team", default="", metavar="TEAM", help="People of one team see each other's uploads.")
def add(email: str, name: str, role: str, team: str) -> None:
    """Add somebody, and print the link that signs them in once."""
    require("web", "the web app")
    from vigie.app import sessions
    from vigie.app import users as accounts
    from vigie.web.services.accounts import LINK_LIFETIME, check_email, link_url

    check_email(email)
    web = settings.load_web()
    with _engine() as engine:
        added = accounts.add(engine, email, name or email.partition("@")[0], role, team=team)
        click.echo(link_url(web.public_url, sessions.create_link(engine, added.id, LINK_LIFETIME)))


@users.command(epilog=_EXAMPLES)
@click.argument("email")
def link(email: str) -> None:
    """Print a new link that signs somebody in once."""
    require("web", "the web app")
    from vigie.app import sessions
    from vigie.app import users as accounts
    from vigie.web.services.accounts import LINK_LIFETIME, link_url

    with _engine() as engine:
        found = accounts.find_by_email(engine, email)
        secret = sessions.create_link(engine, found.id, LINK_LIFETIME)
    click.echo(link_url(settings.load_web().public_url, secret))


@users.command("list", epilog=_EXAMPLES)
@_JSON
def list_(as_json: bool) -> None:
    """List everybody who may sign in."""
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
