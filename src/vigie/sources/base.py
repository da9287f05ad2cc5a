"""What every source of files offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

CHUNK = 1024**2
"""Bytes that are copied at a time."""


@dataclass(frozen=True)
class SourceFile:
    """A file of a source: its path below the source with `/`, its size in bytes and when it was last written."""

    key: str
    size: int
    modified: datetime


class FileChanged(Exception):
    """A file changed, or vanished, while it was copied; it is looked at again."""


class Source(ABC):
    """A folder of files that is looked at.

    Every method raises Unavailable where the location cannot be reached or read.
    """

    @abstractmethod
    def list(self, *, deep: bool) -> Iterator[SourceFile]:
        """Yield the files, those in folders below only if `deep`.

        Raises:
            NotFound: there is no such folder.
        """

    @abstractmethod
    def fetch(self, file: SourceFile, path: Path) -> str:
        """Copy a file to `path` and return the SHA-256 of its bytes.

        Raises:
            FileChanged: its size or time is no longer that of `file`.
        """

    @abstractmethod
    def put(self, key: str, data: Path) -> None:
        """Write a file whole or not at all; it replaces an earlier one."""
