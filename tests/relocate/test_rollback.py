"""Rollback and pruning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.relocate.counting_store import CountingStores
from tests.relocate.sample_models import contents, places, populate, read_all

from vigie.catalog import Catalog
from vigie.errors import MigrationIncomplete, NotFound, RollbackRefused, StoreUnavailable
from vigie.relocate import list_migrations, plan, prune, rollback, run, verify
from vigie.stores.open import connect


def test_a_rollback_restores_all_locations(
    engine: sa.Engine, source: str, s3: str, counting: CountingStores
) -> None:
    """Both copies of the files stay; a new migration copies nothing."""
    populate(engine, source, 8)
    before = places(engine)
    run(engine, f"{s3}/m")
    report = rollback(engine)
    assert len(report.restored) == 8
    assert places(engine) == before
    assert read_all(engine) == 8
    assert len(contents(f"{s3}/m")) == len(contents(source)) == 48
    assert [(r.state, r.steps) for r in list_migrations(engine)] == [("rolled_back", {"restored": 8})]
    again = run(engine, f"{s3}/m", opener=counting)
    assert again.complete
    assert again.migration == 2
    assert counting.count("put") == 0


@pytest.mark.parametrize("damage", ["absent", "flipped", "manifest"])
def test_a_rollback_is_refused_if_old_bytes_are_damaged(
    engine: sa.Engine, source: str, target: str, damage: str
) -> None:
    """The error names the model and no location changes; it works once the bytes are restored."""
    entries = populate(engine, source, 4)
    run(engine, target)
    moved = places(engine)
    store = connect(source)
    key = entries[2].bundle.keys()["manifest.json" if damage == "manifest" else "booster.ubj.zst"]
    good = store.get(key)
    if damage == "flipped":
        store.put(key, bytes([good[0] ^ 1]) + good[1:])
    else:
        store.delete(key)
    with pytest.raises(RollbackRefused, match="'dataset3 1'") as caught:
        rollback(engine)
    assert [label for label, _ in caught.value.faults] == ["dataset3 1"]
    assert places(engine) == moved
    (record,) = list_migrations(engine)
    assert (record.state, record.held) == ("done", False)
    assert verify(engine, target).right
    store.put(key, good)
    assert len(rollback(engine).restored) == 4
    assert places(engine) == {e.label: str(e.storage) for e in entries}


def test_an_interrupted_rollback_resumes(
    engine: sa.Engine, source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each location is restored with its step in the journal."""
    entries = populate(engine, source, 5)
    run(engine, target)
    calls = []
    original = Catalog.relocate

    def third_time_unlucky(self: Catalog, *provided: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(self, *provided, **named)

    monkeypatch.setattr(Catalog, "relocate", third_time_unlucky)
    with pytest.raises(KeyboardInterrupt):
        rollback(engine)
    assert list_migrations(engine)[0].state == "rolling_back"
    assert list_migrations(engine)[0].steps == {"restored": 2, "switched": 3}
    assert read_all(engine) == 5
    report = rollback(engine)
    assert (len(report.restored), report.before) == (3, 2)
    assert places(engine) == {e.label: str(e.storage) for e in entries}
    assert rollback(engine, 1).restored == ()


def test_an_unfinished_migration_can_be_rolled_back(sqlite: sa.Engine, source: str, target: str) -> None:
    """Only moved models are restored."""
    entries = populate(sqlite, source, 4)
    connect(source).delete(entries[1].bundle.keys()["features.json"])
    assert not run(sqlite, target).complete
    assert len(rollback(sqlite).restored) == 3
    assert places(sqlite) == {e.label: str(e.storage) for e in entries}


def test_the_last_migration_is_rolled_back_first(
    sqlite: sa.Engine, source: str, target: str, s3: str
) -> None:
    """The older one is refused while models are where the newer one put them."""
    entries = populate(sqlite, source, 2)
    run(sqlite, f"{s3}/m")
    run(sqlite, target)
    with pytest.raises(RollbackRefused, match="where migration 1 did not put it"):
        rollback(sqlite, 1)
    assert rollback(sqlite).migration == 2
    assert rollback(sqlite).migration == 1
    assert places(sqlite) == {e.label: str(e.storage) for e in entries}
    with pytest.raises(NotFound):
        rollback(sqlite)
    with pytest.raises(NotFound, match="'7'"):
        rollback(sqlite, 7)


def test_a_rollback_skips_removed_models(sqlite: sa.Engine, source: str, target: str) -> None:
    """The report lists them."""
    populate(sqlite, source, 3)
    run(sqlite, target)
    Catalog(sqlite).remove("dataset2")
    report = rollback(sqlite)
    assert report.forgotten == ("dataset2 1",)
    assert len(report.restored) == 2


def test_a_rollback_with_an_unavailable_store_changes_nothing(
    sqlite: sa.Engine, source: str, target: str, counting: CountingStores
) -> None:
    """Old bytes that cannot be read are not known to be right."""
    populate(sqlite, source, 4)
    run(sqlite, target)
    moved = places(sqlite)

    def down(verb: str, key: str) -> None:
        raise StoreUnavailable("the store is down")

    counting.fault = down
    with pytest.raises(StoreUnavailable):
        rollback(sqlite, opener=counting)
    assert places(sqlite) == moved
    assert len(rollback(sqlite).restored) == 4


def test_pruning_deletes_only_the_source(engine: sa.Engine, source: str, s3: str, tmp_path: Path) -> None:
    """Other files stay, the target is unchanged, a rollback is refused, and a second prune does nothing."""
    entries = populate(engine, source, 3)
    connect(source).put(f"{entries[0].storage.prefix}/notes.txt", b"mine")
    run(engine, f"{s3}/m")
    report = prune(engine, f"{s3}/m")
    assert (len(report.pruned), report.objects) == (3, 18)
    assert contents(source) == {f"{entries[0].storage.prefix}/notes.txt": b"mine"}
    assert verify(engine, f"{s3}/m").right
    with pytest.raises(RollbackRefused):
        rollback(engine)
    assert prune(engine, f"{s3}/m").objects == 0
    assert run(engine, source).complete
    assert read_all(engine) == 3


def test_pruning_is_refused_if_the_target_is_damaged(sqlite: sa.Engine, source: str, target: str) -> None:
    """By one byte."""
    populate(sqlite, source, 3)
    run(sqlite, target)
    before = contents(source)
    entry = Catalog(sqlite).find("dataset2")
    connect(target).put(entry.bundle.keys()["profile.json"], b"{}")
    with pytest.raises(MigrationIncomplete, match="dataset2 1"):
        prune(sqlite, target)
    assert contents(source) == before


def test_pruning_is_refused_before_the_migration_is_finished(
    sqlite: sa.Engine, source: str, target: str
) -> None:
    """None, an unfinished one, or one that was rolled back."""
    entries = populate(sqlite, source, 3)
    with pytest.raises(NotFound):
        prune(sqlite, target)
    key = entries[1].bundle.keys()["features.json"]
    good = connect(source).get(key)
    connect(source).delete(key)
    run(sqlite, target)
    with pytest.raises(MigrationIncomplete, match="2 of 3"):
        prune(sqlite, target)
    connect(source).put(key, good)
    run(sqlite, target)
    rollback(sqlite)
    with pytest.raises(NotFound):
        prune(sqlite, target)
    assert len(contents(source)) == 18


def test_pruning_keeps_a_source_that_is_the_target(sqlite: sa.Engine, source: str, tmp_path: Path) -> None:
    """The old and the new folder are one by a link."""
    target = tmp_path / "store"
    populate(sqlite, source, 2)
    run(sqlite, str(target))
    link = tmp_path / "link"
    link.symlink_to(target)
    assert plan(sqlite, str(link)).counts == {"identical": 2}
    assert run(sqlite, str(link)).complete
    report = prune(sqlite, str(link))
    assert report.objects == 0
    assert {reason for _, reason in report.kept} == {"the old and the new place are the same folder"}
    assert read_all(sqlite) == 2


def test_pruning_keeps_starter_models(sqlite: sa.Engine, source: str, target: str) -> None:
    """They belong to the installed package."""
    populate(sqlite, source, 2)
    with sqlite.begin() as connection:
        connection.execute(
            sa.text('UPDATE reference_models SET provenance = \'{"source": "starter library"}\'')
        )
    run(sqlite, target)
    report = prune(sqlite, target)
    assert (report.pruned, report.objects) == ((), 0)
    assert len(contents(source)) == 12
