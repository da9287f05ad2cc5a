"""A prefix of an object store; an object is there whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from vigie.errors import NotFound
from vigie.sources.base import FileChanged, Source, SourceFile
from vigie.stores.base import Store


class PrefixSource(Source):
    """Objects below the prefix of a store.

    Args:
        store: the store, opened at the prefix.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, *, deep: bool) -> Iterator[SourceFile]:
        """See Source."""
        for head in self._store.list():
            if deep or "/" not in head.key:
                yield SourceFile(head.key, head.size, head.modified)

    def fetch(self, file: SourceFile, path: Path) -> str:
        """See Source."""
        digest, size = hashlib.sha256(), 0
        try:
            with path.open("wb") as copy:
                for data in self._store.stream(file.key):
                    digest.update(data)
                    copy.write(data)
                    size += len(data)
        except NotFound:
            raise FileChanged from None
        if size != file.size:
            raise FileChanged
        return digest.hexdigest()

    def put(self, key: str, data: Path) -> None:
        """See Source."""
        self._store.put(key, data)
