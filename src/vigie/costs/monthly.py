"""Monthly cost of a whole installation: models, uploads and results in a store, and the machines."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vigie.costs.estimate import READS_PER_MONTH, StorageLoad
from vigie.costs.prices import Host, Prices, Provider

PART_SIZE = 8 * 1024**2
"""Bytes of an upload in one request."""


@dataclass(frozen=True)
class Usage:
    """Usage of an installation in a month.

    Attributes:
        uploads: number of uploaded tables.
        size: bytes of one.
        growth: bytes of a result for each byte of its upload: the same rows with seven more columns.
        kept_days: days after which an upload and its result are deleted.
        model_reads: how often each model is read from the store.
        vcpu: average number of busy processors: web, worker and database together.
        memory: GB of memory used by the three.
        disk: GB of disk of the database.
    """

    uploads: int = 1000
    size: int = 20_000_000
    growth: float = 1.3
    kept_days: int = 30
    model_reads: int = READS_PER_MONTH
    vcpu: float = 0.1
    memory: float = 2.0
    disk: float = 1.0


@dataclass(frozen=True)
class MonthlyCost:
    """Cost of a month in one provider's store.

    Attributes:
        provider: its prices.
        models: keeping the models.
        kept: keeping uploads and results.
        requests: writing, reading and listing all of these.
        fetched: reads that leave the provider's network if the app runs elsewhere.
        sent: uploads and results that leave the host's network if the app runs elsewhere.
    """

    provider: Provider
    models: float
    kept: float
    requests: float
    fetched: float
    sent: float

    @property
    def beside(self) -> float:
        """Cost with the app in the provider's network."""
        return self.models + self.kept + self.requests

    @property
    def elsewhere(self) -> float:
        """Cost with the app on another host, traffic included."""
        return self.beside + self.fetched + self.sent


def monthly_costs(
    load: StorageLoad, usage: Usage, prices: Prices, host: Host | None
) -> tuple[MonthlyCost, ...]:
    """Return the cost at each provider, in the order of the price list."""
    return tuple(_monthly_cost(load, usage, provider, host) for provider in prices.providers)


def host_cost(usage: Usage, host: Host) -> float:
    """Return the cost of the machines: the plan, and usage beyond what it includes."""
    used = usage.vcpu * host.vcpu_month + usage.memory * host.gb_ram_month + usage.disk * host.volume_gb_month
    return host.plan_month + max(0.0, used - host.plan_includes)


def _monthly_cost(load: StorageLoad, usage: Usage, provider: Provider, host: Host | None) -> MonthlyCost:
    upload, result = usage.uploads * usage.size, usage.uploads * usage.size * usage.growth
    parts = usage.uploads * (
        math.ceil(usage.size / PART_SIZE) + math.ceil(usage.size * usage.growth / PART_SIZE)
    )
    # Each part is written once and read once; each upload also has a few small objects and listings.
    writes = parts + 3 * usage.uploads
    reads = writes + usage.model_reads * load.objects
    per_gigabyte = provider.storage_per_gb_month / provider.gb_bytes
    fetched = upload + result + usage.model_reads * load.size
    return MonthlyCost(
        provider,
        models=load.size * per_gigabyte,
        kept=(upload + result) * usage.kept_days / 30 * per_gigabyte,
        requests=(writes * provider.writes_per_thousand + reads * provider.reads_per_thousand) / 1000,
        fetched=fetched / provider.gb_bytes * provider.transfer_out_per_gb,
        sent=(upload + result) / 1e9 * host.transfer_out_per_gb if host else 0.0,
    )
