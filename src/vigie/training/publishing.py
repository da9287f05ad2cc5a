"""Publication of a trained model to the store and the catalog; repeating it changes nothing."""

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
"""The catalog holds the true time; a constant here makes equal models equal bytes."""


def publish(
    catalog: Catalog,
    bundle: Bundle,
    store: Store,
    policy: SignaturePolicy,
    *,
    page: str,
    provenance: Mapping[str, Any] | None = None,
) -> ModelVersion:
    """Publish a bundle to the store, then register it in the catalog.

    Args:
        catalog: where models are registered.
        bundle: as `fit` made it.
        store: where new bundles are published.
        policy: of the settings.
        page: the model card, HTML; stored beside the bundles under its digest, which the provenance holds.
        provenance: further facts to register.

    Raises:
        UnsignedBundle: the policy requires signatures, so the model could never be opened.
    """
    if policy.required:
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
