"""Detectors of other distributions: they vote, are stored with a scorer, and are refused where they cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.helpers.tables import people, roles_from
from tests.waiting import LIMIT

from vigie import plugins
from vigie.arrays import Floats
from vigie.detectors import registry
from vigie.detectors.base import DetectorInputs
from vigie.detectors.registry import MODEL_INPUTS
from vigie.errors import Unavailable, UsageRefused
from vigie.fitted_state import FittedState
from vigie.models.model_inputs import INPUTS, build_inputs

ROOT = Path(__file__).parents[2]
ROLES = {"time": "time", "customer": "customer", "merchant": "counterparty", "amount": "amount"}


class LargestAmount:
    """A detector for these tests: the first column, relative to the fitted table."""

    name = "largest"
    weight = 5.0
    anonymous_weight = 5.0

    def fit(self, x: DetectorInputs, seed: int) -> Mapping[str, Any]:
        return {"mean": x.columns.mean(axis=0)}

    def score(self, x: DetectorInputs, state: Mapping[str, Any]) -> Floats:
        return np.asarray(x.columns[:, 0] - state["mean"][0])


class Unstorable(LargestAmount):
    """Returns a fitted object instead of arrays."""

    def fit(self, x: DetectorInputs, seed: int) -> Mapping[str, Any]:
        return {"model": object()}


class TooFew(LargestAmount):
    """Returns one score for all rows."""

    def score(self, x: DetectorInputs, state: Mapping[str, Any]) -> Floats:
        return np.zeros(1)


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Declares a class of this module as an installed plugin."""

    def declare_(name: str, detector: type[Any] | None) -> None:
        registry.installed.cache_clear()
        if detector is None:
            monkeypatch.setattr(plugins, "find", lambda group: {})
            return
        point = EntryPoint(name, f"{__name__}:{detector.__name__}", "vigie.detectors")
        monkeypatch.setattr(EntryPoint, "load", lambda self: detector)
        monkeypatch.setattr(plugins, "find", lambda group: {name: point})

    yield declare_
    registry.installed.cache_clear()


def test_a_plugin_votes_and_is_no_input_of_the_models(declare: Any) -> None:
    frame, roles = people(300), roles_from(ROLES)
    before = build_inputs(frame, roles)
    declare("largest", LargestAmount)
    after = build_inputs(frame, roles)
    assert after.detectors.shape[1] == before.detectors.shape[1] + 1 == len(MODEL_INPUTS) + 1
    votes = after.detectors[:, -1]
    assert np.corrcoef(votes, after.anomaly)[0, 1] > np.corrcoef(votes, before.anomaly)[0, 1] + 0.1
    assert after.inputs.shape == before.inputs.shape == (300, len(INPUTS))
    np.testing.assert_array_equal(after.inputs, before.inputs)


def test_later_rows_get_the_vote_of_the_fitted_table(declare: Any) -> None:
    """Also where another plugin is installed by then, which the table knows nothing of."""
    declare("largest", LargestAmount)
    frame, roles, state = people(300), roles_from(ROLES), FittedState.keeping()
    whole = build_inputs(frame, roles, state=state)
    fitted = state.fitted()
    again = build_inputs(frame, roles, state=fitted)
    np.testing.assert_array_equal(again.anomaly, whole.anomaly)
    empty = build_inputs(frame.head(0), roles, state=fitted)
    assert len(empty.anomaly) == 0
    declare("largest", None)
    bare = FittedState.keeping()
    build_inputs(frame, roles, state=bare)
    declare("largest", LargestAmount)
    assert build_inputs(frame, roles, state=bare.fitted()).detectors.shape[1] == len(MODEL_INPUTS)


def test_a_missing_plugin_is_refused_with_its_distribution() -> None:
    state = FittedState()
    state.scoring.plugins.value = {"hbos": "vigie-pyod"}
    with pytest.raises(Unavailable, match="vigie-pyod"):
        registry.detectors_of(state.fitted().scoring)


@pytest.mark.parametrize(
    ("detector", "why"),
    [(Unstorable, "expected an array of numbers"), (TooFew, "expected 300 in one column")],
)
def test_a_detector_that_breaks_the_contract_is_refused_by_name(
    declare: Any, detector: type[Any], why: str
) -> None:
    declare("largest", detector)
    with pytest.raises(UsageRefused, match=rf"detector 'largest'.*{why}"):
        build_inputs(people(300), roles_from(ROLES))


@pytest.mark.parametrize(
    ("name", "detector"), [("other", LargestAmount), ("neighbours", LargestAmount), ("x", dict)]
)
def test_what_is_no_detector_of_its_name_is_refused(declare: Any, name: str, detector: type[Any]) -> None:
    declare(name, detector)
    with pytest.raises(UsageRefused, match=f"detector plugin '{name}'"):
        registry.installed()


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as pip builds and installs it, in a folder of its own."""
    target = tmp_path_factory.mktemp("plugin")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    source = ROOT / "examples" / "plugin"
    subprocess.run([*pip, "--no-build-isolation", "--target", target, source], check=True, timeout=LIMIT)
    return target


@pytest.mark.slow
def test_the_example_votes_and_is_stored(example: Path, tmp_path: Path) -> None:
    """Through the command line: with the example, with what it stored, and without it."""

    def vigie(*arguments: str, plugin: bool, code: int = 0) -> str:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment |= {"DATABASE_URL": f"sqlite:///{tmp_path / 'catalog.sqlite'}"}
        environment |= {
            "NUMBA_DISABLE_JIT": "1"
        }  # PyOD would compile itself in each process, longer than it computes
        environment |= {"PYTHONPATH": str(example)} if plugin else {}
        done = subprocess.run(
            [sys.executable, "-m", "vigie", *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stderr

    table = str(tmp_path / "table.csv")
    lines = (ROOT / "examples" / "mobile_money_fr.csv").read_bytes().splitlines(keepends=True)
    Path(table).write_bytes(b"".join(lines[:801]))
    vigie("predict", table, "-o", "with.parquet", plugin=True)
    vigie("predict", table, "-o", "without.parquet", plugin=False)
    vigie("plan", table, "-o", "scorer", plugin=True)
    vigie("score", "scorer", table, "-o", "stored.parquet", plugin=True)
    with_, without, stored = (
        pl.read_parquet(tmp_path / f"{name}.parquet")["anomaly_score"]
        for name in ("with", "without", "stored")
    )
    assert (with_ != without).mean() > 0.5
    assert np.corrcoef(with_, without)[0, 1] > 0.9
    assert stored.equals(with_)
    assert "vigie-pyod" in vigie("score", "scorer", table, "-o", "none.parquet", plugin=False, code=5)
    assert not (tmp_path / "none.parquet").exists()
