"""`vigie refine` and `vigie suggest`: scores that learn from reviewed rows, and the rows to review next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from vigie import settings
from vigie.cli import options
from vigie.cli.errors import EXAMPLES
from vigie.cli.predict import check_output, read_table
from vigie.errors import InputRefused, UnknownColumn, UsageRefused
from vigie.i18n.messages import msg
from vigie.i18n.translator import Translator

if TYPE_CHECKING:
    import polars as pl

    from vigie.engine.refine import EarlierTable
    from vigie.table import Table

_ROW = ("row", "ligne", "row_number")
_VERDICT = "verdict"
"""Column of the labels in a table that was exported from the web app."""
_label = click.option(
    "--label", metavar="COLUMN", help="Column of FILE that holds the labels; by default the other one of two."
)


_labels = click.option(
    "--labels", metavar="FILE",
    help="Reviewed rows: a CSV with the row number (column `row`, from 1) or a column that identifies the row, and a "
         "column that says fraud or fine. Not needed for a table exported from the web app, which has a column `verdict`.",
)  # fmt: skip


@click.command(
    epilog=EXAMPLES.format(
        "vigie refine predictions.csv --labels reviewed.csv -o better.csv",
        "vigie refine predictions.csv --labels verdicts.csv --label verdict -o better.parquet",
        "vigie refine exported.csv -o better.csv",
        "vigie refine november.csv --earlier october-exported.csv -o better.csv",
        "vigie refine predictions.csv --labels reviewed.csv -o better.csv --json",
    )
)
@click.argument("source", metavar="PREDICTIONS")
@_labels
@_label
@click.option(
    "--earlier",
    metavar="FILE",
    help="Predictions of an earlier table with the same columns; its labels are used, too. Without --earlier-labels it "
    "needs the column `verdict` of an export from the web app.",
)
@click.option("--earlier-labels", metavar="FILE", help="Reviewed rows of the earlier table, as --labels.")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    help="Output file: .csv, .csv.gz, .tsv, .txt or .parquet.",
)
@options.alert_budget("How many rows you can review.")
@options.max_false_alerts
@options.lang
@options.seed("The same table, labels and seed give the same scores.")
@options.as_json
def refine(
    source: str, labels: str | None, label: str | None, earlier: str | None, earlier_labels: str | None, output: str, alert_budget: float | int | None, max_false_alerts: float | None, lang: str, seed: int, as_json: bool
) -> None:  # fmt: skip
    """Score PREDICTIONS again, with labels of some of its rows.

    PREDICTIONS is a file that `vigie predict` wrote or that was exported from the web app; its seven columns are removed
    and computed again, and so are the columns of the verdicts, which are the labels. Label at least five rows. Labels change only the scores of this table, never a model.
    """
    from vigie.cli import console
    from vigie.cli.report import Written, report
    from vigie.engine import refine as engine
    from vigie.engine.options import Options
    from vigie.table import write

    check_output(source, output, as_json=as_json)
    t, config = Translator(lang), settings.load()
    scoring = Options(language=lang, alert_budget=alert_budget, max_false_alerts=max_false_alerts, seed=seed)
    with options.scoring_context(scoring, config, t) as context:
        found = _predictions(source, config)
        known = _known(found, labels, label, config)
        examples = _earlier(earlier, earlier_labels, label, config)
        if known is None and examples is None:
            raise InputRefused(
                msg(
                    "{source}: found no column of verdicts, expected --labels or such a column", source=source
                ),
                hint="name a file of reviewed rows with --labels, or export the table from the web app",
            )
        result = engine.refine(found.table, context, known or {}, examples)
        context.progress("writing", 0.95)
        write(found.table, result.additions, output)
    if as_json:
        console.dump(result.summary)
        return
    written = Written("stdout" if output == "-" else output, list(result.additions.columns))
    parts = report(result.summary, t, source=found.table.source, width=console.width(), written=written)
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
@_labels
@_label
@click.option("-n", "count", default=10, show_default=True, type=click.IntRange(1, 1000), metavar="N",
              help="Number of rows.")  # fmt: skip
@click.option(
    "--for-bound",
    is_flag=True,
    help="The rows that decide how many alerts --max-false-alerts allows, the most suspicious first.",
)
@options.seed("The same file, labels and seed give the same rows.")
@options.lang
@options.as_json
def suggest(
    source: str, labels: str | None, label: str | None, count: int, for_bound: bool, seed: int, lang: str, as_json: bool
) -> None:  # fmt: skip
    """Suggest rows of PREDICTIONS to review next.

    Half of them are the most suspicious rows without a label, the others are spread over all scores: learning needs
    both. Row 1 is the first one after the header.
    """
    from vigie.cli import console
    from vigie.engine import refine as engine
    from vigie.engine.output import Prediction

    config = settings.load()
    predictions = _predictions(source, config)
    additions, known = predictions.additions, _known(predictions, labels, label, config) or {}
    found = [
        {
            "row": row + 1,
            "fraud_score": additions["fraud_score"][row],
            "reasons": additions["reasons"][row] or "",
        }
        for row in engine.suggest(
            Prediction(predictions.table, additions, {}), known, count, seed, bounding=for_bound
        )
    ]
    if as_json:
        console.dump(found)
        return
    t = Translator(lang)
    shown = console.columns(t("cli.row"), t("cli.score"), t("cli.reasons"), right=(0, 1))
    for one in found:
        shown.add_row(str(one["row"]), t.decimal(one["fraud_score"], 3), str(one["reasons"]))
    console.show(shown)


@dataclass(frozen=True)
class _Predictions:
    """A scored table.

    Attributes:
        table: the upload as it was before `vigie predict`.
        additions: (rows, 7) the result columns.
        verdicts: (rows,) the labels of a table that was exported from the web app, else None.
    """

    table: Table
    additions: pl.DataFrame
    verdicts: pl.Series | None


def _known(
    predictions: _Predictions, labels: str | None, label: str | None, config: settings.Settings
) -> dict[int, bool] | None:
    """Return the labels of a file or of the table itself; None where there is neither."""
    from vigie.training.labels import read_feedback

    if labels:
        return read_labels(predictions.table, labels, label, config)
    if predictions.verdicts is None:
        return None
    found = read_feedback(predictions.verdicts, predictions.table.source)
    return {row: fraud for row, fraud in enumerate(found) if fraud is not None}


def _earlier(
    earlier: str | None, labels: str | None, label: str | None, config: settings.Settings
) -> EarlierTable | None:
    """Return the earlier table with its labels; None where none is named."""
    from vigie.engine.refine import EarlierTable

    if earlier is None:
        if labels:
            raise UsageRefused("found --earlier-labels without --earlier, expected both")
        return None
    found = _predictions(earlier, config)
    known = _known(found, labels, label, config)
    if known is None:
        raise InputRefused(
            msg(
                "{source}: found no column of verdicts, expected --earlier-labels or such a column",
                source=earlier,
            ),
            hint="name a file of reviewed rows with --earlier-labels, or export the earlier table from the web app",
        )
    return EarlierTable(found.table, known)


def _predictions(source: str, config: settings.Settings) -> _Predictions:
    """Read a file that `vigie predict` wrote or that was exported from the web app."""
    from vigie.app.result_layout import VERDICT_COLUMNS
    from vigie.engine.output import RESULT_COLUMNS

    table, verdicts = read_table(source, config), None
    if _is_exported(table):
        last = table.frame.columns[-len(VERDICT_COLUMNS) :]
        verdicts = table.typed[last[0]]
        table = replace(table, frame=table.frame.drop(last), typed=table.typed.drop(last))
    last = table.frame.columns[-len(RESULT_COLUMNS) :]
    if _plain_names(last) != list(RESULT_COLUMNS) or table.frame.width <= len(RESULT_COLUMNS):
        raise InputRefused(
            msg("{source}: the last columns are not those that `vigie predict` writes", source=source),
            hint=msg("expected a file that ends in {columns}", columns=", ".join(RESULT_COLUMNS)),
        )
    additions = table.typed.select(last).rename(dict(zip(last, RESULT_COLUMNS, strict=True)))
    upload = replace(table, frame=table.frame.drop(last), typed=table.typed.drop(last))
    return _Predictions(upload, additions, verdicts)


def _is_exported(table: Table) -> bool:
    """Return whether a table ends in the columns of verdicts that an export of the web app has."""
    from vigie.app.result_layout import VERDICT_COLUMNS

    return _plain_names(table.frame.columns[-len(VERDICT_COLUMNS) :]) == list(VERDICT_COLUMNS)


def _plain_names(columns: Sequence[str]) -> list[str]:
    """Return names without the number that they got because the upload has such a column too."""
    return [re.sub(r"_\d+$", "", name) for name in columns]


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
    from vigie.app.result_layout import VERDICT_COLUMNS
    from vigie.training.labels import read_feedback

    file = read_table(labels, config)
    columns = file.typed.columns
    if label is not None and label not in columns:
        raise UnknownColumn(label, columns)
    number = next((c for c in columns if c.lower() in _ROW and c != label), None)
    key = number or next((c for c in columns if c in table.typed.columns and c != label), None)
    if number is None and label is None and _is_exported(file) and len(file.typed) == len(table.typed):
        verdicts = read_feedback(file.typed[columns[-len(VERDICT_COLUMNS)]], labels)
        return {row: fraud for row, fraud in enumerate(verdicts) if fraud is not None}
    exported = _VERDICT if label is None and _VERDICT in columns and key != _VERDICT else None
    value = label or exported or next((c for c in columns if c != key), None)
    if key is None or value is None or (label is None and exported is None and len(columns) != 2):
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
    if "earlier" in found:
        own = found["earlier"]
        text += t("cli.refined_earlier", source=own["source"], labels=own["marks"], frauds=own["frauds"])
    if order["after"] is None:
        return text
    return text + t("cli.in_order", before=t.decimal(order["before"]), after=t.decimal(order["after"]))
