"""Options and arguments that several commands have, each declared once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vigie.cli.params import Budget, Encoding, Language, RoleOfColumn, Separator, Share, roles_by_column
from vigie.errors import UsageRefused
from vigie.i18n.catalogue import DEFAULT
from vigie.roles.definitions import ROLES

if TYPE_CHECKING:
    from vigie.engine.options import Options, ScoringContext
    from vigie.i18n.translator import Translator
    from vigie.settings import Settings
    from vigie.table.options import ReadOptions

_Body = TypeVar("_Body", bound=Callable[..., None])
Decorator = Callable[[Any], Any]

ROLE_NAMES = f"Roles: {', '.join(ROLES)}.\n\n"
"""For the epilog of commands with `--role`."""


def options(*decorators: Decorator) -> Callable[[_Body], _Body]:
    """Combine options into one decorator; `--help` shows them in this order."""

    def decorate(command: _Body) -> _Body:
        return reduce(lambda body, option: option(body), reversed(decorators), command)

    return decorate


def seed(text: str = "The same table and seed give the same bytes.") -> Decorator:
    """Return the option `--seed N`."""
    return click.option(
        "--seed", default=0, show_default=True, type=click.IntRange(0), metavar="N", help=text
    )


def alert_budget(
    text: str = "How many rows you can review; by default 0.5 % of the rows, 200 at most.",
) -> Decorator:
    """Return the option `--alert-budget 1%|500`."""
    return click.option("--alert-budget", type=Budget(), metavar="1%|500", help=text)


max_false_alerts = click.option(
    "--max-false-alerts", type=Share(), metavar="50%",
    help="As many alerts as leave at most this share of them false, by the rows reviewed so far; none without any.",
)  # fmt: skip
input_table = click.argument("source", metavar="INPUT")
model_name = click.argument("name", metavar="NAME[@VERSION]")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
yes = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
trust = click.option(
    "--trust", multiple=True, metavar="SHA256",
    help="Trust a file by its digest: its code may run, in a sandbox. Repeatable.",
)  # fmt: skip
lang = click.option(
    "--lang",
    default=DEFAULT,
    show_default=True,
    type=Language(),
    help="Language of the report, the reasons and the errors.",
)
role = click.option(
    "--role", "role_pairs", multiple=True, type=RoleOfColumn(), metavar="ROLE=COLUMN",
    help="Role of a column, such as amount=montant; none=COLUMN ignores it. Repeatable.",
)  # fmt: skip
expected_fraud_rate = click.option(
    "--expected-fraud-rate", type=Share(), metavar="0.5%", help="Share of fraud in the table, if you know it."
)
reasons = click.option(
    "--reasons/--no-reasons",
    default=True,
    show_default=True,
    help="Give the reasons why a row is suspicious.",
)

reading = options(
    click.option("--strict", is_flag=True, help="Refuse a file with lines that do not fit instead of setting them aside."),
    click.option("--sheet", metavar="NAME|N", help="Sheet of a workbook, by its name or its number from 1."),
    click.option("--header-row", type=click.IntRange(0), metavar="N",
                 help="Line with the names of the columns, from 1; 0 where there is none."),
    click.option("--encoding", type=Encoding(), metavar="NAME", help="Encoding of a text file, such as cp1250."),
    click.option("--separator", type=Separator(), metavar="CHAR", help="Character between the cells, such as ; or tab."),
    click.option("--decimal", type=click.Choice([".", ","]), help="Decimal mark of the numbers."),
)  # fmt: skip
"""Options of the commands that read a table: what is not given is found out."""


def read_options(chosen: dict[str, Any]) -> ReadOptions:
    """Take the options of `reading` from the parsed ones."""
    from vigie.table.options import ReadOptions

    names = ("strict", "sheet", "header_row", "encoding", "separator", "decimal")
    return ReadOptions(**{name: chosen.pop(name) for name in names})


labels = options(
    click.option("--label", metavar="COLUMN",
                 help="Label column, fraud or not; by default found by its name if only one column qualifies."),
    click.option("--positive", default="", metavar="VALUE",
                 help="Value of the label that means fraud; needed if its word does not say so."),
    click.option("--unlabelled", multiple=True, metavar="VALUE",
                 help="Value of the label that means not labelled. Repeatable."),
)  # fmt: skip
"""Options of the commands that read a labelled table."""

matching = options(
    click.option("--top", default=3, show_default=True, metavar="N", type=click.IntRange(1, 40),
                 help="Maximum number of reference models that vote."),
    click.option("--only", type=click.Choice(["own"]), help="Leave out the reference models that come with Vigie."),
    click.option("--min-similarity", default=0.5, show_default=True, metavar="S", type=click.FloatRange(0, 1),
                 help="Minimum similarity of a model, from 0 to 1."),
    role, reading, lang, as_json,
)  # fmt: skip
"""Options of the commands that find the roles of columns and match models."""

scoring = options(alert_budget(), max_false_alerts, expected_fraud_rate, reasons, seed(), matching)
"""Options of the commands that score a whole table."""


def ask(question: str, option: str) -> None:
    """Ask for a confirmation.

    Raises:
        UsageRefused: stdin is not a terminal.
        click.Abort: the answer is no.
    """
    if not sys.stdin.isatty():
        raise UsageRefused(
            f"confirmation required, but stdin is not a terminal: {question}", hint=f"add {option}"
        )
    click.confirm(question, abort=True, err=True)


def confirm_trust(folder: str, digests: tuple[str, ...]) -> None:
    """Ask whether files may run code; see `ask`."""
    listed = ", ".join(f"{digest[:16]}…" for digest in digests)
    ask(
        f"Files of {folder} with the digest {listed} may then run code on this machine, in a sandbox but with "
        "your rights. Did you make them yourself?",
        "--yes",
    )


@contextmanager
def scoring_context(options: Options, config: Settings, t: Translator) -> Iterator[ScoringContext]:
    """Open the catalog and show the progress while something is scored."""
    from vigie import resources
    from vigie.cli import console
    from vigie.engine.options import ScoringContext

    with console.progress(t) as progress, resources.open_catalog(config) as catalog:
        progress("reading", 0.0)
        yield ScoringContext(catalog, resources.bundle_loader(config), options, progress)


def scoring_options(
    *,
    role_pairs: tuple[tuple[str, str], ...],
    lang: str,
    min_similarity: float,
    **others: Any,
) -> Options:
    """Return the engine's options for what `matching` or `scoring` parsed."""
    from vigie.engine.options import Options

    return Options(minimum=min_similarity, roles=roles_by_column(role_pairs), language=lang, **others)


reads = click.option(
    "--reads",
    default=30,
    show_default=True,
    metavar="N",
    type=click.IntRange(0),
    help="How often each model is read from the store in a month, for estimated costs: 30 is a cache that is emptied every night.",
)
