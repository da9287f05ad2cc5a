"""Files of stored results on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from vigie.errors import DamagedBundle, NotFound
from vigie.i18n.messages import msg
from vigie.stores.base import Store, join
from vigie.table.atomic import atomic_write

_COPY_LIFETIME = 3600.0
_CLEANUP_SECONDS = 300.0


class ResultCache:
    """Files of results on this machine; those of an object store are copied and kept for an hour."""

    def __init__(self, store: Store, folder: Path, max_bytes: int) -> None:
        self._store = store
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._cleaned_at = 0.0

    def path(self, result: str, name: str, digest: str = "") -> Path:
        """Return the path of a file; results never change, so that a copy stays valid.

        Args:
            result: folder of the result in the store.
            name: name of the file.
            digest: its SHA-256; empty for results of earlier versions, which have none. A file of a folder of this
                machine is not compared: who can write there can also change the database.

        Raises:
            NotFound: the upload was deleted.
            DamagedBundle: the bytes are not those that the run wrote.
        """
        key = join(result, name)
        if self._store.kind == "local":
            original = Path(self._store.bucket, key)
            if not original.is_file():
                raise _not_found(name)
            return original
        copy = self._folder / key.replace("/", "-")
        with self._lock:
            if not copy.is_file():
                self._fetch(key, copy, digest)
        os.utime(copy)
        return copy

    def content(self, result: str, name: str, digest: str = "") -> bytes:
        """Return the content of a small file; see `path`.

        Raises:
            NotFound: the upload was deleted.
            DamagedBundle: the bytes are not those that the run wrote.
        """
        try:
            data = self._store.get(join(result, name))
        except NotFound:
            raise _not_found(name) from None
        check_digest(result, name, hashlib.sha256(data).hexdigest(), digest)
        return data

    def document(self, result: str, name: str, digest: str = "") -> dict[str, Any]:
        """Return the content of a JSON file; see `content`."""
        found: dict[str, Any] = json.loads(self.content(result, name, digest))
        return found

    def remove_stale(self) -> bool:
        """Delete copies unused for an hour or beyond the size limit: they hold cells, perhaps of deleted uploads.

        Returns:
            False when the last call was less than five minutes ago, so that nothing was done.
        """
        now = time.time()
        with self._lock:
            if now - self._cleaned_at < _CLEANUP_SECONDS:
                return False
            self._cleaned_at = now
        total = 0
        for path in sorted(self._folder.glob("*.parquet"), key=lambda path: -path.stat().st_mtime):
            total += path.stat().st_size
            if now - path.stat().st_mtime > _COPY_LIFETIME or total > self._max_bytes:
                path.unlink(missing_ok=True)
        return True

    def _fetch(self, key: str, copy: Path, digest: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        hashed = hashlib.sha256()
        with atomic_write(copy) as file:
            for chunk in self._store.stream(key):
                hashed.update(chunk)
                file.write(chunk)
            result, _, name = key.rpartition("/")
            check_digest(result, name, hashed.hexdigest(), digest)


def check_digest(result: str, name: str, found: str, expected: str) -> None:
    """Compare the SHA-256 of a file of a result with that in the row of its run; empty for none.

    Raises:
        DamagedBundle: they differ.
    """
    if expected and found != expected:
        raise DamagedBundle(
            result,
            name,
            found=msg("sha256 {found}…", found=found[:16]),
            expected=msg("{sha256}…", sha256=expected[:16]),
            hint="the stored bytes differ from those that the run wrote; score the table again",
        )


def _not_found(name: str) -> NotFound:
    return NotFound("file", name, hint="the upload may have been deleted")
