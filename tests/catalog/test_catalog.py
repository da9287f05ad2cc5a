"""The catalog on SQLite and PostgreSQL: what is registered stays, what moves moves whole, what fits is found."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from vigie.bundles.bundle import FILES, FileDigest
from vigie.bundles.location import BundleLocation
from vigie.catalog import Catalog, ModelVersion, StorageLocation
from vigie.db import database
from vigie.errors import AlreadyThere, CatalogChanged, DatabaseUnavailable, InputRefused, NotFound
from vigie.matching import Column, TableProfile
from vigie.matching.distributions import LEVELS, Quantiles
from vigie.matching.domains import read
from vigie.stores.base import Location

COLUMNS = (
    ("step", "time", "Int64"),
    ("amount", "amount", "Float64"),
    ("nameOrig", "customer", "String"),
    ("nameDest", "counterparty", "String"),
    ("oldbalanceOrg", "balance_before", "Float64"),
)
FEATURES = tuple("abcdefgh")


def entry(
    name: str, version: str = "1", *, content: str = "", shift: float = 0.0, **profile: Any
) -> ModelVersion:
    """A model of mobile money; `content` changes its bytes, `shift` the spread of its features."""
    document = {
        "domain": "mobile_money",
        "columns": [{"name": n, "role": r, "type": t} for n, r, t in COLUMNS],
        "roles": {role: 1.0 for _, role, _ in COLUMNS},
        "quantiles": {f: (np.arange(LEVELS) + shift).tolist() for f in FEATURES},
    } | profile
    digests = {file: FileDigest(f"{abs(hash((name, version, content, file))):064x}", 1000) for file in FILES}
    return ModelVersion.from_documents(
        BundleLocation(name, f"{name}/{version}", "a" * 64, digests),
        version,
        Location("local", "/srv/models"),
        profile=document,
        performance={"ap": 0.4},
        provenance={"by": "test"},
    )


def table(*, features: bool = False, columns: tuple[tuple[str, str, str], ...] = COLUMNS) -> TableProfile:
    """A table of mobile money, like `entry`'s training tables."""
    spread = Quantiles(FEATURES, np.tile(np.arange(LEVELS, dtype=float), (len(FEATURES), 1)))
    words = read(["cash_out", *(n for n, _, _ in columns)], [r for _, r, _ in columns])
    return TableProfile(tuple(Column(*c) for c in columns), words, spread if features else None)


@pytest.fixture
def catalog(engine: sa.Engine) -> Catalog:
    """An empty catalog."""
    return Catalog(engine)


def names(catalog: Catalog, **options: Any) -> list[str]:
    """What matches, best first."""
    return [match.entry.name for match in catalog.match(table(), **options)]


def test_what_was_registered_comes_back(catalog: Catalog) -> None:
    """Every field, with a moment and an id; the digests and the place are ready for the store."""
    given, before = entry("momo"), datetime.now(UTC)
    kept = catalog.register(given)
    assert kept.id is not None
    assert kept.created_at is not None
    assert before <= kept.created_at <= datetime.now(UTC)
    assert replace(kept, id=None, created_at=None) == given
    assert catalog.find("momo") == catalog.find("momo", "1") == kept == catalog.list()[0]
    assert kept.size == 5000
    assert (kept.store.kind, kept.store.bucket) == ("local", "/srv/models")
    assert (kept.bundle.prefix, kept.bundle.manifest_sha256) == ("momo/1", "a" * 64)
    assert set(kept.bundle.files) == set(FILES)


def test_registering_twice_changes_nothing(catalog: Catalog) -> None:
    """The same digests again: the row as it is, even where it has moved or been put to sleep since."""
    first = catalog.register(entry("momo"))
    catalog.relocate([(first, StorageLocation("s3", "bucket", "p"))])
    catalog.deactivate("momo")
    before = catalog.changes()
    again = catalog.register(entry("momo"))
    assert (again.id, again.storage.storage_type, again.active) == (first.id, "s3", False)
    assert catalog.changes() == before


def test_a_registered_version_never_changes(catalog: Catalog) -> None:
    """Other digests under the same version are refused, and nothing beside them is registered either."""
    catalog.register(entry("momo"))
    with pytest.raises(AlreadyThere, match="momo 1") as caught:
        catalog.register_all([entry("new"), entry("momo", content="other")])
    assert "another version" in caught.value.hint
    with pytest.raises(AlreadyThere, match="new 1"):
        catalog.register_all([entry("new"), entry("new", content="other")])
    assert [kept.name for kept in catalog.list()] == ["momo"]


