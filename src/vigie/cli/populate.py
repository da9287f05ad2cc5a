"""`vigie populate`, the command of `populate_reference_models.py`: registers every model under a folder or in a bucket.

Bundles are registered where they are, or published first if they have plain file names; models in the layout of earlier
installations are converted, as by `vigie models import`. Registered models are skipped, so it can be run again.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vigie import settings
from vigie.cli import audit, options
from vigie.cli.errors import EXAMPLES, Command, exit_code
from vigie.errors import NotFound, VigieError

if TYPE_CHECKING:
    from vigie.bundles.bundle import Bundle
    from vigie.catalog import Catalog, ModelVersion
    from vigie.cli.publish import Registered
    from vigie.stores.base import Store

DEFAULT_FOLDER = "data/automl_models"
"""Folder of the models in an earlier installation."""

_MAX_PROCESSES = 8
_FETCHED = (".joblib", ".pkl", ".pickle", ".ubj", ".json", ".txt")


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
@options.trust
@options.yes
@click.pass_context
def populate(ctx: click.Context, origin: str | None, trust: tuple[str, ...], yes: bool) -> None:
    """Register every model under a folder or in a bucket; running it again changes nothing.

    A model that cannot be registered is reported and skipped; the exit code is then that of the first such error.
    """
    origin = origin or _default_origin(settings.load())
    if trust and not yes:
        options.confirm_trust(origin, trust)
    ctx.exit(register_all(origin, frozenset(digest.lower() for digest in trust)))


def register_all(origin: str, trust: frozenset[str] = frozenset()) -> int:
    """Register every model under a folder or in a bucket, and print what became of each.

    Args:
        origin: folder or URL.
        trust: digests of files whose code may run, in a sandbox.

    Returns:
        The exit code of the first model that was refused, 0 without any.
    """
    from vigie.cli.console import print_line
    from vigie.stores.open import connect, locate

    chosen = settings.load()
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
    with audit.open_catalog(chosen) as catalog, _Conversions(catalog, store, found, trust) as conversions:
        for one in found:
            try:
                done = _register(catalog, store, one, chosen, conversions)
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
    return code


def unregistered(origin: str, catalog: Catalog) -> list[str]:
    """Return the folders of a local folder that hold models which are not in the catalog; empty without such a folder.

    Args:
        origin: the folder.
        catalog: of the models.
    """
    from vigie.cli import publish
    from vigie.stores.open import connect

    if not Path(origin).is_dir():
        return []
    store = connect(origin)
    known = publish.ImportedModels(catalog)
    names = {entry.name for entry in catalog.list(active_only=False)}
    return [
        one.folder
        for one in _walk(store)
        if (
            known.find(Path(store.bucket) / one.folder, _name(store, one)) is None
            if one.foreign
            else _name(store, one) not in names
        )
    ]


class _Conversions:
    """Context manager of the conversions of third-party models: several at a time, each in a process of its own."""

    def __init__(
        self, catalog: Catalog, store: Store, found: Sequence[_Found], trust: frozenset[str]
    ) -> None:
        from vigie.cli import publish

        self._store, self._trust = store, trust
        self._known = publish.ImportedModels(catalog)
        self._found = [one for one in found if one.foreign]
        self._results: dict[str, Future[ModelVersion | Bundle]] = {}
        self._pool = ThreadPoolExecutor(max_workers=min(_MAX_PROCESSES, 2 * (os.cpu_count() or 1)))

    def __enter__(self) -> _Conversions:
        self._results = {one.folder: self._pool.submit(self._convert, one) for one in self._found}
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def result(self, one: _Found) -> ModelVersion | Bundle:
        """Return the model that was imported from the same files before, else the converted one."""
        return self._results.pop(one.folder).result()

    def _convert(self, one: _Found) -> ModelVersion | Bundle:
        from vigie.cli import publish

        name = _name(self._store, one)
        with _LocalFolder(self._store, one) as folder:
            known = self._known.find(folder, name)
            return known if known is not None else publish.convert(folder, name=name, trust=self._trust)


def _default_origin(chosen: settings.Settings) -> str:
    """Return where models are by default: on a development machine in a folder, in production in the store."""
    from vigie import resources
    from vigie.stores.base import Location, join

    if Path(DEFAULT_FOLDER).is_dir() or chosen.storage_type == "local":
        return DEFAULT_FOLDER
    location = resources.model_store(chosen).location
    return Location(location.kind, location.bucket, join(location.prefix, Path(DEFAULT_FOLDER).name)).url


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


def _register(
    catalog: Catalog, store: Store, one: _Found, chosen: settings.Settings, conversions: _Conversions
) -> Registered:
    from vigie import resources
    from vigie.bundles.bundle import Bundle
    from vigie.cli import publish
    from vigie.stores.base import Location, join

    model_store, policy = resources.model_store(chosen), resources.signature_policy(chosen)
    if not one.foreign:
        if store.kind == "local":
            url = str(Path(store.bucket) / one.folder)
        else:
            url = Location(store.kind, store.bucket, join(store.prefix, one.folder)).url
        return publish.add(catalog, publish.find(url), model_store, policy, provenance={"source": "populate"})
    found = conversions.result(one)
    if not isinstance(found, Bundle):
        return publish.Registered(found, new=False)
    return publish.import_(catalog, found, model_store, policy)


def _name(store: Store, one: _Found) -> str:
    """Return the name of a model, which is that of its folder."""
    from vigie.cli import publish

    return publish.name_of(one.folder.rpartition("/")[2] or Path(store.prefix or store.bucket).name)


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
