"""Event-stream worlds keep the contract: lengths, roles, determinism, prevalence, variety and speed."""

from __future__ import annotations

import time
from importlib.util import find_spec

import numpy as np
import polars as pl
import pytest

from vigie.roles.inference import ROLES
from vigie.simulator import DOMAINS, SimulatedTable, generate
from vigie.simulator.engine.names import LANGUAGES, Namer
from vigie.simulator.engine.vocabulary import VOCABULARY

STREAMS = (
    "mobile_money",
    "card_present",
    "card_not_present",
    "transfers",
    "p2p",
    "atm",
    "acquiring",
    "crypto",
    "loyalty_refunds",
    "corporate_payments",
)


@pytest.fixture(scope="module")
def worlds() -> dict[str, list[SimulatedTable]]:
    """Thirty small worlds of every event-stream domain."""
    return {domain: [generate(domain, seed, 800) for seed in range(30)] for domain in STREAMS}


@pytest.mark.parametrize("domain", STREAMS)
def test_the_truth_lines_up_with_the_table(domain: str, worlds: dict[str, list[SimulatedTable]]) -> None:
    for world in worlds[domain]:
        rows = world.frame.height
        assert world.domain == domain
        assert world.label.shape == world.typology.shape == (rows,)
        assert world.label.dtype == np.bool_
        assert ((world.typology != "") == world.label).all()


@pytest.mark.parametrize("domain", STREAMS)
def test_every_column_has_one_known_role(domain: str, worlds: dict[str, list[SimulatedTable]]) -> None:
    for world in worlds[domain]:
        assert list(world.roles) == world.frame.columns
        assert set(world.roles.values()) <= set(ROLES)
        assert not set(world.roles.values()) & {"leak", "none"}


@pytest.mark.parametrize("domain", STREAMS)
def test_cells_have_the_types_of_a_parsed_table(domain: str, worlds: dict[str, list[SimulatedTable]]) -> None:
    allowed = {pl.Int64(), pl.Float64(), pl.String(), pl.Boolean(), pl.Datetime("us")}
    for world in worlds[domain]:
        assert set(world.frame.dtypes) <= allowed, world.frame.schema
        numbers = world.frame.select(pl.col(pl.Float64).is_finite().all())
        assert all(value in (True, None) for value in numbers.row(0)) if numbers.width else True


@pytest.mark.parametrize("domain", STREAMS)
def test_the_same_seed_gives_the_same_world(domain: str, worlds: dict[str, list[SimulatedTable]]) -> None:
    for seed in (0, 7):
        again, first = generate(domain, seed, 800), worlds[domain][seed]
        assert again.frame.equals(first.frame)
        assert again.roles == first.roles
        assert (again.typology == first.typology).all()


@pytest.mark.parametrize("domain", STREAMS)
def test_different_seeds_give_different_worlds(domain: str, worlds: dict[str, list[SimulatedTable]]) -> None:
    assert len({tuple(w.frame.columns) for w in worlds[domain]}) > 25


@pytest.mark.parametrize("domain", STREAMS)
def test_frauds_are_rare_and_never_absent(domain: str, worlds: dict[str, list[SimulatedTable]]) -> None:
    rates = np.array([world.label.mean() for world in worlds[domain]])
    assert rates.min() > 0
    assert rates.max() < 0.35
    assert 0.003 < np.median(rates) < 0.06


@pytest.mark.parametrize("domain", STREAMS)
def test_a_domain_has_many_typologies(domain: str, worlds: dict[str, list[SimulatedTable]]) -> None:
    seen = {str(name) for world in worlds[domain] for name in np.unique(world.typology)} - {""}
    assert len(seen) >= 6, seen


def test_roles_are_dropped_at_random(worlds: dict[str, list[SimulatedTable]]) -> None:
    every = [set(world.roles.values()) for domain in STREAMS for world in worlds[domain]]
    for role in ("time", "customer", "counterparty", "amount", "category", "device", "account_age"):
        share = np.mean([role in roles for roles in every])
        assert 0.02 < share < 0.99, (role, share)
    seen = set().union(*every)
    assert len(seen) > 40, sorted(set(ROLES) - seen)


def test_no_single_amount_gives_the_frauds_away(worlds: dict[str, list[SimulatedTable]]) -> None:
    """The amount alone neither solves nor misses most worlds."""
    areas = []
    for domain in STREAMS:
        for world in worlds[domain]:
            name = next((c for c, role in world.roles.items() if role == "amount"), None)
            if name is not None and world.frame[name].null_count() == 0:
                rank = world.frame[name].rank().to_numpy()
                frauds = int(world.label.sum())
                honest = len(rank) - frauds
                areas.append((rank[world.label].sum() - frauds * (frauds + 1) / 2) / (frauds * honest))
    assert 0.5 < np.median(areas) < 0.85
    assert np.mean(np.array(areas) > 0.98) < 0.1
    assert np.mean(np.array(areas) < 0.5) > 0.1


def test_rows_are_about_as_many_as_asked() -> None:
    for rows in (300, 3000):
        assert abs(generate("transfers", 3, rows).frame.height - rows) < rows * 0.3
    assert 1000 <= generate("p2p", 4).frame.height <= 26_000


def test_unknown_domains_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown domain 'horse_racing'"):
        generate("horse_racing", 0)


def test_every_domain_has_its_module() -> None:
    assert set(STREAMS) < set(DOMAINS)
    assert all(find_spec(f"vigie.simulator.{domain}") for domain in DOMAINS)


def test_names_never_repeat_within_a_table() -> None:
    for language in LANGUAGES:
        namer = Namer(np.random.default_rng(1), language)
        names = [namer.name("amount") for _ in range(20)]
        assert len({name.lower() for name in names}) == 20


def test_every_role_a_world_shows_can_be_named_in_every_language() -> None:
    missing = [key for key, entry in VOCABULARY.items() if set(entry) != set(LANGUAGES) and key != "leak"]
    assert missing == []


def test_a_world_is_made_quickly() -> None:
    """Prints the pace; the bound is generous because machines are shared."""
    took = []
    for domain in STREAMS:
        start = time.process_time()
        world = generate(domain, 11, 4000)
        took.append((time.process_time() - start) * 4000 / world.frame.height)
    print(f"4,000 rows: median {np.median(took) * 1000:.0f} ms, worst {max(took) * 1000:.0f} ms")
    assert np.median(took) < 0.25
