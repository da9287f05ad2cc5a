"""Where bundles are moved to, and the check of one file's bytes against the catalog's digest. Nothing here writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from vigie.bundles.bundle import MANIFEST, MANIFEST_LIMIT
from vigie.bundles.location import BundleLocation
from vigie.catalog import ModelVersion, StorageLocation
from vigie.errors import DamagedBundle, NotFound, UsageRefused
from vigie.stores.base import Location, Store, check_key, join
from vigie.stores.open import locate, open_location
from vigie.stores.probe import probe

MATCH = "right"
MISSING = "absent"
MISMATCH = "different"

StoreOpener = Callable[[Location], Store]


@dataclass(frozen=True)
class Target:
    """A store that bundles are moved to, each into a folder of its model's name and version."""

    location: Location

    @classmethod
    def parse(cls, url: str) -> Target:
        """Parse a URL.

        Raises:
            UsageRefused: the URL is unusable, or names a store that ends with this process.
        """
        location = locate(url)
        if location.kind == "memory":
            raise UsageRefused(
                "a store in memory ends with its process, the catalog does not",
                hint="for example --to s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or a folder",
            )
        return cls(location)

    @property
    def url(self) -> str:
        """URL in the journal, the same for every spelling of this target."""
        return self.location.url

    def location_of(self, entry: ModelVersion) -> StorageLocation:
        """Return where the bundle of `entry` belongs at this target."""
        prefix = check_key(join(self.location.prefix, entry.name, entry.version))
        return StorageLocation(self.location.kind, self.location.bucket, prefix)


class StorePool:
    """The stores of one operation, each opened once; safe to share between threads."""

    def __init__(self, opener: StoreOpener = open_location) -> None:
        self._opener = opener
        self._open: dict[Location, Store] = {}
        self._lock = threading.Lock()

    def get(self, storage: StorageLocation) -> Store:
        """Return the store of a bundle; the bundle's prefix begins its keys."""
        location = Location(storage.storage_type, storage.bucket)
        with self._lock:
            if location not in self._open:
                self._open[location] = self._opener(location)
            return self._open[location]


def probe_stores(places: Iterable[StorageLocation]) -> None:
    """Ask each store of the bundles for one manifest, within seconds.

    Raises:
        StoreUnavailable: a store does not answer.
    """
    first: dict[Location, str] = {}
    for place in places:
        first.setdefault(Location(place.storage_type, place.bucket), join(place.prefix, MANIFEST))
    for location, key in first.items():
        probe(location, key)


@dataclass(frozen=True)
class ExpectedFile:
    """One file of a model, as the catalog has registered it.

    Attributes:
        model: the model's label, for messages.
        name: name of the file in its bundle.
        key: key in its store.
        sha256: digest of its bytes.
        size: bytes; None for the manifest, whose size the catalog does not have.
    """

    model: str
    name: str
    key: str
    sha256: str
    size: int | None

    @property
    def limit(self) -> int:
        """Maximum number of bytes to read."""
        return MANIFEST_LIMIT if self.size is None else self.size

    def damaged(self, found: str, hint: str = "") -> DamagedBundle:
        """Build the error for other bytes."""
        expected = f"sha256 {self.sha256[:16]}…" + ("" if self.size is None else f" of {self.size:,} bytes")
        return DamagedBundle(self.model, self.name, found=found, expected=expected, hint=hint)


def expected_files(entry: ModelVersion, storage: StorageLocation) -> tuple[ExpectedFile, ...]:
    """Return the files of `entry` as they must be at `storage`, the manifest last."""
    stored = BundleLocation(entry.name, storage.prefix, entry.manifest_sha256, entry.digests)
    files = []
    for name, key in stored.keys().items():
        digest = entry.digests.get(name)
        if name == MANIFEST or digest is None:
            files.append(ExpectedFile(entry.label, name, key, entry.manifest_sha256, None))
        else:
            files.append(ExpectedFile(entry.label, name, key, digest.sha256, digest.size))
    return tuple(files)


@dataclass(frozen=True)
class FileCheck:
    """Result of reading one file.

    Attributes:
        state: MATCH, MISSING or MISMATCH.
        found: what was found instead, for messages; empty for MATCH.
        size: bytes read.
    """

    state: str
    found: str
    size: int


def check_file(store: Store, file: ExpectedFile) -> FileCheck:
    """Read every byte of the file from the store and compare its digest.

    Raises:
        StoreUnavailable: the store cannot be read.
    """
    hasher, total = sha256(), 0
    try:
        for chunk in store.stream(file.key):
            total += len(chunk)
            if total > file.limit:
                return FileCheck(MISMATCH, f"more than {file.limit:,} bytes", total)
            hasher.update(chunk)
    except NotFound:
        return FileCheck(MISSING, "no such object", total)
    if hasher.hexdigest() != file.sha256:
        return FileCheck(MISMATCH, f"sha256 {hasher.hexdigest()[:16]}… of {total:,} bytes", total)
    return FileCheck(MATCH, "", total)
