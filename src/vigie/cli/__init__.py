"""The command line: one command per verb, each group in a module of its own.

    edge      errors to messages and exit codes
    predict   predict, match
    spark     spark-predict: the same, past one machine
    standing  plan, score: plan a table once, score later rows in its terms
    refine    suggest, refine: rows to look at, and what was said of them
    train     train, one table or a folder of them
    models    models list, show, add, import, activate, deactivate, remove
    sign      models sign, models verify
    migrate   migrate
    cache     cache list, verify, clear
    serve     serve, worker: the web app
    users     users add, link, list
    admin     db upgrade, library build
    doctor    doctor
    costs     costs
    populate  what populate_reference_models.py runs

    opening   settings to catalog, store, cache and gate
    publish   a bundle or a foreign model to a published and registered one
    report    what is printed after predict and match; draw and words serve it
    values    text of options to values

Data goes to stdout, everything else to stderr. Nothing heavy is imported before a command runs, so that `--help`
answers at once.
"""

from __future__ import annotations

import ctypes

import click

from vigie import __version__
from vigie.boosting.xgboost_import import skip_estimators
from vigie.cli.admin import db, library
from vigie.cli.cache import cache
from vigie.cli.costs import costs
from vigie.cli.doctor import doctor
from vigie.cli.errors import EXAMPLES, Group
from vigie.cli.migrate import migrate
from vigie.cli.models import models
from vigie.cli.predict import match, predict
from vigie.cli.refine import refine, suggest
from vigie.cli.scorer import plan, score
from vigie.cli.serve import serve, worker
from vigie.cli.spark import spark_predict
from vigie.cli.train import train
from vigie.cli.users import users

_MALLOC = {-8: 2, -1: 256 << 20, -2: 32 << 20, -3: 32 << 20}
"""Places that threads get memory from; bytes kept of what was given back; asked for at a time; asked for one by one. As
`malloc.h` numbers them: M_ARENA_MAX, M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD."""

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


for command in (
    predict, spark_predict, match, plan, score, suggest, refine, train, models, migrate, costs, doctor, cache, serve, worker, users, db,
    library,
):  # fmt: skip
    cli.add_command(command)


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    _keep_memory()
    skip_estimators(unless=_plugin_detectors)
    cli(prog_name="vigie")


def _plugin_detectors() -> bool:
    """Whether detectors of other distributions run in this process; they may need XGBoost's estimators."""
    from vigie import plugins

    return bool(plugins.find("detectors"))


def _keep_memory() -> None:
    """Threads get memory from two places, and what columns gave back is kept for the next ones.

    GNU's C library has a place for each thread, and what a thread gives back stays where it came from: with sixteen a long
    table takes a third more memory. It also hands every column back to the system, which has to clear the pages
    again for the next: a fifth of the time. It has to be said before there are threads; other C libraries have no such places.
    """
    choose = getattr(ctypes.CDLL(None), "mallopt", None)
    if choose is not None:
        for parameter, value in _MALLOC.items():
            choose(parameter, value)
