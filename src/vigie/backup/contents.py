"""What a backup consists of, and its manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vigie.db.database import TABLES
from vigie.errors import DamagedBundle, NotFound, UsageRefused
from vigie.i18n.messages import msg
from vigie.stores.base import Store

MANIFEST = "backup.json"
FORMAT = 1


@dataclass(frozen=True)
class Entry:
    """One object of a backup: its key below the backup, its size in bytes and its SHA-256."""

    key: str
    size: int
    sha256: str


@dataclass(frozen=True)
class TableEntry:
    """One table: its rows are in the object, one JSON list of the values of `columns` a line."""

    name: str
    columns: list[str]
    rows: int
    data: Entry


@dataclass(frozen=True)
class Manifest:
    """The description of a backup.

    Attributes:
        created_at: when the snapshot was taken, in UTC.
        version: version of Vigie that wrote it.
        revision: revision of the database.
        tables: the tables.
        files: the files of the store, with keys below `files/`.
        elsewhere: number of models in other stores, whose files are not in the backup.
        storage_type: kind of the store that was copied.
        bucket: its bucket, or its folder.
    """

    created_at: str
    version: str
    revision: str
    tables: list[TableEntry]
    files: list[Entry]
    elsewhere: int
    storage_type: str
    bucket: str

    def to_json(self) -> bytes:
        """Return the manifest as it is stored."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode()

    @classmethod
    def read(cls, store: Store) -> Manifest:
        """Read the manifest of a backup.

        Raises:
            NotFound: there is no complete backup.
            UsageRefused: a later version wrote it.
            DamagedBundle: it is not the manifest of a backup.
        """
        try:
            data = store.get(MANIFEST)
        except NotFound:
            raise NotFound(
                "backup", store.url, hint="a backup that was interrupted has no backup.json: make it again"
            ) from None
        try:
            document: dict[str, Any] = json.loads(data)
            if document.pop("format") != FORMAT:
                raise UsageRefused(
                    "the backup has a format of a later version", hint="install the newest Vigie"
                )
            tables = [TableEntry(**{**one, "data": Entry(**one["data"])}) for one in document.pop("tables")]
            files = [Entry(**one) for one in document.pop("files")]
            found = cls(**document, tables=tables, files=files)
            # The names of tables become names of files and parts of statements.
            unknown = {one.name for one in tables} - TABLES
            columns = [name for one in tables for name in one.columns]
            if not all(isinstance(name, str) for name in columns):
                raise TypeError
            if unknown or not all(one.key.startswith("files/") for one in files):
                raise ValueError
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise DamagedBundle(
                store.url,
                MANIFEST,
                found="another document",
                expected="the manifest of a backup",
                hint="use another backup",
            ) from None
        return found


def copy(chunks: Iterable[bytes], path: Path, key: str) -> Entry:
    """Write chunks to a file and return its entry."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
            size += len(chunk)
    return Entry(key, size, digest.hexdigest())


def fetch(store: Store, entry: Entry, path: Path) -> None:
    """Copy an object of a backup to a file and compare its digest.

    Raises:
        DamagedBundle: its bytes differ from the manifest.
    """
    found = copy(_at_most(store.stream(entry.key), entry.size), path, entry.key)
    if found != entry:
        raise DamagedBundle(
            store.url,
            entry.key,
            found=msg("sha256 {found}…", found=found.sha256[:16]),
            expected=msg("{sha256}…", sha256=entry.sha256[:16]),
            hint="use another backup",
        )


def _at_most(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the chunks until they are more than `size` bytes, so that no object fills the disk."""
    for chunk in chunks:
        yield chunk
        size -= len(chunk)
        if size < 0:
            return


def refuse_unless_empty(store: Store, what: str) -> None:
    """Check that a store has no objects.

    Raises:
        UsageRefused: it has some.
    """
    if next(iter(store.list()), None) is not None:
        raise UsageRefused(
            msg("{what} {url}: found files, expected none", what=what, url=store.url),
            hint="name an empty folder or prefix",
        )
