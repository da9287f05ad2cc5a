"""Models in the tasks: opened where they are asked, from the verified cache, never sent along.

A task gets the terms without their models, and for each the entry of the catalog: where the bundle lies and what its
bytes must be. Each Python process opens it once; the cache's locks see to it that a machine fetches it once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from vigie import resources, settings
from vigie.engine.fitted_scorer import Terms
from vigie.models.load import load_model

if TYPE_CHECKING:
    from vigie.catalog import ModelVersion
    from vigie.models.base import ReferenceModel


@dataclass(frozen=True)
class Sent:
    """Terms on their way to the tasks.

    Attributes:
        terms: without models.
        entries: of the models that vote, in their order.
        strict: whether a bundle needs a signature.
    """

    terms: Terms
    entries: tuple[ModelVersion, ...] = ()
    strict: bool = False

    def here(self) -> Terms:
        """The terms with their models, in the process that asks."""
        members = tuple(
            replace(member, model=_opened(_Registered(entry), self.strict))
            for member, entry in zip(self.terms.members, self.entries, strict=True)
        )
        return replace(self.terms, members=members)


@dataclass(frozen=True)
class _Registered:
    """An entry, the same as another where the bytes of its manifest are: they hold all other digests."""

    entry: ModelVersion

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Registered) and self._sure == other._sure

    def __hash__(self) -> int:
        return hash(self._sure)

    @property
    def _sure(self) -> tuple[str, str]:
        return self.entry.manifest_sha256, str(self.entry.storage)


@cache
def _opened(registered: _Registered, strict: bool) -> ReferenceModel:
    chosen = settings.load()
    chosen = replace(chosen, require_signature=chosen.require_signature or strict)
    bundle = resources.bundle_loader(chosen)(registered.entry)
    return load_model(bundle.booster, bundle.features)
