"""Repair: a run reads the models that are at the target, and sends again what is missing or damaged there."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from tests.relocate.counting_store import CountingStores
from tests.relocate.sample_models import contents, dump, make_files, places, populate, read_all

from vigie.bundles.bundle import FILES, MANIFEST
from vigie.bundles.publish import publish
from vigie.catalog import Catalog, StorageLocation
from vigie.cli.migrate import migrate
from vigie.errors import StoreUnavailable
from vigie.relocate import list_migrations, plan, prune, rollback, run, verify
from vigie.starter_models import registry
from vigie.stores import probe as probing
from vigie.stores.open import connect

EVERYWHERE = ["target", "s3", pytest.param("radosgw", marks=pytest.mark.radosgw)]
Damage = Callable[[Any, str], None]


def remove(store: Any, key: str) -> None:
    """Delete the object."""
    store.delete(key)


def flip(store: Any, key: str) -> None:
    """Change one byte; the size stays."""
    data = store.get(key)
    store.put(key, data[:-1] + bytes([data[-1] ^ 1]))


def shorten(store: Any, key: str) -> None:
    """Cut the object in half."""
    data = store.get(key)
    store.put(key, data[: len(data) // 2])


@pytest.mark.parametrize("where", EVERYWHERE)
def test_a_run_repairs_what_verify_reports(
    engine: sa.Engine, source: str, where: str, request: pytest.FixtureRequest
) -> None:
    """Missing, changed and shortened objects of three models; afterwards the bytes are those of before."""
    target = f"{request.getfixturevalue(where)}/automl_models"
    populate(engine, source, 5)
    run(engine, target)
    before, store = contents(target), connect(target)
    entries = Catalog(engine).list(active_only=False)
    damages: list[Damage] = [remove, flip, shorten]
    for entry, damage in zip(entries, damages, strict=False):
        key = f"{entry.name}/1/{Path(entry.bundle.keys()['booster.ubj.zst']).name}"
        damage(store, key)
    assert verify(engine, target).good == 2
    assert plan(engine, target).counts == {"damaged there": 3, "already there": 2}
    report = run(engine, target)
    assert report.complete
    assert sorted(o.state for o in report.outcomes) == ["repaired"] * 3
    assert sum(o.copied.sent for o in report.outcomes) == 3
    assert contents(target) == before
    assert verify(engine, target).right
    assert run(engine, target).migration is None
    assert read_all(engine) == 5


@pytest.mark.parametrize("file", [*FILES, MANIFEST])
@pytest.mark.parametrize("damage", [remove, flip])
def test_any_file_is_repaired(sqlite: sa.Engine, source: str, target: str, file: str, damage: Damage) -> None:
    """Also the manifest, whose absence makes the bundle disappear."""
    populate(sqlite, source, 1)
    run(sqlite, target)
    (entry,) = Catalog(sqlite).list(active_only=False)
    damage(connect(str(entry.storage.bucket)), entry.bundle.keys()[file])
    assert run(sqlite, target).complete
    assert verify(sqlite, target).right


def test_a_manifest_of_another_model_is_damage(sqlite: sa.Engine, source: str, target: str) -> None:
    """Two manifests that were swapped; a bundle of the same name and version would be refused."""
    populate(sqlite, source, 2)
    run(sqlite, target)
    store = connect(target)
    one, two = (f"dataset{number}/1/{MANIFEST}" for number in (1, 2))
    first, second = store.get(one), store.get(two)
    store.put(one, second)
    store.put(two, first)
    assert run(sqlite, target).complete
    assert (store.get(one), store.get(two)) == (first, second)


def test_every_object_is_gone(sqlite: sa.Engine, source: str, target: str) -> None:
    """An emptied bucket is filled again."""
    populate(sqlite, source, 3)
    run(sqlite, target)
    before, store = contents(target), connect(target)
    for key in before:
        store.delete(key)
    assert run(sqlite, target).complete
    assert contents(target) == before


def test_files_come_from_whichever_location_has_them(
    sqlite: sa.Engine, source: str, target: str, tmp_path: Path
) -> None:
    """The source lost one file and an earlier location another: together they have all."""
    (entry,) = populate(sqlite, source, 1)
    between = (tmp_path / "between").as_uri()
    run(sqlite, between)
    run(sqlite, target)
    connect(source).delete(entry.bundle.keys()["features.json"])
    connect(between).delete(f"dataset1/1/{Path(entry.bundle.keys()['profile.json']).name}")
    store = connect(target)
    for head in list(store.list()):
        store.delete(head.key)
    assert run(sqlite, target).complete
    assert read_all(sqlite) == 1


def test_a_model_without_any_copy_left(sqlite: sa.Engine, source: str, target: str) -> None:
    """The error says what to do, the other model is repaired, and a run after the bytes are back finishes."""
    entries = populate(sqlite, source, 2)
    run(sqlite, target)
    prune(sqlite, target)
    keys = [e.bundle.keys()["profile.json"] for e in Catalog(sqlite).list(active_only=False)]
    store = connect(target)
    good = store.get(keys[0])
    flip(store, keys[0])
    report = run(sqlite, target)
    assert not report.complete
    ((label, _),) = report.failures
    assert label == entries[0].label
    assert "publish the model again" in report.hint or "put the registered bytes back" in report.hint
    assert plan(sqlite, target).counts == {"missing at the source": 1, "already there": 1}
    store.put(keys[0], good)
    assert run(sqlite, target).complete


def test_a_repair_is_neither_rolled_back_nor_pruned(sqlite: sa.Engine, source: str, target: str) -> None:
    """Both still apply to the migration that moved the models."""
    entries = populate(sqlite, source, 2)
    run(sqlite, target)
    remove(connect(target), Catalog(sqlite).list(active_only=False)[0].bundle.keys()["profile.json"])
    assert run(sqlite, target).migration == 2
    assert [record.steps for record in list_migrations(sqlite)] == [{"copied": 1}, {"switched": 2}]
    assert rollback(sqlite).migration == 1
    assert places(sqlite) == {entry.label: str(entry.storage) for entry in entries}
    run(sqlite, target)
    remove(connect(target), Catalog(sqlite).list(active_only=False)[0].bundle.keys()["profile.json"])
    run(sqlite, target)
    assert len(prune(sqlite, target).pruned) == 2
    assert contents(source) == {}


def test_an_undamaged_target_is_only_read(
    sqlite: sa.Engine, source: str, target: str, counting: CountingStores
) -> None:
    """Each object once; the database does not change."""
    populate(sqlite, source, 3)
    run(sqlite, target)
    before = dump(sqlite)
    assert run(sqlite, target, opener=counting).migration is None
    assert set(counting.log.values()) == {1}
    assert {verb for verb, _ in counting.log} == {"get"}
    assert dump(sqlite) == before


def test_a_starter_model_is_repaired_from_the_package(sqlite: sa.Engine, target: str) -> None:
    """Although its old folder, of an earlier installation, is gone."""
    path = min(path for path in registry.MODELS.iterdir() if path.is_dir())
    catalog = Catalog(sqlite)
    entry = catalog.register(registry.read_entry(path))
    run(sqlite, target)
    with sqlite.begin() as connection:
        connection.execute(sa.text("UPDATE migration_steps SET old_bucket = '/nowhere/models'"))
    store = connect(target)
    for head in list(store.list()):
        store.delete(head.key)
    assert not run(sqlite, target).complete
    assert run(sqlite, target, starter_models=registry.MODELS).complete
    assert Catalog(sqlite).find(entry.name).storage != entry.storage
    assert verify(sqlite, target).right


def test_publishing_again_repairs(tmp_path: Path) -> None:
    """A file that was changed without changing its size is sent again."""
    store = connect((tmp_path / "store").as_uri())
    _, files = make_files("mine", 500)
    stored = publish(store, "mine/1", files)
    for key in list(stored.keys().values())[:-1]:
        flip(store, key)
    publish(store, "mine/1", files)
    assert {store.get(key) for key in stored.keys().values()} == set(files.values())


@pytest.fixture
def silent_port() -> Any:
    """A port that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield server.getsockname()[1]


