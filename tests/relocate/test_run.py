"""Migrations: every model arrives, and no location changes before its bytes are verified."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.relocate.counting_store import CountingStores
from tests.relocate.sample_models import contents, make_files, places, populate, read_all

from vigie.bundles.bundle import pack
from vigie.bundles.publish import publish
from vigie.catalog import Catalog
from vigie.errors import AlreadyThere, DamagedBundle, StoreUnavailable
from vigie.relocate import LockTiming, list_migrations, run, verify
from vigie.stores.open import connect

EVERYWHERE = [
    "target",
    "s3",
    pytest.param("radosgw", marks=pytest.mark.radosgw),
]


@pytest.mark.parametrize("where", EVERYWHERE)
def test_forty_models_are_moved(
    engine: sa.Engine, source: str, where: str, request: pytest.FixtureRequest
) -> None:
    """Each file is at the target, each location is changed, and the source is unchanged."""
    target = f"{request.getfixturevalue(where)}/automl_models"
    count = 40 if where != "s3" else 8  # moto is slow; test_command.py moves forty there
    entries = populate(engine, source, count, 500)
    before = contents(source)
    report = run(engine, target)
    assert report.complete
    assert (report.models_in, report.models_out) == (count, count)
    assert contents(source) == before
    arrived = contents(target)
    assert len(arrived) == 6 * count
    assert sorted(arrived.values()) == sorted(before.values())
    for entry in Catalog(engine).list(active_only=False):
        assert entry.storage.prefix.endswith(f"{entry.name}/1")
        assert entry.storage.bucket != entries[0].storage.bucket
    assert read_all(engine) == count
    assert verify(engine, target).right
    (record,) = list_migrations(engine)
    assert (record.state, record.held, record.steps) == ("done", False, {"switched": count})
    assert sum(entry.active for entry in entries) == len(Catalog(engine).list())


def test_from_s3_to_google_and_back(sqlite: sa.Engine, source: str, gcs: str, s3: str) -> None:
    """Google's store by its own client, on an emulator."""
    populate(sqlite, f"{s3}/models", 3)
    assert run(sqlite, f"{gcs}/automl_models").complete
    assert {place.split(":")[0] for place in places(sqlite).values()} == {"gcs"}
    assert run(sqlite, source).complete
    assert verify(sqlite, source).right
    assert sorted(contents(source).values()) == sorted(contents(s3).values())


def test_the_requests_of_a_migration(
    sqlite: sa.Engine, source: str, s3: str, counting: CountingStores
) -> None:
    """A list per model, a write and a read back per file."""
    populate(sqlite, source, 5)
    counting.where = s3.removeprefix("s3://")
    requested: list[str] = []
    counting.fault = lambda verb, key: requested.append(verb)
    run(sqlite, f"{s3}/m", opener=counting)
    assert {verb: requested.count(verb) for verb in set(requested)} == {"put": 30, "get": 30, "list": 5}


def test_a_location_changes_after_the_last_read_back(
    sqlite: sa.Engine, source: str, target: str, counting: CountingStores
) -> None:
    """While any byte is to be written or read back, the catalog has the model at its source."""
    entries = populate(sqlite, source, 6)
    counting.where = str(Path(target.removeprefix("file://")))
    early: list[str] = []

    def watch(verb: str, key: str) -> None:
        name = key.split("/")[0]
        if places(sqlite)[f"{name} 1"] != str({e.name: e for e in entries}[name].storage):
            early.append(key)

    counting.fault = watch
    assert run(sqlite, target, opener=counting).complete
    assert not early
    assert counting.count("put") == 36


def test_from_several_stores(engine: sa.Engine, source: str, target: str, s3: str) -> None:
    """Local to S3, S3 to another folder, and half of the models from another store."""
    populate(engine, source, 6)
    assert run(engine, f"{s3}/one/deep/prefix").complete
    assert run(engine, f"{s3}/two").complete
    assert run(engine, target).complete
    assert read_all(engine) == 6
    assert {record.state for record in list_migrations(engine)} == {"done"}
    assert len(contents(f"{s3}/one/deep/prefix")) == len(contents(f"{s3}/two")) == 36


