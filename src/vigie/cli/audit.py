"""Audit log of changes made on the command line; their actor is the account of the operating system."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vigie.catalog import Catalog, ModelVersion
    from vigie.db.database import Engine
    from vigie.settings import Settings


def record(engine: Engine, action: str, what: str, **detail: Any) -> None:
    """Add a line to the audit log.

    Args:
        engine: the catalog's database.
        action: what was done, in the words of the web app.
        what: kind and id of the object, such as `user:3`.
        detail: plain JSON without cells.
    """
    from vigie.app import audit
    from vigie.relocate.lock_owner import username

    audit.record(engine, f"command line ({username()})", action, what, detail, "")


@contextmanager
def open_catalog(chosen: Settings) -> Iterator[Catalog]:
    """Open the catalog with the starter models registered; later changes are written to the audit log."""
    from vigie import resources

    with resources.open_catalog(chosen) as catalog:

        def record_change(action: str, entry: ModelVersion) -> None:
            record(catalog.engine, action, f"model:{entry.label}", manifest=entry.manifest_sha256[:16])

        catalog.on_change = record_change
        yield catalog
