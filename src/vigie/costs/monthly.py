"""What a whole installation costs a month: models, uploads and their results in a store, and the machines beside it.

Arithmetic on the same dated table of prices as the estimate of a migration.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vigie.costs.estimate import Host, Load, Prices, Provider

PART = 8 * 1024**2
"""Bytes of an upload that travel in one request."""


@dataclass(frozen=True)
class Use:
    """How an installation is used in a month.

    Attributes:
        uploads: tables uploaded.
        size: bytes of one.
        growth: bytes of its result for each byte of it: the same rows with seven columns more.
        kept_days: days after which an upload and its result are deleted.
        vcpu: processors busy on average over the month: web, worker and database together.
        memory: GB of memory held all the time by the three.
        disk: GB of disk of the database.
    """

    uploads: int = 1000
    size: int = 20_000_000
    growth: float = 1.3
    kept_days: int = 30
    vcpu: float = 0.1
    memory: float = 2.0
    disk: float = 1.0


@dataclass(frozen=True)
class Bill:
    """What a month costs in one provider's store, with the app on a host elsewhere or beside the store.

    Attributes:
        models: keeping the models.
        kept: keeping uploads and results.
        requests: writing, reading and listing all of these.
        fetched: what the worker reads and people download leaves the provider's network, if the app is elsewhere.
        sent: the same uploads and results leave the host's network, if the app is elsewhere.
    """

    provider: Provider
    models: float
    kept: float
    requests: float
    fetched: float
    sent: float

    @property
    def beside(self) -> float:
        """The store alone, the app in the same network."""
        return self.models + self.kept + self.requests

    @property
    def elsewhere(self) -> float:
        """The store and the traffic to a host elsewhere."""
        return self.beside + self.fetched + self.sent


def bills(load: Load, use: Use, prices: Prices, host: Host | None) -> tuple[Bill, ...]:
    """The bill of each provider of the table, in its order."""
    return tuple(_bill(load, use, provider, host) for provider in prices.providers)


def compute(use: Use, host: Host) -> float:
    """What the host asks for the machines: the plan, and what goes beyond what it includes."""
    used = use.vcpu * host.vcpu_month + use.memory * host.gb_ram_month + use.disk * host.volume_gb_month
    return host.plan_month + max(0.0, used - host.plan_includes)


def _bill(load: Load, use: Use, provider: Provider, host: Host | None) -> Bill:
    gigabyte = provider.gb_bytes
    upload, result = use.uploads * use.size, use.uploads * use.size * use.growth
    parts = use.uploads * (math.ceil(use.size / PART) + math.ceil(use.size * use.growth / PART))
    # Each part is written once and read once; each upload also has a few small objects and listings.
    writes, reads = parts + 3 * use.uploads, parts + 3 * use.uploads + 30 * load.objects
    return Bill(
        provider,
        models=load.size / gigabyte * provider.storage_per_gb_month,
        kept=(upload + result) * use.kept_days / 30 / gigabyte * provider.storage_per_gb_month,
        requests=(writes * provider.writes_per_thousand + reads * provider.reads_per_thousand) / 1000,
        fetched=(upload + result + 30 * load.size) / gigabyte * provider.transfer_out_per_gb,
        sent=(upload + result) / 1e9 * host.transfer_out_per_gb if host else 0.0,
    )
