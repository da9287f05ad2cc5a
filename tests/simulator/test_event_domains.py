"""Tables of events: lengths, roles, determinism, prevalence and variety."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from vigie.roles.inference import ROLES
from vigie.simulator import SimulatedTable, generate
from vigie.simulator.column_names import LANGUAGES, ColumnNamer
from vigie.simulator.column_vocabulary import VOCABULARY
from vigie.simulator.events import EventDomain
from vigie.simulator.registry import own_domains

DOMAINS = tuple(name for name, domain in own_domains().items() if isinstance(domain, EventDomain))


@pytest.fixture(scope="module")
def tables() -> dict[str, list[SimulatedTable]]:
    """Thirty small tables of every domain of events."""
    return {domain: [generate(domain, seed, 800) for seed in range(30)] for domain in DOMAINS}


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_truth_lines_up_with_the_table(domain: str, tables: dict[str, list[SimulatedTable]]) -> None:
    for table in tables[domain]:
        rows = table.frame.height
        assert table.domain == domain
        assert table.label.shape == table.typology.shape == (rows,)
        assert table.label.dtype == np.bool_
        assert ((table.typology != "") == table.label).all()


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_column_has_one_known_role(domain: str, tables: dict[str, list[SimulatedTable]]) -> None:
    for table in tables[domain]:
        assert list(table.roles) == table.frame.columns
        assert set(table.roles.values()) <= set(ROLES)
        assert not set(table.roles.values()) & {"leak", "none"}


@pytest.mark.parametrize("domain", DOMAINS)
def test_cells_have_the_types_of_a_parsed_table(domain: str, tables: dict[str, list[SimulatedTable]]) -> None:
    allowed = {pl.Int64(), pl.Float64(), pl.String(), pl.Boolean(), pl.Datetime("us")}
    for table in tables[domain]:
        assert set(table.frame.dtypes) <= allowed, table.frame.schema
        numbers = table.frame.select(pl.col(pl.Float64).is_finite().all())
        assert all(value in (True, None) for value in numbers.row(0)) if numbers.width else True


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_same_seed_gives_the_same_table(domain: str, tables: dict[str, list[SimulatedTable]]) -> None:
    for seed in (0, 7):
        again, first = generate(domain, seed, 800), tables[domain][seed]
        assert again.frame.equals(first.frame)
        assert again.roles == first.roles
        assert (again.typology == first.typology).all()


@pytest.mark.parametrize("domain", DOMAINS)
def test_different_seeds_give_different_tables(domain: str, tables: dict[str, list[SimulatedTable]]) -> None:
    assert len({tuple(w.frame.columns) for w in tables[domain]}) > 25


@pytest.mark.parametrize("domain", DOMAINS)
def test_frauds_are_rare_and_never_absent(domain: str, tables: dict[str, list[SimulatedTable]]) -> None:
    rates = np.array([table.label.mean() for table in tables[domain]])
    assert rates.min() > 0
    assert rates.max() < 0.35
    assert 0.003 < np.median(rates) < 0.06


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_has_many_typologies(domain: str, tables: dict[str, list[SimulatedTable]]) -> None:
    seen = {str(name) for table in tables[domain] for name in np.unique(table.typology)} - {""}
    assert len(seen) >= 6, seen


def test_roles_are_dropped_at_random(tables: dict[str, list[SimulatedTable]]) -> None:
    every = [set(table.roles.values()) for domain in DOMAINS for table in tables[domain]]
    for role in ("time", "customer", "counterparty", "amount", "category", "device", "account_age"):
        share = np.mean([role in roles for roles in every])
        assert 0.02 < share < 0.99, (role, share)
    seen = set().union(*every)
    assert len(seen) > 40, sorted(set(ROLES) - seen)


def test_no_single_amount_reveals_the_frauds(tables: dict[str, list[SimulatedTable]]) -> None:
    """The amount alone neither solves nor misses most tables."""
    areas = []
    for domain in DOMAINS:
        for table in tables[domain]:
            name = next((c for c, role in table.roles.items() if role == "amount"), None)
            if name is not None and table.frame[name].null_count() == 0:
                rank = table.frame[name].rank().to_numpy()
                frauds = int(table.label.sum())
                legitimate = len(rank) - frauds
                areas.append((rank[table.label].sum() - frauds * (frauds + 1) / 2) / (frauds * legitimate))
    assert 0.5 < np.median(areas) < 0.85
    assert np.mean(np.array(areas) > 0.98) < 0.1
    assert np.mean(np.array(areas) < 0.5) > 0.1


def test_rows_are_about_as_many_as_requested() -> None:
    for rows in (300, 3000):
        assert abs(generate("transfers", 3, rows).frame.height - rows) < rows * 0.3
    assert 1000 <= generate("p2p", 4).frame.height <= 26_000


def test_names_never_repeat_within_a_table() -> None:
    for language in LANGUAGES:
        namer = ColumnNamer(np.random.default_rng(1), language)
        names = [namer.name("amount") for _ in range(20)]
        assert len({name.lower() for name in names}) == 20


def test_every_role_a_table_shows_can_be_named_in_every_language() -> None:
    missing = [key for key, entry in VOCABULARY.items() if set(entry) != set(LANGUAGES) and key != "leak"]
    assert missing == []
