"""Worlds of anonymous columns: the truth lines up, nothing but time and amount keeps its meaning, and fraud can be found."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from vigie.calibration import metrics
from vigie.detectors.combine import anonymous_share, combine_detectors
from vigie.detectors.registry import BUILT_IN
from vigie.fitted_state import ScoringState
from vigie.models import model_inputs
from vigie.roles import inference
from vigie.simulator import SimulatedTable, generate


@pytest.fixture(scope="module")
def worlds() -> list[SimulatedTable]:
    return [generate("anonymised", seed, 800) for seed in range(24)]


def test_the_truth_lines_up_with_the_table(worlds: list[SimulatedTable]) -> None:
    for world in worlds:
        assert world.label.shape == world.typology.shape == (world.frame.height,)
        assert ((world.typology != "") == world.label).all()
        assert 0 < world.label.mean() < 0.35


def test_only_time_and_amount_keep_their_meaning(worlds: list[SimulatedTable]) -> None:
    for world in worlds:
        assert list(world.roles) == world.frame.columns
        assert set(world.roles.values()) <= {"number", "time", "amount"}
        named = [name for name, role in world.roles.items() if role != "number"]
        assert len(named) <= 2
        numbers = world.frame.drop(named)
        assert numbers.width >= 5
        assert np.isfinite(numbers.to_numpy()).all()
    assert {len(w.roles) - list(w.roles.values()).count("number") for w in worlds} == {0, 1, 2}


def test_components_are_uncorrelated_and_hidden_columns_are_not(worlds: list[SimulatedTable]) -> None:
    def tie(world: SimulatedTable) -> float:
        numbers = world.frame.select([n for n, role in world.roles.items() if role == "number"])
        correlation = np.corrcoef(numbers.to_numpy(), rowvar=False)
        return float(np.abs(correlation - np.eye(len(correlation))).max())

    assert max(tie(w) for w in worlds if w.parameters["rotated"]) < 1e-3
    assert min(tie(w) for w in worlds if not w.parameters["rotated"]) > 0.05


def test_the_same_seed_gives_the_same_world(worlds: list[SimulatedTable]) -> None:
    again = generate("anonymised", 3, 800)
    assert again.frame.equals(worlds[3].frame)
    assert (again.label == worlds[3].label).all()
    assert len({tuple(w.frame.columns) for w in worlds}) > 20


def test_fraud_can_be_found_in_some(worlds: list[SimulatedTable]) -> None:
    """Better than by chance in most, well in some: what an owner hides cannot always be found again."""
    areas = []
    for world in worlds:
        gathered = model_inputs.build_inputs(world.frame, inference.infer(world.frame))
        areas.append(metrics.measure(world.label[gathered.order], gathered.anomaly)[0])
    assert np.mean(np.array(areas) > 0.5) > 0.7
    assert np.mean(np.array(areas) > 0.8) > 0.1


def test_anonymous_columns_move_the_shares_of_the_detectors() -> None:
    """The more columns have no meaning, the more the detectors that need none count."""
    rng = np.random.default_rng(0)
    detectors = rng.random((500, len(model_inputs.DETECTORS)))
    plain, hidden, none = (
        combine_detectors(BUILT_IN, detectors, share, ScoringState()) for share in (0.2, 0.9, 0.0)
    )
    raw = model_inputs.DETECTORS.index("raw_forest")
    assert np.corrcoef(hidden, detectors[:, raw])[0, 1] > np.corrcoef(plain, detectors[:, raw])[0, 1] + 0.1
    assert (none == plain).all()
    numbers = pl.DataFrame({f"V{i}": rng.normal(size=200) for i in range(9)})
    assert anonymous_share(inference.infer(numbers)) == 1
    assert (
        anonymous_share(inference.infer(numbers.with_columns(amount=pl.Series(rng.lognormal(size=200))))) < 1
    )
