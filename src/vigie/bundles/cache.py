"""Verified local copies of stored files, in a folder that all processes of a machine share.

    sha256/ab/abcdef…            a file, named by its own digest
    sha256/ab/.abcdef….k2x9.part a download under way

Nothing leaves the cache whose sha256 was not computed on the very bytes that are returned. The cache is
never needed: with a full disk, a read-only folder or locks that do not work, files are served from
memory and a warning says so.

What is in use is protected by locks of the system on the files themselves: a file is locked shared while it
is read, a part exclusively while it is written, and the folder `ab` while one of its files is downloaded, so that
one process downloads and the others wait. The system drops them when a process dies, and nothing is
left to clean. Where there are no such locks (Windows, NFS) a file may be downloaded twice, and age alone tells whether a
part is still needed.
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
# A download that is alive holds a lock on its part; where locks do not work, only age tells.
_PART_GRACE = 60.0
_PART_AGE = 24 * 3600.0
_RECOUNT = 60.0
_POLL = 0.01


@dataclass(frozen=True)
class Entry:
    """A file in the cache; `used` is when it was last served, in seconds since 1970."""

    digest: str
    size: int
    used: float


@dataclass(frozen=True)
class _Wanted:
    """What to download, and how to call it in messages."""

    digest: str
    size: int | None
    limit: int
    bundle: str
    file: str


class Cache:
    """A folder of files named by their sha256.

    Args:
        folder: shared by all processes; made when first needed.
        max_bytes: what the files may take together. Between processes that write at the same time it
            may be passed for up to a minute by what the others wrote.
        lock_seconds: how long to wait for another process's download before making one's own.
    """

    def __init__(self, folder: Path, max_bytes: int, *, lock_seconds: float = 120.0) -> None:
        self.folder = Path(folder)
        self.max_bytes = max_bytes
        self.lock_seconds = lock_seconds
        self._held = 0
        self._counted = float("-inf")
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
        """The bytes whose sha256 is `digest`: from the cache, or else downloaded once and kept.

        Args:
            digest: 64 lower-case hexadecimal digits.
            size: their number, or None where only the digest is known.
            download: called, and called again, to start a download from the first byte.
            limit: the most bytes to accept where the size is not known.
            bundle: what the bytes belong to, for messages.
            file: which of its files they are, for messages.
        """
        wanted = _Wanted(digest, size, limit if size is None else size, bundle, file)
        path = self._path(digest)
        found = self._read(path, digest)
        if found is not None:
            return found
        with self._lock(path.parent):
            # Another process may have brought it while this one waited.
            found = self._read(path, digest)
            return found if found is not None else self._download(path, wanted, download)

    def list(self) -> tuple[Entry, ...]:
        """Every file in the cache, the least recently used first."""
        entries = []
        for path in self.folder.glob("sha256/??/*"):
            if _DIGEST.fullmatch(path.name):
                with suppress(OSError):
                    status = path.stat()
                    entries.append(Entry(path.name, status.st_size, status.st_mtime))
        return tuple(sorted(entries, key=lambda entry: (entry.used, entry.digest)))

    def verify(self) -> tuple[Entry, ...]:
        """Reads every file again; removes those that are damaged and returns them."""
        damaged = []
        for entry in self.list():
            path = self._path(entry.digest)
            if path.exists() and self._read(path, entry.digest, touch=False) is None:
                damaged.append(entry)
        return tuple(damaged)

    def clear(self) -> int:
        """Removes every file that is not being read or written; returns the bytes freed."""
        freed = sum(entry.size for entry in self.list() if _remove_unused(self._path(entry.digest)))
        self.sweep(grace=0.0)
        self._counted = float("-inf")
        return freed

    def sweep(self, *, grace: float = _PART_GRACE) -> int:
        """Removes the parts of downloads whose process is dead, if older than `grace` seconds."""
        removed = 0
        for path in self.folder.glob("sha256/??/.*.part"):
            with suppress(OSError):
                age = time.time() - path.stat().st_mtime
                if _PART.fullmatch(path.name) and age >= grace and (fcntl is not None or age >= _PART_AGE):
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
        """The verified bytes of a file, or None where it is absent, unreadable, or damaged and now removed."""
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
            # Another process may have healed it meanwhile: only the file that was read is removed.
            if os.path.samestat(mine, path.stat()):
                path.unlink()
        return None

    @contextmanager
    def _lock(self, folder: Path) -> Iterator[None]:
        """Keeps other downloads into `folder` waiting; goes on alone after `lock_seconds`, or where locks fail."""
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
                time.sleep(_POLL)
        except OSError:
            pass  # whoever keeps the file will say what is wrong with the folder
        try:
            yield
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _download(self, path: Path, wanted: _Wanted, download: Download) -> bytes:
        """Downloads, at most twice, until the bytes are the wanted ones; keeps them if the disk lets us."""
        self._make_room(wanted.size or 0)
        found = ""
        for _ in range(2):
            with _Part(path, keep=(wanted.size or 0) <= self.max_bytes, warn=self._warn) as part:
                data, found = _receive(download(), wanted, part)
                if data is not None:
                    self._held += len(data) if part.keep_as(path) else 0
                    return data
        expected = msg("sha256 {digest}…", digest=wanted.digest[:16])
        raise DamagedBundle(
            wanted.bundle,
            wanted.file,
            found=found,
            expected=expected
            if wanted.size is None
            else msg("{expected} and {size:,} bytes", expected=expected, size=wanted.size),
            hint="the store holds other bytes than were registered: publish the bundle again, or roll back",
        )

    def _warn(self, message: str) -> None:
        """Says once in this cache's life what would otherwise be said of every file."""
        if message not in self._warned:
            self._warned.add(message)
            log.warning("cache: %s", message)

    def _make_room(self, size: int) -> None:
        """Removes the least recently used files that nobody reads until `size` more bytes fit."""
        now = time.monotonic()
        if self._held + size <= self.max_bytes and now - self._counted < _RECOUNT:
            return
        entries = self.list()
        self.sweep()
        held = sum(entry.size for entry in entries)
        for entry in entries:
            if held + size <= self.max_bytes or size > self.max_bytes:
                break
            if _remove_unused(self._path(entry.digest)):
                held -= entry.size
        self._held, self._counted = held, now


