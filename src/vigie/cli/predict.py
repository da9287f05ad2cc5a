"""`vigie predict` and `vigie match`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vigie import settings
from vigie.cli.errors import EXAMPLES
from vigie.cli.params import Budget, Language, RoleOfColumn, Share, roles_by_column
from vigie.errors import NotFound, UsageRefused
from vigie.i18n.messages import msg, phrase
from vigie.i18n.translator import Translator
from vigie.roles.definitions import ROLES

if TYPE_CHECKING:
    from vigie.engine.table_matching import MatchResult
    from vigie.table import Table

_WRITABLE = re.compile(r".+\.(?:(?:csv|tsv|txt)(?:\.gz)?|parquet)$", re.IGNORECASE)
_OUTPUTS = ".csv, .csv.gz, .tsv, .txt or .parquet"

_ROLE_NAMES = f"Roles: {', '.join(ROLES)}.\n\n"

_SHARED: tuple[Callable[[Any], Any], ...] = (
    click.option("--top", default=3, show_default=True, metavar="N", type=click.IntRange(1, 40),
                 help="How many reference models may vote at most."),
    click.option("--min-similarity", default=0.5, show_default=True, metavar="S", type=click.FloatRange(0, 1),
                 help="How similar a model must be, from 0 to 1."),
    click.option("--role", "pairs", multiple=True, type=RoleOfColumn(), metavar="ROLE=COLUMN",
                 help="What a column means, where Vigie got it wrong: amount=montant. none=COLUMN ignores it. Repeatable."),
    click.option("--lang", default="en", show_default=True, type=Language(),
                 help="Language of the report, of the reasons and of errors."),
    click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON instead."),
)  # fmt: skip


def shared(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that finds out what columns mean."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


_ROWS: tuple[Callable[[Any], Any], ...] = (
    click.option("--alert-budget", type=Budget(), metavar="1%|500",
                 help="How many rows you can look at; by default what the calibration says."),
    click.option("--expected-fraud-rate", type=Share(), metavar="0.5%", help="The share of fraud, where you know it."),
    click.option("--reasons/--no-reasons", default=True, show_default=True, help="Say in words why a row is suspicious."),
    click.option("--seed", default=0, show_default=True, type=click.IntRange(0), metavar="N",
                 help="The same table and seed give the same bytes."),
)  # fmt: skip


def asked_of_rows(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that scores a whole table."""
    for option in reversed(_ROWS):
        command = option(command)
    return command


@click.command(
    epilog=_ROLE_NAMES
    + EXAMPLES.format(
        "vigie predict payments.csv -o predictions.csv",
        "vigie predict export.csv -o out.parquet --role amount=montant --role none=agence",
        "vigie predict payments.csv -o - --alert-budget 1% > predictions.csv",
    )
)
@click.argument("source", metavar="INPUT")
@click.option("-o", "--output", required=True, metavar="FILE",
              help=f"Where to: {_OUTPUTS}, or - for CSV on stdout (the report then goes to stderr).")  # fmt: skip
@asked_of_rows
@shared
def predict(
    source: str, output: str, pairs: tuple[tuple[str, str], ...], as_json: bool, lang: str, **asked: Any
) -> None:
    """Score every row of INPUT, and say which to look at first.

    INPUT is a .csv, .csv.gz, .tsv, .txt, .parquet or .xlsx file, or - for CSV on stdin. The output has every column and
    row of the input, unchanged and in order, and seven more columns.
    """
    roles = roles_by_column(pairs)
    check_output(source, output, as_json=as_json)
    from vigie import resources
    from vigie.cli import console
    from vigie.engine import files
    from vigie.engine.options import Options, ScoringContext

    t, chosen = Translator(lang), settings.load()
    options = Options(minimum=asked.pop("min_similarity"), roles=roles, language=lang, **asked)
    limits = files.Limits(chosen.max_rows, chosen.max_columns, chosen.cache_dir / "jobs")
    with console.progress(t) as told, resources.open_catalog(chosen) as catalog:
        context = ScoringContext(catalog, resources.bundle_loader(chosen), options, told)
        made = files.predict_file(source, output, context, limits)
    if as_json:
        console.dump(made.summary)
        return
    from vigie.cli.report import Written, report

    name = "stdin" if source == "-" else Path(source).name
    written = Written("stdout" if output == "-" else output, added(made.columns))
    parts = report(made.summary, t, source=name, width=console.width(), written=written)
    console.show(*parts, err=output == "-")


