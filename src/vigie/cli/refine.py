"""`vigie refine` and `vigie suggest`: learning from rows that somebody has looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from vigie import settings
from vigie.cli.errors import EXAMPLES
from vigie.cli.params import Budget, Language
from vigie.errors import InputRefused, UnknownColumn
from vigie.i18n.messages import msg
from vigie.i18n.translator import Translator

if TYPE_CHECKING:
    import polars as pl

    from vigie.table import Table

_ADDED = ("fraud_score", "fraud_probability", "anomaly_score", "agreement", "risk_level", "alert", "reasons")
_ROW = ("row", "ligne", "row_number")
_LABELS = click.option("--labels", metavar="FILE", help="Rows already looked at: a CSV with the row's number (column `row`, from 1) or a "
                       "column that identifies it, and a column that says fraud or fine.")  # fmt: skip
_LANG = click.option("--lang", default="en", show_default=True, type=Language(),
                     help="Language of the report, of the reasons and of errors.")  # fmt: skip
_LABEL = click.option(
    "--label", metavar="COLUMN", help="The column of FILE that says so; the other one where there are two."
)


@click.command(
    epilog=EXAMPLES.format(
        "vigie refine predictions.csv --labels looked_at.csv -o better.csv",
        "vigie refine predictions.csv --labels verdicts.csv --label verdict -o better.parquet",
        "vigie refine predictions.csv --labels looked_at.csv -o better.csv --json",
    )
)
@click.argument("source", metavar="PREDICTIONS")
@click.option("--labels", required=True, metavar="FILE", help="Rows somebody looked at: a CSV with the row's number (column `row`, from 1) or a "
              "column that identifies it, and a column that says fraud or fine.")  # fmt: skip
@_LABEL
@click.option(
    "-o", "--output", required=True, metavar="FILE", help="Where to: .csv, .csv.gz, .tsv, .txt or .parquet."
)
@click.option("--alert-budget", type=Budget(), metavar="1%|500", help="How many rows you can look at.")
@_LANG
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    metavar="N",
    help="The same table, marks and seed give the same scores.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON instead.")
def refine(
    source: str, labels: str, label: str | None, output: str, alert_budget: float | int | None, lang: str, seed: int, as_json: bool
) -> None:  # fmt: skip
    """Score PREDICTIONS again, with what you say of some rows.

    PREDICTIONS is a file that `vigie predict` wrote; its seven columns are taken off and computed anew. From five rows on
    it is worth while. What you say never changes a model, only the scores of this table.
    """
    from vigie import resources
    from vigie.cli import console
    from vigie.cli.predict import check_output
    from vigie.cli.report import Written, report
    from vigie.engine import refine as story
    from vigie.engine.pipeline import Options
    from vigie.table import write

    check_output(source, output, as_json=as_json)
    t, chosen = Translator(lang), settings.load()
    with console.progress(t) as told:
        told("reading", 0.0)
        table, _ = _predictions(source, chosen)
        marks = _marks(table, labels, label, chosen)
        options = Options(language=lang, alert_budget=alert_budget, seed=seed)
        with resources.catalog(chosen) as catalog:
            result = story.refine(table, catalog, resources.bundle_loader(chosen), options, marks, told)
        told("writing", 0.95)
        write(table, result.additions, output)
    if as_json:
        console.dump(result.summary)
        return
    written = Written("stdout" if output == "-" else output, list(result.additions.columns))
    parts = report(result.summary, t, source=table.source, width=console.width(), written=written)
    console.show(*parts, err=output == "-")
    console.say(_refined(result.summary["refined"], t))


@click.command(
    epilog=EXAMPLES.format(
        "vigie suggest predictions.csv",
        "vigie suggest predictions.csv --labels looked_at.csv -n 20",
        "vigie suggest predictions.csv --json",
    )
)
@click.argument("source", metavar="PREDICTIONS")
@_LABELS
@_LABEL
@click.option(
    "-n",
    "count",
    default=10,
    show_default=True,
    type=click.IntRange(1, 1000),
    metavar="N",
    help="How many rows.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    metavar="N",
    help="The same file, marks and seed name the same rows.",
)
@_LANG
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
def suggest(
    source: str, labels: str | None, label: str | None, count: int, seed: int, lang: str, as_json: bool
) -> None:
    """Name the rows of PREDICTIONS to look at next.

    Half of them are the most suspicious that nobody has looked at, the others come from every depth of the list: both are
    needed to learn. Row 1 is the first one after the header.
    """
    from vigie.cli import console
    from vigie.engine import refine as story
    from vigie.engine.pipeline import Prediction

    chosen = settings.load()
    table, additions = _predictions(source, chosen)
    marks = _marks(table, labels, label, chosen) if labels else {}
    rows = story.suggest(Prediction(table, additions, {}), marks, count, seed)
    found = [
        {
            "row": row + 1,
            "fraud_score": additions["fraud_score"][row],
            "reasons": additions["reasons"][row] or "",
        }
        for row in rows
    ]
    if as_json:
        console.dump(found)
        return
    t = Translator(lang)
    shown = console.columns(t("cli.row"), t("cli.score"), t("cli.reasons"), right=(0, 1))
    for one in found:
        shown.add_row(str(one["row"]), t.decimal(one["fraud_score"], 3), str(one["reasons"]))
    console.show(shown)


def _predictions(source: str, chosen: settings.Settings) -> tuple[Table, pl.DataFrame]:
    """The upload as it was before `vigie predict`, and the seven columns."""
    from dataclasses import replace

    from vigie.table import read

    table = read(source, max_rows=chosen.max_rows, max_columns=chosen.max_columns)
    ours = table.frame.columns[-len(_ADDED) :]
    if [re.sub(r"_\d+$", "", name) for name in ours] != list(_ADDED) or table.frame.width <= len(_ADDED):
        raise InputRefused(
            msg("{source}: the last columns are not those that `vigie predict` writes", source=source),
            hint=msg("expected a file that ends in {columns}", columns=", ".join(_ADDED)),
        )
    additions = table.typed.select(ours).rename(dict(zip(ours, _ADDED, strict=True)))
    return replace(table, frame=table.frame.drop(ours), typed=table.typed.drop(ours)), additions


def _marks(table: Table, labels: str, label: str | None, chosen: settings.Settings) -> dict[int, bool]:
    """Row from 0 -> fraud."""
    from vigie.table import read
    from vigie.training.labels import read_feedback

    given = read(labels, max_rows=chosen.max_rows, max_columns=chosen.max_columns)
    columns = given.typed.columns
    if label is not None and label not in columns:
        raise UnknownColumn(label, columns)
    key = next((c for c in columns if c.lower() in _ROW and c != label), None)
    known = key or next((c for c in columns if c in table.typed.columns and c != label), None)
    said = label or next((c for c in columns if c != known), None)
    if known is None or said is None or (label is None and len(columns) != 2):
        raise InputRefused(
            msg(
                "{labels}: found the columns {columns}, expected a row and what is said of it",
                labels=labels,
                columns=", ".join(columns[:6]),
            ),
            hint="columns `row` (from 1) and `fraud`, or a column that identifies rows of the predictions; name the other with --label",
        )
    rows = _numbers(labels, given, known) if key else _looked_up(labels, table, given, known)
    marks: dict[int, bool] = {}
    for row, verdict in zip(rows, read_feedback(given.typed[said], labels), strict=True):
        if row is None or verdict is None:
            continue
        if marks.get(row, verdict) != verdict:
            raise InputRefused(
                msg("{labels}: found row {row} both as fraud and as fine", labels=labels, row=row + 1),
                hint="keep one of them",
            )
        marks[row] = verdict
    return marks


def _numbers(labels: str, given: Table, key: str) -> list[int | None]:
    series = given.typed[key]
    if not series.dtype.is_integer():
        raise InputRefused(
            msg(
                "{labels}, column {key!r}: found something else than whole numbers, expected row numbers from 1",
                labels=labels,
                key=key,
            )
        )
    return [None if value is None else int(value) - 1 for value in series.to_list()]


def _looked_up(labels: str, table: Table, given: Table, key: str) -> list[int | None]:
    from vigie.models.trained.column_sketch import cells

    here = cells(table.typed[key]).to_list()
    place: Mapping[Any, int] = {value: row for row, value in enumerate(here)}
    wanted = cells(given.typed[key]).to_list()
    if len(place) < len(here) and any(here.count(value) > 1 for value in set(wanted)):
        raise InputRefused(
            msg(
                "{labels}, column {key!r}: found values that several rows of the predictions have, expected one row each",
                labels=labels,
                key=key,
            ),
            hint="use the row number instead, in a column named row",
        )
    lost = sum(value not in place for value in wanted)
    if lost:
        raise InputRefused(
            msg(
                "{labels}, column {key!r}: found {lost} values that no row of the predictions has",
                labels=labels,
                key=key,
                lost=lost,
            )
        )
    return [place[value] for value in wanted]


def _refined(found: Mapping[str, Any], t: Translator) -> str:
    """One line about what the labels changed."""
    order, new = found["pairs_in_order"], found["new_in_top"]
    text = t("cli.refined", marks=found["marks"], frauds=found["frauds"], rows=new["rows"], of=new["of"])
    if order["after"] is None:
        return text
    return text + t("cli.in_order", before=t.decimal(order["before"]), after=t.decimal(order["after"]))
