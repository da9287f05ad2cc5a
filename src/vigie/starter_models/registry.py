"""Registers the models that Vigie ships, so that a fresh installation can score at once."""

from __future__ import annotations

import json
from pathlib import Path

from vigie.bundles import bundle
from vigie.bundles.transfer import BundleLocation
from vigie.catalog import Catalog, ModelVersion, StorageLocation
from vigie.stores.base import Location

MODELS = Path(__file__).parent / "models"
INDEX = "index.json"
PROVENANCE = {"source": "starter library", "trained_on": "simulated worlds"}


def register(catalog: Catalog, folder: Path = MODELS) -> int:
    """Registers the shipped bundles; doing it again is harmless.

    A catalog that outlived its installation finds the models again where they are now, and shipped models of an
    earlier Vigie no longer vote: their files left with it, or stay where they were moved to, for whoever activates them.

    Returns:
        How many models were new or had moved.
    """
    index = folder / INDEX
    if not index.exists():
        return 0
    version = json.loads(index.read_text())["version"]
    if _all_there(catalog, folder, version):
        return 0
    known = {entry.name: entry for entry in catalog.list(active_only=False) if entry.version == version}
    here = str(folder.resolve())
    moved = [
        (entry, StorageLocation("local", here, entry.storage.prefix))
        for entry in known.values()
        if entry.provenance.get("source") == PROVENANCE["source"]
        and entry.storage.storage_type == "local"
        and entry.storage.bucket != here
        and not Path(entry.storage.bucket, entry.storage.prefix).exists()
    ]
    if moved:
        catalog.relocate(moved)
    fresh = [
        _entry(path, here) for path in sorted(folder.iterdir()) if path.is_dir() and path.name not in known
    ]
    catalog.register_all(fresh)
    if fresh:
        for entry in catalog.list():
            if entry.version != version and entry.provenance.get("source") == PROVENANCE["source"]:
                catalog.deactivate(entry.name, entry.version)
    return len(fresh) + len(moved)


def digests(folder: Path = MODELS) -> frozenset[str]:
    """The sha256 of each shipped manifest: what is exactly ours, wherever it lies."""
    return frozenset(bundle.digest(path.read_bytes()) for path in folder.glob(f"*/{bundle.MANIFEST}"))


def _all_there(catalog: Catalog, folder: Path, version: str) -> bool:
    """Whether there is nothing to do, as at every start but the first: not worth reading whole entries for."""
    places = catalog.storage_locations()
    return all(
        (place := places.get((path.name, version))) is not None
        and (place.storage_type != "local" or Path(place.bucket, place.prefix).exists())
        for path in folder.iterdir()
        if path.is_dir()
    )


def _entry(path: Path, bucket: str) -> ModelVersion:
    """The entry of one shipped bundle; its bytes are checked against these digests when it is read."""
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
        Location("local", bucket),
        profile=documents["profile.json"],
        performance=documents["performance.json"],
        provenance=PROVENANCE,
    )
