"""The catalog, as seen from here."""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property
from typing import Any

from vigie import resources
from vigie.app import User
from vigie.bundles.cache import Cache
from vigie.bundles.model_cards import get_card
from vigie.catalog import Catalog, ModelVersion
from vigie.relocate import journal
from vigie.starter_models import registry
from vigie.web.services.base import Base, require


class Models(Base):
    """Reference models: which there are, where they lie, what they have shown."""

    def models(self, user: User) -> tuple[ModelVersion, ...]:
        """Every model by name, those that are switched off included."""
        require(user, "viewer", "see models")
        return self.catalog.list(active_only=False)

    def model(self, user: User, name: str, version: str | None = None) -> ModelVersion:
        """One of them."""
        require(user, "viewer", "see models")
        return self.catalog.find(name, version)

    def model_card(self, user: User, name: str, version: str | None = None) -> bytes:
        """The card that training wrote of a model: a page of its own, HTML, with names from the user's table."""
        entry = self.model(user, name, version)
        return get_card(self.store, entry.label, (entry.provenance.get("card") or {}).get("sha256", ""))

    def cached(self, entry: ModelVersion) -> bool:
        """Whether this machine has a copy of its bytes, or has them anyway."""
        if entry.store.kind == "local":
            return True
        held = {one.digest for one in self._copies.list()}
        return all(file.sha256 in held for file in entry.digests.values())

    def set_model_active(self, user: User, name: str, version: str | None, active: bool) -> ModelVersion:
        """Lets a model be matched, or keeps it from it."""
        require(user, "admin", "switch models on and off")
        switch = self.catalog.activate if active else self.catalog.deactivate
        entry = switch(name, version)
        self.note(user, "switch model", f"model:{entry.label}", active=active)
        return entry

    def migrations(self, user: User) -> list[dict[str, Any]]:
        """Moves of bundles between stores, newest first."""
        require(user, "admin", "see migrations")
        return [asdict(record) for record in journal.records(self.engine)]

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog, with the models that come with Vigie."""
        opened = Catalog(self.engine)
        registry.register(opened)
        return opened

    @cached_property
    def _copies(self) -> Cache:
        return resources.cache(self.settings)