def test_several_threads_register_the_same_models(catalog: Catalog) -> None:
    """First use by several processes at once: each gets the entries, each model is there once."""
    found: list[tuple[ModelVersion, ...]] = []
    wanted = [entry(f"m{i}") for i in range(10)]
    threads = [threading.Thread(target=lambda: found.append(catalog.register_all(wanted))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert {tuple(kept.id for kept in one) for one in found} == {tuple(kept.id for kept in catalog.list())}


def test_without_a_version_the_newest_active_is_found(catalog: Catalog) -> None:
    """Newest means registered last, whatever the version is called."""
    catalog.register_all([entry("momo", "9"), entry("momo", "10")])
    assert catalog.find("momo").version == "10"
    catalog.deactivate("momo", "10")
    assert catalog.find("momo").version == "9"
    catalog.deactivate("momo")
    assert catalog.find("momo").version == "10"


def test_what_is_not_there_names_the_nearest(catalog: Catalog) -> None:
    """A typing mistake gets the nearest names, a wrong version the versions there are."""
    catalog.register_all([entry("mobile-money-1"), entry("claims"), entry("mobile-money-2")])
    with pytest.raises(NotFound, match="'mobil-money-1'") as caught:
        catalog.find("mobil-money-1")
    assert caught.value.hint.startswith("the nearest models: mobile-money-1")
    with pytest.raises(NotFound, match=r"'claims'.*'7'") as caught:
        catalog.find("claims", "7")
    assert caught.value.hint == "it has 1"
    act: Callable[[str], ModelVersion]
    for act in (catalog.activate, catalog.deactivate, catalog.remove):
        with pytest.raises(NotFound):
            act("absent")


def test_an_inactive_model_is_kept_but_not_proposed(catalog: Catalog) -> None:
    """It can be found and listed on request, and comes back."""
    catalog.register_all([entry("a"), entry("b")])
    assert catalog.deactivate("a").active is False
    assert names(catalog) == ["b"]
    assert [kept.name for kept in catalog.list()] == ["b"]
    assert [kept.name for kept in catalog.list(active_only=False)] == ["a", "b"]
    assert catalog.activate("a").active is True
    assert names(catalog) == ["a", "b"]


def test_a_removed_model_is_gone_and_may_come_back_different(catalog: Catalog) -> None:
    """Only its row goes; the name is free again, and an index in memory never takes the new for the old."""
    catalog.register(entry("momo"))
    assert names(catalog) == ["momo"]
    assert catalog.remove("momo").storage == StorageLocation("local", "/srv/models", "momo/1")
    assert names(catalog) == []
    again = catalog.register(entry("momo", content="other", domain="insurance"))
    assert catalog.match(table(), minimum=0.1)[0].entry == again


def test_moving_is_all_or_nothing(catalog: Catalog) -> None:
    """One model moved by somebody else meanwhile: no row changes, and the error names it."""
    one, two = catalog.register_all([entry("one"), entry("two")])
    target = StorageLocation("s3", "fraud-detection-models", "automl_models/one")
    catalog.relocate([(two, StorageLocation("gcs", "elsewhere", "two"))])
    with pytest.raises(CatalogChanged, match=r"two 1.*gcs:elsewhere"):
        catalog.relocate([(one, target), (two, replace(target, prefix="automl_models/two"))])
    assert catalog.find("one").storage == one.storage
    catalog.remove("two")
    with pytest.raises(CatalogChanged, match="no such model"):
        catalog.relocate([(two, target)])
    assert catalog.relocate([(one, target)])[0].storage == target == catalog.find("one").storage


def test_moving_takes_part_in_a_transaction_of_the_journal(catalog: Catalog, engine: sa.Engine) -> None:
    """The row and whatever else is written with it succeed or fail together; `match` sees the new place."""
    momo = catalog.register(entry("momo"))
    target = StorageLocation("azure", "container", "momo")
    assert catalog.match(table())[0].entry.storage == momo.storage

    def breaks() -> None:
        with database.writing(engine) as connection:
            catalog.relocate([(momo, target)], connection=connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaks()
    assert catalog.find("momo").storage == momo.storage
    with database.writing(engine) as connection:
        catalog.relocate([(momo, target)], connection=connection)
    assert catalog.match(table())[0].entry.storage == target


def test_the_best_three_above_the_minimum_are_proposed(catalog: Catalog) -> None:
    """Best first, equals by name, nothing at or below the minimum, each with evidence that sums up."""
    catalog.register_all(
        [entry("far", domain="insurance", roles={"amount": 1.0, "birth": 1.0, "opened": 1.0})]
    )
    catalog.register_all([entry(name) for name in "cab"] + [entry("best", shift=0.0)])
    found = catalog.match(table())
    assert [match.entry.name for match in found] == ["a", "b", "best"]
    for match in found:
        assert match.similarity == pytest.approx(sum(reason.points for reason in match.evidence))
    assert names(catalog, top=1) == ["a"]
    assert names(catalog, top=0) == []
    assert len(names(catalog, top=10)) == 4
    assert len(names(catalog, top=10, minimum=0.1)) == 5
    assert names(catalog, minimum=found[0].similarity) == []


def test_the_spread_of_features_decides_between_equals(catalog: Catalog) -> None:
    """Same columns, other distributions: the closest comes first, and its evidence says so."""
    catalog.register_all([entry("a", shift=9.0), entry("b", shift=5.0), entry("c"), entry("d", quantiles={})])
    found = catalog.match(table(features=True), top=4)
    assert [match.entry.name for match in found] == ["c", "b", "a", "d"]
    assert found[0].evidence[-1].text == "8 of the table's 8 features are spread as in training"
    assert [match.entry.name for match in catalog.match(table())] == ["a", "b", "c"]


def test_only_the_newest_active_version_of_a_model_is_proposed(catalog: Catalog) -> None:
    """Three versions of one model must not fill the three places."""
    catalog.register_all([entry("momo", "1"), entry("momo", "2"), entry("other")])
    assert [match.entry.label for match in catalog.match(table())] == ["momo 2", "other 1"]
    catalog.deactivate("momo", "2")
    assert [match.entry.label for match in catalog.match(table())] == ["momo 1", "other 1"]


def test_a_change_by_another_process_is_seen_at_once(catalog: Catalog, engine: sa.Engine) -> None:
    """Two catalogs over one database: what one registers, the other's next match proposes."""
    other = Catalog(engine)
    assert names(other) == names(catalog) == []
    catalog.register(entry("a"))
    assert names(other) == ["a"]
    catalog.register(entry("b"))
    catalog.deactivate("a")
    assert names(other) == ["b"]


def test_a_warm_match_asks_the_database_one_thing(catalog: Catalog, engine: sa.Engine) -> None:
    """Until something changes, the counter is the only query."""
    catalog.register_all([entry(f"m{i}") for i in range(5)])
    first = catalog.match(table(features=True))
    statements: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert catalog.match(table(features=True)) == first
    assert [s for s in statements if "SELECT" in s and "FROM" in s] == [
        "SELECT catalog_state.changes \nFROM catalog_state"
    ]


def test_many_models_are_matched_beyond_one_query(catalog: Catalog) -> None:
    """More models than one statement may name."""
    catalog.register_all([entry(f"m{i:04}") for i in range(1200)])
    assert names(catalog) == ["m0000", "m0001", "m0002"]


@pytest.mark.parametrize(
    "profile",
    [{"columns": None}, {"columns": [{"name": "x"}]}, {"roles": ["amount"]}, {"roles": {"amount": "high"}}],
)
def test_a_profile_that_is_none_is_refused(profile: dict[str, Any]) -> None:
    """The error names the bundle and the file, and says what is expected."""
    with pytest.raises(InputRefused, match=r"'momo': profile\.json") as caught:
        entry("momo", **profile)
    assert "role" in caught.value.hint


def test_an_unknown_storage_type_is_refused(catalog: Catalog) -> None:
    """Neither registered nor moved to; the error lists the known ones."""
    unknown, known = StorageLocation("ftp", "host", "x"), catalog.register(entry("momo"))
    for act in (
        lambda: catalog.register(replace(entry("other"), storage=unknown)),
        lambda: catalog.relocate([(known, unknown)]),
    ):
        with pytest.raises(InputRefused, match=r"'ftp'.*local, s3, gcs, azure"):
            act()
    assert catalog.list() == (known,)


def test_a_database_that_went_away_is_said_so(catalog: Catalog, engine: sa.Engine) -> None:
    """Tables dropped under a running process: the edge gets an error it knows."""
    with database.writing(engine) as connection:
        connection.execute(sa.text("DROP TABLE catalog_state"))
    with pytest.raises(DatabaseUnavailable, match="catalog_state"):
        catalog.match(table())
