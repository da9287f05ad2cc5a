"""The catalog on SQLite and PostgreSQL: registration, relocation, matching."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from vigie.bundles.bundle import FILES, FileDigest
from vigie.bundles.location import BundleLocation
from vigie.catalog import Catalog, ModelVersion, StorageLocation
from vigie.catalog.tables import reference_models
from vigie.db import database
from vigie.errors import (
    AlreadyThere,
    CatalogChanged,
    DamagedModelRow,
    DatabaseUnavailable,
    InputRefused,
    NotFound,
)
from vigie.matching import Column, TableProfile
from vigie.matching.distributions import LEVELS, Quantiles
from vigie.matching.domains import score_domains
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
    """Return a model of mobile money; `content` changes its bytes, `shift` the distribution of its features."""
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
    """Return the profile of a table like `entry`'s training tables."""
    spread = Quantiles(FEATURES, np.tile(np.arange(LEVELS, dtype=float), (len(FEATURES), 1)))
    words = score_domains(["cash_out", *(n for n, _, _ in columns)], [r for _, r, _ in columns])
    return TableProfile(tuple(Column(*c) for c in columns), words, spread if features else None)


@pytest.fixture
def catalog(engine: sa.Engine) -> Catalog:
    """An empty catalog."""
    return Catalog(engine)


def names(catalog: Catalog, **options: Any) -> list[str]:
    """Return the names of the matches, the best first."""
    return [match.entry.name for match in catalog.match(table(), **options)]


def test_register_and_find_round_trip(catalog: Catalog) -> None:
    """Every field is returned, with the time of registration and an id."""
    provided, before = entry("momo"), datetime.now(UTC)
    kept = catalog.register(provided)
    assert kept.id is not None
    assert kept.created_at is not None
    assert before <= kept.created_at <= datetime.now(UTC)
    assert replace(kept, id=None, created_at=None) == provided
    assert catalog.find("momo") == catalog.find("momo", "1") == kept == catalog.list()[0]
    assert kept.size == 5000
    assert (kept.store.kind, kept.store.bucket) == ("local", "/srv/models")
    assert (kept.bundle.prefix, kept.bundle.manifest_sha256) == ("momo/1", "a" * 64)
    assert set(kept.bundle.files) == set(FILES)


def test_registering_twice_changes_nothing(catalog: Catalog) -> None:
    """Also where the model has been moved or deactivated since."""
    first = catalog.register(entry("momo"))
    catalog.relocate([(first, StorageLocation("s3", "bucket", "p"))])
    catalog.deactivate("momo")
    before = catalog.changes()
    again = catalog.register(entry("momo"))
    assert (again.id, again.storage.storage_type, again.active) == (first.id, "s3", False)
    assert catalog.changes() == before


def test_a_registered_version_never_changes(catalog: Catalog) -> None:
    """Other digests under the same version are refused, with all models of the call."""
    catalog.register(entry("momo"))
    with pytest.raises(AlreadyThere, match="momo 1") as caught:
        catalog.register_all([entry("new"), entry("momo", content="other")])
    assert "another version" in caught.value.hint
    with pytest.raises(AlreadyThere, match="new 1"):
        catalog.register_all([entry("new"), entry("new", content="other")])
    assert [kept.name for kept in catalog.list()] == ["momo"]


def test_concurrent_registration(catalog: Catalog) -> None:
    """Each caller gets the models, and each model is registered once."""
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
    """The newest is the one that was registered last."""
    catalog.register_all([entry("momo", "9"), entry("momo", "10")])
    assert catalog.find("momo").version == "10"
    catalog.deactivate("momo", "10")
    assert catalog.find("momo").version == "9"
    catalog.deactivate("momo")
    assert catalog.find("momo").version == "10"


def test_not_found_suggests_similar_names(catalog: Catalog) -> None:
    """For an unknown version it lists the known ones."""
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


def test_an_inactive_model_is_not_matched(catalog: Catalog) -> None:
    """It is found, listed on request, and can be activated again."""
    catalog.register_all([entry("a"), entry("b")])
    assert catalog.deactivate("a").active is False
    assert names(catalog) == ["b"]
    assert [kept.name for kept in catalog.list()] == ["b"]
    assert [kept.name for kept in catalog.list(active_only=False)] == ["a", "b"]
    assert catalog.activate("a").active is True
    assert names(catalog) == ["a", "b"]


