"""`vigie plan` and `vigie score`: plan a table once, score rows that come later in its terms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vigie import settings
from vigie.cli.errors import EXAMPLES
from vigie.cli.params import Budget, Share, roles_by_column
from vigie.cli.predict import check_output, check_place, read_table, shared
from vigie.errors import NotFound
from vigie.i18n.translator import Translator


@click.command(
    epilog=EXAMPLES.format(
        "vigie plan payments.csv -o payments.plan",
        "vigie plan export.csv -o export.plan --role amount=montant --alert-budget 0.5%",
        "vigie plan payments.csv -o payments.plan --json",
    )
)
@click.argument("source", metavar="INPUT")
@click.option("-o", "--output", required=True, metavar="PLAN", help="Where to keep the plan.")
@click.option("--alert-budget", type=Budget(), metavar="1%|500",
              help="How many rows of INPUT would be alerts: it draws the line for later rows.")  # fmt: skip
@click.option(
    "--expected-fraud-rate", type=Share(), metavar="0.5%", help="The share of fraud, where you know it."
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), metavar="N",
              help="The same table and seed give the same bytes.")  # fmt: skip
@shared
def plan(
    source: str, output: str, pairs: tuple[tuple[str, str], ...], as_json: bool, lang: str, **asked: Any
) -> None:
    """Learn from INPUT how to score rows that come later.

    The plan holds what INPUT says as a whole: medians, ranks, forests, models. It needs INPUT no more, but holds some of
    its cells: keep it as private. INPUT has at most 200,000 rows, of whole customers.
    """
    roles = roles_by_column(pairs)
    check_place(source, Path(output))
    from vigie import resources
    from vigie.cli import console
    from vigie.engine.options import Options, ScoringContext
    from vigie.engine.pipeline import fit
    from vigie.table.atomic import replacing

    t, chosen = Translator(lang), settings.load()
    options = Options(minimum=asked.pop("min_similarity"), roles=roles, language=lang, **asked)
    with console.progress(t) as told:
        told("reading", 0.0)
        table = read_table(source, chosen)
        with resources.open_catalog(chosen) as catalog:
            made, scored = fit(table, ScoringContext(catalog, resources.bundle_loader(chosen), options, told))
        data = made.to_bytes()
        with replacing(Path(output)) as file:
            file.write(data)
    if as_json:
        console.dump({**scored.summary, "plan": output, "bytes": len(data)})
        return
    click.echo(f"{output}: plan of {table.typed.height:,} rows, {len(data) / 1e6:.1f} MB", err=True)


@click.command(
    epilog=EXAMPLES.format(
        "vigie score payments.plan today.csv -o scored.csv",
        "vigie score payments.plan today.parquet -o scored.parquet",
        "vigie score payments.plan - -o - < recent.csv > scored.csv",
    )
)
@click.argument("plan", metavar="PLAN", type=click.Path(dir_okay=False))
@click.argument("source", metavar="INPUT")
@click.option("-o", "--output", required=True, metavar="FILE",
              help="As for predict: every row of INPUT and seven columns; - for CSV on stdout.")  # fmt: skip
def score(plan: str, source: str, output: str) -> None:
    """Score the rows of INPUT by a stored PLAN, in the terms of the table it was made from.

    INPUT has columns of that table, and may lack some. What a customer or a counterparty has done before counts as far as
    it is in INPUT: send recent rows of the same customers along.
    """
    check_output(source, output, as_json=False)
    if not Path(plan).is_file():
        raise NotFound("plan", plan, hint="make one with vigie plan")
    from vigie.engine.scorer import Scorer
    from vigie.table import write

    made = Scorer.from_bytes(Path(plan).read_bytes())
    table = read_table(source, settings.load())
    additions = made.score_table(table)
    write(table, additions, output)
    alerts = int(additions["alert"].sum())
    click.echo(f"{table.source}: {table.typed.height:,} rows scored, {alerts:,} alerts", err=True)
