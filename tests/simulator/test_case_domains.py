"""Tables of cases: every table is complete, repeatable and varied, and its labels are true."""

from collections import Counter

import numpy as np
import polars as pl
import pytest

from vigie.simulator import SimulatedTable, generate
from vigie.simulator.cases import CaseDomain
from vigie.simulator.registry import own_domains

DOMAINS = tuple(name for name, domain in own_domains().items() if isinstance(domain, CaseDomain))
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


@pytest.fixture(scope="module", params=DOMAINS)
def tables(request: pytest.FixtureRequest) -> list[SimulatedTable]:
    return [generate(request.param, seed, 2000) for seed in range(24)]


def _auc(label: np.ndarray, values: np.ndarray) -> float:
    ranks = pl.Series(values).fill_nan(None).fill_null(-1.0).rank().to_numpy()
    frauds = int(label.sum())
    return float((ranks[label].sum() - frauds * (frauds + 1) / 2) / (frauds * (len(label) - frauds)))


def test_a_table_is_complete(tables: list[SimulatedTable]) -> None:
    """Every column has a known role and a type an upload can have; every recorded fraud has a typology."""
    for table in tables:
        assert table.frame.height == len(table.label) == len(table.typology) == 2000
        assert list(table.roles) == table.frame.columns
        assert set(table.roles.values()) <= ROLES
        assert all(kind in TYPES for kind in table.frame.dtypes)
        assert ((table.typology != "") == table.label).all()
        assert 0.002 < table.label.mean() < 0.2


def test_same_seed_same_table(tables: list[SimulatedTable]) -> None:
    """Equal arguments give equal cells, labels and names; another seed does not."""
    first, again = tables[3], generate(tables[3].domain, 3, 2000)
    assert first.frame.equals(again.frame)
    assert (first.label == again.label).all()
    assert first.roles == again.roles
    assert not tables[3].frame.equals(tables[4].frame)


def test_tables_differ(tables: list[SimulatedTable]) -> None:
    """Numbers of columns, names, typologies and fraud rates spread widely over seeds."""
    assert len({table.frame.width for table in tables}) > 8
    assert len({name for table in tables for name in table.frame.columns}) > 150
    assert len(Counter(str(t) for table in tables for t in set(table.typology))) > 7
    assert max(w.label.mean() for w in tables) > 4 * min(w.label.mean() for w in tables)


def test_risk_columns_are_mostly_riskier(tables: list[SimulatedTable]) -> None:
    """A column whose role says riskier is riskier on average over tables; a single column seldom suffices."""
    aucs = []
    for table in tables:
        for name, role in table.roles.items():
            if role in HIGHER and table.frame[name].dtype != pl.String:
                aucs.append(_auc(table.label, HIGHER[role] * table.frame[name].cast(pl.Float64).to_numpy()))
    assert np.mean(aucs) > 0.53
    assert np.mean(np.array(aucs) < 0.47) < 0.3
    assert np.mean(np.array(aucs) > 0.95) < 0.1


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("rows", [60, 300])
def test_small_tables_exist(domain: str, rows: int) -> None:
    """A few rows are enough for a table, whatever the typologies drawn."""
    for seed in range(40):
        table = generate(domain, seed, rows)
        assert table.frame.height == rows


@pytest.mark.parametrize("domain", DOMAINS)
def test_rows_are_drawn_by_default(domain: str) -> None:
    """Without a number of rows there are between 1,000 and 8,000."""
    assert all(1000 <= generate(domain, seed).frame.height <= 8000 for seed in range(5))