def test_a_removed_model_can_be_registered_with_other_files(catalog: Catalog) -> None:
    """The index in memory does not confuse the two."""
    catalog.register(entry("momo"))
    assert names(catalog) == ["momo"]
    assert catalog.remove("momo").storage == StorageLocation("local", "/srv/models", "momo/1")
    assert names(catalog) == []
    again = catalog.register(entry("momo", content="other", domain="insurance"))
    assert catalog.match(table(), minimum=0.1)[0].entry == again


def test_relocate_changes_all_or_nothing(catalog: Catalog) -> None:
    """After a concurrent move no row changes, and the error names the model."""
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


def test_relocate_joins_a_transaction(catalog: Catalog, engine: sa.Engine) -> None:
    """It commits or rolls back with it; `match` sees the new location."""
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


def test_match_returns_the_best_above_the_minimum(catalog: Catalog) -> None:
    """The best first, ties by name; the evidence sums up to the similarity."""
    catalog.register_all(
        [entry("far", domain="insurance", roles={"amount": 1.0, "birth": 1.0, "opened": 1.0})]
    )
    catalog.register_all([entry(name) for name in "cab"] + [entry("best", shift=0.0)])
    found = catalog.match(table())
    assert [match.entry.name for match in found] == ["a", "b", "best"]
    for match in found:
        assert match.similarity == pytest.approx(sum(reason.points for reason in match.reasons))
    assert names(catalog, top=1) == ["a"]
    assert names(catalog, top=0) == []
    assert len(names(catalog, top=10)) == 4
    assert len(names(catalog, top=10, minimum=0.1)) == 5
    assert names(catalog, minimum=found[0].similarity) == []


def test_distributions_decide_between_equal_columns(catalog: Catalog) -> None:
    """The closest comes first, and its evidence says so."""
    catalog.register_all([entry("a", shift=9.0), entry("b", shift=5.0), entry("c"), entry("d", quantiles={})])
    found = catalog.match(table(features=True), top=4)
    assert [match.entry.name for match in found] == ["c", "b", "a", "d"]
    assert found[0].reasons[-1].text == "8 of the table's 8 features are spread as in training"
    assert [match.entry.name for match in catalog.match(table())] == ["a", "b", "c"]


def test_match_uses_the_newest_active_version(catalog: Catalog) -> None:
    """Versions of one model do not fill all places."""
    catalog.register_all([entry("momo", "1"), entry("momo", "2"), entry("other")])
    assert [match.entry.label for match in catalog.match(table())] == ["momo 2", "other 1"]
    catalog.deactivate("momo", "2")
    assert [match.entry.label for match in catalog.match(table())] == ["momo 1", "other 1"]


def test_match_sees_changes_of_another_process(catalog: Catalog, engine: sa.Engine) -> None:
    """At its next call."""
    other = Catalog(engine)
    assert names(other) == names(catalog) == []
    catalog.register(entry("a"))
    assert names(other) == ["a"]
    catalog.register(entry("b"))
    catalog.deactivate("a")
    assert names(other) == ["b"]


def test_a_repeated_match_needs_one_query(catalog: Catalog, engine: sa.Engine) -> None:
    """Until something changes, it only reads the counter."""
    catalog.register_all([entry(f"m{i}") for i in range(5)])
    first = catalog.match(table(features=True))
    statements: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert catalog.match(table(features=True)) == first
    assert [s for s in statements if "SELECT" in s and "FROM" in s] == [
        "SELECT catalog_state.changes \nFROM catalog_state"
    ]


def test_the_first_match_reads_packed_vectors_and_finds_what_the_documents_give(
    catalog: Catalog, engine: sa.Engine
) -> None:
    """Those that were never packed, or by a version with other roles, are read from the documents, and can be packed."""
    catalog.register_all([entry(f"m{i}", domain=d) for i, d in enumerate(("mobile_money", "insurance"))])
    packed = Catalog(engine).match(table(), minimum=0.0)
    assert catalog.pack_vectors() == 0
    vectors = sa.select(reference_models.c.match_vector).order_by(reference_models.c.id)
    with database.reading(engine) as connection:
        written = connection.execute(vectors).scalars().all()
    for stale in (None, b"", b"\0" + written[0][1:], written[0][:-1]):
        with database.writing(engine) as connection:
            connection.execute(sa.update(reference_models).values(match_vector=stale))
        assert Catalog(engine).match(table(), minimum=0.0) == packed
        assert catalog.pack_vectors() == 2
        with database.reading(engine) as connection:
            assert connection.execute(vectors).scalars().all() == written


