"""Estimated cost of storing the models at each provider; touches no store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vigie.catalog import ModelVersion
from vigie.costs.prices import Prices, Provider

READS_PER_MONTH = 30
"""How often each file is read in a month by default: once a day, by a cache that is emptied every night."""


@dataclass(frozen=True)
class StorageLoad:
    """What is stored: number of models, number of objects and size in bytes."""

    models: int
    objects: int
    size: int


@dataclass(frozen=True)
class StorageCost:
    """Cost of a load at one provider.

    Attributes:
        provider: its prices.
        storage: of one month.
        copy_requests: of copying the models there: one write and one read of each object, one list of each model.
        read_requests: of one month, with the assumed number of reads of each object.
        transfer_out: of the same reads from outside the provider's network; not part of the sums.
    """

    provider: Provider
    storage: float
    copy_requests: float
    read_requests: float
    transfer_out: float

    @property
    def steady(self) -> float:
        """Cost of every month after the first."""
        return self.storage + self.read_requests

    @property
    def first_month(self) -> float:
        """Cost of the month in which the models are copied."""
        return self.steady + self.copy_requests


def storage_load(entries: Iterable[ModelVersion]) -> StorageLoad:
    """Return the load of some models; a manifest counts as an object, its kilobyte is left out."""
    chosen = list(entries)
    return StorageLoad(
        len(chosen), sum(len(e.digests) + 1 for e in chosen), sum(entry.size for entry in chosen)
    )


def estimate(
    load: StorageLoad, prices: Prices, reads_per_month: int = READS_PER_MONTH
) -> tuple[StorageCost, ...]:
    """Return the cost of `load` at each provider, in the order of the price list."""
    return tuple(_estimate(load, provider, reads_per_month) for provider in prices.providers)


def _estimate(load: StorageLoad, provider: Provider, reads_per_month: int) -> StorageCost:
    gigabytes = load.size / provider.gb_bytes
    reads = load.objects * reads_per_month
    writes = load.objects + load.models
    return StorageCost(
        provider,
        storage=gigabytes * provider.storage_per_gb_month,
        copy_requests=(writes * provider.writes_per_thousand + load.objects * provider.reads_per_thousand)
        / 1000,
        read_requests=reads * provider.reads_per_thousand / 1000,
        transfer_out=gigabytes * reads_per_month * provider.transfer_out_per_gb,
    )
