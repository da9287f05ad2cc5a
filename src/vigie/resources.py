"""Opens the catalog, the stores, the cache and the signature policy that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vigie import settings
from vigie.errors import UnwritableOutput, UsageRefused
from vigie.i18n.messages import msg

if TYPE_CHECKING:
    from vigie.bundles.bundle import Bundle
    from vigie.bundles.cache import Cache
    from vigie.bundles.verification import SignaturePolicy
    from vigie.catalog import Catalog, ModelVersion
    from vigie.stores.base import Location, Store


@contextmanager
def open_catalog(chosen: settings.Settings) -> Iterator[Catalog]:
    """Open the catalog and register the starter models.

    Raises:
        DatabaseUnavailable: the database does not answer or is at another revision.
    """
    from vigie.catalog import Catalog
    from vigie.db import database
    from vigie.starter_models import registry

    with database.opened(chosen.database_url) as engine:
        opened = Catalog(engine)
        registry.register(opened)
        yield opened


def open_cache(chosen: settings.Settings) -> Cache:
    """Open the cache of verified bundle files."""
    from vigie.bundles.cache import Cache

    if chosen.home in chosen.cache_dir.parents:
        _make_home(chosen)
    return Cache(chosen.cache_dir, chosen.cache_bytes)


def signature_policy(chosen: settings.Settings) -> SignaturePolicy:
    """Return which bundles must be signed and by which key."""
    from vigie.bundles.verification import SignaturePolicy
    from vigie.starter_models import registry

    shipped = registry.digests() if chosen.public_key else frozenset()
    return SignaturePolicy(chosen.require_signature, chosen.public_key, shipped)


def bundle_loader(chosen: settings.Settings) -> Callable[[ModelVersion], Bundle]:
    """Return a function that fetches and verifies the bundle of a model, through the cache.

    The function raises DamagedBundle, UnsignedBundle, NewerBundle and StoreUnavailable.
    """
    from vigie.bundles.verification import open_bundle
    from vigie.starter_models import registry
    from vigie.stores.base import Location
    from vigie.stores.open import open_location

    cache, policy = open_cache(chosen), signature_policy(chosen)
    stores: dict[Location, Store] = {}

    def load(entry: ModelVersion) -> Bundle:
        # Another machine that shares the catalog may have its starter models in another folder.
        storage = entry.resolve_storage(entry.storage, registry.MODELS)
        location = Location(storage.storage_type, storage.bucket)
        if location not in stores:
            # Kept: creating a client takes as long as fetching a model.
            stores[location] = open_location(location)
        # A local store needs no cached copies.
        return open_bundle(
            stores[location], entry.bundle, None if location.kind == "local" else cache, policy
        )

    return load


def model_store(chosen: settings.Settings) -> Store:
    """Open the store that new bundles are published in.

    Raises:
        UsageRefused: STORAGE_TYPE is unknown, or names a store without S3_MODEL_BUCKET.
    """
    from vigie.stores.base import Location
    from vigie.stores.open import connect, storage_types

    kind, known = chosen.storage_type, storage_types()
    if kind == "local":
        _make_home(chosen)
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


def _make_home(chosen: settings.Settings) -> None:
    """Create the folder of models and cache, for this user only; one that exists keeps its mode.

    Raises:
        UnwritableOutput: it cannot be created.
    """
    try:
        chosen.home.parent.mkdir(parents=True, exist_ok=True)
        chosen.home.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise UnwritableOutput(str(chosen.home), reason=error.strerror or type(error).__name__) from error