def test_the_first_match_reads_no_documents_but_those_of_its_result(
    catalog: Catalog, engine: sa.Engine
) -> None:
    """However many models there are."""
    catalog.register_all([entry(f"m{i:03}") for i in range(100)])
    statements: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert len(Catalog(engine).match(table())) == 3
    whole = [s for s in statements if "reference_models.columns" in s.split("FROM")[0]]
    assert len(whole) == 1


def test_match_reads_many_models_in_several_queries(catalog: Catalog) -> None:
    """A statement has a maximum number of parameters."""
    catalog.register_all([entry(f"m{i:04}") for i in range(1200)])
    assert names(catalog) == ["m0000", "m0001", "m0002"]


@pytest.mark.parametrize(
    "profile",
    [{"columns": None}, {"columns": [{"name": "x"}]}, {"roles": ["amount"]}, {"roles": {"amount": "high"}}],
)
def test_a_malformed_profile_is_refused(profile: dict[str, Any]) -> None:
    """The error names the bundle and the file, and says what is expected."""
    with pytest.raises(InputRefused, match=r"'momo': profile\.json") as caught:
        entry("momo", **profile)
    assert "role" in caught.value.hint


def test_an_unknown_storage_type_is_refused(catalog: Catalog) -> None:
    """On registration and relocation; the error lists the known ones."""
    unknown, known = StorageLocation("ftp", "host", "x"), catalog.register(entry("momo"))
    for act in (
        lambda: catalog.register(replace(entry("other"), storage=unknown)),
        lambda: catalog.relocate([(known, unknown)]),
    ):
        with pytest.raises(InputRefused, match=r"'ftp'.*local, s3, gcs, azure"):
            act()
    assert catalog.list() == (known,)


def test_a_dropped_table_is_reported(catalog: Catalog, engine: sa.Engine) -> None:
    """As DatabaseUnavailable."""
    with database.writing(engine) as connection:
        connection.execute(sa.text("DROP TABLE catalog_state"))
    with pytest.raises(DatabaseUnavailable, match="catalog_state"):
        catalog.match(table())


def test_models_that_read_columns_are_narrowed_to_those_most_like_the_table(catalog: Catalog) -> None:
    """Trained and imported ones alone, the newest active version of each; all of them where there are few."""
    claims = [{"name": f"v{i}", "role": "number", "type": "Float64"} for i in range(6)]
    made = [
        replace(entry(f"other{i:02}", columns=claims, roles={"number": 1.0}), provenance={"source": "import"})
        for i in range(12)
    ]
    made += [replace(entry("mine", version), provenance={"source": "import"}) for version in ("1", "2")]
    made += [
        replace(entry("trained"), provenance={"source": "vigie train"}),
        replace(entry("starter"), provenance={"source": "starter library"}),
    ]
    catalog.register_all(made)

    def found(**options: int) -> list[str]:
        return [catalog.by_id(one.id).label for one in catalog.like_own_table(table(), **options)]

    assert found() == ["mine 2", *(f"other{i:02} 1" for i in range(12)), "trained 1"]
    assert found(limit=2) == ["mine 2", "trained 1"]
    known = catalog.like_own_table(table(), limit=1)[0]
    assert known.columns == tuple((name, role) for name, role, _ in COLUMNS)
    assert known.fingerprint is None
    catalog.deactivate("mine", "2")
    assert found(limit=1) == ["mine 1"]
    catalog.remove("mine", "2")
    with pytest.raises(CatalogChanged):
        catalog.by_id(known.id)


def test_matches_without_the_models_that_come_with_vigie(catalog: Catalog) -> None:
    """A better match that comes with Vigie does not take a place."""
    catalog.register_all(
        [
            replace(entry("starter"), provenance={"source": "starter library"}),
            replace(entry("mine", domain="insurance"), provenance={"source": "import"}),
        ]
    )
    assert names(catalog, top=1, minimum=0.0) == ["starter"]
    assert names(catalog, top=1, minimum=0.0, own_only=True) == ["mine"]
    assert [one.name for one in catalog.list(own_only=True)] == ["mine"]


