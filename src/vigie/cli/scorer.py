"""`vigie fit` and `vigie score`: fit a scorer to a table, score later rows with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vigie import settings
from vigie.cli import options
from vigie.cli.errors import EXAMPLES
from vigie.cli.predict import check_output, check_path, read_table
from vigie.errors import NotFound
from vigie.i18n.translator import Translator


@click.command(
    epilog=EXAMPLES.format(
        "vigie fit payments.csv -o payments.scorer",
        "vigie fit export.csv -o export.scorer --role amount=montant --alert-budget 0.5%",
        "vigie fit payments.csv -o payments.scorer --json",
    )
)
@options.input_table
@click.option("-o", "--output", required=True, metavar="SCORER", help="File to write the scorer to.")
@options.alert_budget("How many rows of INPUT would be alerts: sets the alert threshold of later rows.")
@options.expected_fraud_rate
@options.seed()
@options.matching
def fit(source: str, output: str, as_json: bool, lang: str, **chosen: Any) -> None:
    """Fit a scorer to INPUT, to score rows that come later.

    The scorer holds what it needs of INPUT as a whole: medians, ranks, forests, models. INPUT is no longer needed. The
    scorer contains some cell values; protect it like the data. INPUT has at most 200,000 rows, with all rows of each
    customer.
    """
    reading = options.read_options(chosen)
    scoring = options.scoring_options(lang=lang, **chosen)
    check_path(source, Path(output))
    from vigie.cli import console
    from vigie.engine import pipeline
    from vigie.table.atomic import atomic_write

    config = settings.load()
    with options.scoring_context(scoring, config, Translator(lang)) as context:
        table = read_table(source, config, reading)
        fitted, scored = pipeline.fit(table, context)
        data = fitted.to_bytes()
        with atomic_write(Path(output)) as file:
            file.write(data)
    if as_json:
        console.dump({**scored.summary, "plan": output, "bytes": len(data)})
        return
    console.print_line(f"{output}: scorer fitted to {table.typed.height:,} rows, {len(data) / 1e6:.1f} MB")


@click.command(
    epilog=EXAMPLES.format(
        "vigie score payments.scorer today.csv -o scored.csv",
        "vigie score payments.scorer today.parquet -o scored.parquet",
        "vigie score payments.scorer - -o - < recent.csv > scored.csv",
    )
)
@click.argument("scorer", metavar="SCORER", type=click.Path(dir_okay=False))
@options.input_table
@click.option("-o", "--output", required=True, metavar="FILE",
              help="Output file, as for predict: every row of INPUT and seven columns; - is CSV on stdout.")  # fmt: skip
@options.reading
def score(scorer: str, source: str, output: str, **chosen: Any) -> None:
    """Score the rows of INPUT with a SCORER that `vigie fit` wrote.

    INPUT has columns of the table to which the scorer was fitted, and may lack some. Earlier rows of a customer or a
    counterparty count only if they are in INPUT: include recent rows of the same customers.
    """
    check_output(source, output, as_json=False)
    if not Path(scorer).is_file():
        raise NotFound("scorer", scorer, hint="make one with vigie fit")
    from vigie.cli import console
    from vigie.engine.scorer_files import read_scorer
    from vigie.table import write, write_set_aside

    fitted = read_scorer(Path(scorer))
    table = read_table(source, settings.load(), options.read_options(chosen))
    additions = fitted.score_table(table)
    write(table, additions, output)
    write_set_aside(table.report.set_aside, output)
    alerts = int(additions["alert"].sum())
    console.print_line(f"{table.source}: {table.typed.height:,} rows scored, {alerts:,} alerts")
