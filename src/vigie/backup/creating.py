"""Writes a backup."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from vigie import __version__, resources, tempdirs
from vigie.backup import rows
from vigie.backup.contents import MANIFEST, Entry, Manifest, TableEntry, copy, refuse_unless_empty
from vigie.catalog.model_version import STARTER
from vigie.catalog.tables import reference_models
from vigie.db import database
from vigie.errors import NotFound, UsageRefused
from vigie.settings import Settings
from vigie.stores.base import Store, join

Report = Callable[[str, int], None]
"""Called with the key of what was written and its size."""


def create(settings: Settings, target: Store, report: Report = lambda *_: None) -> Manifest:
    """Write a backup of an installation, which may be running.

    Args:
        settings: of the installation.
        target: an empty folder or prefix.
        report: called for each object.

    Raises:
        UsageRefused: the target is not empty, or lies in the store that is backed up.
        Unavailable: the database, the store or the target do not answer.
    """
    store = resources.model_store(settings)
    if f"{target.url}/".startswith(f"{store.url}/"):
        raise UsageRefused(
            "the backup would be in the store that it copies", hint="name another folder or bucket"
        )
    refuse_unless_empty(target, "backup")
    with (
        tempdirs.temporary_workdir(settings.cache_dir / "backup") as folder,
        database.opened(settings.database_url) as engine,
    ):
        created_at = datetime.now(UTC)
        with rows.snapshot(engine) as connection:
            tables = [_write_table(connection, one, target, folder, report) for one in rows.ordered_tables()]
            elsewhere = _count_elsewhere(connection, store)
        files = list(_copy_files(store, target, folder, report))
    manifest = Manifest(
        created_at.isoformat(), __version__, database.HEAD, tables, files, elsewhere, store.kind, store.bucket
    )
    target.put(MANIFEST, manifest.to_json())
    return manifest


def _write_table(
    connection: sa.Connection, table: sa.Table, target: Store, folder: Path, report: Report
) -> TableEntry:
    plain, packed = folder / "rows", folder / "rows.gz"
    number = 0
    with plain.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
        for line in rows.lines(connection, table):
            file.write(line)
            number += 1
    key = f"database/{table.name}.jsonl.gz"
    entry = copy(_chunks(plain), packed, key)
    target.put(key, packed)
    report(key, entry.size)
    return TableEntry(table.name, [column.name for column in table.columns], number, entry)


def _copy_files(store: Store, target: Store, folder: Path, report: Report) -> Iterator[Entry]:
    for head in list(store.list()):
        path, key = folder / "file", join("files", head.key)
        try:
            entry = copy(store.stream(head.key), path, key)
        except NotFound:
            continue  # deleted meanwhile, with the rows that named it
        target.put(key, path)
        report(key, entry.size)
        yield entry


def _count_elsewhere(connection: sa.Connection, store: Store) -> int:
    """Return the number of models whose files are neither in this store nor in the package."""
    models = reference_models.c
    here = sa.and_(models.storage_type == store.kind, models.s3_bucket == store.bucket)
    own = sa.func.coalesce(models.provenance["source"].as_string(), "") != STARTER
    query = sa.select(sa.func.count()).where(sa.not_(here), own)
    return int(connection.execute(query).scalar_one())


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1024**2):
            yield chunk
