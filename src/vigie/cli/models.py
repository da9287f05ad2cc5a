"""`vigie models …`: the reference models of the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vigie import settings
from vigie.cli import audit, options
from vigie.cli.calibrate import calibrate
from vigie.cli.errors import EXAMPLES, Group
from vigie.cli.params import split_name
from vigie.cli.sign import sign, verify
from vigie.errors import DamagedModelRow, UsageRefused

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vigie.catalog import ModelVersion
    from vigie.cli.publish import Registered


@click.group(
    cls=Group,
    epilog=EXAMPLES.format(
        "vigie models list",
        "vigie models show mobile_money_full",
        "vigie models add s3://bucket/models/cards/2",
    ),
)
def models() -> None:
    """List, add, import, calibrate, sign, activate and remove reference models."""


@models.command(
    "list", epilog=EXAMPLES.format("vigie models list", "vigie models list --all", "vigie models list --json")
)
@click.option("--all", "every", is_flag=True, help="Include deactivated models.")
@options.as_json
def list_(every: bool, as_json: bool) -> None:
    """List the active models."""
    from vigie.cli import console

    with audit.open_catalog(settings.load()) as catalog:
        found = catalog.list(active_only=not every)
    if as_json:
        console.dump([_brief(entry) for entry in found])
        return
    table = console.columns(
        "model",
        "version",
        "domain",
        "ROC AUC",
        "AP",
        "size",
        "where",
        *(["active"] if every else []),
        right=(3, 4, 5),
        last=False,
    )
    for entry in found:
        auc, precision = _measured(entry.performance)
        cells = [
            entry.name,
            entry.version,
            entry.domain or "?",
            auc,
            precision,
            console.size(entry.size),
            _where(entry),
        ]
        table.add_row(*cells, *(["yes" if entry.active else "no"] if every else []))
    console.show(table)
    console.print_line(f"{len(found)} models" if len(found) != 1 else "1 model")


@models.command(
    epilog=EXAMPLES.format(
        "vigie models show mobile_money_full", "vigie models show cards@2", "vigie models show cards --json"
    )
)
@options.model_name
@options.as_json
def show(name: str, as_json: bool) -> None:
    """Show one model: training, measured skill, location."""
    from vigie.cli import console

    with audit.open_catalog(settings.load()) as catalog:
        entry = catalog.find(*split_name(name))
    if as_json:
        document = _brief(entry) | {
            "roles": dict(entry.roles),
            "columns": [{"name": c.name, "role": c.role, "type": c.type} for c in entry.columns],
            "digests": {file: known.sha256 for file, known in entry.digests.items()},
            "manifest_sha256": entry.manifest_sha256,
            "provenance": dict(entry.provenance),
        }
        console.dump(document)
        return
    console.show(_card(entry))


@models.command(
    epilog=EXAMPLES.format(
        "vigie models add ./cards-2",
        "vigie models add s3://bucket/models/cards/2",
        "vigie models add gs://bucket/cards",
    )
)
@click.argument("source", metavar="FOLDER|URL")
def add(source: str) -> None:
    """Register a bundle in a folder or at a URL.

    A bundle is five files and a manifest. A bundle with the file names of a store is used where it is; a folder with
    plain file names is first published to your store (STORAGE_TYPE, S3_MODEL_BUCKET).
    """
    from vigie import resources
    from vigie.cli import publish

    chosen = settings.load()
    found = publish.find(source)
    with audit.open_catalog(chosen) as catalog:
        done = publish.add(
            catalog,
            found,
            resources.model_store(chosen),
            resources.signature_policy(chosen),
            provenance={"source": "models add"},
        )
    report_registered(done)


@models.command(
    "import",
    epilog=EXAMPLES.format(
        "vigie models import data/automl_models/dataset16",
        "vigie models import ./dataset16 --name cards --domain card_present",
        "vigie models import ./dataset16 --trust 3f5a…  # a digest from the error message",
    ),
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", default="", metavar="NAME", help="Name of the model; by default the folder's name.")
@click.option(
    "--domain", default="", metavar="DOMAIN", help="Domain of its training data, such as mobile_money."
)
@click.option(
    "--version", default="", metavar="V", help="Version; by default derived from the files' digests."
)
@options.trust
@click.option("--yes", is_flag=True, help="Do not ask for confirmation of --trust.")
def import_(folder: Path, name: str, domain: str, version: str, trust: tuple[str, ...], yes: bool) -> None:
    """Import a third-party model.

    FOLDER holds xgboost_model.joblib and the files beside it, as in an earlier installation.

    The files are read in a sandboxed process without write access or network. Files that refer to code which a fitted
    model does not need are refused.
    """
    from vigie import resources
    from vigie.cli import publish

    chosen = settings.load()
    if trust and not yes:
        options.confirm_trust(folder.name, trust)
    with audit.open_catalog(chosen) as catalog:
        made = publish.convert(
            folder,
            name=name,
            domain=domain,
            version=version,
            trust=frozenset(digest.lower() for digest in trust),
        )
        done = publish.import_(
            catalog, made, resources.model_store(chosen), resources.signature_policy(chosen)
        )
    report_registered(done)


@models.command(
    epilog=EXAMPLES.format(
        "vigie models activate cards", "vigie models activate cards@2", "vigie models list --all"
    )
)
@options.model_name
def activate(name: str) -> None:
    """Activate a model, so that it can be matched."""
    _switch(name, on=True)


@models.command(
    epilog=EXAMPLES.format(
        "vigie models deactivate cards", "vigie models deactivate cards@2", "vigie models list --all"
    )
)
@options.model_name
def deactivate(name: str) -> None:
    """Deactivate a model: it stays registered and is not matched."""
    _switch(name, on=False)


@models.command(
    epilog=EXAMPLES.format(
        "vigie models remove cards", "vigie models remove cards@2 --yes", "vigie models list --all"
    )
)
@options.model_name
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def remove(name: str, yes: bool) -> None:
    """Remove a model from the catalog; its files are not deleted."""
    from vigie.catalog import STARTER
    from vigie.cli.console import print_line

    with audit.open_catalog(settings.load()) as catalog:
        try:
            entry = catalog.find(*split_name(name))
        except DamagedModelRow as damaged:
            if not yes:
                options.ask(f"Remove {damaged.name} {damaged.version}, whose row cannot be read?", "--yes")
            catalog.remove_damaged(damaged.name, damaged.version)
            print_line(f"removed {damaged.name} {damaged.version}")
            return
        if entry.provenance.get("source") == STARTER:
            raise UsageRefused(
                f"{entry.label} comes with Vigie and would be registered again by the next command",
                hint=f"deactivate it instead: vigie models deactivate {entry.name}",
            )
        if not yes:
            options.ask(f"Remove {entry.label}? Its files stay at {_where(entry)}", "--yes")
        catalog.remove(entry.name, entry.version)
    print_line(f"removed {entry.label}; its files stay at {_where(entry)}")


def report_registered(done: Registered) -> None:
    """Print on stderr whether a model was registered, and its name on stdout."""
    from vigie.cli.console import print_line

    entry = done.entry
    print_line(f"{'registered' if done.new else 'already registered:'} {entry.label}, {_where(entry)}")
    if not entry.domain:
        print_line("its domain is unknown, so matching gives it no points for the domain (see --domain)")
    click.echo(f"{entry.name}@{entry.version}")


def _switch(name: str, *, on: bool) -> None:
    from vigie.cli.console import print_line

    with audit.open_catalog(settings.load()) as catalog:
        entry = catalog.find(*split_name(name))
        if on:
            catalog.activate(entry.name, entry.version)
        else:
            catalog.deactivate(entry.name, entry.version)
    state = "active" if on else "inactive"
    print_line(f"{entry.label} was {state} already" if entry.active == on else f"{entry.label} is {state}")


def _brief(entry: ModelVersion) -> dict[str, Any]:
    return {
        "name": entry.name,
        "version": entry.version,
        "domain": entry.domain,
        "performance": dict(entry.performance),
        "typologies": list(entry.profile.get("typologies", [])),
        "size": entry.size,
        "storage_type": entry.storage.storage_type,
        "s3_bucket": entry.storage.bucket,
        "s3_prefix": entry.storage.prefix,
        "active": entry.active,
        "created_at": entry.created_at.isoformat() if entry.created_at else None,
    }


def _measured(performance: Mapping[str, Any]) -> tuple[str, str]:
    """Return ROC AUC and average precision, as far as known; `*` marks values declared by the model's authors."""
    own = performance.get("own", performance)
    mark = "*" if performance.get("source") == "declared" else ""
    values = (own.get("roc_auc"), own.get("average_precision"))
    auc, precision = (f"{value:.2f}{mark}" if isinstance(value, float) else "–" for value in values)
    return auc, precision


