"""What the models would cost in a cloud: arithmetic on a dated table of prices; touches no store.

The table is `prices.json` beside this file, and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from vigie.catalog import ModelVersion
from vigie.errors import InputRefused, NotFound

READS_A_MONTH = 30
"""How often each file is assumed to be read in a month: once a day, for a cache that is emptied every night."""

_NUMBERS = (
    *("gb_bytes", "storage_per_gb_month", "writes_per_thousand"),
    *("reads_per_thousand", "transfer_out_per_gb"),
)


_HOST_NUMBERS = (
    *("plan_month", "plan_includes", "vcpu_month", "gb_ram_month", "volume_gb_month"),
    "transfer_out_per_gb",
)


@dataclass(frozen=True)
class Provider:
    """The prices of one provider, in the currency of the table.

    Attributes:
        key: short name.
        name: product, class and region.
        source: where the prices were read.
        gb_bytes: bytes in what the provider calls a GB.
        storage_per_gb_month: a GB kept for a month.
        writes_per_thousand: 1,000 requests that write or list.
        reads_per_thousand: 1,000 requests that read.
        transfer_out_per_gb: a GB sent to the internet.
    """

    key: str
    name: str
    source: str
    gb_bytes: float
    storage_per_gb_month: float
    writes_per_thousand: float
    reads_per_thousand: float
    transfer_out_per_gb: float


@dataclass(frozen=True)
class Host:
    """The prices of who runs the web app, its workers and the database.

    Attributes:
        plan_month: the least to pay a month; `plan_includes` of it is used up first.
        vcpu_month: a processor busy for a month.
        gb_ram_month: a GB of memory held for a month.
        volume_gb_month: a GB of disk for a month.
        transfer_out_per_gb: a GB sent to the internet, a store elsewhere included.
    """

    key: str
    name: str
    source: str
    plan_month: float
    plan_includes: float
    vcpu_month: float
    gb_ram_month: float
    volume_gb_month: float
    transfer_out_per_gb: float


@dataclass(frozen=True)
class Prices:
    """A table of prices; `read` is the day they were read, ISO 8601."""

    read: str
    currency: str
    note: str
    providers: tuple[Provider, ...]
    hosts: tuple[Host, ...] = ()


@dataclass(frozen=True)
class Load:
    """What is to be stored: so many models, in so many objects, of so many bytes."""

    models: int
    objects: int
    size: int


@dataclass(frozen=True)
class Cost:
    """What a load costs at one provider.

    Attributes:
        provider: whose prices.
        storage: of one month.
        copy_requests: of the migration: a write and a read back of each object, a list of each model.
        read_requests: of one month, each object read READS_A_MONTH times.
        transfer_out: of the same reads, if they leave the provider's network; in none of the sums.
    """

    provider: Provider
    storage: float
    copy_requests: float
    read_requests: float
    transfer_out: float

    @property
    def steady(self) -> float:
        """Of every month after the first."""
        return self.storage + self.read_requests

    @property
    def first_month(self) -> float:
        """Of the month in which the models are copied."""
        return self.steady + self.copy_requests


def load_of(entries: Iterable[ModelVersion]) -> Load:
    """What the models are together; manifests count as objects, their kilobyte each is left out."""
    chosen = list(entries)
    return Load(len(chosen), sum(len(e.digests) + 1 for e in chosen), sum(entry.size for entry in chosen))


def estimate(load: Load, prices: Prices) -> tuple[Cost, ...]:
    """What `load` costs at each provider of the table, in the table's order."""
    return tuple(_cost(load, provider) for provider in prices.providers)


def load_prices(path: Path | None = None) -> Prices:
    """The table in the file at `path`, by default Vigie's own; the file has the form of `prices.json`."""
    if path is None:
        return _read(files("vigie.costs").joinpath("prices.json").read_text("utf-8"), "prices.json")
    try:
        return _read(path.read_text("utf-8"), path.name)
    except FileNotFoundError:
        raise NotFound("price file", str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputRefused(
            f"price file {path.name}: {type(error).__name__}", hint="give a JSON file"
        ) from None


def _cost(load: Load, provider: Provider) -> Cost:
    gigabytes = load.size / provider.gb_bytes
    reads = load.objects * READS_A_MONTH
    writes = load.objects + load.models
    return Cost(
        provider,
        storage=gigabytes * provider.storage_per_gb_month,
        copy_requests=(writes * provider.writes_per_thousand + load.objects * provider.reads_per_thousand)
        / 1000,
        read_requests=reads * provider.reads_per_thousand / 1000,
        transfer_out=gigabytes * READS_A_MONTH * provider.transfer_out_per_gb,
    )


def _read(text: str, name: str) -> Prices:
    hint = "take vigie's own prices.json as the pattern"
    try:
        raw = json.loads(text)
        providers = tuple(_provider(one) for one in raw["providers"])
        hosts = tuple(_host(one) for one in raw.get("hosts", []))
        prices = Prices(str(raw["read"]), str(raw["currency"]), str(raw.get("note", "")), providers, hosts)
    except (ValueError, KeyError, TypeError) as error:
        what = f"no usable {error}" if isinstance(error, KeyError) else str(error)
        raise InputRefused(f"price file {name}: {what}", hint=hint) from None
    if not prices.providers:
        raise InputRefused(f"price file {name}: found no provider, expected at least one", hint=hint)
    return prices


def _host(raw: dict[str, Any]) -> Host:
    numbers = {name: float(raw[name]) for name in _HOST_NUMBERS}
    if min(numbers.values()) < 0:
        raise ValueError(f"a negative price of {raw['key']!r}")
    return Host(str(raw["key"]), str(raw["name"]), str(raw["source"]), **numbers)


def _provider(raw: dict[str, Any]) -> Provider:
    numbers = {name: float(raw[name]) for name in _NUMBERS}
    if min(numbers.values()) < 0 or numbers["gb_bytes"] <= 0:
        raise ValueError(f"a negative price of {raw['key']!r}")
    return Provider(str(raw["key"]), str(raw["name"]), str(raw["source"]), **numbers)
