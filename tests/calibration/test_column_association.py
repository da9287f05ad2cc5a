"""Whether the columns of a table have anything to do with one another."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.helpers.tables import people, roles_from

from vigie.calibration.column_association import MIN_ASSOCIATION, column_association
from vigie.roles.inference import infer
from vigie.simulator import generate


def noise(rows: int, seed: int) -> pl.DataFrame:
    """Every column drawn apart from all others."""
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "amount": np.round(rng.lognormal(4, 1, rows), 2),
            "customer": [f"C{i}" for i in rng.integers(0, rows // 10, rows)],
            "merchant": [f"M{i}" for i in rng.integers(0, rows // 20, rows)],
            "category": rng.choice(["a", "b", "c", "d"], rows),
            "hour": rng.integers(0, 24, rows),
            "age": rng.integers(18, 80, rows),
            "online": rng.random(rows) < 0.3,
        }
    )


@pytest.mark.parametrize("rows", [300, 2000, 8000])
@pytest.mark.parametrize("seed", range(4))
def test_independent_columns_are_incoherent(rows: int, seed: int) -> None:
    """At every size: chance is allowed for."""
    frame = noise(rows, seed)
    assert column_association(frame, infer(frame)) < MIN_ASSOCIATION


@pytest.mark.parametrize("rows", [300, 2000])
def test_habits_tie_columns(rows: int) -> None:
    frame = people(rows)
    assert column_association(frame, infer(frame)) > 2 * MIN_ASSOCIATION


def test_one_tie_is_enough() -> None:
    """Among independent columns, a category that sets the amount."""
    frame = noise(2000, 0).with_columns(
        pl.when(pl.col("category") == "a").then(pl.col("amount") * 2).otherwise("amount").alias("amount")
    )
    assert column_association(frame, infer(frame)) > MIN_ASSOCIATION


def test_ignored_columns_tie_nothing() -> None:
    frame = noise(2000, 0).with_columns(pl.col("amount").alias("copy"))
    roles = roles_from({**{c: infer(frame).of(c).role for c in frame.columns}, "copy": "leak"})
    assert column_association(frame, roles) < MIN_ASSOCIATION


@pytest.mark.parametrize("rows", [1, 2, 31])
def test_small_and_empty_tables(rows: int) -> None:
    frame = people(60).head(rows)
    assert 0 <= column_association(frame, infer(frame)) <= 1
    assert column_association(frame, roles_from(dict.fromkeys(frame.columns, "none"))) == 0


@pytest.mark.parametrize("domain", ["mobile_money", "card_present", "insurance", "acquiring", "lending"])
def test_simulated_tables_are_coherent(domain: str) -> None:
    """The columns of a ledger depend on each other."""
    for seed in (1, 4):
        simulated = generate(domain, seed, 2000)
        assert column_association(simulated.frame, roles_from(simulated.roles)) > MIN_ASSOCIATION, seed
