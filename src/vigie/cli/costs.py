"""`vigie costs`: estimated monthly costs of an installation, by store."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vigie import settings
from vigie.cli import options
from vigie.cli.errors import EXAMPLES

if TYPE_CHECKING:
    from vigie.costs.estimate import StorageLoad
    from vigie.costs.monthly import MonthlyCost, Usage
    from vigie.costs.prices import Host, Prices


@click.command(
    epilog=EXAMPLES.format(
        "vigie costs", "vigie costs --uploads 1000 --upload-mb 20 --days 30", "vigie costs --json"
    )
)
@click.option(
    "--uploads", default=1000, show_default=True, type=click.IntRange(0), help="Tables uploaded per month."
)
@click.option(
    "--upload-mb", default=20.0, show_default=True, type=click.FloatRange(0), help="Size of a table."
)
@click.option("--days", default=30, show_default=True, type=click.IntRange(1), help="Days they are kept.")
@click.option(
    "--models-gb", type=click.FloatRange(0), help="Size of the models; by default that of the catalog's."
)
@click.option("--prices", type=click.Path(path_type=Path), help="JSON file with other prices.")
@options.reads
@options.as_json
def costs(
    uploads: int,
    upload_mb: float,
    days: int,
    models_gb: float | None,
    prices: Path | None,
    reads: int,
    as_json: bool,
) -> None:
    """Estimate the costs of a month: models and uploads in each cloud store, and the machines.

    Uses list prices of a dated table, without free allowances, discounts and taxes.
    """
    from vigie.cli import console
    from vigie.costs.monthly import Usage, host_cost, monthly_costs
    from vigie.costs.prices import load_prices

    table, load = load_prices(prices), _load(models_gb)
    use = Usage(uploads=uploads, size=int(upload_mb * 1e6), kept_days=days, model_reads=reads)
    host = next(iter(table.hosts), None)
    found = monthly_costs(load, use, table, host)
    machines = host_cost(use, host) if host else None
    if as_json:
        console.dump(
            {
                "prices_read": table.read,
                "currency": table.currency,
                "load": asdict(load),
                "use": asdict(use),
                "bills": [{**asdict(one), "beside": one.beside, "elsewhere": one.elsewhere} for one in found],
                "host": asdict(host) if host else None,
                "machines": machines,
            }
        )
        return
    _show(load, use, table, host, found, machines)


def _load(models_gb: float | None) -> StorageLoad:
    from vigie import resources
    from vigie.costs.estimate import StorageLoad, storage_load

    if models_gb is not None:
        return StorageLoad(models=40, objects=240, size=int(models_gb * 1e9))
    with resources.open_catalog(settings.load()) as catalog:
        return storage_load(catalog.list(active_only=False))


def _show(
    load: StorageLoad,
    use: Usage,
    prices: Prices,
    host: Host | None,
    found: tuple[MonthlyCost, ...],
    machines: float | None,
) -> None:
    from vigie.cli import console

    console.print_line(
        f"{load.models} models of {console.size(load.size)} together, {use.uploads:,} uploads a month of "
        f"{console.size(use.size)}, kept {use.kept_days} days"
    )
    heads = ("store", "models", "uploads", "requests", "a month", "traffic")
    table = console.columns(*heads, right=(1, 2, 3, 4, 5), last=False)
    for one in found:
        sums = (one.models, one.kept, one.requests, one.beside, one.fetched + one.sent)
        table.add_row(one.provider.name, *(_money(value) for value in sums))
    console.show(table)
    where = f" on {host.name}" if host else " elsewhere"
    lines = [
        f"Prices in {prices.currency}, read {prices.read}. Traffic is added where the app runs{where}, not beside the store.",
        f"Assumed: each model is read from the store {use.model_reads} times a month"
        f"{' (once a day)' if use.model_reads == 30 else ''}, also without any upload; set it with --reads N.",
    ]
    if host and machines is not None:
        lines.append(
            f"Machines on {host.name}: {_money(machines)} a month for web, worker and database "
            f"({use.vcpu:g} processors busy on average, {use.memory:g} GB of memory, {use.disk:g} GB of disk)."
        )
        cheapest = min(found, key=lambda one: one.elsewhere)
        lines.append(
            f"Together, least: {cheapest.provider.name}, {_money(cheapest.elsewhere + machines)} a month."
        )
    console.show("\n".join(lines))


def _money(value: float) -> str:
    return "<$0.01" if 0 < value < 0.01 else f"${value:,.2f}"
