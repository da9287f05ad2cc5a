"""The dry run."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.relocate.counting_store import CountingStores
from tests.relocate.sample_models import contents, dump, populate

from vigie.errors import StoreUnavailable, UsageRefused
from vigie.relocate import plan, run
from vigie.stores.open import connect

KINDS = ("new", "identical", "different", "missing at the source", "already there")


def test_the_state_of_every_model(engine: sa.Engine, source: str, target: str) -> None:
    """New, partly there, identical, different, missing at the source and already moved."""
    entries = populate(engine, source, 6)
    one, two, three, four, five, six = entries
    here, there = connect(source), connect(target)
    for entry in (two, three, four):
        for key in entry.bundle.keys().values():
            there.put(f"{entry.name}/1/{Path(key).name}", here.get(key))
    there.delete(f"{two.name}/1/manifest.json")
    booster = Path(entries[3].bundle.keys()["booster.ubj.zst"]).name
    there.put(f"{four.name}/1/{booster}", b"x" * four.digests["booster.ubj.zst"].size)
    here.delete(five.bundle.keys()["features.json"])
    found = {model.name: model for model in plan(engine, target).models}
    states = {name: model.state for name, model in found.items()}
    assert states == {
        one.name: "new",
        two.name: "new",
        three.name: "identical",
        four.name: "different",
        five.name: "missing at the source",
        six.name: "new",
    }
    assert found[three.name].to_copy == 0
    assert 0 < found[two.name].to_copy < found[one.name].to_copy
    assert booster.startswith("booster")
    assert "booster.ubj.zst" in found[four.name].detail
    assert "features.json: no such object" in found[five.name].detail
    assert {file.action for file in found[four.name].files} == {"keep", "replace"}


@pytest.mark.parametrize("where", ["target", "s3"])
def test_planning_writes_nothing(
    engine: sa.Engine,
    source: str,
    where: str,
    tmp_path: Path,
    counting: CountingStores,
    request: pytest.FixtureRequest,
) -> None:
    """Stores and database are unchanged, and no request was a write."""
    target = f"{request.getfixturevalue(where)}/automl_models"
    populate(engine, source, 40, 500)
    before = contents(source), contents(target), dump(engine)
    folders = sorted(map(str, tmp_path.rglob("*")))
    found = plan(engine, target, opener=counting)
    assert found.counts == {"new": 40}
    assert found.possible
    assert (contents(source), contents(target), dump(engine)) == before
    assert sorted(map(str, tmp_path.rglob("*"))) == folders
    assert counting.count("put") == counting.count("delete") == 0


def test_after_a_run_there_is_nothing_to_do(sqlite: sa.Engine, source: str, target: str) -> None:
    """Every model is already there."""
    populate(sqlite, source, 3)
    run(sqlite, target)
    assert plan(sqlite, target).counts == {"already there": 3}


def test_a_missing_bucket_is_reported(sqlite: sa.Engine, source: str, s3: str) -> None:
    """By the plan."""
    populate(sqlite, source, 3)
    with pytest.raises(StoreUnavailable, match="no such bucket"):
        plan(sqlite, "s3://a-bucket-that-does-not-exist/automl_models")


def test_a_memory_store_is_refused(sqlite: sa.Engine) -> None:
    """The catalog could not use it later."""
    with pytest.raises(UsageRefused, match="memory"):
        plan(sqlite, "memory://x")
