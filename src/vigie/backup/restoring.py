"""Fills an empty installation from a backup."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vigie import resources, tempdirs
from vigie.backup import rows
from vigie.backup.contents import Manifest, TableEntry, fetch, refuse_unless_empty
from vigie.backup.creating import Report
from vigie.db import database
from vigie.db.database import Engine
from vigie.errors import DamagedBundle, UsageRefused
from vigie.i18n.messages import msg
from vigie.settings import Settings
from vigie.stores.base import Store


def restore(settings: Settings, source: Store, report: Report = lambda *_: None) -> Manifest:
    """Fill an empty database and an empty store from a backup, and upgrade the database to this version.

    Every byte of the backup is compared with its digest before the first one is written. Files come next, and the rows in one
    transaction at the end: an installation that was restored in part has no rows.

    Args:
        settings: of the new installation.
        source: the backup.
        report: called for each object.

    Raises:
        UsageRefused: database or store are not empty, or a later version wrote the backup.
        DamagedBundle: bytes of the backup differ from its manifest, or are no rows of its tables.
        NotFound: there is no complete backup.
    """
    manifest, store = Manifest.read(source), resources.model_store(settings)
    if manifest.revision not in database.REVISIONS:
        raise UsageRefused(
            msg(
                "the backup is at database revision {revision}, newer than this Vigie",
                revision=manifest.revision,
            ),
            hint="install the newest Vigie",
        )
    engine = database.connect(settings.database_url)
    try:
        _refuse_used(engine)
        refuse_unless_empty(store, "the store")
        with tempdirs.temporary_workdir(settings.cache_dir / "backup") as folder:
            tables = [_fetch_table(source, one, folder) for one in manifest.tables]
            path = folder / "file"
            for entry in manifest.files:
                fetch(source, entry, path)
            for entry in manifest.files:
                fetch(source, entry, path)  # once more: a backup does not fit beside the installation
                store.put(entry.key.removeprefix("files/"), path)
                report(entry.key, entry.size)
            _insert(engine, source, manifest, tables, store)
    finally:
        engine.dispose()
    return manifest


def _refuse_used(engine: Engine) -> None:
    with database.reading(engine) as connection:
        if database.revision(connection) is not None:
            raise UsageRefused(
                msg("the database at {place} is not empty", place=database.where(engine)),
                hint="restore into a new database: another DATABASE_URL, or another VIGIE_HOME",
            )


def _fetch_table(source: Store, entry: TableEntry, folder: Path) -> Path:
    path = folder / f"{entry.name}.jsonl.gz"
    fetch(source, entry.data, path)
    with _damage(source, entry):
        deque(rows.read(entry, path), maxlen=0)
    return path


@contextmanager
def _damage(source: Store, entry: TableEntry) -> Iterator[None]:
    """Raise DamagedBundle for rows that are none, whatever their digest."""
    try:
        yield
    except ValueError as error:
        raise DamagedBundle(
            source.url,
            entry.data.key,
            found="other rows",
            expected=msg("those of the table {name}", name=entry.name),
            hint="use another backup",
        ) from error


def _insert(engine: Engine, source: Store, manifest: Manifest, paths: list[Path], store: Store) -> None:
    """Create the tables at the revision of the backup, insert the rows, and upgrade."""
    database.upgrade(engine, to=manifest.revision)
    with database.writing(engine) as connection:
        rows.clear(connection, [entry.name for entry in manifest.tables])
        for entry, path in zip(manifest.tables, paths, strict=True):
            with _damage(source, entry):
                rows.insert(connection, entry, path)
        rows.advance_sequences(connection, [entry.name for entry in manifest.tables])
        rows.move_models(connection, (manifest.storage_type, manifest.bucket), (store.kind, store.bucket))
    database.upgrade(engine)
