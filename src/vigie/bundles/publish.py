"""Publishes bundles: the files first, the manifest last, once and never over another.

A bundle exists from the moment its manifest does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256

from vigie.bundles.bundle import FILES, MANIFEST, check, digest, read_manifest
from vigie.bundles.location import BundleLocation, file_key
from vigie.errors import AlreadyThere, DamagedBundle, NotFound
from vigie.i18n.messages import msg
from vigie.stores.base import Store, join

_ABANDONED_AFTER = 3600.0


def publish(
    store: Store, prefix: str, files: Mapping[str, bytes], *, clean: bool = True, parallel: int = 6
) -> BundleLocation:
    """Store a packed bundle at `prefix`; publishing the same bundle again sends only files that are missing or damaged.

    Args:
        store: where to.
        prefix: a folder for this bundle alone.
        files: files from `bundle.pack`.
        clean: also remove files that killed publishers left there more than an hour ago.
        parallel: uploads at a time.

    Raises:
        AlreadyThere: another bundle is or has just been published at `prefix`; the files sent in vain are removed.
        DamagedBundle: `files` do not match their manifest.
    """
    stored = describe(prefix, files)
    keys = stored.keys()
    published = _read_manifest_bytes(store, stored)
    if published is not None and published != files[MANIFEST]:
        raise _conflict(store, stored)
    with ThreadPoolExecutor(max_workers=max(1, parallel)) as pool:
        present = pool.map(
            lambda name: published is not None and _is_intact(store, stored, name), stored.files
        )
        missing = [name for name, found in zip(stored.files, present, strict=True) if not found]
        list(pool.map(lambda name: store.put(keys[name], files[name]), missing))
    if published is None:
        _put_manifest(store, stored, files[MANIFEST])
    if clean:
        remove_unreferenced(store, prefix)
    return stored


def publish_version(store: Store, files: Mapping[str, bytes]) -> BundleLocation:
    """Publish a packed bundle in the folder of its name and version.

    The same files packed at another time, or by other versions of the libraries, have another manifest. They count as
    published already, with the manifest that is there.

    Raises:
        AlreadyThere: a bundle of that name and version with other files is published.
    """
    manifest = read_manifest(files[MANIFEST])
    prefix = f"{manifest.name}/{manifest.version}"
    try:
        return publish(store, prefix, files)
    except AlreadyThere:
        data = store.get(join(prefix, MANIFEST))
        published = read_manifest(data)
        if published.files != manifest.files:
            raise
        return BundleLocation(published.name, prefix, digest(data), published.files)


def describe(prefix: str, files: Mapping[str, bytes]) -> BundleLocation:
    """Return the location that packed `files` will have at `prefix`.

    Raises:
        DamagedBundle: the files do not match their manifest.
    """
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


def remove_unreferenced(store: Store, prefix: str, *, older_than: float = _ABANDONED_AFTER) -> int:
    """Remove files of bundles at `prefix` that its manifest does not name; return how many.

    Args:
        store: where.
        prefix: the folder of one bundle.
        older_than: age in seconds: a younger file may belong to a publisher at work.
    """
    removed = store.discard_partial(prefix, older_than)
    try:
        manifest = read_manifest(store.get(join(prefix, MANIFEST)))
        referenced = {file_key(prefix, name, entry.sha256) for name, entry in manifest.files.items()}
    except NotFound:
        referenced = set()
    now = datetime.now(UTC)
    for head in list(store.list(prefix)):
        of_bundle = head.key.startswith(f"{prefix}/") and _is_file_key(head.key.removeprefix(f"{prefix}/"))
        old = (now - head.modified).total_seconds() >= older_than
        if of_bundle and old and head.key not in referenced:
            store.delete(head.key)
            removed += 1
    return removed


def _put_manifest(store: Store, stored: BundleLocation, manifest: bytes) -> None:
    """Write the manifest, which makes the bundle exist; of two publishers one succeeds here."""
    try:
        store.put_if_absent(join(stored.prefix, MANIFEST), manifest)
    except AlreadyThere:
        # Also raised for a repeated request whose first response was lost, and for another publisher of the same bytes.
        winner = _read_manifest_bytes(store, stored)
        if winner == manifest:
            return
        if winner is not None:
            shared = read_manifest(winner).files
            for name, entry in stored.files.items():
                if shared[name] != entry:
                    store.delete(file_key(stored.prefix, name, entry.sha256))
        raise _conflict(store, stored) from None


def _read_manifest_bytes(store: Store, stored: BundleLocation) -> bytes | None:
    try:
        return store.get(join(stored.prefix, MANIFEST))
    except NotFound:
        return None


def _is_intact(store: Store, stored: BundleLocation, name: str) -> bool:
    """Whether the file is in the store with the right bytes; every byte is read, but no more than it should have."""
    entry, hasher, total = stored.files[name], sha256(), 0
    try:
        for chunk in store.stream(file_key(stored.prefix, name, entry.sha256)):
            total += len(chunk)
            if total > entry.size:
                return False
            hasher.update(chunk)
    except NotFound:
        return False
    return hasher.hexdigest() == entry.sha256


def _conflict(store: Store, stored: BundleLocation) -> AlreadyThere:
    return AlreadyThere(
        store.location.label,
        join(store.prefix, stored.prefix, MANIFEST),
        hint=msg(
            "another bundle is published there; what is published never changes: give {name!r} another version",
            name=stored.name,
        ),
    )


def _is_file_key(name: str) -> bool:
    """Return whether `name` is the key of one of a bundle's files, with any digest."""
    return any(
        re.fullmatch(re.escape(file_key("", file, "?")).replace(r"\?", "[0-9a-f]{16}"), name)
        for file in FILES
    )
