"""Registers the starter models that come with Vigie, so that a fresh installation can score at once."""

from __future__ import annotations

import json
from pathlib import Path

from vigie.bundles import bundle
from vigie.bundles.location import BundleLocation
from vigie.catalog import STARTER, Catalog, ModelVersion
from vigie.stores.base import Location

MODELS = Path(__file__).parent / "models"
INDEX = "index.json"
_PROVENANCE = {"source": STARTER, "trained_on": "simulated worlds"}


def register(catalog: Catalog, folder: Path = MODELS) -> int:
    """Register the starter models, unless they are.

    Models that an earlier installation registered in a folder that is gone get their folder here. Starter models of an
    earlier version are deactivated: their files were removed with it, unless they were moved to another store.

    Returns:
        The number of models that were registered or got another folder.
    """
    index = folder / INDEX
    if not index.exists():
        return 0
    version = json.loads(index.read_text())["version"]
    if _are_registered(catalog, folder, version):
        return 0
    known = {entry.name: entry for entry in catalog.list(active_only=False) if entry.version == version}
    found = [(entry, entry.resolve_storage(entry.storage, folder)) for entry in known.values()]
    moved = [(entry, storage) for entry, storage in found if storage != entry.storage]
    if moved:
        catalog.relocate(moved)
    fresh = [
        read_entry(path) for path in sorted(folder.iterdir()) if path.is_dir() and path.name not in known
    ]
    catalog.register_all(fresh)
    if fresh:
        # Whole rows are read only where there are others than these
        others = any(known != version for _, known in catalog.storage_locations())
        for entry in catalog.list() if others else ():
            if entry.version != version and entry.provenance.get("source") == STARTER:
                catalog.deactivate(entry.name, entry.version)
        # The starter models of another version came with another version of the code.
        catalog.pack_vectors()
    return len(fresh) + len(moved)


def digests(folder: Path = MODELS) -> frozenset[str]:
    """Return the SHA-256 of each starter model's manifest."""
    return frozenset(bundle.digest(path.read_bytes()) for path in folder.glob(f"*/{bundle.MANIFEST}"))


def _are_registered(catalog: Catalog, folder: Path, version: str) -> bool:
    """Return whether there is nothing to do, found out without reading whole rows: it runs at every start."""
    storage = catalog.storage_locations()
    return all(
        (place := storage.get((path.name, version))) is not None
        and (place.storage_type != "local" or Path(place.bucket, place.prefix, bundle.MANIFEST).is_file())
        for path in folder.iterdir()
        if path.is_dir()
    )


def read_entry(path: Path) -> ModelVersion:
    """Return the model of one bundle folder to register, with its manifest verified."""
    data = (path / bundle.MANIFEST).read_bytes()
    manifest = bundle.read_manifest(data)
    documents = {}
    for name in ("profile.json", "performance.json"):
        stored = next(path.glob(f"{name.removesuffix('.json')}-*.json"))
        content = stored.read_bytes()
        bundle.check(manifest.name, name, content, manifest.files[name])
        documents[name] = json.loads(content)
    return ModelVersion.from_documents(
        BundleLocation(manifest.name, path.name, bundle.digest(data), manifest.files),
        manifest.version,
        Location("local", str(path.parent.resolve())),
        profile=documents["profile.json"],
        performance=documents["performance.json"],
        provenance=_PROVENANCE,
    )
