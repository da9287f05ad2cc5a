"""What the settings open: stores, also those of plugins, and the catalog of an earlier version of Vigie."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from importlib import metadata
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import zstandard
from tests.relocate.sample_models import contents, make_files, populate, read_all

from vigie import plugins, resources, settings
from vigie.bundles.fetch import load
from vigie.bundles.publish import publish
from vigie.catalog import Catalog, StorageLocation
from vigie.db import database
from vigie.errors import StoreUnavailable, UsageRefused
from vigie.relocate import list_migrations, prune, rollback, run, verify
from vigie.starter_models import registry
from vigie.stores.base import Location
from vigie.stores.local import LocalStore
from vigie.stores.open import connect, locate, storage_types

OLD_MODELS = "/opt/vigie/lib/python3.12/site-packages/vigie/library/models"
STORED = Path(__file__).parent / "db" / "stored" / "revision_0003.sql.zst"
"""Two starter models, registered by the version before `starter_models` had its name and migrated to /opt/store."""


class PrefixedFolder(LocalStore):
    """A store of a plugin: folders below the one that TOY_STORE names."""

    root = Path()

    def __init__(self, location: Location, options: settings.StoreOptions) -> None:
        folder = self.root / location.bucket / location.prefix
        super().__init__(Location("local", str(folder)), options)
        self.location = location


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of `PrefixedFolder`, declared for URLs toy://."""
    monkeypatch.setattr(PrefixedFolder, "root", tmp_path / "toy")
    _declare(monkeypatch, "toy")
    yield tmp_path / "toy"
    plugins.find.cache_clear()


def _declare(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    points = [EntryPoint(name, f"{__name__}:PrefixedFolder", "vigie.stores") for name in names]
    monkeypatch.setattr(metadata, "entry_points", lambda group: points if group == "vigie.stores" else [])
    plugins.find.cache_clear()


class TestStorePlugins:
    def test_a_plugin_adds_a_url_scheme(self, toy: Path) -> None:
        """Its name is the scheme and the storage type."""
        assert locate("toy://host/models") == Location("toy", "host", "models")
        assert locate("toy://host/models").url == "toy://host/models"
        assert storage_types() == ("local", "s3", "gcs", "azure", "toy")
        connect("toy://host/models").put("a/b", b"1")
        assert (toy / "host" / "models" / "a" / "b").read_bytes() == b"1"

    def test_a_bundle_is_published_and_fetched(self, toy: Path) -> None:
        """Like in any other store."""
        bundle, files = make_files("momo", 500)
        store = connect("toy://host")
        stored = publish(store, "momo/1", files)
        assert load(store, stored) == bundle
        assert (toy / "host" / "momo" / "1" / "manifest.json").exists()

    def test_models_are_migrated_there_and_back(self, toy: Path, database_url: str, tmp_path: Path) -> None:
        """The catalog and the journal accept its storage type."""
        engine = database.open(database_url)
        source = (tmp_path / "source").as_uri()
        populate(engine, source, 3)
        assert run(engine, "toy://host/models").complete
        assert {e.storage.storage_type for e in Catalog(engine).list(active_only=False)} == {"toy"}
        assert verify(engine, "toy://host/models").right
        assert read_all(engine) == 3
        assert rollback(engine).restored
        assert run(engine, "toy://host/models").complete
        assert len(prune(engine, "toy://host/models").pruned) == 3
        assert contents(source) == {}
        assert run(engine, source).complete
        assert len(contents("toy://host/models")) == 18
        engine.dispose()

    def test_new_models_are_published_to_the_storage_type(self, toy: Path) -> None:
        """STORAGE_TYPE takes the plugin's name."""
        chosen = settings.load({"STORAGE_TYPE": "toy", "S3_MODEL_BUCKET": "host"})
        assert resources.model_store(chosen).url == "toy://host"
        with pytest.raises(UsageRefused, match="expected one of local, s3, gcs, azure, toy"):
            resources.model_store(settings.load({"STORAGE_TYPE": "sftp"}))

    def test_without_the_plugin_its_models_are_unavailable(
        self, toy: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The catalog still opens and lists them; the error says what to install."""
        engine = database.open(database_url)
        entry = populate(engine, "toy://host", 1)[0]
        _declare(monkeypatch)
        assert Catalog(engine).find(entry.name).storage == entry.storage
        with pytest.raises(StoreUnavailable, match="toy bucket 'host'") as caught:
            resources.bundle_loader(settings.load())(entry)
        assert "'toy' in the entry points vigie.stores" in caught.value.hint
        with pytest.raises(StoreUnavailable, match="toy bucket 'host'"):
            verify(engine)
        engine.dispose()

    @pytest.mark.parametrize("name", ["s3", "gs", "file", "Toy", "to_y", "x" * 21])
    def test_a_name_that_is_taken_or_no_scheme_is_refused(
        self, toy: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        """Otherwise models of one store could be looked for in another."""
        _declare(monkeypatch, name)
        with pytest.raises(UsageRefused, match=name):
            connect("/srv/models")


class TestEarlierVersion:
    @pytest.fixture
    def home(self, vigie_home: Path) -> Path:
        """A home with the catalog of the earlier version, its two models migrated to a folder of the home."""
        version = json.loads((registry.MODELS / registry.INDEX).read_text())["version"]
        dump = zstandard.ZstdDecompressor().decompress(STORED.read_bytes()).decode()
        assert f"'{version}'" in dump, (
            f"the starter models were trained again: {STORED.name} needs a catalog of theirs"
        )
        store = vigie_home / "store"
        vigie_home.mkdir()
        with sqlite3.connect(vigie_home / "catalog.sqlite") as connection:
            connection.executescript(dump.replace("/opt/store", str(store)))
        connection.close()
        for name in ("lending_any", "transfers_full"):
            for path in (registry.MODELS / name).iterdir():
                connect(store.as_uri()).put(f"{name}/{version}/{path.name}", path)
        return vigie_home

    def test_starter_models_are_found_in_their_new_folder(self, home: Path) -> None:
        """Their rows name the folder of the earlier version, which an upgrade removes."""
        with sqlite3.connect(home / "catalog.sqlite") as connection:
            connection.execute("UPDATE reference_models SET s3_bucket = ?, s3_prefix = name", (OLD_MODELS,))
        connection.close()
        chosen = settings.load()
        with resources.open_catalog(chosen) as catalog:
            models = catalog.list()
            assert {e.storage.bucket for e in models} == {str(registry.MODELS.resolve())}
            assert {e.name for e in models} == {p.parent.name for p in registry.MODELS.glob("*/*.json")}
            loader = resources.bundle_loader(chosen)
            assert [loader(e).name for e in models] == [e.name for e in models]

    def test_a_migration_of_the_earlier_version_is_rolled_back(self, home: Path) -> None:
        """The journal names the folder that the upgrade removed; the models are in the new one."""
        chosen = settings.load()
        with resources.open_catalog(chosen) as catalog:
            assert catalog.find("lending_any").storage.bucket == str(home / "store")
        engine = database.open(chosen.database_url)
        (migration,) = list_migrations(engine)
        assert (migration.state, migration.steps) == ("done", {"switched": 2})
        assert len(rollback(engine, starter_models=registry.MODELS).restored) == 2
        expected = StorageLocation("local", str(registry.MODELS.resolve()), "lending_any")
        assert Catalog(engine).find("lending_any").storage == expected
        assert verify(engine).right
        engine.dispose()
