"""A trained model to the store and the catalog; doing it again is harmless."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version as installed
from typing import Any

from vigie.bundles.bundle import Bundle, pack
from vigie.bundles.model_cards import put_card
from vigie.bundles.publish import publish_version
from vigie.bundles.verification import SignaturePolicy
from vigie.catalog import TRAINED, Catalog, ModelVersion
from vigie.errors import UnsignedBundle
from vigie.stores.base import Store

LIBRARIES = ("xgboost-cpu", "scikit-learn", "polars")
CREATED = "1970-01-01T00:00:00Z"
"""When it was made stands in the catalog: the same model must give the same bytes."""


def shelve(
    catalog: Catalog,
    bundle: Bundle,
    store: Store,
    gate: SignaturePolicy,
    *,
    page: str,
    provenance: Mapping[str, Any] | None = None,
) -> ModelVersion:
    """Publishes the bundle and registers it, bytes first.

    Args:
        catalog: where models are registered.
        bundle: as `train` made it.
        store: where new bundles are published.
        gate: what the settings let in: where signatures are asked for, an unsigned model would never be opened.
        page: its card, HTML; kept in the store beside the bundles, under the digest that the provenance remembers.
        provenance: what else to remember of where it came from.
    """
    if gate.required:
        raise UnsignedBundle(
            bundle.name,
            hint="train it without VIGIE_REQUIRE_SIGNATURE, then sign it with `vigie models sign`",
        )
    files = pack(bundle, created=CREATED, libraries={name: installed(name) for name in LIBRARIES})
    stored = publish_version(store, files)
    source = {
        **(provenance or {}),
        "source": TRAINED,
        "trained_on": bundle.profile["trained_on"],
        "card": {"sha256": put_card(store, page)},
    }
    return catalog.register(ModelVersion.from_bundle(bundle, stored, store.location, source))
