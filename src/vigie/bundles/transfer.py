"""Bundles between bytes, stores and the cache: publish, fetch, load.

In a store a bundle is one folder, its prefix:

    <prefix>/booster-<first 16 digits of its sha256>.ubj.zst   and so on for each file
    <prefix>/manifest.json                                     written last, once, never over another

A file's key depends on its bytes, so two publishers cannot spoil each other's files, and a bundle exists
from the instant its manifest does. Nothing is returned that was not compared with the digests the catalog holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from vigie.bundles.bundle import (
    FILES,
    MANIFEST,
    MANIFEST_LIMIT,
    Bundle,
    FileDigest,
    check,
    digest,
    read_manifest,
    unpack,
)
from vigie.bundles.cache import Cache
from vigie.errors import AlreadyThere, DamagedBundle, NotFound
from vigie.i18n.messages import msg
from vigie.stores.base import Store, join

_ABANDONED = 3600.0


@dataclass(frozen=True)
class BundleLocation:
    """Where a bundle is in its store and what its bytes must be: what the catalog keeps of it.

    Attributes:
        name: the bundle's name, for messages.
        prefix: its folder, relative to the store.
        manifest_sha256: digest of its manifest.
        files: digest and size of each file beside the manifest.
    """

    name: str
    prefix: str
    manifest_sha256: str
    files: Mapping[str, FileDigest]

    @property
    def size(self) -> int:
        """Bytes of all files, the manifest left out."""
        return sum(entry.size for entry in self.files.values())

    def keys(self) -> dict[str, str]:
        """The key of each file, the manifest last."""
        named = {name: key_of(self.prefix, name, entry.sha256) for name, entry in self.files.items()}
        return {**named, MANIFEST: join(self.prefix, MANIFEST)}


def key_of(prefix: str, name: str, sha256: str) -> str:
    """The key of one file of the bundle at `prefix`."""
    if name == MANIFEST:
        return join(prefix, MANIFEST)
    stem, _, suffix = name.partition(".")
    return join(prefix, f"{stem}-{sha256[:16]}.{suffix}")


def describe(prefix: str, files: Mapping[str, bytes]) -> BundleLocation:
    """What the catalog has to keep of `files`, as packed, once they are at `prefix`; refuses wrong bytes."""
    if MANIFEST not in files:
        raise DamagedBundle("unknown", MANIFEST, found="no such file", expected="a manifest")
    manifest = read_manifest(files[MANIFEST])
    for name, entry in manifest.files.items():
        if name not in files:
            raise DamagedBundle(
                manifest.name, name, found="no such file", expected="the file the manifest names"
            )
        check(manifest.name, name, files[name], entry)
    return BundleLocation(manifest.name, prefix, digest(files[MANIFEST]), manifest.files)


def publish(
    store: Store, prefix: str, files: Mapping[str, bytes], *, tidy: bool = True, parallel: int = 6
) -> BundleLocation:
    """Stores a packed bundle at `prefix`, the manifest last; doing it again is harmless.

    Raises AlreadyThere where another bundle is published at `prefix`, even if it got there this instant;
    what was uploaded for nothing is then removed.

    Args:
        store: where to.
        prefix: a folder for this bundle alone.
        files: what `bundle.pack` returned.
        tidy: also remove what earlier publishers, killed more than an hour ago, left there.
        parallel: uploads at a time.
    """
    stored = describe(prefix, files)
    keys = stored.keys()
    there = _existing(store, stored)
    if there is not None and there != files[MANIFEST]:
        raise _conflict(store, stored)
    wanted = [name for name in stored.files if there is None or not _present(store, stored, name)]
    with ThreadPoolExecutor(max_workers=max(1, parallel)) as pool:
        list(pool.map(lambda name: store.put(keys[name], files[name]), wanted))
    if there is None:
        _seal(store, stored, files[MANIFEST])
    if tidy:
        sweep(store, prefix)
    return stored


def publish_version(store: Store, files: Mapping[str, bytes]) -> BundleLocation:
    """Publishes a packed bundle in the folder of its name and version.

    The same files packed at another time, or by other versions of the libraries, have another manifest: they
    count as there, under the manifest that is there.
    """
    ours = read_manifest(files[MANIFEST])
    prefix = f"{ours.name}/{ours.version}"
    try:
        return publish(store, prefix, files)
    except AlreadyThere:
        data = store.get(join(prefix, MANIFEST))
        there = read_manifest(data)
        if there.files != ours.files:
            raise
        return BundleLocation(there.name, prefix, digest(data), there.files)


def fetch(
    store: Store, stored: BundleLocation, cache: Cache | None = None, *, parallel: int = 6
) -> dict[str, bytes]:
    """The bundle's files, every byte compared with `stored`: through `cache`, or afresh without one.

    What the cache holds is served even if the store cannot be reached.
    """
    keys = stored.keys()

    def one(name: str) -> bytes:
        entry = stored.files.get(name)
        sha, size = (entry.sha256, entry.size) if entry else (stored.manifest_sha256, None)
        download = _download(store, stored, name, keys[name])
        if cache is not None:
            return cache.fetch(sha, size, download, limit=MANIFEST_LIMIT, bundle=stored.name, file=name)
        data = b"".join(_bounded(download(), stored, name))
        check(stored.name, name, data, FileDigest(sha, len(data) if size is None else size))
        return data

    with ThreadPoolExecutor(max_workers=max(1, parallel)) as pool:
        files = dict(zip(keys, pool.map(one, keys), strict=True))
    manifest = read_manifest(files[MANIFEST], manifest_sha256=stored.manifest_sha256, bundle=stored.name)
    if manifest.files != dict(stored.files):
        raise DamagedBundle(
            stored.name, MANIFEST, found="digests of other files", expected="those registered"
        )
    return files


def load(store: Store, stored: BundleLocation, cache: Cache | None = None) -> Bundle:
    """The bundle, ready to be used; see `fetch`."""
    return unpack(fetch(store, stored, cache), manifest_sha256=stored.manifest_sha256)


def sweep(store: Store, prefix: str, *, older_than: float = _ABANDONED) -> int:
    """Removes files of bundles at `prefix` that its manifest does not name; returns how many.

    Args:
        store: where.
        prefix: the folder of one bundle.
        older_than: seconds a file must have been there: a younger one may belong to a publisher at work.
    """
    removed = store.discard_partial(prefix, older_than)
    try:
        manifest = read_manifest(store.get(join(prefix, MANIFEST)))
        kept = {key_of(prefix, name, entry.sha256) for name, entry in manifest.files.items()}
    except NotFound:
        kept = set()
    now = datetime.now(UTC)
    for head in list(store.list(prefix)):
        ours = head.key.startswith(f"{prefix}/") and _file_key(head.key.removeprefix(f"{prefix}/"))
        if ours and head.key not in kept and (now - head.modified).total_seconds() >= older_than:
            store.delete(head.key)
            removed += 1
    return removed


def _seal(store: Store, stored: BundleLocation, manifest: bytes) -> None:
    """Writes the manifest, which makes the bundle exist; the one place where two publishers meet."""
    try:
        store.put_if_absent(join(stored.prefix, MANIFEST), manifest)
    except AlreadyThere:
        # A repeated request whose first answer was lost looks the same, and so does another publisher of the same bytes.
        winner = _existing(store, stored)
        if winner == manifest:
            return
        if winner is not None:
            _withdraw(store, stored, winner)
        raise _conflict(store, stored) from None


def _withdraw(store: Store, stored: BundleLocation, winner: bytes) -> None:
    """Removes this publisher's files, but for those that the winner has too."""
    shared = read_manifest(winner).files
    for name, entry in stored.files.items():
        if shared[name] != entry:
            store.delete(key_of(stored.prefix, name, entry.sha256))


