"""Spark gives the numbers of one machine, whatever the partitions and the order of the rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from tests.helpers.tables import busy_table

pytest.importorskip("pyspark", reason="make test-spark")

from pyspark.sql import SparkSession, functions
from tests.spark.rows import assert_same, back, sent

from vigie import spark
from vigie.engine import files, pipeline
from vigie.engine.options import Options, ScoringContext, Sizes
from vigie.engine.output import RESULT_COLUMNS
from vigie.errors import InputRefused
from vigie.spark.backend import ClusterSettings
from vigie.table import from_frame

pytestmark = pytest.mark.spark
BY = ("time", "amount", "device", "ip", "email")


@pytest.mark.parametrize(("parts", "flows", "skew"), [(1, False, False), (3, True, False), (7, False, True)])
def test_the_same_numbers(
    parts: int, flows: bool, skew: bool, spark_session: SparkSession, context: ScoringContext, work: str, tmp_path: Path,
) -> None:  # fmt: skip
    """To the last bit, with a budget kept to the row; also where one customer has a third of the rows."""
    frame = busy_table(parts, flows=flows)
    if skew:
        third = pl.int_range(pl.len()) % 3 == 0
        frame = frame.with_columns(customer=pl.when(third).then(pl.lit("C9999")).otherwise("customer"))
    context = replace(context, options=Options(alert_budget=37))
    result = files.predict_table(from_frame(frame), context, tmp_path)
    expected, summary = frame.hstack(result.additions), result.summary
    df = sent(spark_session, frame, tmp_path)
    df = df.coalesce(1) if parts == 1 else df.orderBy(functions.rand(parts)).repartition(parts)
    found = spark.score(df, context, ClusterSettings(work, 900, require_signature=False))
    scored = back(found.frame)
    assert scored.columns == expected.columns
    assert_same(scored, expected, BY)
    assert scored.sort(BY).select(frame.columns).equals(expected.sort(BY).select(frame.columns))
    if parts == 1:
        assert scored["time"].equals(frame["time"]), "rows come back in their order"
        assert [one["row"] for one in found.summary["top"]] == [one["row"] for one in summary["top"]]
    timeless = (
        {k: v for k, v in one.items() if k not in ("seconds", "top")} for one in (found.summary, summary)
    )
    assert next(timeless) == next(timeless)
    found.delete_workdir()
    assert not (tmp_path / "work").exists()


def test_few_rows_are_scored_in_memory(
    spark_session: SparkSession, context: ScoringContext, work: str, tmp_path: Path
) -> None:
    """As the command line does it, and a column with the name of a result column keeps its name."""
    context = replace(context, sizes=Sizes())
    frame = busy_table(9, flows=False).rename({"channel": "Alert"})
    expected = pipeline.predict(from_frame(frame), context).additions
    df = sent(spark_session, frame, tmp_path).repartition(3)
    found = back(spark.score(df, context, ClusterSettings(work, 900, require_signature=False)).frame)
    names = [name if name != "alert" else "alert_2" for name in RESULT_COLUMNS]
    assert found.columns == [*frame.columns, *names]
    plain = found.rename({"Alert": "channel", "alert_2": "alert"})
    assert_same(plain, frame.rename({"Alert": "channel"}).hstack(expected), BY)


def test_names_that_spark_takes_for_equal(
    spark_session: SparkSession, context: ScoringContext, work: str
) -> None:
    """Are refused before any work is done, and named."""
    df = spark_session.createDataFrame([(1, 2)], "Amount long, amount long")
    with pytest.raises(InputRefused, match="'Amount' and 'amount'"):
        spark.score(df, context, ClusterSettings(work, 900, require_signature=False))
