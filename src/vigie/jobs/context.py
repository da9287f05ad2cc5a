"""What a job works with."""

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


@dataclass(frozen=True)
class JobContext:
    """One installation, as its workers see it; safe to share between threads."""

    settings: Settings
    web: WebSettings
    engine: database.Engine
    store: Store
    catalog: Catalog
    open_bundle: Callable[[ModelVersion], Bundle]


@contextmanager
def opened(settings: Settings, web: WebSettings) -> Iterator[JobContext]:
    """The bench of what the settings name."""
    engine = database.open(settings.database_url)
    try:
        catalog = Catalog(engine)
        registry.register(catalog)
        yield JobContext(
            settings, web, engine, resources.model_store(settings), catalog, resources.bundle_loader(settings)
        )
    finally:
        engine.dispose()
