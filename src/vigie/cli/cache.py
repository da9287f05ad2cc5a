"""`vigie cache …`: verified local copies of bundles in a cloud store."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from vigie import settings
from vigie.cli import options
from vigie.cli.errors import EXAMPLES, Group
from vigie.errors import VigieError


@click.group(cls=Group, epilog=EXAMPLES.format("vigie cache list", "vigie cache verify", "vigie cache clear"))
def cache() -> None:
    """List, check or empty the local copies of models."""


@cache.command(
    "list", epilog=EXAMPLES.format("vigie cache list", "vigie cache list --json", "vigie cache verify")
)
@options.as_json
def list_(as_json: bool) -> None:
    """List the copies, the least recently used first."""
    from vigie import resources
    from vigie.cli import console

    chosen = settings.load()
    copies = resources.open_cache(chosen)
    found, owners = copies.list(), _owners(chosen)
    if as_json:
        console.dump(
            [
                {"digest": e.digest, "size": e.size, "used": _moment(e.used), "file": owners.get(e.digest)}
                for e in found
            ]
        )
        return
    table = console.columns("last used (UTC)", "size", "digest", "file", right=(1,))
    for entry in found:
        moment = _moment(entry.used)[:16].replace("T", " ")
        table.add_row(
            moment,
            console.size(entry.size),
            entry.digest[:16],
            owners.get(entry.digest, "no registered model"),
        )
    if found:
        console.show(table)
    total, limit = console.size(sum(entry.size for entry in found)), console.size(chosen.cache_bytes)
    console.print_line(f"{len(found)} files, {total} of at most {limit}, in {copies.folder}")


@cache.command(epilog=EXAMPLES.format("vigie cache verify", "vigie cache verify --json", "vigie cache list"))
@options.as_json
def verify(as_json: bool) -> None:
    """Read every copy again; damaged ones are removed, and fetched again when needed."""
    from vigie import resources
    from vigie.cli import console

    copies = resources.open_cache(settings.load())
    count = len(copies.list())
    damaged = copies.verify()
    if as_json:
        console.dump({"checked": count, "removed": [entry.digest for entry in damaged]})
        return
    for entry in damaged:
        click.echo(entry.digest)
    console.print_line(f"{count} files checked, {len(damaged)} damaged and removed")


@cache.command(epilog=EXAMPLES.format("vigie cache clear", "vigie cache clear --json", "vigie cache list"))
@options.as_json
def clear(as_json: bool) -> None:
    """Remove every copy that is not being read; they are fetched again when needed."""
    from vigie import resources
    from vigie.cli import console

    freed = resources.open_cache(settings.load()).clear()
    if as_json:
        console.dump({"freed": freed})
        return
    console.print_line(f"{console.size(freed)} freed")


def _owners(chosen: settings.Settings) -> dict[str, str]:
    """Return model and file by digest; empty where the catalog is unavailable, which the cache does not need."""
    from vigie import resources

    try:
        with resources.open_catalog(chosen) as catalog:
            entries = catalog.list(active_only=False)
    except VigieError:
        return {}
    owners = {known.sha256: f"{e.label}, {file}" for e in entries for file, known in e.digests.items()}
    return owners | {e.manifest_sha256: f"{e.label}, manifest.json" for e in entries}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
