"""What a job works with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from vigie import database, opening
from vigie.artifacts.bundle import Bundle
from vigie.artifacts.store import Store
from vigie.catalog import Catalog, Entry
from vigie.library import starter
from vigie.settings import Settings, WebSettings


@dataclass(frozen=True)
class Bench:
    """One installation, as its workers see it; safe to share between threads."""

    settings: Settings
    web: WebSettings
    engine: database.Engine
    store: Store
    catalog: Catalog
    open_bundle: Callable[[Entry], Bundle]


@contextmanager
def opened(settings: Settings, web: WebSettings) -> Iterator[Bench]:
    """The bench of what the settings name."""
    engine = database.open(settings.database_url)
    try:
        catalog = Catalog(engine)
        starter.register(catalog)
        yield Bench(settings, web, engine, opening.shelf(settings), catalog, opening.opener(settings))
    finally:
        engine.dispose()
