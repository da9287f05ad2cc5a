"""Resources of a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from vigie import resources
from vigie.bundles.bundle import Bundle
from vigie.catalog import Catalog, ModelVersion
from vigie.db import database
from vigie.settings import Settings, WebSettings
from vigie.starter_models import registry
from vigie.stores.base import Store

ProgressCallback = Callable[[str, float], None]
"""Called with the current stage and the share of the work that is done, in [0, 1]."""


@dataclass(frozen=True)
class JobContext:
    """One installation; safe to share between threads."""

    settings: Settings
    web: WebSettings
    engine: database.Engine
    store: Store
    catalog: Catalog
    open_bundle: Callable[[ModelVersion], Bundle]


@contextmanager
def open_context(settings: Settings, web: WebSettings) -> Iterator[JobContext]:
    """Open database, store and catalog of the settings."""
    engine = database.open(settings.database_url)
    try:
        catalog = Catalog(engine)
        registry.register(catalog)
        yield JobContext(
            settings, web, engine, resources.model_store(settings), catalog, resources.bundle_loader(settings)
        )
    finally:
        engine.dispose()
