"""The catalog of reference models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from functools import cached_property
from typing import Any

from vigie import resources
from vigie.app import User
from vigie.bundles.model_cards import get_card
from vigie.catalog import Catalog, ModelVersion
from vigie.db.database import Engine
from vigie.relocate import journal
from vigie.settings import Settings
from vigie.starter_models import registry
from vigie.stores.base import Store
from vigie.web.services.access import require
from vigie.web.services.audit import AuditLog


class Models:
    """Reference models: versions, cards, activation."""

    def __init__(self, engine: Engine, audit: AuditLog, store: Store, settings: Settings) -> None:
        self._engine, self._audit, self._store = engine, audit, store
        self._settings = settings
        self._listed: tuple[int, tuple[ModelVersion, ...]] | None = None

    def list_all(self, user: User) -> tuple[ModelVersion, ...]:
        """Return all models by name, including inactive ones."""
        require(user, "viewer", "view models")
        changes = self.catalog.changes()
        if self._listed is None or self._listed[0] != changes:
            self._listed = changes, self.catalog.list(active_only=False)
        return self._listed[1]

    def find(self, user: User, name: str, version: str | None = None) -> ModelVersion:
        """Return a version of a model, by default the newest.

        Raises:
            NotFound: there is no such model or version.
        """
        require(user, "viewer", "view models")
        return self.catalog.find(name, version)

    def card(self, user: User, name: str, version: str | None = None) -> bytes:
        """Return the HTML card that training wrote; it holds column names of the training table.

        Raises:
            NotFound: the model has no card.
        """
        entry = self.find(user, name, version)
        return get_card(self._store, entry.label, (entry.provenance.get("card") or {}).get("sha256", ""))

    def cached(self, entries: Iterable[ModelVersion]) -> frozenset[str]:
        """Return the labels, name and version, of the models whose files this machine has."""
        entries = tuple(entries)
        remote = [entry for entry in entries if entry.store.kind != "local"]
        copies = {copy.digest for copy in resources.open_cache(self._settings).list()} if remote else set()
        missing = {
            entry.label
            for entry in remote
            if not all(file.sha256 in copies for file in entry.digests.values())
        }
        return frozenset(entry.label for entry in entries if entry.label not in missing)

    def set_active(self, user: User, name: str, version: str | None, active: bool) -> ModelVersion:
        """Activate or deactivate a model; inactive models are not matched."""
        require(user, "admin", "activate or deactivate models")
        change = self.catalog.activate if active else self.catalog.deactivate
        entry = change(name, version)
        self._audit.record(user, "switch model", f"model:{entry.label}", active=active)
        return entry

    def list_migrations(self, user: User) -> list[dict[str, Any]]:
        """Return the moves of models between stores, newest first; for administrators."""
        require(user, "admin", "view moves of models")
        return [asdict(record) for record in journal.list_migrations(self._engine)]

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog with the starter models registered."""
        catalog = Catalog(self._engine)
        registry.register(catalog)
        return catalog