def _where(entry: ModelVersion) -> str:
    if entry.storage.storage_type != "local":
        return f"{entry.store.url}/{entry.storage.prefix}"
    from vigie.starter_models.registry import MODELS

    shipped = Path(entry.storage.bucket) == MODELS.resolve()
    return "comes with Vigie" if shipped else str(Path(entry.storage.bucket) / entry.storage.prefix)


def _card(entry: ModelVersion) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from vigie.cli.console import size
    from vigie.i18n.translator import Translator

    auc, precision = _measured(entry.performance)
    t = Translator()
    roles = sorted(entry.roles.items(), key=lambda pair: -pair[1])
    known = ", ".join(f"{t.name('role', role)} {share:.0%}" for role, share in roles[:12])
    lines = {
        "domain": t.name("domain", entry.domain) if entry.domain else "unknown",
        "frauds": ", ".join(str(name).replace("_", " ") for name in entry.profile.get("typologies", []))
        or "unknown",
        "ROC AUC": f"{auc}, average precision {precision} ({_measured_on(entry.performance)})",
        "trained on": f"{entry.profile.get('rows') or 'an unknown number of'} rows; the tables had: {known or 'unknown'}",
        "features": f"{len(entry.profile.get('quantiles', {}))} with known distributions, {len(entry.columns)} columns",
        "size": size(entry.size),
        "where": _where(entry),
        "manifest": f"sha256 {entry.manifest_sha256}",
        "origin": ", ".join(
            f"{key} {value}" for key, value in entry.provenance.items() if isinstance(value, str)
        )
        or "unknown",
        "registered": f"{entry.created_at:%Y-%m-%d %H:%M} UTC" if entry.created_at else "no",
        "active": "yes" if entry.active else "no",
    }
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    for key, value in lines.items():
        grid.add_row(key, Text(value))
    return Group(Text.assemble((entry.name, "bold"), "  ", (f"version {entry.version}", "dim")), grid)


def _measured_on(performance: Mapping[str, Any]) -> str:
    if performance.get("source") == "declared":
        return "declared by its authors"
    if performance.get("source") == "measured":
        return f"measured on {performance['measured_on']}"
    tables = performance.get("own", {}).get("worlds")
    return f"on {tables} held-out simulated tables of its domain" if tables else "as measured"


models.add_command(calibrate)
models.add_command(sign)
models.add_command(verify)