def _existing(store: Store, stored: BundleLocation) -> bytes | None:
    try:
        return store.get(join(stored.prefix, MANIFEST))
    except NotFound:
        return None


def _present(store: Store, stored: BundleLocation, name: str) -> bool:
    entry = stored.files[name]
    try:
        return store.head(key_of(stored.prefix, name, entry.sha256)).size == entry.size
    except NotFound:
        return False


def _conflict(store: Store, stored: BundleLocation) -> AlreadyThere:
    return AlreadyThere(
        store.location.label,
        join(store.prefix, stored.prefix, MANIFEST),
        hint=msg(
            "another bundle is published there; what is published never changes: give {name!r} another version",
            name=stored.name,
        ),
    )


def _download(store: Store, stored: BundleLocation, name: str, key: str) -> Callable[[], Iterator[bytes]]:
    def chunks() -> Iterator[bytes]:
        try:
            yield from store.stream(key)
        except NotFound:
            raise DamagedBundle(
                stored.name,
                name,
                found=msg(
                    "no object {prefix!r} in {label}",
                    prefix=join(store.prefix, key),
                    label=store.location.label,
                ),
                expected="the file the catalog registered",
                hint="publish the bundle again, or point the catalog at the store that has it",
            ) from None

    return chunks


def _bounded(chunks: Iterator[bytes], stored: BundleLocation, name: str) -> Iterator[bytes]:
    """The chunks, as long as there are not more bytes than registered."""
    entry = stored.files.get(name)
    limit, total = (entry.size if entry else MANIFEST_LIMIT), 0
    for chunk in chunks:
        total += len(chunk)
        if total > limit:
            raise DamagedBundle(
                stored.name,
                name,
                found=msg("more than {limit:,} bytes", limit=limit),
                expected=msg("{limit:,} bytes", limit=limit),
            )
        yield chunk


def _file_key(name: str) -> bool:
    """Whether `name` is what `key_of` makes of one of a bundle's files, whatever the digest."""
    return any(
        re.fullmatch(re.escape(key_of("", file, "?")).replace(r"\?", "[0-9a-f]{16}"), name) for file in FILES
    )
