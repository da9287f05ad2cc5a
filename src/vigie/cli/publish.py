"""Publishes and registers bundles and imported models; repeating it is harmless."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path
from typing import Any

from vigie import importer
from vigie.boosting import xgboost_import
from vigie.bundles.bundle import (
    MANIFEST,
    MANIFEST_LIMIT,
    Bundle,
    Manifest,
    digest,
    pack,
    read_manifest,
    unpack,
)
from vigie.bundles.fetch import fetch, read_object
from vigie.bundles.location import BundleLocation, file_key
from vigie.bundles.publish import publish_version
from vigie.bundles.signing import verify
from vigie.bundles.verification import SignaturePolicy, read_signature, write_signature
from vigie.catalog import IMPORTED, Catalog, ModelVersion
from vigie.errors import NotFound, UnsignedBundle
from vigie.models.imported_columns import describe_columns, trace_columns
from vigie.roles.definitions import role_of
from vigie.roles.from_schema import roles_from_schema
from vigie.stores.base import Location, Store, check_key
from vigie.stores.open import connect, locate

_ODD = re.compile(r"[^A-Za-z0-9._+-]+")
_UNKNOWN_TIME = "1970-01-01T00:00:00Z"
"""An imported model has no creation time, and the same files must give the same bytes."""


@dataclass(frozen=True)
class Source:
    """A bundle at a location: its files by plain name, verified against its manifest.

    Attributes:
        store: of the bundle.
        place: location as the catalog stores it: the bucket or the parent folder, and the prefix in it.
        files: the five files and the manifest.
        bundle: the same, unpacked.
        signature: of the manifest; None without one.
        stored: set if the files have the names of a store, so that the bundle can be used where it is.
    """

    store: Store
    place: Location
    files: dict[str, bytes]
    bundle: Bundle
    signature: bytes | None
    stored: BundleLocation | None


@dataclass(frozen=True)
class Registered:
    """A model in the catalog, and whether it is new there."""

    entry: ModelVersion
    new: bool


def find(url: str) -> Source:
    """Find the bundle in a folder or at a URL.

    Raises:
        NotFound: there is no such folder or no bundle in it.
    """
    location = locate(url)
    if location.kind == "local" and not Path(location.bucket).is_dir():
        raise NotFound("folder", url, hint="name the folder that holds manifest.json")
    store = connect(url)
    manifest_bytes = _manifest(store, url)
    manifest = read_manifest(manifest_bytes)
    place = _place(location)
    if _is_packed(store, manifest):
        files = {
            name: read_object(store, name, entry.size, bundle=manifest.name, file=name)
            for name, entry in manifest.files.items()
        }
        files[MANIFEST] = manifest_bytes
        return Source(store, place, files, unpack(files), read_signature(store, ""), None)
    here = BundleLocation(manifest.name, "", digest(manifest_bytes), manifest.files)
    files = fetch(store, here)
    registered = replace(here, prefix=check_key(place.prefix) if place.prefix else "")
    return Source(store, place, files, unpack(files), read_signature(store, ""), registered)


def add(
    catalog: Catalog, source: Source, store: Store, policy: SignaturePolicy, *, provenance: Mapping[str, Any]
) -> Registered:
    """Register a bundle, after publishing it to `store` if its files do not have the names of a store."""
    _admit(source, policy)
    if source.stored is not None:
        return _register(catalog, source.bundle, source.stored, source.place, provenance)
    stored = publish_version(store, source.files)
    if source.signature is not None:
        write_signature(store, stored.prefix, source.signature)
    return _register(catalog, source.bundle, stored, store.location, provenance)


def convert(
    folder: Path, *, name: str = "", domain: str = "", version: str = "", trust: frozenset[str] = frozenset()
) -> Bundle:
    """Convert a third-party model to a bundle, by default named after its folder."""
    if not folder.is_dir():
        raise NotFound("folder", str(folder), hint="name the folder that holds xgboost_model.joblib")
    made = importer.convert(folder, name=name or name_of(folder.resolve().name), version=version, trust=trust)
    profile = {**made.profile, **_inferred_roles(made.profile["columns"])}
    own = _columns(made, profile)
    threshold = profile.pop("threshold")
    stated = {"roc_auc": made.performance.get("roc_auc")} | ({"threshold": threshold} if threshold else {})
    profile |= {"own": own} | ({"domain": domain} if domain else {})
    return replace(made, features={**made.features, "own": own | stated}, profile=profile)


def import_(
    catalog: Catalog,
    bundle: Bundle,
    store: Store,
    policy: SignaturePolicy,
    provenance: Mapping[str, Any] | None = None,
) -> Registered:
    """Publish and register a converted model; its provenance is that of its profile unless another is given."""
    if policy.required:
        raise UnsignedBundle(
            bundle.name,
            hint="import it without VIGIE_REQUIRE_SIGNATURE, then sign it with `vigie models sign`",
        )
    provenance = dict(provenance or bundle.profile.get("provenance", {}))
    files = pack(bundle, created=_UNKNOWN_TIME, libraries=provenance.get("libraries"))
    return _register(catalog, bundle, publish_version(store, files), store.location, provenance)


class ImportedModels:
    """The imported models of a catalog, read once, to find those that were made of the same files.

    Models of earlier versions, which did not keep what is known of the columns, are left out: they are imported again.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._entries: dict[str, list[ModelVersion]] = {}
        for entry in catalog.list(active_only=False):
            if "own" in entry.profile and entry.provenance.get("source") == IMPORTED:
                self._entries.setdefault(entry.name, []).append(entry)

    def find(self, folder: Path, name: str) -> ModelVersion | None:
        """Return the model of a name that was imported from exactly the files of a folder, or None."""
        for entry in self._entries.get(name, ()):
            made_of = entry.provenance.get("files")
            if isinstance(made_of, dict) and made_of and _same(folder, made_of):
                return entry
        return None


