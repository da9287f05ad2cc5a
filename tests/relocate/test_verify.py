"""Verification of every byte against the catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.relocate.counting_store import CountingStores
from tests.relocate.sample_models import contents, dump, populate

from vigie.bundles.cache import Cache
from vigie.bundles.fetch import load
from vigie.catalog import Catalog
from vigie.errors import StoreUnavailable
from vigie.relocate import run, verify
from vigie.stores.open import connect, open_location

FILES = [
    "booster.ubj.zst",
    "features.json",
    "calibration.json",
    "performance.json",
    "profile.json",
    "manifest.json",
]


def moved(engine: sa.Engine, source: str, target: str) -> tuple[Any, ...]:
    """Move the models and return them."""
    populate(engine, source, 4)
    run(engine, target)
    return Catalog(engine).list(active_only=False)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", ["flipped", "shorter", "longer", "absent"])
def test_a_damaged_file_is_found(sqlite: sa.Engine, source: str, target: str, file: str, damage: str) -> None:
    """In any file, with the same or another size, although the source has a valid copy."""
    entries = moved(sqlite, source, target)
    store, key = connect(target), entries[2].bundle.keys()[file]
    good = store.get(key)
    if damage == "absent":
        store.delete(key)
    else:
        bad = {"flipped": good[:-1] + bytes([good[-1] ^ 128]), "shorter": good[:-1], "longer": good + b" "}
        store.put(key, bad[damage])
    found = verify(sqlite, target)
    assert not found.right
    assert found.good == 3
    ((label, reason),) = found.failures
    assert label == "dataset3 1"
    assert file in reason


def test_verification_does_not_use_the_cache(
    sqlite: sa.Engine, source: str, target: str, tmp_path: Path, counting: CountingStores
) -> None:
    """Each file is read from the store once."""
    entries = moved(sqlite, source, target)
    cache = Cache(tmp_path / "cache", 10**9)
    for entry in entries:
        load(open_location(entry.store), entry.bundle, cache)
    found = verify(sqlite, target, opener=counting)
    assert found.right
    assert set(counting.log.values()) == {1}
    assert counting.count("get") == 24
    assert found.size == sum(map(len, contents(target).values()))


def test_a_model_elsewhere_fails_verification(sqlite: sa.Engine, source: str, target: str) -> None:
    """With a target every model must be there; without one each at its own location."""
    moved(sqlite, source, target)
    populate(sqlite, source, 5)
    found = verify(sqlite, target)
    assert [(check.name, check.state) for check in found.checks][-1] == ("dataset5", "not there")
    assert not found.right
    assert verify(sqlite).right


def test_verification_writes_nothing(
    sqlite: sa.Engine, source: str, target: str, counting: CountingStores
) -> None:
    """Neither to the stores nor to the database."""
    moved(sqlite, source, target)
    before = dump(sqlite), contents(target)
    verify(sqlite, target, opener=counting)
    assert (dump(sqlite), contents(target)) == before
    assert {verb for verb, _ in counting.log} == {"get"}


def test_an_unavailable_store_is_reported_once(
    sqlite: sa.Engine, source: str, target: str, counting: CountingStores
) -> None:
    """But one unreadable object is an error of its model."""
    entries = moved(sqlite, source, target)

    def down(verb: str, key: str) -> None:
        if key.startswith(chosen):
            raise StoreUnavailable("the store is down")

    counting.fault, chosen = down, f"{entries[0].name}/"
    found = verify(sqlite, target, opener=counting)
    assert [check.state for check in found.checks] == ["unreadable", "right", "right", "right"]
    chosen = ""
    with pytest.raises(StoreUnavailable, match="down"):
        verify(sqlite, target, opener=counting)
