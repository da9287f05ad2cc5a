"""`vigie populate`, also the command of `populate_reference_models.py`: registers every model under a folder or in a bucket.

Bundles are registered where they are, or published first if they have plain file names; models in the layout of earlier
installations are converted, as by `vigie models import`. Registered models are skipped, so it can be run again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vigie import settings
from vigie.cli.errors import EXAMPLES, Command, exit_code
from vigie.errors import NotFound, VigieError

if TYPE_CHECKING:
    from vigie.catalog import Catalog
    from vigie.cli.publish import Registered
    from vigie.stores.base import Store

_DEFAULT = "data/automl_models"
_FETCHED = (".joblib", ".pkl", ".pickle", ".ubj", ".json")


@dataclass(frozen=True)
class _Found:
    """A folder that holds a model: a bundle, or one in the layout of earlier installations."""

    folder: str
    names: tuple[str, ...]
    foreign: bool


@click.command(
    cls=Command,
    epilog=EXAMPLES.format(
        "vigie populate",
        "vigie populate --from /srv/models",
        "vigie populate --from s3://fraud-detection-models/automl_models",
    ),
)
@click.option(
    "--from",
    "origin",
    metavar="FOLDER|URL",
    help="Location of the models; by default data/automl_models if there is such a folder, else the folder automl_models "
    "of the store in the settings.",
)
@click.pass_context
def populate(ctx: click.Context, origin: str | None) -> None:
    """Register every model under a folder or in a bucket; running it again changes nothing.

    A model that cannot be registered is reported and skipped; the exit code is then that of the first such error.
    """
    from vigie import resources
    from vigie.cli.console import print_line
    from vigie.stores.open import connect, locate

    chosen = settings.load()
    origin = origin or _default_origin(chosen)
    location = locate(origin)
    if location.kind == "local" and not Path(location.bucket).is_dir():
        raise NotFound("folder", origin, hint="name another with --from, a folder or s3://bucket/prefix")
    store = connect(origin)
    found = list(_walk(store))
    if not found:
        raise NotFound(
            "model under", origin, hint="expected folders with manifest.json or xgboost_model.joblib"
        )
    counts, code = {"registered": 0, "already there": 0, "refused": 0}, 0
    with resources.open_catalog(chosen) as catalog:
        for one in found:
            try:
                done = _register(catalog, store, one, chosen)
                word = "registered" if done.new else "already there"
                print_line(f"{word}: {done.entry.label} ({one.folder or origin})")
            except VigieError as error:
                word, code = "refused", code or exit_code(error)
                print_line(
                    f"refused: {one.folder or origin}: {error.message}"
                    + (f"\n  hint: {error.hint}" if error.hint else "")
                )
            counts[word] += 1
    print_line(", ".join(f"{count} {word}" for word, count in counts.items()))
    ctx.exit(code)


def _default_origin(chosen: settings.Settings) -> str:
    """Return where models are by default: on a development machine in a folder, in production in the store."""
    from vigie import resources
    from vigie.stores.base import Location, join

    if Path(_DEFAULT).is_dir() or chosen.storage_type == "local":
        return _DEFAULT
    location = resources.model_store(chosen).location
    return Location(location.kind, location.bucket, join(location.prefix, Path(_DEFAULT).name)).url


def _walk(store: Store) -> Iterator[_Found]:
    from vigie.bundles.bundle import MANIFEST
    from vigie.cli.publish import is_foreign

    folders: dict[str, set[str]] = {}
    for head in store.list(""):
        folder, _, name = head.key.rpartition("/")
        folders.setdefault(folder, set()).add(name)
    for folder, names in sorted(folders.items()):
        if MANIFEST in names or is_foreign(names):
            yield _Found(folder, tuple(sorted(names)), foreign=MANIFEST not in names)


def _register(catalog: Catalog, store: Store, one: _Found, chosen: settings.Settings) -> Registered:
    from vigie import resources
    from vigie.cli import publish
    from vigie.stores.base import Location, join

    model_store, policy = resources.model_store(chosen), resources.signature_policy(chosen)
    if not one.foreign:
        if store.kind == "local":
            url = str(Path(store.bucket) / one.folder)
        else:
            url = Location(store.kind, store.bucket, join(store.prefix, one.folder)).url
        return publish.add(catalog, publish.find(url), model_store, policy, provenance={"source": "populate"})
    label = one.folder.rpartition("/")[2] or Path(store.prefix or store.bucket).name
    name = publish.name_of(label)
    with _LocalFolder(store, one) as folder:
        known = publish.imported_before(catalog, folder, name)
        if known is not None:
            return publish.Registered(known, new=False)
        return publish.import_(catalog, publish.convert(folder, name=name), model_store, policy)


class _LocalFolder:
    """Context manager of a local folder: the folder itself, or a temporary copy of its files in a cloud store."""

    def __init__(self, store: Store, one: _Found) -> None:
        self._store, self._one = store, one
        self._copy: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Path:
        if self._store.kind == "local":
            return Path(self._store.bucket) / self._one.folder
        self._copy = tempfile.TemporaryDirectory(prefix="vigie-populate-")
        for name in self._one.names:
            if name.endswith(_FETCHED):
                with (Path(self._copy.name) / name).open("wb") as file:
                    file.writelines(self._store.stream(f"{self._one.folder}/{name}".lstrip("/")))
        return Path(self._copy.name)

    def __exit__(self, *_: object) -> None:
        if self._copy is not None:
            self._copy.cleanup()
