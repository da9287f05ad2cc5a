"""The command line: one command per verb, each group in a module of its own.

    cli_edge      errors to messages and exit codes
    cli_predict   predict, match
    cli_models    models list, show, add, import, activate, deactivate, remove
    cli_sign      models sign, models verify
    cli_migrate   migrate
    cli_cache     cache list, verify, clear
    cli_admin     db upgrade, library build
    cli_populate  what populate_reference_models.py runs

    cli_open      settings to catalog, store, cache and gate
    cli_publish   a bundle or a foreign model to a published and registered one
    cli_report    what is printed after predict and match; cli_draw and cli_words serve it
    cli_values    text of options to values

Data goes to stdout, everything else to stderr. Nothing heavy is imported before a command runs, so that `--help`
answers at once.
"""

from __future__ import annotations

import click

from vigie import __version__
from vigie.cli_admin import db, library
from vigie.cli_cache import cache
from vigie.cli_edge import EXAMPLES, Group
from vigie.cli_migrate import migrate
from vigie.cli_models import models
from vigie.cli_predict import match, predict

_EPILOG = EXAMPLES.format(
    "vigie predict payments.csv -o predictions.csv",
    "vigie match payments.csv",
    "vigie models list",
)


@click.group(cls=Group, epilog=_EPILOG)
@click.version_option(__version__, prog_name="vigie", message="%(prog)s %(version)s")
@click.option(
    "--debug", is_flag=True, help="With a bug's traceback, also show its message, which may quote your data."
)
def cli(debug: bool) -> None:
    """Vigie scores a table of transactions that nobody has labelled.

    It finds out what the columns mean, picks the reference models that fit, and ranks the rows by how suspicious
    they are, with reasons.
    """


for command in (predict, match, models, migrate, cache, db, library):
    cli.add_command(command)


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    cli(prog_name="vigie")
