"""Fetches bundles from stores, through the cache or without it; every byte is compared with the registered digests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from vigie.bundles.bundle import MANIFEST, MANIFEST_LIMIT, Bundle, FileDigest, check, read_manifest, unpack
from vigie.bundles.cache import Cache
from vigie.bundles.location import BundleLocation
from vigie.errors import DamagedBundle, NotFound
from vigie.i18n.messages import msg
from vigie.stores.base import Store, join


def fetch(
    store: Store, stored: BundleLocation, cache: Cache | None = None, *, parallel: int = 6
) -> dict[str, bytes]:
    """Return the bundle's verified files by name.

    Args:
        store: where it is.
        stored: its location and digests.
        cache: serves files that it has, even if the store cannot be reached; None to read all from the store. It does
            not keep a bundle that is larger than itself.
        parallel: downloads at a time.

    Raises:
        DamagedBundle: a file is missing or has other bytes.
        StoreUnavailable: the store cannot be read.
    """
    keys = stored.keys()
    if cache is not None and stored.size >= cache.max_bytes:
        cache = None

    def fetch_file(name: str) -> bytes:
        entry = stored.files.get(name)
        sha256, size = (entry.sha256, entry.size) if entry else (stored.manifest_sha256, None)
        download = _download(store, stored, name, keys[name])
        if cache is not None:
            return cache.fetch(sha256, size, download, limit=MANIFEST_LIMIT, bundle=stored.name, file=name)
        data = b"".join(_limited(download(), stored, name))
        check(stored.name, name, data, FileDigest(sha256, len(data) if size is None else size))
        return data

    with ThreadPoolExecutor(max_workers=max(1, parallel)) as pool:
        files = dict(zip(keys, pool.map(fetch_file, keys), strict=True))
    manifest = read_manifest(files[MANIFEST], manifest_sha256=stored.manifest_sha256, bundle=stored.name)
    if manifest.files != dict(stored.files):
        raise DamagedBundle(
            stored.name, MANIFEST, found="digests of other files", expected="those registered"
        )
    return files


def read_object(store: Store, key: str, limit: int, *, bundle: str, file: str) -> bytes:
    """Return an object whose size no catalog knows.

    Args:
        store: where it is.
        key: of the object.
        limit: largest size, in bytes; no more is read.
        bundle: name of the bundle, for the error.
        file: name of the file, for the error.

    Raises:
        NotFound: there is no such object.
        DamagedBundle: it is larger than `limit`.
        StoreUnavailable: the store cannot be read.
    """
    data = bytearray()
    for chunk in store.stream(key):
        data += chunk
        if len(data) > limit:
            found, expected = (
                msg("more than {limit:,} bytes", limit=limit),
                msg("at most {limit:,}", limit=limit),
            )
            raise DamagedBundle(bundle, file, found=found, expected=expected)
    return bytes(data)


def load(store: Store, stored: BundleLocation, cache: Cache | None = None) -> Bundle:
    """Fetch and unpack a bundle; see `fetch`. `verification.open_bundle` also checks its signature."""
    return unpack(fetch(store, stored, cache), manifest_sha256=stored.manifest_sha256)


def _download(store: Store, stored: BundleLocation, name: str, key: str) -> Callable[[], Iterator[bytes]]:
    """Return a function that starts a download from the first byte."""

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
                hint="repair it with `vigie migrate --to` and the URL of the store, or publish the bundle again",
            ) from None

    return chunks


def _limited(chunks: Iterator[bytes], stored: BundleLocation, name: str) -> Iterator[bytes]:
    """Yield the chunks; raise DamagedBundle once there are more bytes than registered."""
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