def test_valid_files_are_not_sent_again(
    sqlite: sa.Engine, source: str, target: str, counting: CountingStores
) -> None:
    """A damaged file, a short one and an unreadable manifest are replaced."""
    one, two, three = populate(sqlite, source, 3)
    here, there = connect(source), connect(target)
    for entry in (one, two, three):
        for key in entry.bundle.keys().values():
            there.put(f"{entry.name}/1/{Path(key).name}", here.get(key))
    keys = [f"{two.name}/1/{Path(k).name}" for k in two.bundle.keys().values()]
    there.put(keys[0], b"x" * two.digests["booster.ubj.zst"].size)
    there.put(keys[1], b"short")
    there.put(keys[-1], b"{not a manifest")
    report = run(sqlite, target, opener=counting)
    assert report.complete
    assert {key for verb, key in counting.log if verb == "put"} == {keys[0], keys[1], keys[-1]}
    assert {o.name: o.copied.kept for o in report.outcomes} == {one.name: 6, two.name: 3, three.name: 6}
    assert verify(sqlite, target).right


def test_another_bundle_at_the_target_is_not_overwritten(sqlite: sa.Engine, source: str, target: str) -> None:
    """The error names the model, which stays where it was; the others are moved."""
    entries = populate(sqlite, source, 3)
    bundle, _ = make_files(entries[1].name, 900)
    files = pack(bundle, created="1999-01-01")
    publish(connect(target), f"{entries[1].name}/1", files)
    report = run(sqlite, target)
    assert not report.complete
    (failed,) = [o for o in report.outcomes if o.state == "failed"]
    assert failed.name == entries[1].name
    assert isinstance(failed.error, AlreadyThere)
    assert "1999-01-01" in report.hint
    assert connect(target).get(f"{entries[1].name}/1/manifest.json") == files["manifest.json"]
    assert (report.models_in, report.models_out) == (3, 2)
    assert read_all(sqlite) == 3
    assert list_migrations(sqlite)[0].state == "failed"


@pytest.mark.parametrize("damage", ["absent", "flipped", "longer"])
def test_a_model_damaged_at_its_source_is_not_moved(
    engine: sa.Engine, source: str, target: str, damage: str
) -> None:
    """The others are; once its bytes are restored a second run resumes the migration."""
    entries = populate(engine, source, 4)
    here, key = connect(source), entries[2].bundle.keys()["booster.ubj.zst"]
    good = here.get(key)
    if damage == "absent":
        here.delete(key)
    else:
        here.put(key, good + b"x" if damage == "longer" else bytes([good[0] ^ 1]) + good[1:])
    report = run(engine, target)
    assert not report.complete
    assert [(label, "booster.ubj.zst" in reason) for label, reason in report.failures] == [
        (entries[2].label, True)
    ]
    assert isinstance(next(o.error for o in report.outcomes if o.error), DamagedBundle)
    assert places(engine)[entries[2].label] == str(entries[2].storage)
    assert f"{entries[2].name}/1/manifest.json" not in contents(target)
    here.put(key, good)
    second = run(engine, target)
    assert second.complete
    assert second.resumed
    assert second.migration == report.migration
    assert read_all(engine) == 4


def test_signatures_are_copied(sqlite: sa.Engine, source: str, target: str) -> None:
    """Before the manifest."""
    one, two = populate(sqlite, source, 2)
    connect(source).put(f"{one.storage.prefix}/model.sig", b"signed")
    assert run(sqlite, target).complete
    assert connect(target).get(f"{one.name}/1/model.sig") == b"signed"
    assert f"{two.name}/1/model.sig" not in contents(target)


def test_a_model_registered_during_a_run_is_moved_by_the_next(
    sqlite: sa.Engine, source: str, target: str
) -> None:
    """With a migration of its own."""
    populate(sqlite, source, 2)
    first = run(sqlite, target)
    populate(sqlite, source, 3)
    second = run(sqlite, target)
    assert (first.migration, second.migration) == (1, 2)
    assert [o.name for o in second.outcomes] == ["dataset3"]
    assert second.models_out == 3


def test_an_unavailable_store_ends_the_run(
    sqlite: sa.Engine, source: str, target: str, counting: CountingStores
) -> None:
    """After several failures in a row; the next run finishes."""
    populate(sqlite, source, 40, 100)

    def down(verb: str, key: str) -> None:
        raise StoreUnavailable("the store is down", hint="wait")

    counting.where, counting.fault = target.removeprefix("file://"), down
    report = run(sqlite, target, opener=counting, parallel=4)
    states = [o.state for o in report.outcomes]
    assert states.count("failed") + states.count("not tried") == 40
    assert states.count("failed") < 20
    assert report.hint == "wait"
    assert read_all(sqlite) == 40
    assert run(sqlite, target).complete


def test_an_empty_catalog_has_nothing_to_move(sqlite: sa.Engine, target: str) -> None:
    """No migration is written."""
    report = run(sqlite, target, timing=LockTiming())
    assert report.complete
    assert report.migration is None
    assert list_migrations(sqlite) == ()
