"""Anonymised tables: labels match the rows, only time and amount keep their meaning, and fraud can be found."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from vigie.calibration import metrics
from vigie.detectors.combine import anonymous_share, combine_ranks
from vigie.detectors.registry import MODEL_INPUTS
from vigie.fitted_state import ScoringState
from vigie.models import model_inputs
from vigie.roles import inference
from vigie.simulator import SimulatedTable, generate


@pytest.fixture(scope="module")
def tables() -> list[SimulatedTable]:
    return [generate("anonymised", seed, 800) for seed in range(24)]


def test_the_truth_lines_up_with_the_table(tables: list[SimulatedTable]) -> None:
    for table in tables:
        assert table.label.shape == table.typology.shape == (table.frame.height,)
        assert ((table.typology != "") == table.label).all()
        assert 0 < table.label.mean() < 0.35


def test_only_time_and_amount_keep_their_meaning(tables: list[SimulatedTable]) -> None:
    for table in tables:
        assert list(table.roles) == table.frame.columns
        assert set(table.roles.values()) <= {"number", "time", "amount"}
        named = [name for name, role in table.roles.items() if role != "number"]
        assert len(named) <= 2
        numbers = table.frame.drop(named)
        assert numbers.width >= 5
        assert np.isfinite(numbers.to_numpy()).all()
    assert {len(w.roles) - list(w.roles.values()).count("number") for w in tables} == {0, 1, 2}


def test_components_are_uncorrelated_and_hidden_columns_are_not(tables: list[SimulatedTable]) -> None:
    def tie(table: SimulatedTable) -> float:
        numbers = table.frame.select([n for n, role in table.roles.items() if role == "number"])
        correlation = np.corrcoef(numbers.to_numpy(), rowvar=False)
        return float(np.abs(correlation - np.eye(len(correlation))).max())

    assert max(tie(w) for w in tables if w.parameters["rotated"]) < 1e-3
    assert min(tie(w) for w in tables if not w.parameters["rotated"]) > 0.05


def test_the_same_seed_gives_the_same_table(tables: list[SimulatedTable]) -> None:
    again = generate("anonymised", 3, 800)
    assert again.frame.equals(tables[3].frame)
    assert (again.label == tables[3].label).all()
    assert len({tuple(w.frame.columns) for w in tables}) > 20


def test_fraud_can_be_found_in_some(tables: list[SimulatedTable]) -> None:
    """Better than chance in most, well in some."""
    areas = []
    for table in tables:
        gathered = model_inputs.build_inputs(table.frame, inference.infer(table.frame))
        areas.append(metrics.measure(table.label[gathered.order], gathered.anomaly)[0])
    assert np.mean(np.array(areas) > 0.5) > 0.7
    assert np.mean(np.array(areas) > 0.8) > 0.1


def test_anonymous_columns_move_the_shares_of_the_detectors() -> None:
    """The more columns have no meaning, the more the detectors that need none count."""
    rng = np.random.default_rng(0)
    detectors = rng.random((500, len(model_inputs.DETECTORS)))
    plain, hidden, none = (
        combine_ranks(MODEL_INPUTS, detectors, share, ScoringState()) for share in (0.2, 0.9, 0.0)
    )
    raw = model_inputs.DETECTORS.index("raw_forest")
    assert np.corrcoef(hidden, detectors[:, raw])[0, 1] > np.corrcoef(plain, detectors[:, raw])[0, 1] + 0.1
    assert (none == plain).all()
    numbers = pl.DataFrame({f"V{i}": rng.normal(size=200) for i in range(9)})
    assert anonymous_share(inference.infer(numbers)) == 1
    assert (
        anonymous_share(inference.infer(numbers.with_columns(amount=pl.Series(rng.lognormal(size=200))))) < 1
    )
