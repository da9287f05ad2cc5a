"""A trained model to the store and the catalog; doing it again is harmless."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version as installed
from typing import Any

from vigie.artifacts.bundle import MANIFEST, Bundle, digest, pack, read_manifest
from vigie.artifacts.opening import Gate
from vigie.artifacts.store import Store, join
from vigie.artifacts.transfer import Stored, publish
from vigie.catalog import TRAINED, Catalog, Entry
from vigie.errors import AlreadyThere, UnsignedBundle

LIBRARIES = ("xgboost-cpu", "scikit-learn", "polars")
CREATED = "1970-01-01T00:00:00Z"
"""When it was made stands in the catalog: the same model must give the same bytes."""


def shelve(
    catalog: Catalog, bundle: Bundle, store: Store, gate: Gate, *, provenance: Mapping[str, Any] | None = None
) -> Entry:
    """Publishes the bundle and registers it, bytes first.

    Args:
        catalog: where models are registered.
        bundle: as `train` made it.
        store: where new bundles are published.
        gate: what the settings let in: where signatures are asked for, an unsigned model would never be opened.
        provenance: what else to remember of where it came from.
    """
    if gate.required:
        raise UnsignedBundle(
            bundle.name,
            hint="train it without VIGIE_REQUIRE_SIGNATURE, then sign it with `vigie models sign`",
        )
    files = pack(bundle, created=CREATED, libraries={name: installed(name) for name in LIBRARIES})
    stored = _publish(store, bundle, files)
    place = store.location
    return catalog.register(
        Entry.from_bundle_parts(
            bundle.name,
            bundle.version,
            bundle.profile,
            bundle.performance,
            stored.files,
            stored.manifest_sha256,
            place.kind,
            place.bucket,
            stored.prefix,
            {**(provenance or {}), "source": TRAINED, "trained_on": bundle.profile["trained_on"]},
        )
    )


def _publish(store: Store, bundle: Bundle, files: dict[str, bytes]) -> Stored:
    prefix = f"{bundle.name}/{bundle.version}"
    try:
        return publish(store, prefix, files)
    except AlreadyThere:
        # Trained before from the same rows, perhaps with other versions of the libraries: the files decide.
        data = store.get(join(prefix, MANIFEST))
        there = read_manifest(data)
        if there.files != read_manifest(files[MANIFEST]).files:
            raise
        return Stored(there.name, prefix, digest(data), there.files)
