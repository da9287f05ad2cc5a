"""Spark does what every backend must do."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.helpers.backend_contract import BackendContract, Open

pytest.importorskip("pyspark", reason="make test-spark")

from pyspark.sql import SparkSession
from tests.spark.rows import sent

from vigie.spark.backend import ClusterSettings, SparkBackend
from vigie.spark.numbered_input import number_rows, parse_input

pytestmark = pytest.mark.spark


class TestSpark(BackendContract):
    @pytest.fixture
    def open_backend(self, spark_session: SparkSession, work: str, tmp_path: Path) -> Open:
        def run(frame: pl.DataFrame) -> SparkBackend:
            provided = number_rows(sent(spark_session, frame, tmp_path), f"{work}/given", "payments")
            table, _ = parse_input(provided, f"{work}/typed", comma_by_default=False)
            return SparkBackend(table, ClusterSettings(f"{work}/run", 300, require_signature=False))

        return run
