"""Price lists of storage providers and hosts: `prices.json` beside this file, or one of the user's in the same form."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from vigie.errors import InputRefused, NotFound


@dataclass(frozen=True)
class Provider:
    """Prices of a storage provider, in the currency of the list.

    Attributes:
        key: short name.
        name: product, class and region.
        source: where the prices were read.
        gb_bytes: bytes in the provider's GB.
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
    """Prices of the host that runs the web app, its workers and the database.

    Attributes:
        key: short name.
        name: product.
        source: where the prices were read.
        plan_month: minimum a month; usage up to `plan_includes` is included.
        plan_includes: see `plan_month`.
        vcpu_month: a processor busy for a month.
        gb_ram_month: a GB of memory used for a month.
        volume_gb_month: a GB of disk for a month.
        transfer_out_per_gb: a GB sent to the internet, which includes a store elsewhere.
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
    """A price list; `read` is the ISO 8601 date of its prices."""

    read: str
    currency: str
    note: str
    providers: tuple[Provider, ...]
    hosts: tuple[Host, ...] = ()


_Entry = TypeVar("_Entry", Provider, Host)


def load_prices(path: Path | None = None) -> Prices:
    """Read a price list.

    Args:
        path: a file in the form of `prices.json`; None for Vigie's own.

    Raises:
        NotFound: there is no such file.
        InputRefused: the file is not a price list.
    """
    if path is None:
        return _parse(files("vigie.costs").joinpath("prices.json").read_text("utf-8"), "prices.json")
    try:
        return _parse(path.read_text("utf-8"), path.name)
    except FileNotFoundError:
        raise NotFound("price file", str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputRefused(
            f"price file {path.name}: {type(error).__name__}", hint="give a JSON file"
        ) from None


def _parse(text: str, name: str) -> Prices:
    hint = "take vigie's own prices.json as the pattern"
    try:
        raw = json.loads(text)
        providers = tuple(_entry(Provider, one) for one in raw["providers"])
        hosts = tuple(_entry(Host, one) for one in raw.get("hosts", []))
        prices = Prices(str(raw["read"]), str(raw["currency"]), str(raw.get("note", "")), providers, hosts)
    except (ValueError, KeyError, TypeError) as error:
        found = f"no usable {error}" if isinstance(error, KeyError) else str(error)
        raise InputRefused(f"price file {name}: {found}", hint=hint) from None
    if not prices.providers:
        raise InputRefused(f"price file {name}: found no provider, expected at least one", hint=hint)
    return prices


def _entry(kind: type[_Entry], raw: dict[str, Any]) -> _Entry:
    texts = {name: str(raw[name]) for name in ("key", "name", "source")}
    numbers = {field.name: float(raw[field.name]) for field in fields(kind) if field.name not in texts}
    if min(numbers.values()) < 0 or numbers.get("gb_bytes") == 0:
        raise ValueError(f"a negative price of {texts['key']!r}")
    return kind(**texts, **numbers)  # type: ignore[arg-type]