def name_of(text: str) -> str:
    """Derive a model's name from a folder's."""
    return _ODD.sub("_", text).strip("._+-")[:200] or "model"


def is_foreign(names: set[str]) -> bool:
    """Return whether a folder with files of these names may hold a model that Vigie did not make."""
    return importer.holds_model(names)


def _inferred_roles(columns: list[dict[str, str]]) -> dict[str, Any]:
    """Infer the roles of an imported model's columns from their names and types: its table is not available."""
    roles = roles_from_schema({column["name"]: column["type"] for column in columns})
    return {
        "columns": [{**column, "role": roles[column["name"]]} for column in columns],
        "roles": dict.fromkeys(
            sorted(role for role in set(roles.values()) if not role_of(role).excluded), 1.0
        ),
    }


def _columns(made: Bundle, profile: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of the columns, to find them again in a table."""
    roles = {column["name"]: column["role"] for column in profile["columns"]}
    traces = trace_columns(made.features, xgboost_import.open_trees(made.booster))
    return describe_columns(made.features["columns"], roles, traces, profile.pop("stated"))


def _manifest(store: Store, url: str) -> bytes:
    try:
        return read_object(store, MANIFEST, MANIFEST_LIMIT, bundle=url, file=MANIFEST)
    except NotFound:
        folder = Path(store.bucket) if store.kind == "local" else None
        hint = "a bundle has a manifest.json"
        if folder and is_foreign({path.name for path in folder.iterdir()}):
            hint = f"this is a third-party model: vigie models import {url}"
        elif folder and next(folder.glob(f"*/{MANIFEST}"), None):
            hint = f"there are bundles in its folders: name one of them, or run populate_reference_models.py --from {url}"
        raise NotFound("bundle at", url, hint=hint) from None


def _is_packed(store: Store, manifest: Manifest) -> bool:
    """Return whether the files have their plain names, as `pack` gives them, instead of those of a store."""
    for name, entry in manifest.files.items():
        try:
            store.head(file_key("", name, entry.sha256))
        except NotFound:
            return True
    return False


def _place(location: Location) -> Location:
    if location.kind == "local":
        folder = Path(location.bucket).resolve()
        return Location("local", str(folder.parent), folder.name)
    return location


def _admit(source: Source, policy: SignaturePolicy) -> None:
    if (
        policy.applies_to(digest(source.files[MANIFEST]))
        and policy.public_key is not None
        and (source.signature is not None or policy.required)
    ):
        verify(source.files, source.signature, policy.public_key, bundle=source.bundle.name)


def _register(
    catalog: Catalog, bundle: Bundle, stored: BundleLocation, place: Location, provenance: Mapping[str, Any]
) -> Registered:
    before = catalog.changes()
    entry = catalog.register(ModelVersion.from_bundle(bundle, stored, place, provenance))
    return Registered(entry, catalog.changes() != before)


def _same(folder: Path, digests: Mapping[str, str]) -> bool:
    for name, expected in digests.items():
        path = folder / Path(name).name
        if not path.is_file():
            return False
        with path.open("rb") as file:
            if file_digest(file, "sha256").hexdigest() != expected:
                return False
    return True
