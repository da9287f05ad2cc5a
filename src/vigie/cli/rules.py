"""`vigie rules`: the alert rules of the web app."""

from __future__ import annotations

import click

from vigie import settings
from vigie.cli.errors import EXAMPLES, Group


@click.group(
    cls=Group,
    epilog=EXAMPLES.format(
        "vigie rules list",
        "vigie rules export > vigie-rules.json",
        "vigie predict november.csv -o predictions.csv --rules vigie-rules.json",
    ),
)
def rules() -> None:
    """List or export the alert rules that users made in the web app."""


@rules.command("list", epilog=EXAMPLES.format("vigie rules list", "vigie rules export", "vigie help rules"))
def list_() -> None:
    """List the rules, newest first."""
    from vigie.app import rules as stored_rules
    from vigie.cli import console
    from vigie.db import database
    from vigie.rules import wording

    with database.opened(settings.load().database_url) as engine:
        found = stored_rules.list_all(engine)
    if not found:
        click.echo("no rules; the web app makes them from a row")
        return
    table = console.columns("rule", "state", "until", "author", "what it does")
    for one in found:
        end = one.rule.expires_on
        until = "" if end is None else end.isoformat()
        table.add_row(str(one.id), one.state, until, one.author, str(wording.rule_text(one.rule)))
    console.show(table)


@rules.command(
    epilog=EXAMPLES.format(
        "vigie rules export > vigie-rules.json",
        "vigie predict november.csv -o predictions.csv --rules vigie-rules.json",
        "vigie rules list",
    )
)
def export() -> None:
    """Write the rules that are on to stdout, as a file for `vigie predict --rules`."""
    from vigie.app import rules as stored_rules
    from vigie.db import database
    from vigie.rules.rule import write_rules

    with database.opened(settings.load().database_url) as engine:
        on = [one.rule for one in stored_rules.list_all(engine) if one.state == stored_rules.ON]
    click.echo(write_rules(sorted(on, key=lambda rule: rule.id)), nl=False)
