"""The root command `vigie`, and what a process of the command line sets before it runs."""

from __future__ import annotations

import ctypes

import click

from vigie import __version__, settings
from vigie.boosting.xgboost_import import skip_estimators
from vigie.cli.admin import db, library
from vigie.cli.backup import backup, restore
from vigie.cli.cache import cache
from vigie.cli.costs import costs
from vigie.cli.demo import completion, demo, help_
from vigie.cli.doctor import doctor
from vigie.cli.errors import EXAMPLES, Group
from vigie.cli.migrate import migrate
from vigie.cli.models import models
from vigie.cli.populate import populate
from vigie.cli.predict import match, predict
from vigie.cli.refine import refine, suggest
from vigie.cli.rules import rules
from vigie.cli.scorer import fit, score
from vigie.cli.serve import serve, worker
from vigie.cli.spark import spark_predict
from vigie.cli.train import train
from vigie.cli.users import users
from vigie.cli.watch import watch

_MALLOC = {-8: 2, -1: 256 << 20, -2: 32 << 20, -3: 32 << 20}
"""Parameters of `mallopt` by their numbers in `malloc.h`: M_ARENA_MAX, M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD."""

_EPILOG = EXAMPLES.format(
    "vigie predict payments.csv -o predictions.csv",
    "vigie match payments.csv",
    "vigie models list",
)


def _print_version(ctx: click.Context, _: click.Parameter, requested: bool) -> None:
    """Print the versions of the program and of the starter models, and end."""
    if not requested or ctx.resilient_parsing:
        return
    from vigie.starter_models.digest import library_version

    version, combined = library_version()
    click.echo(f"vigie {__version__}\nstarter models {version}, sha256 {combined}")
    ctx.exit()


@click.group(cls=Group, epilog=_EPILOG, renamed_commands={"plan": "fit"})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
              help="Show the version, and version and digest of the starter models.")  # fmt: skip
@click.option(
    "--debug", is_flag=True, help="Show the message of a bug with its traceback; it may quote your data."
)
def cli(debug: bool) -> None:
    """Vigie scores tables of transactions without labels.

    It infers the roles of the columns, selects the reference models that fit, and ranks the rows by how suspicious they
    are, with reasons.
    """


for command in (
    demo, predict, spark_predict, match, fit, score, suggest, refine, train, models, populate, migrate, costs, doctor, cache, serve, worker, watch, users, rules, backup, restore, db,
     library, completion, help_,
):  # fmt: skip
    cli.add_command(command)


def run() -> None:
    """Run the command line and end the process with its exit code."""
    _keep_memory()
    settings.use_small_pages()
    skip_estimators(unless=_plugin_detectors)
    cli(prog_name="vigie")


def _plugin_detectors() -> bool:
    """Return whether detectors of other distributions run in this process; they may need XGBoost's estimators."""
    from vigie import plugins

    return bool(plugins.find("detectors"))


def _keep_memory() -> None:
    """Limit the arenas of glibc and keep freed memory in the process.

    By default each thread gets an arena of its own, and freed pages go back to the system: with sixteen arenas a large
    table takes a third more memory, and clearing the pages again takes a fifth of the time. Must be called before threads
    start; other C libraries have no `mallopt`.
    """
    choose = getattr(ctypes.CDLL(None), "mallopt", None)
    if choose is not None:
        for parameter, value in _MALLOC.items():
            choose(parameter, value)
