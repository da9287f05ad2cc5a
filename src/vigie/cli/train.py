"""`vigie train`: a labelled table, or a folder of them, to reference models."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vigie import settings
from vigie.cli.errors import EXAMPLES, exit_code
from vigie.cli.params import RoleOfColumn, roles_by_column
from vigie.errors import InputRefused, NotFound, UsageRefused, VigieError
from vigie.i18n.translator import Translator

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vigie.catalog import Catalog, ModelVersion
    from vigie.table import Table
    from vigie.training import TrainingResult

_TABLES = (".csv", ".csv.gz", ".tsv", ".parquet", ".xlsx")
_LOOKED_AT = ("positive", "unlabelled", "domain", "keep", "roles", "seed")
"""What is asked of the look at the table; the rest is asked of the training."""


@click.command(
    epilog=EXAMPLES.format(
        "vigie train last_quarter.csv --label is_fraud --name our_cards",
        "vigie train claims.parquet --label statut --positive frauduleux --name sinistres --dry-run",
        "vigie train --all data/labelled --time-budget 60",
    )
)
@click.argument("source", metavar="TABLE", required=False)
@click.option("--all", "folder", metavar="FOLDER", help="Train on every labelled table of a folder instead; "
              "what is trained already is left as it is.")  # fmt: skip
@click.option(
    "--label",
    metavar="COLUMN",
    help="The column that says fraud or not; found by its name where only one can be.",
)
@click.option("--name", metavar="NAME", help="Of the model; by default the file's.")
@click.option(
    "--positive",
    default="",
    metavar="VALUE",
    help="The label's value that says fraud, where its word does not say it.",
)
@click.option(
    "--unlabelled",
    multiple=True,
    metavar="VALUE",
    help="A value of the label that says nobody has decided. Repeatable.",
)
@click.option(
    "--domain",
    default="",
    metavar="DOMAIN",
    help="What the table is about, such as card_present; by default as its words say.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="COLUMN",
    help="Learn from a column although it looks like a leak. Repeatable.",
)
@click.option("--role", "pairs", multiple=True, type=RoleOfColumn(), metavar="ROLE=COLUMN",
              help="What a column means, where Vigie got it wrong. Repeatable.")  # fmt: skip
@click.option("--time-budget", default=120.0, show_default=True, type=click.FloatRange(1), metavar="SECONDS",
              help="How long to search parameters; reading and fitting come on top.")  # fmt: skip
@click.option("--trials", default=40, show_default=True, type=click.IntRange(1), metavar="N",
              help="How many sets of parameters to try at most, however much time is left.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), metavar="N",
              help="The same table, seed and number of trials give the same model.")  # fmt: skip
@click.option("--cards", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Where the model's card goes, as .md and .html; by default VIGIE_HOME/cards.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say what would be done: label, leaks, rows held out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@click.pass_context
def train(
    ctx: click.Context, /, source: str | None, folder: str | None, pairs: tuple[tuple[str, str], ...], as_json: bool,
    dry_run: bool, cards: Path | None, name: str | None, **asked: Any,
) -> None:  # fmt: skip
    """Make a reference model of a labelled TABLE.

    Columns that are known only afterwards are found first and left out. The model is measured on rows it never saw: the
    last fifth of the time, or of the customers. It has two heads: one for tables with these columns, under whatever
    names, and one for any other table.
    """
    if bool(source) == bool(folder):
        raise UsageRefused(
            "name either a table or --all FOLDER", hint="vigie train table.csv --label is_fraud --name cards"
        )
    asked["roles"] = roles_by_column(pairs)
    if folder:
        if name or dry_run:
            raise UsageRefused(
                "--all takes neither --name nor --dry-run", hint="models are named after their files"
            )
        ctx.exit(_all(Path(folder), asked, cards, as_json=as_json))
    assert source is not None  # noqa: S101  told to the type checker; checked above
    if dry_run:
        _plan(source, asked, as_json=as_json)
        return
    done, entry, places = _one(source, name, asked, cards)
    if as_json:
        from vigie.cli.console import dump

        dump({**done.summary, "registered": entry.label, "cards": [str(place) for place in places]})
        return
    from vigie.cli import console

    console.show(*_report(done.summary))
    console.say(f"registered: {entry.label}")
    for place in places:
        console.say(f"card: {place}")


def _plan(source: str, asked: dict[str, Any], *, as_json: bool) -> None:
    from vigie import training
    from vigie.cli import console

    table = _read(source, settings.load())
    wanted = {key: asked[key] for key in _LOOKED_AT}
    seen = training.inspect(table, label=asked["label"] or _guess(table), **wanted)
    if as_json:
        console.dump({**seen.to_json(), "label": seen.label.column})
        return
    console.show(*_examined({**seen.to_json(), "label": seen.label.column}))
    console.say("nothing was trained: this was --dry-run")


def _one(
    source: str, name: str | None, asked: Mapping[str, Any], cards: Path | None
) -> tuple[TrainingResult, ModelVersion, tuple[Path, ...]]:
    from vigie import resources
    from vigie.cli import console

    chosen = settings.load()
    with console.progress(Translator()) as told, resources.catalog(chosen) as catalog:
        told("reading", 0.0)
        return _made(source, name, asked, cards, chosen, catalog, told)


def _made(
    source: str, name: str | None, asked: Mapping[str, Any], cards: Path | None,
    chosen: settings.Settings, catalog: Catalog, told: Any,
) -> tuple[TrainingResult, ModelVersion, tuple[Path, ...]]:  # fmt: skip
    from vigie import resources, training

    called = _name(source, name)
    gate = resources.signature_policy(chosen)
    table = _read(source, chosen)
    told("looking for leaks", 0.02)
    wanted = {key: asked[key] for key in _LOOKED_AT}
    seen = training.inspect(table, label=asked["label"] or _guess(table), **wanted)
    del table  # of a large one only a sample is needed from here on
    done = training.fit(
        seen,
        name=called,
        time_budget=asked["time_budget"],
        trials=asked["trials"],
        seed=asked["seed"],
        progress=told,
    )
    provenance = {} if source == "-" else {"file_sha256": _digest(Path(source))}
    shelf = resources.model_store(chosen)
    entry = training.publish(catalog, done.bundle, shelf, gate, page=done.page, provenance=provenance)
    return done, entry, _write_cards(cards or chosen.home / "cards", done)


def _all(folder: Path, asked: dict[str, Any], cards: Path | None, *, as_json: bool) -> int:
    from vigie import resources
    from vigie.cli import console

    if not folder.is_dir():
        raise NotFound("folder", str(folder), hint="name the folder that holds the labelled tables")
    files = sorted(path for path in folder.iterdir() if path.name.lower().endswith(_TABLES))
    if not files:
        raise NotFound(
            "table in folder", str(folder), hint=f"expected files that end in {', '.join(_TABLES)}"
        )
    chosen, rows, code = settings.load(), [], 0
    with resources.catalog(chosen) as catalog, console.progress(Translator()) as told:
        for number, path in enumerate(files, start=1):
            begin = f"{number} of {len(files)}, {path.name}: "
            try:
                row = _next(path, asked, cards, chosen, catalog, lambda s, p, b=begin: told(b + s, p))
            except VigieError as error:
                code = code or exit_code(error)
                row = {
                    "table": path.name,
                    "model": "",
                    "outcome": "refused",
                    "why": f"{error.message} ({error.hint})",
                }
            rows.append(row)
            console.say(f"{row['outcome']}: {path.name}" + (f": {row['why']}" if row.get("why") else ""))
    if as_json:
        console.dump(rows)
    else:
        console.show(_summary(rows))
    return code


def _next(
    path: Path,
    asked: Mapping[str, Any],
    cards: Path | None,
    chosen: settings.Settings,
    catalog: Catalog,
    told: Any,
) -> dict[str, Any]:
    digest = _digest(path)
    known = [
        e
        for e in catalog.trained()
        if e.name == _name(str(path), None) and e.provenance.get("file_sha256") == digest
    ]
    if known:
        return {
            "table": path.name,
            "model": known[-1].label,
            "outcome": "already there",
            **_figures(known[-1].performance),
        }
    _, entry, _ = _made(str(path), None, asked, cards, chosen, catalog, told)
    return {"table": path.name, "model": entry.label, "outcome": "trained", **_figures(entry.performance)}


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


def _name(source: str, name: str | None) -> str:
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


def _read(source: str, chosen: settings.Settings) -> Table:
    from vigie.table import read

    return read(source, max_rows=chosen.max_rows, max_columns=chosen.max_columns)


def _digest(path: Path) -> str:
    hashed = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            hashed.update(chunk)
    return hashed.hexdigest()


def _write_cards(folder: Path, done: TrainingResult) -> tuple[Path, ...]:
    stem = folder / f"{done.bundle.name}-{done.bundle.version}"
    if folder.exists() and not folder.is_dir():
        raise InputRefused(f"cannot write the card to {str(folder)!r}: it is a file")
    folder.mkdir(parents=True, exist_ok=True)
    places = (stem.with_name(stem.name + ".md"), stem.with_name(stem.name + ".html"))
    for place, text in zip(places, (done.card, done.page), strict=True):
        place.write_text(text, encoding="utf-8")
    return places


def _examined(summary: Mapping[str, Any]) -> list[RenderableType]:
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
        f"domain: {summary['domain'] or 'not said by the table'}",
    ]
    parts: list[RenderableType] = [Text("\n".join(lines))]
    if summary["leaks"]:
        table = columns("left out", "because")
        for leak in summary["leaks"]:
            table.add_row(leak["column"] + (" (kept)" if leak["kept"] else ""), leak["reason"])
        parts += [
            table,
            Text("Known at the moment of scoring all the same? Say so with --keep COLUMN.", style="dim"),
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
    return [*_examined(summary), table, Text(searched, style="dim")]


def _summary(rows: list[dict[str, Any]]) -> RenderableType:
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
