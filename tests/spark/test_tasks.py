"""What tasks rely on: numbers that keep their order and their bits, models that are what the catalog says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

pytest.importorskip("pyspark", reason="make test-spark")

from pyspark.sql import SparkSession

from vigie.catalog import Catalog, ModelVersion
from vigie.engine.members import EnsembleMember
from vigie.engine.options import Options
from vigie.engine.row_functions import ScoreRows
from vigie.engine.scorer import Scorer
from vigie.engine.totals import order_of
from vigie.errors import DamagedBundle, UsageRefused
from vigie.fitted_state import FittedState
from vigie.roles.inference import Roles
from vigie.spark import arrow_frame, errors
from vigie.spark.model_loading import ShippedScoring

pytestmark = pytest.mark.spark


def test_scores_keep_their_order_as_whole_numbers() -> None:
    rng = np.random.default_rng(0)
    numbers = np.concatenate(
        [rng.normal(0, 10.0**scale, 200) for scale in (-300, -3, 0, 300)] + [[0.0, -0.0]]
    )
    order = order_of(numbers)
    assert (order[:-1][np.argsort(numbers[:-1])] == np.sort(order[:-1])).all()
    assert order[-1] == order[-2], "nothing is nothing"


def test_numbers_are_packed_to_the_bit() -> None:
    matrix = np.random.default_rng(2).normal(size=(7, 3)).astype(np.float32)
    matrix[2, 1] = np.nan
    cells = arrow_frame.packed(matrix)
    np.testing.assert_array_equal(arrow_frame.unpacked(cells[2:6], np.float32, 3), matrix[2:6])


def test_an_error_in_a_task_names_its_place_without_data(spark_session: SparkSession) -> None:
    """Its message may quote a cell, and the logs of a cluster are read by many."""
    rows = arrow_frame.SparkFrame(
        spark_session.createDataFrame([("C0042",)], "_0 string"), {"who": pl.String()}
    )
    broken = rows.map(_quoting, {"who": pl.String()})
    with pytest.raises(Exception, match="ValueError at ") as caught, errors.to_driver():
        broken.collect()
    assert "C0042" not in str(caught.value)


def _quoting(rows: pl.DataFrame):
    raise ValueError(rows["who"][0])


def test_models_are_opened_as_registered(catalog: Catalog) -> None:
    """Once a process, and never one whose bytes are not those of the catalog."""
    entry = catalog.list()[0]
    one, again = (_shipped(entry).load().members[0].model for _ in range(2))
    assert one is again
    with pytest.raises(DamagedBundle):
        _shipped(replace(entry, manifest_sha256="0" * 64)).load()


def _shipped(entry: ModelVersion) -> ShippedScoring:
    member = EnsembleMember(
        name=entry.name, similarity=1.0, skill=0.9, bound={}, trust=0.0, precision=0.5, recipe={}, booster=b"", model=None,
        entry=entry,
    )  # fmt: skip
    scorer = Scorer({}, Roles(()), Options(), (member,), None, FittedState())
    return ShippedScoring.of(ScoreRows(scorer), require_signature=False)


def test_machines_with_other_versions_are_refused(
    spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashes differ between versions of polars: the scores would, silently."""
    monkeypatch.setattr(arrow_frame, "_versions", lambda: ("9.9", "9.9"))
    rows = arrow_frame.SparkFrame(spark_session.createDataFrame([("a",)], "_0 string"), {"who": pl.String()})
    requested = rows.map(_same_rows, {"who": pl.String()})
    with pytest.raises(UsageRefused, match=r"expected 9\.9 with 9\.9"), errors.to_driver():
        requested.collect()


def _same_rows(rows: pl.DataFrame):
    yield rows
