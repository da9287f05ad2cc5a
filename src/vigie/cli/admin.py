"""`vigie db …` and `vigie library …`: administration of an installation."""

from __future__ import annotations

from pathlib import Path

import click

from vigie import settings
from vigie.cli import audit, options
from vigie.cli.errors import EXAMPLES, Group
from vigie.i18n.translator import Translator


@click.group(
    cls=Group,
    epilog=EXAMPLES.format(
        "vigie db upgrade", "DATABASE_URL=postgresql://… vigie db upgrade", "vigie db upgrade --json"
    ),
)
def db() -> None:
    """Upgrade the catalog's database."""


@db.command(
    epilog=EXAMPLES.format(
        "vigie db upgrade", "DATABASE_URL=postgresql://… vigie db upgrade", "vigie db upgrade --json"
    )
)
@options.as_json
def upgrade(as_json: bool) -> None:
    """Upgrade the tables of the catalog to the schema of this version; harmless if they have it.

    SQLite catalogs are upgraded automatically. Back up a shared PostgreSQL database first.
    """
    from vigie.catalog import Catalog
    from vigie.cli import console
    from vigie.db import database

    engine = database.connect(settings.load().database_url)
    try:
        before, after = database.upgrade(engine)
        Catalog(engine).pack_vectors()
        if before != after:
            audit.record(engine, "upgrade", "database", before=before or "empty", after=after)
        place = database.where(engine)
    finally:
        engine.dispose()
    if as_json:
        console.dump({"database": place, "before": before, "after": after})
        return
    change = f"already at {after}" if before == after else f"{before or 'empty'} → {after}"
    console.print_line(f"{place}: {change}")


@click.group(
    cls=Group,
    epilog=EXAMPLES.format(
        "vigie library build", "vigie library build --folder /tmp/models", "vigie models list"
    ),
)
def library() -> None:
    """Build the reference models that come with Vigie."""


@library.command(
    epilog=EXAMPLES.format(
        "vigie library build", "vigie library build --folder /tmp/models", "vigie models list"
    )
)
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Output folder; by default the package itself, whose models are replaced.")  # fmt: skip
def build(folder: Path | None) -> None:
    """Train the starter models again, on simulated tables only; takes about 20 minutes."""
    from vigie.cli import console
    from vigie.starter_models.build import build_models
    from vigie.starter_models.registry import MODELS

    target = folder or MODELS
    with console.progress(Translator()) as progress:
        build_models(target, progress=progress)
    count = sum(path.is_dir() for path in target.iterdir())
    console.print_line(f"{count} models in {target}")
