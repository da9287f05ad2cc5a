"""Verified local copies of stored files, in a folder that all processes of a machine share.

    sha256/ab/abcdef…            a file, named by its own digest
    sha256/ab/.abcdef….k2x9.part a file that is being written
    signatures/abcdef….sig       the signature of the bundle whose manifest has that digest

The digest of every returned file was computed on the bytes that are returned. The cache is optional: with a full disk, a
read-only folder or locks that do not work, files are served from memory and a warning is logged.

The files never take more than the limit together, whatever other processes do: a file is downloaded to memory, and written
only while its process holds the lock of the folder `sha256`, after the least recently used files were removed to make
space. A file that does not fit is not kept. A second lock, on the folder `ab`, lets one process download a file while the
others wait; a third, on the file itself, protects a file that is being read. The system releases them when a process
dies. Without such locks (Windows, NFS) a file may be downloaded twice and the limit exceeded by what another process
writes at the same moment, and only its age tells whether a part is still in use.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from vigie.bundles import file_lock
from vigie.errors import DamagedBundle, UsageRefused
from vigie.i18n.messages import msg

log = logging.getLogger(__name__)

Download = Callable[[], Iterator[bytes]]
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(r"\.[0-9a-f]{64}\.[0-9a-f]+\.part")
# Seconds. A writer holds a lock on its part; without working locks only the age tells whether it is alive.
_MIN_PART_AGE = 60.0
_MIN_PART_AGE_WITHOUT_LOCKS = 24 * 3600.0


@dataclass(frozen=True)
class Entry:
    """A file in the cache: its digest, size in bytes and last use in seconds since 1970."""

    digest: str
    size: int
    used: float


@dataclass(frozen=True)
class _Expected:
    """What to download, and its name in messages."""

    digest: str
    size: int | None
    limit: int
    bundle: str
    file: str


class Cache:
    """A folder of files named by their sha256.

    Args:
        folder: shared by all processes; created when first needed.
        max_bytes: maximum total size.
        lock_seconds: how long to wait for another process's download before downloading too.
    """

    def __init__(self, folder: Path, max_bytes: int, *, lock_seconds: float = 120.0) -> None:
        self.folder = Path(folder)
        self.max_bytes = max_bytes
        self.lock_seconds = lock_seconds
        self._trimmed = False
        self._warned: set[str] = set()

    def fetch(
        self,
        digest: str,
        size: int | None,
        download: Download,
        *,
        limit: int = 1024**3,
        bundle: str = "unknown",
        file: str = "unknown",
    ) -> bytes:
        """Return the bytes whose SHA-256 is `digest`, from the cache or downloaded and kept.

        Args:
            digest: SHA-256 in lower-case hexadecimal.
            size: number of bytes, None where only the digest is known.
            download: starts a download from the first byte; may be called twice.
            limit: maximum number of bytes where `size` is None.
            bundle: bundle of the file, for messages.
            file: name of the file, for messages.

        Raises:
            DamagedBundle: two downloads gave other bytes.
            UsageRefused: `digest` is malformed.
        """
        expected = _Expected(digest, size, limit if size is None else size, bundle, file)
        path = self._path(digest)
        self._trim()
        found = self._read(path, digest)
        if found is not None:
            return found
        with self._download_lock(path.parent):
            # Another process may have downloaded it meanwhile.
            found = self._read(path, digest)
            return found if found is not None else self._download(path, expected, download)

    def list(self) -> tuple[Entry, ...]:
        """Return every file in the cache, the least recently used first."""
        entries = []
        for path in self.folder.glob("sha256/??/*"):
            if _DIGEST.fullmatch(path.name):
                with suppress(OSError):
                    status = path.stat()
                    entries.append(Entry(path.name, status.st_size, status.st_mtime))
        return tuple(sorted(entries, key=lambda entry: (entry.used, entry.digest)))

    def verify(self) -> tuple[Entry, ...]:
        """Read every file, remove the damaged ones and return them."""
        damaged = []
        for entry in self.list():
            path = self._path(entry.digest)
            if path.exists() and self._read(path, entry.digest, touch=False) is None:
                damaged.append(entry)
        return tuple(damaged)

    def clear(self) -> int:
        """Remove every file that is not in use; return the number of bytes freed."""
        self.remove_partial(min_age=0.0)
        return sum(size for _, path, size in self._removable() if file_lock.remove_unused(path))

    def read_signature(self, manifest_sha256: str) -> bytes | None:
        """Return the kept signature of the bundle with that manifest; nothing vouches for it but itself."""
        try:
            return self._signature_path(manifest_sha256).read_bytes()
        except OSError:
            return None

    def keep_signature(self, manifest_sha256: str, signature: bytes) -> None:
        """Keep the signature of the bundle with that manifest, if it fits."""
        self._keep(self._signature_path(manifest_sha256), signature)

    def remove_partial(self, *, min_age: float = _MIN_PART_AGE) -> int:
        """Remove parts of dead processes' downloads that are at least `min_age` seconds old; return how many."""
        removed = 0
        for path in [*self.folder.glob("sha256/??/.*.part"), *self.folder.glob("signatures/.*.part")]:
            with suppress(OSError):
                age = time.time() - path.stat().st_mtime
                needed = min_age if file_lock.AVAILABLE else max(min_age, _MIN_PART_AGE_WITHOUT_LOCKS)
                if _PART.fullmatch(path.name) and age >= needed:
                    removed += file_lock.remove_unused(path)
        return removed

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise UsageRefused(
                msg("cache: unusable digest {digest!r}", digest=digest[:80]),
                hint="64 lower-case hexadecimal digits",
            )
        return self.folder / "sha256" / digest[:2] / digest

    def _read(self, path: Path, digest: str, *, touch: bool = True) -> bytes | None:
        """Return the verified bytes of a file; None if it is absent, unreadable, or damaged and therefore removed."""
        try:
            with path.open("rb") as handle:
                file_lock.try_lock(handle.fileno(), shared=True)
                data = handle.read()
                if sha256(data).hexdigest() == digest:
                    if touch:
                        with suppress(OSError):
                            os.utime(path)
                    return data
                mine = os.fstat(handle.fileno())
        except FileNotFoundError:
            return None
        except OSError as error:
            self._warn(f"files cannot be read ({error.strerror})")
            return None
        log.warning("cache: %s… is damaged, fetching it again", digest[:16])
        with suppress(OSError):
            # Another process may have replaced it meanwhile: only the file that was read is removed.
            if os.path.samestat(mine, path.stat()):
                path.unlink()
        return None

    def _signature_path(self, manifest_sha256: str) -> Path:
        return self.folder / "signatures" / f"{self._path(manifest_sha256).name}.sig"

    @contextmanager
    def _download_lock(self, folder: Path) -> Iterator[None]:
        """Lock `folder` for one download; continue without the lock after `lock_seconds`, or where locks fail."""
        with file_lock.folder_lock(folder, self.lock_seconds) as locked:
            if not locked and folder.is_dir():
                self._warn(
                    f"waited {self.lock_seconds:.0f} s for another process's download, making one more"
                )
            yield

    def _download(self, path: Path, expected: _Expected, download: Download) -> bytes:
        """Download at most twice until the digest is right, and keep the file if it fits and the disk permits."""
        found = ""
        for _ in range(2):
            data, found = _receive(download(), expected)
            if data is not None:
                self._keep(path, data)
                return data
        right = msg("sha256 {digest}…", digest=expected.digest[:16])
        raise DamagedBundle(
            expected.bundle,
            expected.file,
            found=found,
            expected=right
            if expected.size is None
            else msg("{expected} and {size:,} bytes", expected=right, size=expected.size),
            hint="the store holds other bytes than were registered: repair it with `vigie migrate --to` and the URL of "
            "the store, or publish the bundle again",
        )

    def _keep(self, path: Path, data: bytes) -> None:
        """Write a file if it fits, after removing others; do nothing where the folder cannot be locked or written."""
        if len(data) > self.max_bytes:
            return
        with file_lock.folder_lock(self.folder / "sha256", self.lock_seconds) as locked:
            if not locked:
                self._warn("a file cannot be kept (the folder cannot be locked), serving it from memory")
            elif self._evict(len(data)):
                try:
                    _write(path, data)
                except OSError as error:
                    self._warn(f"a file cannot be kept ({error.strerror}), serving it from memory")

    def _trim(self) -> None:
        """Enforce the limit once, because it may have been lowered since the files were written."""
        if self._trimmed:
            return
        self._trimmed = True
        if self._total() > self.max_bytes:
            with file_lock.folder_lock(self.folder / "sha256", self.lock_seconds) as locked:
                if locked:
                    self._evict(0)

    def _evict(self, size: int) -> bool:
        """Remove the least recently used files, except those in use, until `size` more bytes fit; return whether they do.

        The caller holds the lock of the folder, without which no part is written: every part is of a dead process.
        """
        self.remove_partial(min_age=0.0)
        total = self._total()
        if total + size <= self.max_bytes:
            return True
        for _, path, occupied in self._removable():
            if total + size <= self.max_bytes:
                break
            if file_lock.remove_unused(path):
                total -= occupied
        return total + size <= self.max_bytes

    def _removable(self) -> Sequence[tuple[float, Path, int]]:
        """Return last use, path and size of every file and signature, the least recently used first."""
        kept = [(entry.used, self._path(entry.digest), entry.size) for entry in self.list()]
        for path in self.folder.glob("signatures/*.sig"):
            with suppress(OSError):
                status = path.stat()
                kept.append((status.st_mtime, path, status.st_size))
        return sorted(kept)

    def _total(self) -> int:
        """Total size in bytes of all files, parts included."""
        return sum(map(_size, [*self.folder.glob("sha256/??/*"), *self.folder.glob("signatures/*")]))

    def _warn(self, message: str) -> None:
        """Log a message once, not for every file."""
        if message not in self._warned:
            self._warned.add(message)
            log.warning("cache: %s", message)


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: to a locked part, flushed to the disk, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name.removesuffix('.sig')}.{secrets.token_hex(6)}.part")
    try:
        with part.open("xb", buffering=0) as handle:
            file_lock.try_lock(handle.fileno(), shared=False)
            view = memoryview(data)
            while view:
                view = view[handle.write(view) :]
            os.fsync(handle.fileno())
            os.replace(part, path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise


def _receive(chunks: Iterator[bytes], expected: _Expected) -> tuple[bytes | None, str]:
    """Return the bytes if their digest is right, else None and what was found; stop at the limit."""
    hasher, received, total = sha256(), [], 0
    for chunk in chunks:
        total += len(chunk)
        if total > expected.limit:
            return None, f"more than {expected.limit:,} bytes"
        hasher.update(chunk)
        received.append(chunk)
    if hasher.hexdigest() != expected.digest:
        return None, f"sha256 {hasher.hexdigest()[:16]}… and {total:,} bytes"
    return b"".join(received), ""


def _size(path: Path) -> int:
    """Size in bytes of a regular file; 0 for anything else, or a file that has just been removed."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0
