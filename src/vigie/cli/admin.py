"""`vigie db …` and `vigie library …`: what the owner of an installation does now and then."""

from __future__ import annotations

from pathlib import Path

import click

from vigie import settings
from vigie.cli.errors import EXAMPLES, Group
from vigie.i18n.translator import Translator


@click.group(
    cls=Group,
    epilog=EXAMPLES.format(
        "vigie db upgrade", "DATABASE_URL=postgresql://… vigie db upgrade", "vigie db upgrade --json"
    ),
)
def db() -> None:
    """Bring the catalog's database forward."""


@db.command(
    epilog=EXAMPLES.format(
        "vigie db upgrade", "DATABASE_URL=postgresql://… vigie db upgrade", "vigie db upgrade --json"
    )
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
def upgrade(as_json: bool) -> None:
    """Bring the tables of the catalog to this Vigie's newest form; harmless when they are.

    SQLite catalogs do this by themselves. Back a shared PostgreSQL database up first.
    """
    from vigie.cli import console
    from vigie.db import database

    engine = database.connect(settings.load().database_url)
    try:
        before, after = database.upgrade(engine)
        place = database.where(engine)
    finally:
        engine.dispose()
    if as_json:
        console.dump({"database": place, "before": before, "after": after})
        return
    came = f"was at {after} already" if before == after else f"{before or 'empty'} → {after}"
    console.say(f"{place}: {came}")


@click.group(
    cls=Group,
    epilog=EXAMPLES.format(
        "vigie library build", "vigie library build --folder /tmp/models", "vigie models list"
    ),
)
def library() -> None:
    """Train the models that come with Vigie again."""


@library.command(
    epilog=EXAMPLES.format(
        "vigie library build", "vigie library build --folder /tmp/models", "vigie models list"
    )
)
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Where to; by default into the package itself, replacing what is there.")  # fmt: skip
def build(folder: Path | None) -> None:
    """Train the models of the starter library again, on simulated tables only; takes about 20 minutes."""
    from vigie.cli import console
    from vigie.starter_models.build import build_models
    from vigie.starter_models.registry import MODELS

    target = folder or MODELS
    with console.progress(Translator()) as told:
        build_models(target, progress=told)
    count = sum(path.is_dir() for path in target.iterdir())
    console.say(f"{count} models in {target}")
