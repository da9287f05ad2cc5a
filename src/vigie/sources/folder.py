"""A local folder; paths may have any characters that the system allows."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG

from vigie.errors import NotFound, StoreUnavailable
from vigie.i18n.messages import msg
from vigie.sources.base import CHUNK, FileChanged, Source, SourceFile
from vigie.table.atomic import atomic_write


class FolderSource(Source):
    """Regular files below a folder; links that lead out of it are not followed.

    Args:
        folder: absolute path.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list(self, *, deep: bool) -> Iterator[SourceFile]:
        """See Source."""
        with self._mapped():
            if not self._folder.is_dir():
                raise NotFound(
                    "folder", self._folder.name, hint="check that it exists, or that its disk is mounted"
                )
            root = self._folder.resolve()
            found = []
            for folder, folders, names in os.walk(self._folder, onerror=_raise):
                folders[:] = sorted(folders) if deep else []
                for name in names:
                    path = Path(folder, name)
                    if path.is_symlink() and not path.resolve().is_relative_to(root):
                        continue
                    file = self._describe(path)
                    if file is not None:
                        found.append(file)
        return iter(sorted(found, key=lambda file: file.key))

    def fetch(self, file: SourceFile, path: Path) -> str:
        """See Source."""
        with self._mapped(file.key):
            source = self._folder / file.key
            if self._describe(source) != file:
                raise FileChanged
            digest = hashlib.sha256()
            with source.open("rb") as opened, path.open("wb") as copy:
                while data := opened.read(CHUNK):
                    digest.update(data)
                    copy.write(data)
                copied = copy.tell()
            if copied != file.size or self._describe(source) != file:
                raise FileChanged
            return digest.hexdigest()

    def put(self, key: str, data: Path) -> None:
        """See Source."""
        with atomic_write(self._folder / key) as file, data.open("rb") as source:
            shutil.copyfileobj(source, file, CHUNK)

    def _describe(self, path: Path) -> SourceFile | None:
        """Return a regular file; None for anything else, and for a file that is gone."""
        try:
            stat = path.stat()
        except FileNotFoundError:
            return None
        if not S_ISREG(stat.st_mode):
            return None
        key = path.relative_to(self._folder).as_posix()
        return SourceFile(key, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))

    @contextmanager
    def _mapped(self, key: str = "") -> Iterator[None]:
        """Translate errors of the system; their paths are absolute, so their text goes no further."""
        try:
            yield
        except FileNotFoundError:
            raise FileChanged from None
        except OSError as error:
            reason = os.strerror(error.errno).lower() if error.errno else type(error).__name__
            subject = f"{self._folder.name}/{key}" if key else self._folder.name
            raise StoreUnavailable(
                msg("folder {folder!r}: {value}", folder=subject, value=reason),
                hint="check its owner and mode, and that its disk is mounted",
            ) from None


def _raise(error: OSError) -> None:
    raise error
