"""Catalogs of small models, and the content of stores and databases."""

from __future__ import annotations

import random
from typing import Any

import sqlalchemy as sa

from vigie.bundles.bundle import Bundle, pack
from vigie.bundles.fetch import load
from vigie.bundles.publish import publish
from vigie.catalog import Catalog, ModelVersion
from vigie.stores.base import Location
from vigie.stores.open import connect, open_location

DOMAIN = "mobile_money"


def make_files(name: str, size: int) -> tuple[Bundle, dict[str, bytes]]:
    """Return a bundle of random bytes, the same for the same name."""
    booster = random.Random(name).randbytes(size)
    profile = {
        "domain": DOMAIN,
        "columns": [{"name": "amount", "role": "amount", "type": "Float64"}],
        "roles": {"amount": 1.0},
        "quantiles": {},
    }
    bundle = Bundle(name, "1", booster, {"of": name}, {"slope": 1.5}, {"ap": 0.4}, profile)
    return bundle, pack(bundle, created="2026-11-01T00:00:00Z")


def populate(engine: sa.Engine, url: str, count: int = 6, size: int = 2_000) -> tuple[ModelVersion, ...]:
    """Publish `count` models of about `size` bytes at `url` and register them; deactivate every fifth."""
    store = connect(url)
    entries = []
    for number in range(1, count + 1):
        bundle, files = make_files(f"dataset{number}", size)
        root = f"{store.prefix}/" if store.prefix else ""
        home = open_location(Location(store.kind, store.bucket))
        stored = publish(home, f"{root}dataset{number}", files)
        entries.append(ModelVersion.from_bundle(bundle, stored, home.location))
    catalog = Catalog(engine)
    kept = catalog.register_all(entries)
    for entry in kept[::5]:
        catalog.deactivate(entry.name, entry.version)
    return tuple(catalog.list(active_only=False))


def contents(url: str) -> dict[str, bytes]:
    """Return every object of a store by key."""
    store = connect(url)
    return {head.key: store.get(head.key) for head in store.list()}


def dump(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    with engine.connect() as connection:
        tables = sorted(sa.inspect(connection).get_table_names())
        return {
            name: sorted(
                tuple(map(str, row)) for row in connection.execute(sa.text(f'SELECT * FROM "{name}"'))
            )
            for name in tables
        }


def places(engine: sa.Engine) -> dict[str, str]:
    """Return the storage location of each model."""
    return {entry.label: str(entry.storage) for entry in Catalog(engine).list(active_only=False)}


def read_all(engine: sa.Engine) -> int:
    """Load every model from the catalog's location, without a cache; return how many."""
    entries = Catalog(engine).list(active_only=False)
    for entry in entries:
        assert load(open_location(entry.store), entry.bundle).name == entry.name
    return len(entries)
