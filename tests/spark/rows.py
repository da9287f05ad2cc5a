"""Tables for the tests, there and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from pyspark.sql import DataFrame, SparkSession

from vigie.engine.output import RESULT_COLUMNS


def sent(session: SparkSession, frame: pl.DataFrame, folder: Path) -> DataFrame:
    """The rows on Spark; through a file, so that they have the types that Spark reads."""
    frame.write_parquet(folder / "sent.parquet")
    return session.read.parquet(str(folder / "sent.parquet"))


def back(df: DataFrame) -> pl.DataFrame:
    """The rows here."""
    return pl.DataFrame(pl.from_arrow(df.toArrow()))


def assert_same(found: pl.DataFrame, expected: pl.DataFrame, by: Sequence[str]) -> None:
    """The same predictions of the same rows, in any order."""
    found, expected = found.sort(by), expected.sort(by)
    assert found.height == expected.height
    for name in RESULT_COLUMNS[:4]:
        one, other = (frame[name].cast(pl.Float64).to_numpy() for frame in (found, expected))
        np.testing.assert_allclose(one, other, atol=1e-12, rtol=0, err_msg=name)
    for name in RESULT_COLUMNS[4:]:
        assert found[name].to_list() == expected[name].to_list(), name
