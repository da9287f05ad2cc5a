"""`vigie users …`: users of the web app."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import click

from vigie import settings
from vigie.cli import audit, options
from vigie.cli.errors import EXAMPLES, Group
from vigie.extras import require

if TYPE_CHECKING:
    from vigie.app import User
    from vigie.db.database import Engine

_ROLES = click.Choice(["admin", "analyst", "viewer"])
_EXAMPLES = EXAMPLES.format(
    "vigie users add ada@example.org --role admin",
    "vigie users add robot@example.org --role admin --token",
    "vigie users link ada@example.org",
)
_DEFAULT_URL = "http://127.0.0.1:8000"
_URL = click.option(
    "--url", default="", metavar="URL",
    help=f"Address of the web app in the link; by default VIGIE_PUBLIC_URL, else {_DEFAULT_URL}.",
)  # fmt: skip
_DAYS = click.option("--days", type=click.IntRange(1, 3650), metavar="N",
                     help="Days after which the token expires; by default never.")  # fmt: skip


@click.group(cls=Group, epilog=_EXAMPLES)
def users() -> None:
    """Manage the users of the web app."""


@users.command(epilog=_EXAMPLES)
@click.argument("email")
@click.option("--name", default="", metavar="NAME", help="Name of the user.")
@click.option("--role", default="analyst", show_default=True, type=_ROLES, help="Role of the user.")
@click.option("--team", default="", metavar="TEAM", help="Team of the user; a team shares its uploads.")
@click.option("--token", is_flag=True, help="Print an API token instead of a link, for a program.")
@_DAYS
@_URL
def add(email: str, name: str, role: str, team: str, token: bool, days: int | None, url: str) -> None:
    """Add a user and print a link that signs them in once, or an API token; no browser is needed."""
    require("web", "the web app")
    from vigie.app import users as accounts

    with _engine() as engine:
        added = accounts.add(engine, email, name, role, team=team)
        audit.record(engine, "add user", f"user:{added.id}", role=role)
        click.echo(_token(engine, added, days) if token else _link(engine, added, url))


@users.command(epilog=_EXAMPLES)
@click.argument("email")
@_URL
def link(email: str, url: str) -> None:
    """Print a new link that signs a user in once."""
    require("web", "the web app")
    from vigie.app import users as accounts

    with _engine() as engine:
        found = accounts.find_by_email(engine, email)
        audit.record(engine, "make link", f"user:{found.id}")
        click.echo(_link(engine, found, url))


@users.command("token", epilog=_EXAMPLES)
@click.argument("email")
@_DAYS
def token_(email: str, days: int | None) -> None:
    """Print a new API token of a user, with all rights of their role; it is shown only once."""
    require("web", "the web app")
    from vigie.app import users as accounts

    with _engine() as engine:
        click.echo(_token(engine, accounts.find_by_email(engine, email), days))


def _link(engine: Engine, user: User, url: str) -> str:
    """Return the whole address of a new link."""
    from vigie.app import sessions
    from vigie.cli.console import print_line
    from vigie.web.services.accounts import LINK_LIFETIME, link_url

    web = settings.load_web()
    address = url.rstrip("/") or web.public_url
    if not address and web.production:
        print_line(
            f"VIGIE_PUBLIC_URL is not set: replace {_DEFAULT_URL} by the address people use, or give --url"
        )
    return link_url(address or _DEFAULT_URL, sessions.create_link(engine, user.id, LINK_LIFETIME))


def _token(engine: Engine, user: User, days: int | None) -> str:
    """Return the secret of a new token with all scopes that the user's role allows."""
    from datetime import timedelta

    from vigie.app import tokens
    from vigie.web.services.access import ROLE_RANK, SCOPE_ROLE

    rank = ROLE_RANK[user.role]
    scopes = [scope for scope in tokens.SCOPES if ROLE_RANK[SCOPE_ROLE[scope]] <= rank]
    lifetime = timedelta(days=days) if days else None
    made, secret = tokens.create(engine, user.id, "made on the command line", scopes, lifetime)
    audit.record(engine, "make token", f"user:{user.id}", token=made.id)
    return secret


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


def _engine() -> AbstractContextManager[Engine]:
    from vigie.db import database

    return database.opened(settings.load().database_url)


def _brief(user: User) -> dict[str, Any]:
    return {
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "team": user.team,
        "active": user.active,
        "seen_at": user.seen_at.isoformat() if user.seen_at else None,
    }
