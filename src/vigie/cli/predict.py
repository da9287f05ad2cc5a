"""`vigie predict` and `vigie match`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vigie import settings
from vigie.cli import options
from vigie.cli.errors import EXAMPLES
from vigie.errors import NotFound, UsageRefused
from vigie.i18n.messages import msg, phrase
from vigie.i18n.translator import Translator

if TYPE_CHECKING:
    from vigie.catalog import Catalog
    from vigie.engine.pipeline import Look, Options, Progress
    from vigie.table import Table

_WRITABLE = re.compile(r".+\.(?:(?:csv|tsv|txt)(?:\.gz)?|parquet)$", re.IGNORECASE)
_EXTENSIONS = ".csv, .csv.gz, .tsv, .txt or .parquet"


@click.command(
    epilog=options.ROLE_NAMES
    + EXAMPLES.format(
        "vigie predict payments.csv -o predictions.csv",
        "vigie predict export.csv -o out.parquet --role amount=montant --role none=agence",
        "vigie predict payments.csv -o - --alert-budget 1% > predictions.csv",
    )
)
@options.input_table
@click.option("-o", "--output", required=True, metavar="FILE",
              help=f"Output file: {_EXTENSIONS}; - is CSV on stdout, with the report on stderr.")  # fmt: skip
@options.scoring
def predict(source: str, output: str, as_json: bool, lang: str, **chosen: Any) -> None:
    """Score every row of INPUT and report which rows to review first.

    INPUT is a .csv, .csv.gz, .tsv, .txt, .parquet or .xlsx file, or - for CSV on stdin. The output has every column and
    row of the input, unchanged and in the same order, and seven more columns.
    """
    scoring = options.scoring_options(lang=lang, **chosen)
    check_output(source, output, as_json=as_json)
    from vigie import resources
    from vigie.cli import console
    from vigie.engine import pipeline
    from vigie.table import write

    t, config = Translator(lang), settings.load()
    with console.progress(t) as progress, resources.open_catalog(config) as catalog:
        progress("reading", 0.0)
        found = _predict_out_of_core(source, output, catalog, config, scoring, progress)
        if found is None:
            table = read_table(source, config)
            result = pipeline.predict(table, catalog, resources.bundle_loader(config), scoring, progress)
            progress("writing", 0.95)
            write(table, result.additions, output)
            found = result.summary, tuple(table.frame.columns)
    summary, columns = found
    if as_json:
        console.dump(summary)
        return
    from vigie.cli.report import Written, report

    name = "stdin" if source == "-" else Path(source).name
    written = Written("stdout" if output == "-" else output, added_columns(columns))
    parts = report(summary, t, source=name, width=console.width(), written=written)
    console.show(*parts, err=output == "-")


def _predict_out_of_core(
    source: str, output: str, catalog: Catalog, config: settings.Settings, scoring: Options, progress: Progress
) -> tuple[dict[str, Any], tuple[str, ...]] | None:
    """Score a file that is too large for memory; None where it is not."""
    from vigie.engine import files

    if source == "-" or not files.may_be_long(Path(source)):
        return None
    from vigie import resources

    limits = files.Limits(config.max_rows, config.max_columns, config.cache_dir / "jobs")
    loader = resources.bundle_loader(config)
    return files.predict_file(Path(source), output, catalog, loader, scoring, limits, progress)


@click.command(
    epilog=options.ROLE_NAMES
    + EXAMPLES.format(
        "vigie match payments.csv",
        "vigie match payments.parquet --top 10 --min-similarity 0.3",
        "vigie match export.csv --lang fr",
    )
)
@options.input_table
@options.matching
def match(source: str, lang: str, min_similarity: float, as_json: bool, **chosen: Any) -> None:
    """Show the roles of the columns and the models that fit.

    Nothing is scored. Every point of a model's similarity is explained.
    """
    matching = options.scoring_options(lang=lang, min_similarity=min_similarity, **chosen)
    from vigie import resources
    from vigie.cli import console
    from vigie.engine import pipeline

    t, config = Translator(lang), settings.load()
    with console.progress(t) as progress:
        progress("reading", 0.0)
        table = read_table(source, config)
        with resources.open_catalog(config) as catalog:
            profile = pipeline.look(table, catalog, matching, progress)
    summary = _summary(table, profile)
    if as_json:
        console.dump(summary)
        return
    from vigie.cli.report import matched

    console.show(*matched(summary, t, source=table.source, width=console.width(), minimum=min_similarity))


def read_table(source: str, config: settings.Settings) -> Table:
    """Read a table within the limits of the settings."""
    from vigie.table import read

    return read(source, max_rows=config.max_rows, max_columns=config.max_columns)


def check_output(source: str, output: str, *, as_json: bool) -> None:
    """Check before the work that the output can be written.

    Raises:
        UsageRefused: stdout is asked for twice, or the file's format is unknown.
        NotFound: there is no such folder.
    """
    if output == "-":
        if as_json:
            raise UsageRefused(
                "--json and -o - both write to stdout",
                hint="write the predictions to a file, or leave out --json",
            )
        return
    path = Path(output)
    if not path.is_dir() and not _WRITABLE.fullmatch(path.name):
        hint = "use - for stdout" if path.parts[:2] == ("/", "dev") else "change the extension"
        found = msg(
            "cannot write {output!r}: expected {expected}, or -", output=path.name, expected=phrase(_EXTENSIONS)
        )
        raise UsageRefused(found, hint=hint)
    check_path(source, path)


def check_path(source: str, path: Path) -> None:
    """Check that an output file is in a folder, is not a folder, and is not the input.

    Raises:
        UsageRefused: it is a folder or the input.
        NotFound: there is no such folder.
    """
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


def added_columns(columns: Sequence[str]) -> list[str]:
    """Return the names of the added columns in the output; a name that the table already has gets a number."""
    from vigie.engine.output import ADDED
    from vigie.table.writing import free_names

    return list(free_names(ADDED, columns).values())


def _summary(table: Table, profile: Look) -> dict[str, Any]:
    return {
        "rows": table.typed.height,
        "columns": table.typed.width,
        "roles": profile.roles.to_json(),
        "matches": [
            {
                "name": found.entry.name,
                "version": found.entry.version,
                "domain": found.entry.domain,
                "similarity": found.similarity,
                "evidence": [reason.to_json() for reason in found.evidence],
            }
            for found in profile.matches
        ],
        "seconds": profile.seconds,
    }