@pytest.mark.parametrize("kind", ["refused", "silent"])
def test_a_dead_endpoint_is_known_at_once(
    sqlite: sa.Engine,
    source: str,
    tmp_path: Path,
    kind: str,
    silent_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Verify, dry run and run give up within the limit of the probe; the reason is printed once."""
    entries = populate(sqlite, source, 4)
    catalog = Catalog(sqlite)
    catalog.relocate([(e, StorageLocation("s3", "models", f"m/{e.name}/1")) for e in entries])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{silent_port if kind == 'silent' else 1}")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'only.sqlite'}")
    monkeypatch.setenv("VIGIE_STORE_PROBE_SECONDS", "8")
    monkeypatch.setattr(registry, "register", lambda catalog: 0)
    for arguments in (["--verify"], ["--to", "s3://models/m"], ["--to", "s3://models/m", "--dry-run"]):
        done = CliRunner().invoke(migrate, arguments)
        assert done.exit_code == 5
        assert done.output.count("s3 bucket 'models'") == 1


def test_the_limit_of_a_probe(silent_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds whatever the client does."""
    monkeypatch.setenv("VIGIE_STORE_PROBE_SECONDS", "0.1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{silent_port}")
    with pytest.raises(StoreUnavailable, match=r"no answer within|did not answer in time"):
        probing.probe(connect("s3://models").location, "m/manifest.json")
