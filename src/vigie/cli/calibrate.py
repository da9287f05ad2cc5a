"""`vigie models calibrate`: measures an imported model on a labelled table, and calibrates it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vigie import settings
from vigie.cli import audit, options
from vigie.cli.errors import EXAMPLES
from vigie.cli.params import split_name
from vigie.cli.predict import read_table

if TYPE_CHECKING:
    from vigie.catalog import Catalog, ModelVersion
    from vigie.training import MeasuredModel


@click.command(
    epilog=EXAMPLES.format(
        "vigie models calibrate dataset16 --labelled last_month.csv",
        "vigie models calibrate dataset16 --labelled last_month.csv --label statut --positive frauduleux",
        "vigie models show dataset16",
    )
)
@options.model_name
@click.option("--labelled", "source", required=True, metavar="TABLE",
              help="Labelled rows of the model's own table that it was not trained on.")  # fmt: skip
@options.labels
@options.reading
@options.as_json
def calibrate(name: str, source: str, label: str | None, as_json: bool, **chosen: Any) -> None:
    """Measure an imported model on labelled rows and calibrate it, without training it.

    The calibrated model is registered as a new version. From then on it gives probabilities, and its measured performance
    counts instead of what its owner states.
    """
    from vigie import resources
    from vigie.cli import console
    from vigie.training import calibrate_imported
    from vigie.training.labels import find_label

    config, reading = settings.load(), options.read_options(chosen)
    with audit.open_catalog(config) as catalog:
        entry = catalog.find(*split_name(name))
        table = read_table(source, config, reading)
        made = calibrate_imported(
            resources.bundle_loader(config)(entry),
            table,
            label=label or find_label(table.typed, table.source),
            **chosen,
        )
        registered = _publish(catalog, entry, made, Path(source).name, config)
    measured = made.bundle.performance["own"]
    if as_json:
        console.dump({"registered": registered.label, "performance": measured, "columns": made.bound})
        return
    renamed = {old: new for old, new in made.bound.items() if old != new}
    console.print_line(
        f"{measured['rows']:,} labelled rows, {measured['frauds']:,} fraud: ROC AUC {measured['roc_auc']:.3f}, "
        f"average precision {measured['average_precision']:.3f}"
    )
    if renamed:
        console.print_line("columns: " + ", ".join(f"{old} is {new}" for old, new in renamed.items()))
    console.print_line(f"registered: {registered.label}")


def _publish(
    catalog: Catalog, entry: ModelVersion, made: MeasuredModel, table: str, config: settings.Settings
) -> ModelVersion:
    from vigie import resources
    from vigie.cli import publish

    calibrated = {"calibrated_on": {"table": table, "rows": made.bundle.performance["own"]["rows"]}}
    return publish.import_(
        catalog,
        made.bundle,
        resources.model_store(config),
        resources.signature_policy(config),
        provenance={**entry.provenance, **calibrated},
    ).entry
