"""Where a bundle is in a store, and the keys of its files.

A bundle is one folder, its prefix:

    <prefix>/booster-<first 16 digits of its sha256>.ubj.zst   and so on for each file
    <prefix>/manifest.json

A file's key depends on its bytes, so two publishers cannot overwrite each other's files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vigie.bundles.bundle import MANIFEST, FileDigest
from vigie.stores.base import join


@dataclass(frozen=True)
class BundleLocation:
    """Where a bundle is in its store and what its bytes must be.

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
        """Total size of the files in bytes, without the manifest."""
        return sum(entry.size for entry in self.files.values())

    def keys(self) -> dict[str, str]:
        """Return file name -> key, the manifest last."""
        named = {name: file_key(self.prefix, name, entry.sha256) for name, entry in self.files.items()}
        return {**named, MANIFEST: join(self.prefix, MANIFEST)}


def file_key(prefix: str, name: str, sha256: str) -> str:
    """Return the key of one file of the bundle at `prefix`."""
    if name == MANIFEST:
        return join(prefix, MANIFEST)
    stem, _, suffix = name.partition(".")
    return join(prefix, f"{stem}-{sha256[:16]}.{suffix}")
