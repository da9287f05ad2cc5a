"""`vigie train`: a reference model from a labelled table, or from each table of a folder."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vigie import settings
from vigie.cli import audit, options
from vigie.cli.errors import EXAMPLES, Command, exit_code
from vigie.cli.params import roles_by_column
from vigie.cli.predict import read_table
from vigie.errors import InputRefused, NotFound, UsageRefused, VigieError
from vigie.i18n.translator import Translator

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vigie.catalog import Catalog, ModelVersion
    from vigie.table import Table
    from vigie.training import TrainingResult

_EXTENSIONS = (".csv", ".csv.gz", ".tsv", ".parquet", ".xlsx", ".xls", ".ods")
_INSPECTION = ("positive", "unlabelled", "domain", "keep", "roles", "seed")
"""Options of the inspection of the table; the others are those of the training."""
_RENAMED = {"--all": "--batch", "--keep": "--keep-column"}


@click.command(
    cls=Command,
    renamed=_RENAMED,
    epilog=EXAMPLES.format(
        "vigie train last_quarter.csv --label is_fraud --name our_cards",
        "vigie train claims.parquet --label statut --positive frauduleux --name sinistres --dry-run",
        "vigie train --batch data/labelled --time-budget 60",
    ),
)
@click.argument("source", metavar="TABLE", required=False)
@click.option("--batch", "folder", metavar="FOLDER", help="Train on each labelled table of a folder instead; tables "
              "with a trained model are skipped.")  # fmt: skip
@options.labels
@click.option("--name", metavar="NAME", help="Name of the model; by default the file's.")
@click.option("--domain", default="", metavar="DOMAIN",
              help="Domain of the table, such as card_present; by default inferred from its words.")  # fmt: skip
@click.option("--keep-column", "keep", multiple=True, metavar="COLUMN",
              help="Learn from a column although it looks like a leak. Repeatable.")  # fmt: skip
@options.role
@options.reading
@click.option("--time-budget", default=120.0, show_default=True, type=click.FloatRange(1), metavar="SECONDS",
              help="Time to search parameters, without reading and fitting.")  # fmt: skip
@click.option("--trials", default=40, show_default=True, type=click.IntRange(1), metavar="N",
              help="Maximum number of parameter sets to try, however much time is left.")  # fmt: skip
@options.seed("The same table, seed and number of trials give the same model.")
@click.option("--cards", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Folder of the model's card, .md and .html; by default VIGIE_HOME/cards.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only report what would be done: label, leaks, held-out rows.")
@options.as_json
@click.pass_context
def train(
    ctx: click.Context, /, source: str | None, folder: str | None, role_pairs: tuple[tuple[str, str], ...], as_json: bool,
    dry_run: bool, cards: Path | None, name: str | None, **chosen: Any,
) -> None:  # fmt: skip
    """Train a reference model from a labelled TABLE.

    Columns that are known only afterwards are found first and left out. The model is measured on held-out rows: the last
    fifth of the time, or a fifth of the customers. It has two heads: one for tables with these columns, also under other
    names, and one for any other table.
    """
    chosen["reading"] = options.read_options(chosen)
    if folder and not source:
        if name or dry_run:
            raise UsageRefused(
                "--batch takes neither --name nor --dry-run", hint="models are named after their files"
            )
        chosen["roles"] = roles_by_column(role_pairs)
        ctx.exit(_train_each(Path(folder), chosen, cards, as_json=as_json))
    if folder or not source:
        raise UsageRefused(
            "name either a table or --batch FOLDER",
            hint="vigie train table.csv --label is_fraud --name cards",
        )
    chosen["roles"] = roles_by_column(role_pairs)
    if dry_run:
        _inspect(source, chosen, as_json=as_json)
        return
    done, entry, places = _train_one(source, name, chosen, cards)
    from vigie.cli import console

    if as_json:
        console.dump({**done.summary, "registered": entry.label, "cards": [str(place) for place in places]})
        return
    console.show(*_report(done.summary))
    console.print_line(f"registered: {entry.label}")
    for place in places:
        console.print_line(f"card: {place}")


def _inspect(source: str, chosen: dict[str, Any], *, as_json: bool) -> None:
    from vigie import training
    from vigie.cli import console

    table = read_table(source, settings.load(), chosen["reading"])
    wanted = {key: chosen[key] for key in _INSPECTION}
    found = training.inspect(table, label=chosen["label"] or _guess(table), **wanted)
    summary = {**found.to_json(), "label": found.label.column}
    if as_json:
        console.dump(summary)
        return
    console.show(*_inspected(summary))
    console.print_line("nothing was trained: this was --dry-run")


def _train_one(
    source: str, name: str | None, chosen: Mapping[str, Any], cards: Path | None
) -> tuple[TrainingResult, ModelVersion, tuple[Path, ...]]:
    from vigie.cli import console

    config = settings.load()
    with console.progress(Translator()) as progress, audit.open_catalog(config) as catalog:
        progress("reading", 0.0)
        return _train(source, name, chosen, cards, config, catalog, progress)


def _train(
    source: str, name: str | None, chosen: Mapping[str, Any], cards: Path | None,
    config: settings.Settings, catalog: Catalog, progress: Any,
) -> tuple[TrainingResult, ModelVersion, tuple[Path, ...]]:  # fmt: skip
    from vigie import resources, training

    model_name = _model_name(source, name)
    policy = resources.signature_policy(config)
    table = read_table(source, config, chosen["reading"])
    progress("looking for leaks", 0.02)
    wanted = {key: chosen[key] for key in _INSPECTION}
    inspected = training.inspect(table, label=chosen["label"] or _guess(table), **wanted)
    del table  # only a sample of a large table is needed from here on
    done = training.fit(
        inspected,
        name=model_name,
        time_budget=chosen["time_budget"],
        trials=chosen["trials"],
        seed=chosen["seed"],
        progress=progress,
    )
    provenance = {} if source == "-" else {"file_sha256": _digest(Path(source))}
    store = resources.model_store(config)
    entry = training.publish(catalog, done.bundle, store, policy, page=done.page, provenance=provenance)
    return done, entry, _write_cards(cards or config.home / "cards", done)


def _train_each(folder: Path, chosen: dict[str, Any], cards: Path | None, *, as_json: bool) -> int:
    """Train on each table of a folder; return the exit code of the first error, or 0."""
    from vigie.cli import console

    if not folder.is_dir():
        raise NotFound("folder", str(folder), hint="name the folder that holds the labelled tables")
    files = sorted(path for path in folder.iterdir() if path.name.lower().endswith(_EXTENSIONS))
    if not files:
        raise NotFound(
            "table in folder", str(folder), hint=f"expected files that end in {', '.join(_EXTENSIONS)}"
        )
    config, rows, code = settings.load(), [], 0
    with audit.open_catalog(config) as catalog, console.progress(Translator()) as progress:
        for number, path in enumerate(files, start=1):
            prefix = f"{number} of {len(files)}, {path.name}: "
            try:
                row = _train_file(
                    path, chosen, cards, config, catalog, lambda s, p, b=prefix: progress(b + s, p)
                )
            except VigieError as error:
                code = code or exit_code(error)
                row = {
                    "table": path.name,
                    "model": "",
                    "outcome": "refused",
                    "why": f"{error.message} ({error.hint})",
                }
            rows.append(row)
            console.print_line(
                f"{row['outcome']}: {path.name}" + (f": {row['why']}" if row.get("why") else "")
            )
    if as_json:
        console.dump(rows)
    else:
        console.show(_outcomes(rows))
    return code


def _train_file(
    path: Path, chosen: Mapping[str, Any], cards: Path | None, config: settings.Settings, catalog: Catalog, progress: Any
) -> dict[str, Any]:  # fmt: skip
    digest, name = _digest(path), _model_name(str(path), None)
    known = [e for e in catalog.trained() if e.name == name and e.provenance.get("file_sha256") == digest]
    if known:
        entry, outcome = known[-1], "already there"
    else:
        _, entry, _ = _train(str(path), None, chosen, cards, config, catalog, progress)
        outcome = "trained"
    return {"table": path.name, "model": entry.label, "outcome": outcome, **_figures(entry.performance)}


def _figures(performance: Mapping[str, Any]) -> dict[str, Any]:
    own, other = performance["own"], performance["transferable"]
    return {
        "roc_auc": own["roc_auc"],
        "average_precision": own["average_precision"],
        "transferable_average_precision": other["average_precision"],
        "frauds": own["frauds"],
    }


def _guess(table: Table) -> str:
    from vigie.training.labels import find_label

    return find_label(table.typed, table.source)


def _model_name(source: str, name: str | None) -> str:
    from vigie.cli.publish import name_of

    if name is None:
        if source == "-":
            raise UsageRefused("a table from stdin has no name", hint="give the model one with --name")
        return name_of(Path(source).name.split(".")[0])
    if name_of(name) != name:
        raise UsageRefused(
            f"--name: found {name!r}, expected letters, digits and . _ + - only",
            hint=f"such as {name_of(name)}",
        )
    return name


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _write_cards(folder: Path, done: TrainingResult) -> tuple[Path, ...]:
    stem = folder / f"{done.bundle.name}-{done.bundle.version}"
    if folder.exists() and not folder.is_dir():
        raise InputRefused(f"cannot write the card to {str(folder)!r}: it is a file")
    folder.mkdir(parents=True, exist_ok=True)
    places = (stem.with_name(stem.name + ".md"), stem.with_name(stem.name + ".html"))
    for place, text in zip(places, (done.card, done.page), strict=True):
        place.write_text(text, encoding="utf-8")
    return places


def _inspected(summary: Mapping[str, Any]) -> list[RenderableType]:
    from rich.text import Text

    from vigie.cli.console import columns

    by = {
        "time": "the last fifth of the time",
        "customer": "a fifth of the customers",
        "chance": "a fifth of the rows",
    }
    held = summary["held_out"]
    lines = [
        f"{summary['labelled']:,} labelled rows of {summary['rows']:,}, {summary['frauds']:,} fraud ({100 * summary['share']:.2f} %)",
        f"held out: {held['rows']:,} rows, {by[held['by']]}",
        f"domain: {summary['domain'] or 'unknown'}",
    ]
    parts: list[RenderableType] = [Text("\n".join(lines))]
    if summary["leaks"]:
        table = columns("left out", "because")
        for leak in summary["leaks"]:
            table.add_row(leak["column"] + (" (kept)" if leak["kept"] else ""), leak["reason"])
        parts += [
            table,
            Text(
                "A column that is known when a row is scored can be kept with --keep-column COLUMN.",
                style="dim",
            ),
        ]
    parts += [Text(f"warning: {text}", style="yellow") for text in summary["warnings"]]
    return parts


def _report(summary: Mapping[str, Any]) -> list[RenderableType]:
    from rich.text import Text

    from vigie.cli.console import columns

    performance = summary["performance"]
    table = columns(
        "head",
        "ROC AUC",
        "AP",
        "precision in the top 1 %",
        "calibration error",
        right=(1, 2, 3, 4),
        last=False,
    )
    for head, title in (("own", "these columns, whatever their names"), ("transferable", "any other table")):
        measured = performance[head]
        figures = (
            measured[key]
            for key in ("roc_auc", "average_precision", "precision_at_1_percent", "calibration_error")
        )
        table.add_row(title, *("" if value is None else f"{value:.3f}" for value in figures))
    tuning = performance["tuning"]
    searched = f"{tuning['trials']} sets of parameters in {tuning['seconds']:.0f} s; measured on {performance['measured_on']}"
    return [*_inspected(summary), table, Text(searched, style="dim")]


def _outcomes(rows: list[dict[str, Any]]) -> RenderableType:
    from vigie.cli.console import columns

    table = columns(
        "table", "model", "outcome", "ROC AUC", "AP", "AP, any table", right=(3, 4, 5), last=False
    )
    for row in rows:
        keys = ("roc_auc", "average_precision", "transferable_average_precision")
        table.add_row(
            row["table"], row["model"], row["outcome"], *(f"{row[k]:.3f}" if k in row else "" for k in keys)
        )
    return table
