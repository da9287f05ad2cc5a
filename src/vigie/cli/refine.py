"""`vigie refine` and `vigie suggest`: scores that learn from reviewed rows, and the rows to review next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from vigie import settings
from vigie.cli import options
from vigie.cli.errors import EXAMPLES
from vigie.cli.predict import check_output, read_table
from vigie.errors import InputRefused, UnknownColumn
from vigie.i18n.messages import msg
from vigie.i18n.translator import Translator

if TYPE_CHECKING:
    import polars as pl

    from vigie.table import Table

_ROW = ("row", "ligne", "row_number")
_label = click.option(
    "--label", metavar="COLUMN", help="Column of FILE that holds the labels; by default the other one of two."
)


def _labels(*, required: bool) -> options.Decorator:
    return click.option(
        "--labels", required=required, metavar="FILE",
        help="Reviewed rows: a CSV with the row number (column `row`, from 1) or a column that identifies the row, and a "
             "column that says fraud or fine.",
    )  # fmt: skip


@click.command(
    epilog=EXAMPLES.format(
        "vigie refine predictions.csv --labels reviewed.csv -o better.csv",
        "vigie refine predictions.csv --labels verdicts.csv --label verdict -o better.parquet",
        "vigie refine predictions.csv --labels reviewed.csv -o better.csv --json",
    )
)
@click.argument("source", metavar="PREDICTIONS")
@_labels(required=True)
@_label
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    help="Output file: .csv, .csv.gz, .tsv, .txt or .parquet.",
)
@options.alert_budget("How many rows you can review.")
@options.lang
@options.seed("The same table, labels and seed give the same scores.")
@options.as_json
def refine(
    source: str, labels: str, label: str | None, output: str, alert_budget: float | int | None, lang: str, seed: int, as_json: bool
) -> None:  # fmt: skip
    """Score PREDICTIONS again, with labels of some of its rows.

    PREDICTIONS is a file that `vigie predict` wrote; its seven columns are removed and computed again. Label at least
    five rows. Labels change only the scores of this table, never a model.
    """
    from vigie.cli import console
    from vigie.cli.report import Written, report
    from vigie.engine import refine as engine
    from vigie.engine.options import Options
    from vigie.table import write

    check_output(source, output, as_json=as_json)
    t, config = Translator(lang), settings.load()
    scoring = Options(language=lang, alert_budget=alert_budget, seed=seed)
    with options.scoring_context(scoring, config, t) as context:
        table, _ = _predictions(source, config)
        result = engine.refine(table, context, read_labels(table, labels, label, config))
        context.progress("writing", 0.95)
        write(table, result.additions, output)
    if as_json:
        console.dump(result.summary)
        return
    written = Written("stdout" if output == "-" else output, list(result.additions.columns))
    parts = report(result.summary, t, source=table.source, width=console.width(), written=written)
    console.show(*parts, err=output == "-")
    console.print_line(_refined(result.summary["refined"], t))


@click.command(
    epilog=EXAMPLES.format(
        "vigie suggest predictions.csv",
        "vigie suggest predictions.csv --labels reviewed.csv -n 20",
        "vigie suggest predictions.csv --json",
    )
)
@click.argument("source", metavar="PREDICTIONS")
@_labels(required=False)
@_label
@click.option("-n", "count", default=10, show_default=True, type=click.IntRange(1, 1000), metavar="N",
              help="Number of rows.")  # fmt: skip
@options.seed("The same file, labels and seed give the same rows.")
@options.lang
@options.as_json
def suggest(
    source: str, labels: str | None, label: str | None, count: int, seed: int, lang: str, as_json: bool
) -> None:
    """Suggest rows of PREDICTIONS to review next.

    Half of them are the most suspicious rows without a label, the others are spread over all scores: learning needs
    both. Row 1 is the first one after the header.
    """
    from vigie.cli import console
    from vigie.engine import refine as engine
    from vigie.engine.output import Prediction

    config = settings.load()
    table, additions = _predictions(source, config)
    known = read_labels(table, labels, label, config) if labels else {}
    found = [
        {
            "row": row + 1,
            "fraud_score": additions["fraud_score"][row],
            "reasons": additions["reasons"][row] or "",
        }
        for row in engine.suggest(Prediction(table, additions, {}), known, count, seed)
    ]
    if as_json:
        console.dump(found)
        return
    t = Translator(lang)
    shown = console.columns(t("cli.row"), t("cli.score"), t("cli.reasons"), right=(0, 1))
    for one in found:
        shown.add_row(str(one["row"]), t.decimal(one["fraud_score"], 3), str(one["reasons"]))
    console.show(shown)


def _predictions(source: str, config: settings.Settings) -> tuple[Table, pl.DataFrame]:
    """Return the upload as it was before `vigie predict`, and the seven result columns."""
    from dataclasses import replace

    from vigie.engine.output import RESULT_COLUMNS

    table = read_table(source, config)
    last = table.frame.columns[-len(RESULT_COLUMNS) :]
    names = [re.sub(r"_\d+$", "", name) for name in last]
    if names != list(RESULT_COLUMNS) or table.frame.width <= len(RESULT_COLUMNS):
        raise InputRefused(
            msg("{source}: the last columns are not those that `vigie predict` writes", source=source),
            hint=msg("expected a file that ends in {columns}", columns=", ".join(RESULT_COLUMNS)),
        )
    additions = table.typed.select(last).rename(dict(zip(last, RESULT_COLUMNS, strict=True)))
    return replace(table, frame=table.frame.drop(last), typed=table.typed.drop(last)), additions


def read_labels(table: Table, labels: str, label: str | None, config: settings.Settings) -> dict[int, bool]:
    """Read a file of labels.

    Args:
        table: the upload that was scored.
        labels: a CSV with a row or a key, and a label.
        label: the column of the label; None where there are two columns.
        config: settings with the limits of a table.

    Returns:
        Position of the row, from 0 -> whether it is fraud.

    Raises:
        InputRefused: the file does not identify rows, or contradicts itself.
        UnknownColumn: there is no column `label`.
    """
    from vigie.training.labels import read_feedback

    file = read_table(labels, config)
    columns = file.typed.columns
    if label is not None and label not in columns:
        raise UnknownColumn(label, columns)
    number = next((c for c in columns if c.lower() in _ROW and c != label), None)
    key = number or next((c for c in columns if c in table.typed.columns and c != label), None)
    value = label or next((c for c in columns if c != key), None)
    if key is None or value is None or (label is None and len(columns) != 2):
        raise InputRefused(
            msg(
                "{labels}: found the columns {columns}, expected a row and its label",
                labels=labels,
                columns=", ".join(columns[:6]),
            ),
            hint="columns `row` (from 1) and `fraud`, or a column that identifies rows of the predictions; name the other with --label",
        )
    rows = _row_numbers(labels, file, key) if number else _rows_by_key(labels, table, file, key)
    found: dict[int, bool] = {}
    for row, fraud in zip(rows, read_feedback(file.typed[value], labels), strict=True):
        if row is None or fraud is None:
            continue
        if found.get(row, fraud) != fraud:
            raise InputRefused(
                msg("{labels}: found row {row} both as fraud and as fine", labels=labels, row=row + 1),
                hint="keep one of them",
            )
        found[row] = fraud
    return found


def _row_numbers(labels: str, file: Table, column: str) -> list[int | None]:
    series = file.typed[column]
    if not series.dtype.is_integer():
        raise InputRefused(
            msg(
                "{labels}, column {key!r}: found values that are not whole numbers, expected row numbers from 1",
                labels=labels,
                key=column,
            )
        )
    return [None if value is None else int(value) - 1 for value in series.to_list()]


def _rows_by_key(labels: str, table: Table, file: Table, column: str) -> list[int | None]:
    from vigie.models.trained.column_sketch import normalised_cells

    keys = normalised_cells(table.typed[column]).to_list()
    position: Mapping[Any, int] = {value: row for row, value in enumerate(keys)}
    wanted = normalised_cells(file.typed[column]).to_list()
    if len(position) < len(keys) and any(keys.count(value) > 1 for value in set(wanted)):
        raise InputRefused(
            msg(
                "{labels}, column {key!r}: found values that several rows of the predictions have, expected one row each",
                labels=labels,
                key=column,
            ),
            hint="use the row number instead, in a column named row",
        )
    missing = sum(value not in position for value in wanted)
    if missing:
        raise InputRefused(
            msg(
                "{labels}, column {key!r}: found {missing} values that no row of the predictions has",
                labels=labels,
                key=column,
                missing=missing,
            )
        )
    return [position[value] for value in wanted]


def _refined(found: Mapping[str, Any], t: Translator) -> str:
    """Return one line about what the labels changed."""
    order, new = found["pairs_in_order"], found["new_in_top"]
    text = t("cli.refined", labels=found["marks"], frauds=found["frauds"], rows=new["rows"], of=new["of"])
    if order["after"] is None:
        return text
    return text + t("cli.in_order", before=t.decimal(order["before"]), after=t.decimal(order["after"]))
