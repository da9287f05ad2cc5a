"""Verified local copies of stored files, in a folder that all processes of a machine share.

    sha256/ab/abcdef…            a file, named by its own digest
    sha256/ab/.abcdef….k2x9.part an unfinished download

The digest of every returned file was computed on the bytes that are returned. The cache is optional: with a full disk, a
read-only folder or locks that do not work, files are served from memory and a warning is logged.

Files in use are protected by system locks: a file is locked shared while it is read, a part exclusively while it is written,
and the folder `ab` while one of its files is downloaded, so that one process downloads and the others wait. The system
releases them when a process dies. Without such locks (Windows, NFS) a file may be downloaded twice, and only its age
tells whether a part is still in use.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from io import FileIO
from pathlib import Path

from vigie.errors import DamagedBundle, UsageRefused
from vigie.i18n.messages import msg

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)

Download = Callable[[], Iterator[bytes]]
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(r"\.[0-9a-f]{64}\.[0-9a-f]+\.part")
# Seconds. A download holds a lock on its part; without working locks only the age tells whether it is alive.
_MIN_PART_AGE = 60.0
_MIN_PART_AGE_WITHOUT_LOCKS = 24 * 3600.0
_RECOUNT_AFTER = 60.0
_POLL_INTERVAL = 0.01


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
        max_bytes: maximum total size. While several processes write, it may be exceeded for up to a minute by what the
            others wrote.
        lock_seconds: how long to wait for another process's download before downloading too.
    """

    def __init__(self, folder: Path, max_bytes: int, *, lock_seconds: float = 120.0) -> None:
        self.folder = Path(folder)
        self.max_bytes = max_bytes
        self.lock_seconds = lock_seconds
        self._size = 0
        self._counted_at = float("-inf")
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
        found = self._read(path, digest)
        if found is not None:
            return found
        with self._lock(path.parent):
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
        freed = sum(entry.size for entry in self.list() if _remove_unused(self._path(entry.digest)))
        self.remove_partial(min_age=0.0)
        self._counted_at = float("-inf")
        return freed

    def remove_partial(self, *, min_age: float = _MIN_PART_AGE) -> int:
        """Remove parts of dead processes' downloads that are at least `min_age` seconds old; return how many."""
        removed = 0
        for path in self.folder.glob("sha256/??/.*.part"):
            with suppress(OSError):
                age = time.time() - path.stat().st_mtime
                needed = min_age if fcntl is not None else max(min_age, _MIN_PART_AGE_WITHOUT_LOCKS)
                if _PART.fullmatch(path.name) and age >= needed:
                    removed += _remove_unused(path)
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
                _flock(handle.fileno(), shared=True)
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

    @contextmanager
    def _lock(self, folder: Path) -> Iterator[None]:
        """Lock `folder` for one download; continue without the lock after `lock_seconds`, or where locks fail."""
        descriptor = -1
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY)
            deadline = time.monotonic() + self.lock_seconds
            while not _flock(descriptor, shared=False):
                if time.monotonic() >= deadline:
                    self._warn(
                        f"waited {self.lock_seconds:.0f} s for another process's download, making one more"
                    )
                    break
                time.sleep(_POLL_INTERVAL)
        except OSError:
            pass  # writing the file will report what is wrong with the folder
        try:
            yield
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _download(self, path: Path, expected: _Expected, download: Download) -> bytes:
        """Download at most twice until the digest is right, and keep the file if the disk permits."""
        self._evict(expected.size or 0)
        found = ""
        for _ in range(2):
            with _Part(path, keep=(expected.size or 0) <= self.max_bytes, warn=self._warn) as part:
                data, found = _receive(download(), expected, part)
                if data is not None:
                    self._size += len(data) if part.commit(path) else 0
                    return data
        right = msg("sha256 {digest}…", digest=expected.digest[:16])
        raise DamagedBundle(
            expected.bundle,
            expected.file,
            found=found,
            expected=right
            if expected.size is None
            else msg("{expected} and {size:,} bytes", expected=right, size=expected.size),
            hint="the store holds other bytes than were registered: publish the bundle again, or roll back",
        )

    def _warn(self, message: str) -> None:
        """Log a message once, not for every file."""
        if message not in self._warned:
            self._warned.add(message)
            log.warning("cache: %s", message)

    def _evict(self, size: int) -> None:
        """Remove the least recently used files, except those in use, until `size` more bytes fit."""
        now = time.monotonic()
        if self._size + size <= self.max_bytes and now - self._counted_at < _RECOUNT_AFTER:
            return
        entries = self.list()
        self.remove_partial()
        total = sum(entry.size for entry in entries)
        for entry in entries:
            if total + size <= self.max_bytes or size > self.max_bytes:
                break
            if _remove_unused(self._path(entry.digest)):
                total -= entry.size
        self._size, self._counted_at = total, now


class _Part:
    """File of an unfinished download; after an error of the disk it ignores what is written to it."""

    def __init__(self, target: Path, *, keep: bool, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._path = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
        self._handle: FileIO | None = None
        if keep:
            with self._tolerating_errors():
                target.parent.mkdir(parents=True, exist_ok=True)
                self._handle = self._path.open("xb", buffering=0)
                _flock(self._handle.fileno(), shared=False)

    def __enter__(self) -> _Part:
        return self

    def __exit__(self, *exc: object) -> None:
        self._discard()

    def write(self, chunk: bytes) -> None:
        if self._handle is not None:
            with self._tolerating_errors():
                view = memoryview(chunk)
                while view:
                    view = view[self._handle.write(view) :]

    def commit(self, target: Path) -> bool:
        """Flush the part to disk and rename it; return whether that worked."""
        if self._handle is None:
            return False
        with self._tolerating_errors():
            os.fsync(self._handle.fileno())
            os.replace(self._path, target)
            self._handle.close()
            self._handle = None
            return True
        return False

    @contextmanager
    def _tolerating_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._warn(f"a file cannot be kept ({error.strerror}), serving it from memory")
            self._discard()

    def _discard(self) -> None:
        if self._handle is not None:
            with suppress(OSError):
                self._handle.close()
            with suppress(OSError):
                self._path.unlink()
            self._handle = None


def _receive(chunks: Iterator[bytes], expected: _Expected, part: _Part) -> tuple[bytes | None, str]:
    """Return the bytes if their digest is right, else None and what was found; stop at the limit."""
    hasher, received, total = sha256(), [], 0
    for chunk in chunks:
        total += len(chunk)
        if total > expected.limit:
            return None, f"more than {expected.limit:,} bytes"
        hasher.update(chunk)
        received.append(chunk)
        part.write(chunk)
    if hasher.hexdigest() != expected.digest:
        return None, f"sha256 {hasher.hexdigest()[:16]}… and {total:,} bytes"
    return b"".join(received), ""


def _flock(descriptor: int, *, shared: bool) -> bool:
    """Try to lock an open file; return False where another process holds it. Closing the file unlocks it."""
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks: nothing is known to be in use
            return True
    return True


def _remove_unused(path: Path) -> bool:
    """Remove a file unless it is in use; return whether it was removed."""
    try:
        with path.open("rb") as handle:
            if not _flock(handle.fileno(), shared=False):
                return False
            path.unlink()
    except OSError:
        return False
    return True
