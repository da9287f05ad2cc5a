"""Tables with no history: every world is complete, repeatable, varied, and says the truth about itself."""

import time
from collections import Counter

import numpy as np
import polars as pl
import pytest

from vigie.simulator import SimulatedTable, generate

FLAT = ("orders", "account_opening", "lending", "insurance")
ROLES = {"row_id", "time", "hour", "weekday", "month", "opened", "account_age", "birth", "age", "amount", "amount_usual", "amount_ratio", "limit", "income", "customer", "counterparty", "account", "device", "ip", "email", "phone", "user_agent", "address", "person_name", "country", "region", "city", "zip", "distance", "channel", "category", "velocity", "risk_signal", "trust_signal", "number", "flag", "leak"}  # fmt: skip
TYPES = (pl.String, pl.Int64, pl.Float64, pl.Boolean, pl.Datetime("us"))
HIGHER = {
    "risk_signal": 1,
    "velocity": 1,
    "amount_ratio": 1,
    "distance": 1,
    "trust_signal": -1,
    "account_age": -1,
}


@pytest.fixture(scope="module", params=FLAT)
def worlds(request: pytest.FixtureRequest) -> list[SimulatedTable]:
    return [generate(request.param, seed, 2000) for seed in range(24)]


def _auc(label: np.ndarray, values: np.ndarray) -> float:
    ranks = pl.Series(values).fill_nan(None).fill_null(-1.0).rank().to_numpy()
    frauds = int(label.sum())
    return float((ranks[label].sum() - frauds * (frauds + 1) / 2) / (frauds * (len(label) - frauds)))


def test_a_world_is_complete(worlds: list[SimulatedTable]) -> None:
    """Every column has a known role and a type an upload can have; every recorded fraud has a typology."""
    for world in worlds:
        assert world.frame.height == len(world.label) == len(world.typology) == 2000
        assert list(world.roles) == world.frame.columns
        assert set(world.roles.values()) <= ROLES
        assert all(kind in TYPES for kind in world.frame.dtypes)
        assert ((world.typology != "") == world.label).all()
        assert 0.002 < world.label.mean() < 0.2


def test_same_seed_same_world(worlds: list[SimulatedTable]) -> None:
    """Equal arguments give equal cells, labels and names; another seed does not."""
    first, again = worlds[3], generate(worlds[3].domain, 3, 2000)
    assert first.frame.equals(again.frame)
    assert (first.label == again.label).all()
    assert first.roles == again.roles
    assert not worlds[3].frame.equals(worlds[4].frame)


def test_worlds_differ(worlds: list[SimulatedTable]) -> None:
    """Numbers of columns, names, typologies and fraud rates spread widely over seeds."""
    assert len({world.frame.width for world in worlds}) > 8
    assert len({name for world in worlds for name in world.frame.columns}) > 150
    assert len(Counter(str(t) for world in worlds for t in set(world.typology))) > 7
    assert max(w.label.mean() for w in worlds) > 4 * min(w.label.mean() for w in worlds)


def test_common_sense_mostly_holds(worlds: list[SimulatedTable]) -> None:
    """Over worlds, a column whose role says riskier is riskier on average; single columns seldom settle it."""
    aucs = []
    for world in worlds:
        for name, role in world.roles.items():
            if role in HIGHER and world.frame[name].dtype != pl.String:
                aucs.append(_auc(world.label, HIGHER[role] * world.frame[name].cast(pl.Float64).to_numpy()))
    assert np.mean(aucs) > 0.53
    assert np.mean(np.array(aucs) < 0.47) < 0.3
    assert np.mean(np.array(aucs) > 0.95) < 0.1


@pytest.mark.parametrize("domain", FLAT)
@pytest.mark.parametrize("rows", [60, 300])
def test_small_worlds_exist(domain: str, rows: int) -> None:
    """A handful of rows is enough for a world, whatever the typologies drawn."""
    for seed in range(40):
        world = generate(domain, seed, rows)
        assert world.frame.height == rows


@pytest.mark.parametrize("domain", FLAT)
def test_rows_are_drawn_when_not_given(domain: str) -> None:
    """Without a number of rows there are between 1,000 and 8,000."""
    assert all(1000 <= generate(domain, seed).frame.height <= 8000 for seed in range(5))


@pytest.mark.parametrize("domain", FLAT)
def test_worlds_are_cheap(domain: str) -> None:
    """4,000 rows cost well under a tenth of a second of one core, or training thousands of worlds is out of reach."""
    generate(domain, 0, 4000)
    start = time.process_time()
    for seed in range(10):
        generate(domain, seed, 4000)
    assert (time.process_time() - start) / 10 < 0.15