@click.command(
    epilog=_ROLE_NAMES
    + EXAMPLES.format(
        "vigie match payments.csv",
        "vigie match payments.parquet --top 10 --min-similarity 0.3",
        "vigie match export.csv --lang fr",
    )
)
@click.argument("source", metavar="INPUT")
@shared
def match(
    source: str, top: int, min_similarity: float, pairs: tuple[tuple[str, str], ...], lang: str, as_json: bool
) -> None:
    """Show what the columns mean and which models fit.

    Nothing is scored. Every point of a model's similarity comes with its evidence.
    """
    roles = roles_by_column(pairs)
    from vigie import resources
    from vigie.cli import console
    from vigie.engine.options import Options, ScoringContext
    from vigie.engine.table_matching import match as match_table

    t, chosen = Translator(lang), settings.load()
    options = Options(top=top, minimum=min_similarity, roles=roles, language=lang)
    with console.progress(t) as told:
        told("reading", 0.0)
        table = read_table(source, chosen)
        with resources.open_catalog(chosen) as catalog:
            context = ScoringContext(catalog, resources.bundle_loader(chosen), options, told)
            look = match_table(table, context)
    summary = _summary(table, look)
    if as_json:
        console.dump(summary)
        return
    from vigie.cli.report import matched

    console.show(*matched(summary, t, source=table.source, width=console.width(), minimum=min_similarity))


def read_table(source: str, chosen: settings.Settings) -> Table:
    """The upload, within the limits of the settings."""
    from vigie.table import read

    return read(source, max_rows=chosen.max_rows, max_columns=chosen.max_columns)


def check_output(source: str, output: str, *, as_json: bool) -> None:
    """Refuses before the work what would be refused after it."""
    if output == "-":
        if as_json:
            raise UsageRefused(
                "--json and -o - both want stdout",
                hint="write the predictions to a file, or leave out --json",
            )
        return
    path = Path(output)
    if not path.is_dir() and not _WRITABLE.fullmatch(path.name):
        hint = "use - for stdout" if path.parts[:2] == ("/", "dev") else "change the extension"
        said = msg(
            "cannot write {output!r}: expected {expected}, or -", output=path.name, expected=phrase(_OUTPUTS)
        )
        raise UsageRefused(said, hint=hint)
    check_place(source, path)


def check_place(source: str, path: Path) -> None:
    """Refuses an output that is a folder, in no folder, or the input itself, under whatever name."""
    output = str(path)
    if path.is_dir():
        raise UsageRefused(
            msg("cannot write {output!r}: it is a folder", output=output), hint="name a file in it"
        )
    if not path.resolve().parent.is_dir():
        raise NotFound("folder", str(path.parent), hint="create it first, or write elsewhere")
    if source != "-" and path.exists() and Path(source).exists() and path.samefile(source):
        raise UsageRefused(
            msg("the output {output!r} is the input itself", output=output),
            hint="write to another file: the upload is never changed",
        )


def added(columns: Sequence[str]) -> list[str]:
    """The names of our columns as they are in the file: one that is taken got a number."""
    from vigie.engine.output import RESULT_COLUMNS
    from vigie.table.writing import free_names

    return list(free_names(RESULT_COLUMNS, columns).values())


def _summary(table: Table, look: MatchResult) -> dict[str, Any]:
    return {
        "rows": table.typed.height,
        "columns": table.typed.width,
        "roles": look.roles.to_json(),
        "matches": [
            {
                "name": found.entry.name,
                "version": found.entry.version,
                "domain": found.entry.domain,
                "similarity": found.similarity,
                "evidence": [reason.to_json() for reason in found.evidence],
            }
            for found in look.matches
        ],
        "seconds": look.seconds,
    }
