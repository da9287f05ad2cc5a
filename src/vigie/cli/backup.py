"""`vigie backup` and `vigie restore`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from vigie import settings
from vigie.cli import options
from vigie.cli.errors import EXAMPLES, Command

if TYPE_CHECKING:
    from vigie.backup.contents import Manifest

_EXAMPLES = EXAMPLES.format(
    "vigie backup /mnt/backups/2026-06-30",
    "DATABASE_URL=postgresql://… STORAGE_TYPE=s3 S3_MODEL_BUCKET=… vigie backup s3://backups/2026-06-30",
    "VIGIE_HOME=/srv/new vigie restore /mnt/backups/2026-06-30",
)
_PRIVATE = 0o077


@click.command(cls=Command, epilog=_EXAMPLES)
@click.argument("target", metavar="TARGET")
@options.as_json
def backup(target: str, as_json: bool) -> None:
    """Write database and stored files of this installation to TARGET, an empty folder or prefix of a store.

    The installation may be running. A backup holds uploads, results, hashes of passwords and keys of webhooks: keep it as
    private as the installation.
    """
    from vigie.backup.creating import create
    from vigie.stores.open import connect

    os.umask(_PRIVATE)
    manifest = create(settings.load(), connect(target))
    _print(manifest, as_json, "wrote")
    if manifest.elsewhere and not as_json:
        click.echo(
            f"{manifest.elsewhere} models are in other stores; their files are not in the backup", err=True
        )


@click.command(cls=Command, epilog=_EXAMPLES)
@click.argument("source", metavar="SOURCE")
@options.as_json
def restore(source: str, as_json: bool) -> None:
    """Fill an empty installation from the backup at SOURCE; every byte is compared with its digest first.

    SQLite and PostgreSQL, folders and clouds may be exchanged. An installation with rows or files is refused.
    """
    from vigie.backup.restoring import restore as fill
    from vigie.stores.open import connect

    os.umask(_PRIVATE)
    _print(fill(settings.load(), connect(source)), as_json, "restored")


def _print(manifest: Manifest, as_json: bool, verb: str) -> None:
    from vigie.cli import console

    number = sum(table.rows for table in manifest.tables)
    size = sum(one.size for one in (*manifest.files, *(table.data for table in manifest.tables)))
    if as_json:
        counts = {
            "rows": number,
            "files": len(manifest.files),
            "bytes": size,
            "elsewhere": manifest.elsewhere,
        }
        console.dump({"created_at": manifest.created_at, "revision": manifest.revision, **counts})
        return
    files = f"{len(manifest.files):,} files"
    click.echo(f"{verb} {number:,} rows and {files}, {console.size(size)}, as of {manifest.created_at}")
