"""A store in a local folder, which the first write creates."""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom
from stat import S_ISREG

from vigie.errors import StoreUnavailable
from vigie.i18n.messages import as_message, msg
from vigie.settings import StoreOptions
from vigie.stores.base import CHUNK, Head, Location, Store, check_key

# A write goes to NAME#NUMBER beside its target and is renamed; no key has a `#`.
_PARTIAL = re.compile(r".+#\d+")
_REASONS = {
    errno.ENOSPC: (msg("the disk is full"), msg("free some space")),
    errno.EACCES: (
        msg("the folder may not be used by this user"),
        msg("check the folder's owner and mode"),
    ),
    errno.EROFS: (msg("the folder is read-only"), msg("check how the disk is mounted")),
}
_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class LocalStore(Store):
    """Files below a folder, by their relative paths."""

    def __init__(self, location: Location, options: StoreOptions) -> None:
        super().__init__(location)
        del options
        self._folder = Path(location.bucket)

    def put(self, key: str, data: bytes | Path) -> None:
        """See Store."""
        with self._mapped(key), self._staged(key, data) as staged:
            staged.replace(self._folder / key)

    def put_if_absent(self, key: str, data: bytes) -> None:
        """See Store."""
        with self._mapped(key), self._staged(key, data) as staged:
            try:
                (self._folder / key).hardlink_to(staged)
            except FileExistsError:
                raise self.already_there(key) from None

    def get(self, key: str) -> bytes:
        """See Store."""
        with self._mapped(key, reads=True):
            return (self._folder / key).read_bytes()

    def stream(self, key: str) -> Iterator[bytes]:
        """See Store."""
        with self._mapped(key, reads=True), (self._folder / key).open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def head(self, key: str) -> Head:
        """See Store."""
        with self._mapped(key, reads=True):
            found = self._head(self._folder / key)
            if found is None:
                raise IsADirectoryError
            return found

    def list(self, prefix: str = "") -> Iterator[Head]:
        """See Store."""
        below = prefix.strip("/")
        found = []
        with self._mapped(below or None):
            for folder, _, names in os.walk(self._folder / below, onerror=_raise, followlinks=True):
                for name in names:
                    if not _PARTIAL.fullmatch(name):
                        with suppress(FileNotFoundError):  # deleted since the folder was read
                            found.append(self._head(Path(folder, name)))
        return iter(sorted(filter(None, found), key=lambda head: head.key))

    def delete(self, key: str) -> None:
        """See Store."""
        with self._mapped(key), suppress(*_ABSENT):
            (self._folder / key).unlink()

    def discard_partial(self, prefix: str, older_than: float) -> int:
        """See Store."""
        removed = 0
        for path in Path(self._folder, prefix).rglob("*#*"):
            with suppress(FileNotFoundError):  # its writer has just finished
                if _PARTIAL.fullmatch(path.name) and time.time() - path.stat().st_mtime >= older_than:
                    path.unlink()
                    removed += 1
        return removed

    def remove_empty_folders(self, prefix: str) -> None:
        """See Store."""
        with self._mapped(prefix):
            for folder, _, _ in os.walk(self._folder / prefix, topdown=False):
                with suppress(OSError):  # not empty, or removed by another worker
                    Path(folder).rmdir()

    def _head(self, path: Path) -> Head | None:
        """Return the metadata of a regular file."""
        stat = path.stat()
        if not S_ISREG(stat.st_mode):
            return None
        key = path.relative_to(self._folder).as_posix()
        return Head(key, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))

    @contextmanager
    def _staged(self, key: str, data: bytes | Path) -> Iterator[Path]:
        """Write a file beside the target, and remove it at the end where it has not been renamed."""
        target = self._folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = target.with_name(f"{target.name}#{SystemRandom().getrandbits(48)}")
        try:
            with staged.open("xb") as file:
                if isinstance(data, Path):
                    with data.open("rb") as source:
                        shutil.copyfileobj(source, file, CHUNK)
                else:
                    file.write(data)
            yield staged
        finally:
            staged.unlink(missing_ok=True)

    @contextmanager
    def _mapped(self, key: str | None, *, reads: bool = False) -> Iterator[None]:
        """Translate errors of the system into those of Store; their paths are absolute, so their text goes no further."""
        if key is not None:
            check_key(key)
        try:
            yield
        except OSError as error:
            if reads and isinstance(error, _ABSENT):
                raise self.not_found(key or "") from None
            reason, hint = _REASONS.get(error.errno or 0, (os.strerror(error.errno or errno.EIO).lower(), ""))
            subject = f"{self.location.label}, {key!r}" if key else self.location.label
            raise StoreUnavailable(
                msg("{subject}: {value}", subject=subject, value=as_message(reason)),
                hint=hint or "check that the folder exists and may be written",
            ) from None


def _raise(error: OSError) -> None:
    if not isinstance(error, _ABSENT):
        raise error
