"""Where bundles go to, and what is found there: the bytes of one file compared with the catalog's digest.

Nothing here writes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from vigie.bundles.bundle import MANIFEST, MANIFEST_LIMIT
from vigie.bundles.transfer import BundleLocation
from vigie.catalog import ModelVersion, StorageLocation
from vigie.errors import DamagedBundle, NotFound, UsageRefused
from vigie.stores.base import Location, Store, check_key, join
from vigie.stores.open import locate, open_location

RIGHT = "right"
ABSENT = "absent"
WRONG = "different"

IN_MEMORY = 32 * 1024**2
"""Bytes of the largest file that is held in memory whole."""

Opener = Callable[[Location], Store]


@dataclass(frozen=True)
class Target:
    """A store that bundles are moved to; a model lies there in a folder of its name and version."""

    location: Location

    @classmethod
    def parse(cls, url: str) -> Target:
        """The target at `url`; refuses one that the catalog could not point at."""
        location = locate(url)
        if location.kind == "memory":
            raise UsageRefused(
                "a store in memory ends with its process, the catalog does not",
                hint="for example --to s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or a folder",
            )
        return cls(location)

    @property
    def url(self) -> str:
        """How the journal names it; two spellings of the same target become one."""
        return self.location.url

    def place(self, entry: ModelVersion) -> StorageLocation:
        """Where `entry` will lie."""
        prefix = check_key(join(self.location.prefix, entry.name, entry.version))
        return StorageLocation(self.location.kind, self.location.bucket, prefix)


class Stores:
    """The stores that places are in, each opened once; safe to share between threads."""

    def __init__(self, opener: Opener = open_location) -> None:
        self._opener = opener
        self._open: dict[Location, Store] = {}
        self._lock = threading.Lock()

    def at(self, place: StorageLocation) -> Store:
        """The store whose keys begin with the place's prefix."""
        location = Location(place.storage_type, place.bucket)
        with self._lock:
            if location not in self._open:
                self._open[location] = self._opener(location)
            return self._open[location]


@dataclass(frozen=True)
class Wanted:
    """One file of a model: what its bytes must be.

    Attributes:
        model: the model's label, for messages.
        name: the file's name in the bundle.
        key: where it lies in its store.
        sha256: what the catalog says.
        size: bytes; nothing for the manifest, whose size the catalog does not keep.
    """

    model: str
    name: str
    key: str
    sha256: str
    size: int | None

    @property
    def limit(self) -> int:
        """The most bytes to read."""
        return MANIFEST_LIMIT if self.size is None else self.size

    def fault(self, found: str, hint: str = "") -> DamagedBundle:
        """What to raise for other bytes."""
        expected = f"sha256 {self.sha256[:16]}…" + ("" if self.size is None else f" of {self.size:,} bytes")
        return DamagedBundle(self.model, self.name, found=found, expected=expected, hint=hint)


def wanted(entry: ModelVersion, place: StorageLocation) -> tuple[Wanted, ...]:
    """The files of `entry` at `place`, the manifest last."""
    stored = BundleLocation(entry.name, place.prefix, entry.manifest_sha256, entry.digests)
    files = []
    for name, key in stored.keys().items():
        digest = entry.digests.get(name)
        if name == MANIFEST or digest is None:
            files.append(Wanted(entry.label, name, key, entry.manifest_sha256, None))
        else:
            files.append(Wanted(entry.label, name, key, digest.sha256, digest.size))
    return tuple(files)


@dataclass(frozen=True)
class Seen:
    """What is at a key: `state` is RIGHT, ABSENT or WRONG, `found` says it in words, `size` is what was read."""

    state: str
    found: str
    size: int


def chunks(store: Store, file: Wanted) -> Iterator[bytes]:
    """The file's bytes as they are now; whoever reads stops at its limit."""
    # The vendor streams a local file in very small pieces: one that fits is read at once.
    if store.kind == "local" and file.limit <= IN_MEMORY and store.head(file.key).size <= file.limit:
        yield store.get(file.key)
    else:
        yield from store.stream(file.key)


def look(store: Store, file: Wanted) -> Seen:
    """Reads the file from the store, every byte, now; raises only where the store cannot be read."""
    hasher, total = sha256(), 0
    try:
        for chunk in chunks(store, file):
            total += len(chunk)
            if total > file.limit:
                return Seen(WRONG, f"more than {file.limit:,} bytes", total)
            hasher.update(chunk)
    except NotFound:
        return Seen(ABSENT, "no such object", total)
    if hasher.hexdigest() != file.sha256:
        return Seen(WRONG, f"sha256 {hasher.hexdigest()[:16]}… of {total:,} bytes", total)
    return Seen(RIGHT, "", total)
