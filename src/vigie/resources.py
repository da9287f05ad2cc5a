"""From settings to what the commands work with: catalog, store, cache, gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vigie import settings
from vigie.errors import UsageRefused
from vigie.i18n.messages import msg

if TYPE_CHECKING:
    from vigie.bundles.bundle import Bundle
    from vigie.bundles.cache import Cache
    from vigie.bundles.verification import SignaturePolicy
    from vigie.catalog import Catalog, ModelVersion
    from vigie.stores.base import Location, Store


@contextmanager
def catalog(chosen: settings.Settings) -> Iterator[Catalog]:
    """The catalog, with the models that come with Vigie registered."""
    from vigie.catalog import Catalog
    from vigie.db import database
    from vigie.starter_models import registry

    engine = database.open(chosen.database_url)
    try:
        opened = Catalog(engine)
        registry.register(opened)
        yield opened
    finally:
        engine.dispose()


def cache(chosen: settings.Settings) -> Cache:
    """The verified local copies."""
    from vigie.bundles.cache import Cache

    return Cache(chosen.cache_dir, chosen.cache_bytes)


def signature_policy(chosen: settings.Settings) -> SignaturePolicy:
    """Which bundles the settings let in."""
    from vigie.bundles.verification import SignaturePolicy
    from vigie.starter_models import registry

    shipped = registry.digests() if chosen.public_key else frozenset()
    return SignaturePolicy(chosen.require_signature, chosen.public_key, shipped)


def bundle_loader(chosen: settings.Settings) -> Callable[[ModelVersion], Bundle]:
    """What fetches the bundle of an entry, through the cache and the gate."""
    from vigie.bundles.verification import open_bundle
    from vigie.stores.open import open_location

    copies, rules = cache(chosen), signature_policy(chosen)
    stores: dict[Location, Store] = {}

    def open_entry(entry: ModelVersion) -> Bundle:
        # A local store needs no copies: its files are as near as the cache.
        kept = None if entry.store.kind == "local" else copies
        place = _here(entry)
        # One client a store: making one costs as much as a model.
        store = stores.setdefault(place, open_location(place))
        return open_bundle(store, entry.bundle, kept, rules)

    return open_entry


def _here(entry: ModelVersion) -> Location:
    """Where the entry lies, seen from this machine: one that shares the catalog may keep its Vigie elsewhere."""
    from pathlib import Path

    from vigie.starter_models import registry
    from vigie.stores.base import Location

    place = entry.storage
    lost = place.storage_type == "local" and not Path(place.bucket, place.prefix).exists()
    if lost and entry.provenance.get("source") == registry.PROVENANCE["source"]:
        return Location("local", str(registry.MODELS.resolve()))
    return entry.store


def model_store(chosen: settings.Settings) -> Store:
    """Open the store that new bundles are published in.

    Raises:
        UsageRefused: STORAGE_TYPE is unknown, or names a store without S3_MODEL_BUCKET.
    """
    from vigie.stores.base import Location
    from vigie.stores.open import connect, storage_types

    kind, known = chosen.storage_type, storage_types()
    if kind == "local":
        return connect((chosen.home / "models").resolve().as_uri())
    if kind not in known:
        raise UsageRefused(
            msg(
                "STORAGE_TYPE: found {storage_type!r}, expected one of {storage_types}",
                storage_type=kind,
                storage_types=", ".join(known),
            ),
            hint="leave it out to keep models in VIGIE_HOME",
        )
    if not chosen.bucket:
        raise UsageRefused(
            msg("STORAGE_TYPE is {storage_type!r}, but no bucket is named", storage_type=kind),
            hint="set S3_MODEL_BUCKET to the bucket or container",
        )
    return connect(Location(kind, chosen.bucket).url)
