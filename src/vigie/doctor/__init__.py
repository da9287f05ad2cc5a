"""Checks everything an installation needs, and reports what is wrong and the command that repairs it.

The checks follow the settings and the catalog: each store that has a model is read. A check returns a finding and raises
nothing that the installation can be at fault for. It writes only a scratch object in the store of the settings, a file in
the cache folder and a row in a transaction that is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from vigie import __version__, settings
from vigie.catalog import ModelVersion
from vigie.db import database, health
from vigie.doctor import installation, storage
from vigie.doctor.finding import GOOD, PROBLEM, WARNING, Finding, all_guarded, guarded
from vigie.settings import Settings

__all__ = ["GOOD", "PROBLEM", "WARNING", "Finding", "examine"]


def examine(chosen: Settings) -> Iterator[Finding]:
    """Run the checks and yield each finding as it is known."""
    web = settings.load_web()
    yield Finding("version", GOOD, f"Vigie {__version__}, database revision {database.HEAD}")
    statuses: list[health.DatabaseStatus] = []
    clock_offsets: list[float] = []

    def read_status() -> Finding:
        statuses.append(health.check(chosen.database_url))
        clock = statuses[0].clock
        if clock is not None:
            clock_offsets.append((datetime.now(UTC) - clock).total_seconds())
        return installation.check_database(statuses[0])

    yield guarded("database", read_status)
    status = statuses[0] if statuses else None
    entries: tuple[ModelVersion, ...] = ()
    if status is not None and status.revision == database.HEAD:
        yield guarded("home", lambda: installation.check_home(chosen))
        yield guarded("models", lambda: storage.check_models(chosen))
        entries = storage.active_models(chosen)
        yield from all_guarded("catalog", lambda: storage.check_catalog_stores(chosen, entries))
        yield guarded("migrations", lambda: installation.check_migrations(chosen))
        yield guarded("proxies", lambda: installation.check_proxies(chosen, web))
    yield from storage.check_credentials(chosen, entries)
    yield guarded("store", lambda: storage.check_store(chosen, clock_offsets))
    yield guarded("cache", lambda: storage.check_cache(chosen, entries))
    yield installation.check_clock(clock_offsets)
    yield guarded("signatures", lambda: installation.check_signatures(chosen))
    yield installation.check_secret(web)
    if status is not None:
        yield installation.check_worker(status, web)
