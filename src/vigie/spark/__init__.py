"""Scoring of tables on Apache Spark, with the numbers of the command line.

numbered_input   rows written once, each with its number; their cells parsed
arrow_frame      polars frames in the tasks: Arrow there and back
backend          the backend of `vigie.engine.pipeline`: rows brought together by shuffles
model_loading    models, loaded in the tasks from the verified cache
errors           errors of tasks, sent to the driver
files            folders of CSV and Parquet at any URL, read and written by the tasks

result = vigie.spark.predict(spark.table("payments"), work="s3://bucket/tmp/vigie")
result.frame.write.parquet("s3://bucket/scored")
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from vigie import resources, settings
from vigie.engine import pipeline
from vigie.engine.backend import ROW
from vigie.engine.options import Options, ScoringContext
from vigie.engine.output import RESULT_COLUMNS
from vigie.engine.totals import SCORED
from vigie.errors import UsageRefused
from vigie.spark import errors
from vigie.spark.arrow_frame import SparkFrame, arrow, as_arrow, struct
from vigie.spark.backend import ClusterSettings, SparkBackend
from vigie.spark.numbered_input import NumberedInput, number_rows, parse_input
from vigie.spark.session import delete_workdir
from vigie.table import Table
from vigie.table.parsing.columns import parse_table
from vigie.table.report import ReadReport
from vigie.table.writing import unused_names

PARTITION_ROWS = 150_000
"""Rows of a partition, about: what a task holds at a time; an entity is never divided."""

__all__ = ["PARTITION_ROWS", "ClusterSettings", "SparkPrediction", "predict", "score"]

_RESULT = (ROW, *RESULT_COLUMNS)


@dataclass(frozen=True)
class SparkPrediction:
    """A scored table on a cluster.

    Attributes:
        frame: the input columns and rows in their order, and then the seven result columns.
        summary: roles, matches, prevalence, alerts and the rows to look at first, as plain JSON.
        decimal: decimal mark of the table, where it is text.
        work: folder that `frame` is read from. It holds cells: see `delete_workdir`.
    """

    frame: DataFrame
    summary: dict[str, Any]
    decimal: str
    work: str

    def delete_workdir(self) -> None:
        """Remove the folder that `frame` is read from, once that is written; on Spark Connect remove it by hand."""
        delete_workdir(self.frame.sparkSession, self.work)


def predict(
    df: DataFrame,
    *,
    work: str | None = None,
    partition_rows: int = PARTITION_ROWS,
    top: int = 3,
    minimum: float = 0.5,
    roles: Mapping[str, str] | None = None,
    alert_budget: float | int | None = None,
    expected_fraud_rate: float | None = None,
    language: str = "en",
    reasons: bool = True,
    seed: int = 0,
) -> SparkPrediction:
    """Score every row of a table without labels.

    Args:
        df: the rows; text is parsed as in a file.
        work: a folder that Spark can write to and all machines reach, about a kilobyte a row; a temporary one on a
            single machine when not given.
        partition_rows: rows of a partition, about.
        top: number of reference models at most.
        minimum: similarity that a model must exceed to vote, from 0 to 1.
        roles: column -> role, chosen by you, where inference is wrong.
        alert_budget: rows to alert: a share in (0, 1) or a number of rows.
        expected_fraud_rate: share of fraud in (0, 1), where you know it.
        language: language of the reasons, `en` or `fr`.
        reasons: whether to give reasons.
        seed: seed of everything drawn at random.

    Raises:
        InputRefused: the table has nothing to compare or no useful column, or Spark cannot tell its columns apart.
        UsageRefused: there is no folder to work in.
    """
    options = Options(
        top, minimum, dict(roles or {}), alert_budget, expected_fraud_rate, language, reasons, seed
    )
    chosen = settings.load()
    cluster = ClusterSettings(work or _local_workdir(df, chosen), partition_rows, chosen.require_signature)
    with resources.open_catalog(chosen) as catalog:
        return score(df, ScoringContext(catalog, resources.bundle_loader(chosen), options), cluster)


def score(
    df: DataFrame,
    context: ScoringContext,
    cluster: ClusterSettings,
    *,
    source: str = "table",
    comma_by_default: bool = False,
) -> SparkPrediction:
    """Score every row of a table, with an open catalog.

    Args:
        df: the rows.
        context: catalog, options and progress of the driver.
        cluster: where and how the cluster works.
        source: name of the table in messages.
        comma_by_default: take the comma for the decimal mark where no column tells.

    Raises:
        InputRefused: the table has nothing to compare or no useful column, or Spark cannot tell its columns apart.
    """
    with errors.to_driver():
        context.progress("reading", 0.0)
        numbered = number_rows(df, f"{cluster.work}/given", source)
        if context.sizes.fit_in_memory(numbered.n_rows):
            scored, summary, mark = _score_on_driver(numbered, context, comma_by_default)
        else:
            table, mark = parse_input(numbered, f"{cluster.work}/typed", comma_by_default=comma_by_default)
            found = pipeline.predict_out_of_core(SparkBackend(table, cluster), context)
            scored, summary = found.rows, found.summary
        return SparkPrediction(_joined(numbered, df.columns, scored), summary, mark, cluster.work)


def _score_on_driver(
    numbered: NumberedInput, context: ScoringContext, comma_by_default: bool
) -> tuple[SparkFrame, dict[str, Any], str]:
    """Score rows that fit into memory as the command line does."""
    frame = numbered.collect()
    parsed = parse_table(frame, comma_by_default=comma_by_default)
    table = Table(numbered.source, frame, parsed.typed, report=ReadReport(columns=parsed.columns))
    result = pipeline.predict(table, context)
    schema = {name: SCORED[name] for name in _RESULT}
    rows = result.additions.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW)).select(_RESULT)
    packed = pa.Table.from_batches(as_arrow(rows, arrow(schema)), arrow(schema))
    sent: DataFrame = numbered.df.sparkSession.createDataFrame(packed, struct(schema))
    return SparkFrame(sent, schema), result.summary, parsed.mark


def _joined(numbered: NumberedInput, columns: list[str], scored: SparkFrame) -> DataFrame:
    """Return the input columns and the result columns after them, in the order of the rows."""
    ours = scored.select(*_RESULT).df.toDF(*(f"_ours{number}" for number in range(len(_RESULT))))
    both = numbered.with_numbers().join(ours, fn.col("_row") == fn.col("_ours0"))
    names = unused_names(RESULT_COLUMNS, columns)
    ordered = both.orderBy("_row").drop("_row", "_ours0")
    return ordered.toDF(*columns, *(names[name] for name in RESULT_COLUMNS))


def _local_workdir(df: DataFrame, chosen: settings.Settings) -> str:
    master = df.sparkSession.conf.get("spark.master", "")
    if not str(master).startswith("local"):
        raise UsageRefused(
            "no folder to work in: a cluster needs one that all its machines reach",
            hint="pass work=, such as s3://bucket/tmp/vigie, hdfs:///tmp/vigie or dbfs:/tmp/vigie",
        )
    under = chosen.cache_dir / "jobs"
    under.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="spark-", dir=under)).as_uri()