def test_a_trained_model_takes_the_last_place_and_imported_ones_none(catalog: Catalog) -> None:
    """Unless nothing else fits; the only place, and those of models that come with Vigie alone, stay as they are."""
    starters = [replace(entry(f"starter{i}"), provenance={"source": "starter library"}) for i in range(3)]
    other = {"columns": [{"name": n, "role": r, "type": t} for n, r, t in COLUMNS[:3]], "domain": "insurance"}
    trained = [
        replace(entry(name, **more), provenance={"source": "vigie train"})
        for name, more in (("far", {"domain": "insurance"} | other), ("near", {"columns": other["columns"]}))
    ]
    imported = [replace(entry(f"a{i}"), provenance={"source": "import"}) for i in range(4)]
    catalog.register_all(starters)
    assert names(catalog, spare_last=True) == names(catalog) == ["starter0", "starter1", "starter2"]
    catalog.register_all(imported)
    assert names(catalog) == ["a0", "a1", "a2"]
    assert names(catalog, spare_last=True) == ["starter0", "starter1", "starter2"]
    catalog.register_all(trained)
    assert names(catalog, spare_last=True, minimum=0.0) == ["starter0", "starter1", "near"]
    assert names(catalog, spare_last=True, top=1) == ["starter0"]
    assert names(catalog, spare_last=True, top=6, minimum=0.0) == [
        "a0", "a1", "starter0", "starter1", "starter2", "near",
    ]  # fmt: skip
    assert names(catalog, spare_last=True, own_only=True) == ["a0", "a1", "a2"]


TAMPERED = [
    ("digests", []),
    ("digests", None),
    ("digests", {}),
    ("digests", {"booster": 5}),
    ("digests", {"booster": {"sha256": "x", "size": "much"}}),
    ("columns", None),
    ("columns", [1]),
    ("columns", {"a": 1}),
    ("roles", None),
    ("roles", {"amount": "often"}),
    ("profile", None),
    ("profile", 5),
    ("performance", [1]),
    ("provenance", 7),
    ("quantiles", b"\xff\xfe"),
    ("quantiles", b"a\0xyz"),
]


@pytest.mark.parametrize(("column", "value"), TAMPERED, ids=[f"{name} {value}" for name, value in TAMPERED])
def test_a_row_changed_by_another_program_is_named_and_left_out(
    catalog: Catalog, engine: sa.Engine, column: str, value: object
) -> None:
    """The other models still match; the row can be removed and the model registered again."""
    catalog.register_all([entry("whole"), entry("broken", "2")])
    catalog.match(table(features=True))
    with engine.begin() as connection:
        stored = sa.update(reference_models).where(reference_models.c.name == "broken")
        connection.execute(stored.values({column: value if value is not None else sa.JSON.NULL}))
        connection.execute(sa.text("UPDATE catalog_state SET changes = changes + 1"))
    fresh = Catalog(engine)
    matched = fresh.match(table(features=True))
    assert [match.entry.name for match in matched][-1:] == ["whole"]
    if column == "quantiles":  # read for matching only
        assert len(matched) == 1
        return
    assert {match.entry.name for match in matched} == {"whole"}
    with pytest.raises(DamagedModelRow, match="broken 2") as caught:
        fresh.find("broken")
    assert "vigie models remove broken@2" in caught.value.hint
    with pytest.raises(DamagedModelRow):
        fresh.list()
    fresh.remove_damaged(caught.value.name, caught.value.version)
    fresh.register(entry("broken", "2"))
    assert {match.entry.name for match in fresh.match(table(features=True))} == {"whole", "broken"}


def test_text_that_is_no_json_damages_one_row_only(tmp_path: Path) -> None:
    """SQLite keeps whatever another program writes."""
    with database.opened(f"sqlite:///{tmp_path / 'c.sqlite'}") as engine:
        catalog = Catalog(engine)
        catalog.register_all([entry("whole"), entry("broken")])
        for column in ("digests", "columns", "roles", "profile"):
            with engine.begin() as connection:
                connection.execute(
                    sa.text(f"UPDATE reference_models SET {column} = '{{' WHERE name = 'broken'")
                )
            assert [match.entry.name for match in Catalog(engine).match(table())] == ["whole"]
        with pytest.raises(DamagedModelRow):
            catalog.find("broken")