class _Part:
    """A download on its way to the disk; a disk that refuses turns it into a part that keeps nothing."""

    def __init__(self, goal: Path, *, keep: bool, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._path = goal.with_name(f".{goal.name}.{secrets.token_hex(6)}.part")
        self._handle: FileIO | None = None
        if keep:
            with self._tolerant():
                goal.parent.mkdir(parents=True, exist_ok=True)
                self._handle = self._path.open("xb", buffering=0)
                _flock(self._handle.fileno(), shared=False)

    def __enter__(self) -> _Part:
        return self

    def __exit__(self, *exc: object) -> None:
        self._drop()

    def write(self, chunk: bytes) -> None:
        if self._handle is not None:
            with self._tolerant():
                view = memoryview(chunk)
                while view:
                    view = view[self._handle.write(view) :]

    def keep_as(self, goal: Path) -> bool:
        """Makes the part durable and gives it its name; whether it is there now."""
        if self._handle is None:
            return False
        with self._tolerant():
            os.fsync(self._handle.fileno())
            os.replace(self._path, goal)
            self._handle.close()
            self._handle = None
            return True
        return False

    @contextmanager
    def _tolerant(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._warn(f"a file cannot be kept ({error.strerror}), serving it from memory")
            self._drop()

    def _drop(self) -> None:
        if self._handle is not None:
            with suppress(OSError):
                self._handle.close()
            with suppress(OSError):
                self._path.unlink()
            self._handle = None


def _receive(chunks: Iterator[bytes], wanted: _Wanted, part: _Part) -> tuple[bytes | None, str]:
    """The bytes if they are the wanted ones, else what was found; stops as soon as there are too many."""
    hasher, received, total = sha256(), [], 0
    for chunk in chunks:
        total += len(chunk)
        if total > wanted.limit:
            return None, f"more than {wanted.limit:,} bytes"
        hasher.update(chunk)
        received.append(chunk)
        part.write(chunk)
    if hasher.hexdigest() != wanted.digest:
        return None, f"sha256 {hasher.hexdigest()[:16]}… and {total:,} bytes"
    return b"".join(received), ""


def _flock(descriptor: int, *, shared: bool) -> bool:
    """Locks an open file without waiting; False where another holds it. Closing the file unlocks it."""
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a disk without such locks: nothing is known to be in use
            return True
    return True


def _remove_unused(path: Path) -> bool:
    """Removes a file that nobody reads or writes; whether it did."""
    try:
        with path.open("rb") as handle:
            if not _flock(handle.fileno(), shared=False):
                return False
            path.unlink()
    except OSError:
        return False
    return True
