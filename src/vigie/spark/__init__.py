"""Past one machine: the story of a long table told by Apache Spark, with the numbers of the command line.

given     the rows written down once, each with its number; what their cells say
frames    polars frames in the tasks: Arrow there and back
cluster   the passes of `vigie.engine.out_of_core`, rows brought together by shuffles
tasks     what a task does with the rows it has
models    models, opened in the tasks from the verified cache
counted   levels, alerts and the budget, counted where the rows lie
carried   refusals on their way from a task to whoever asked
files     folders of CSV and Parquet at any URL, read and written by the tasks

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
from vigie.engine import out_of_core, pipeline
from vigie.engine.backend import ROW
from vigie.engine.options import Options, ScoringContext
from vigie.engine.output import RESULT_COLUMNS
from vigie.errors import UsageRefused
from vigie.spark import errors, numbered_input
from vigie.spark.arrow_frame import Frames, arrow, as_arrow, struct
from vigie.spark.backend import Cluster, Room
from vigie.spark.numbered_input import Given
from vigie.spark.session import forget
from vigie.spark.tasks import SCORED
from vigie.table import Table
from vigie.table.parsing.columns import parse_table
from vigie.table.report import ReadReport
from vigie.table.writing import unused_names

PART = 150_000
"""Rows of a partition, about: what a task holds at a time, beside a customer who has more."""

__all__ = ["PART", "Predicted", "Room", "predict", "score"]

_ADDED = (ROW, *RESULT_COLUMNS)


@dataclass(frozen=True)
class Predicted:
    """A table on a cluster, scored.

    Attributes:
        frame: the columns as they were given, in the same order and the rows too, and the seven more.
        summary: as `vigie.predict` has it.
        decimal: the decimal mark of the table, where it is text.
        work: the folder that `frame` reads from; it holds cells, see `forget`.
    """

    frame: DataFrame
    summary: dict[str, Any]
    decimal: str
    work: str

    def forget(self) -> None:
        """Removes the folder that `frame` reads from, once that is written; on Spark Connect do it by hand."""
        forget(self.frame.sparkSession, self.work)


def predict(
    df: DataFrame,
    *,
    work: str | None = None,
    roles: Mapping[str, str] | None = None,
    alert_budget: float | int | None = None,
    expected_fraud_rate: float | None = None,
    language: str = "en",
    part: int = PART,
    **more: Any,
) -> Predicted:
    """Scores every row of a table that nobody has labelled.

    Args:
        df: the rows; text is read for what it says, as in a file.
        work: a folder that Spark can write to and all machines reach, about a kilobyte a row; on one machine a
            temporary one where it is not given.
        roles: column -> what it means, where you know better than its name.
        alert_budget: how many rows can be looked at: a share in (0, 1) or a number.
        expected_fraud_rate: the share of fraud, where you know it.
        language: of the reasons, `en` or `fr`.
        part: rows of a partition, about.
        more: the other fields of `vigie.engine.options.Options`.
    """
    options = Options(
        roles=dict(roles or {}),
        alert_budget=alert_budget,
        expected_fraud_rate=expected_fraud_rate,
        language=language,
        **more,
    )
    chosen = settings.load()
    room = Room(work or _beside(df, chosen), part, chosen.require_signature)
    with resources.open_catalog(chosen) as catalog:
        return score(df, ScoringContext(catalog, resources.bundle_loader(chosen), options), room)


def score(
    df: DataFrame,
    context: ScoringContext,
    room: Room,
    *,
    source: str = "table",
    comma_by_default: bool = False,
) -> Predicted:
    """`predict`, for those who have opened the catalog.

    Args:
        df: the rows.
        context: catalog, options and progress of the driver.
        room: where to work.
        source: what the user calls the table.
        comma_by_default: take the comma for the decimal mark where no column tells.
    """
    with errors.to_driver():
        context.progress("reading", 0.0)
        kept = numbered_input.written(df, f"{room.work}/given", source)
        if kept.rows < out_of_core.OUT_OF_CORE_MIN_ROWS:
            scored, summary, mark = _few(kept, context, comma_by_default)
        else:
            rows, mark = numbered_input.typed(kept, f"{room.work}/typed", comma_by_default=comma_by_default)
            cluster = Cluster(rows, context.options, room)
            summary = out_of_core.told(cluster, context)
            scored = cluster.scored()
        return Predicted(_with(kept, df.columns, scored), summary, mark, room.work)


def _few(
    kept: Given,
    context: ScoringContext,
    comma_by_default: bool,
) -> tuple[Frames, dict[str, Any], str]:
    """Rows that memory holds are scored here, as the command line does it."""
    frame = kept.here()
    parsed = parse_table(frame, comma_by_default=comma_by_default)
    table = Table(kept.source, frame, parsed.typed, report=ReadReport(columns=parsed.columns))
    result = pipeline.predict(table, context)
    schema = {name: SCORED[name] for name in _ADDED}
    rows = result.additions.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW)).select(_ADDED)
    session = kept.df.sparkSession
    return Frames(_sent(session, rows, schema), schema), result.summary, parsed.mark


def _sent(session: Any, rows: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> DataFrame:
    table = pa.Table.from_batches(as_arrow(rows, arrow(schema)), arrow(schema))
    sent: DataFrame = session.createDataFrame(table, struct(schema))
    return sent


def _with(kept: Given, columns: list[str], scored: Frames) -> DataFrame:
    """The columns as they were given and ours after them, in the order of the rows."""
    ours = scored.select(*_ADDED).df.toDF(*(f"_ours{number}" for number in range(len(_ADDED))))
    both = kept.with_numbers().join(ours, fn.col("_row") == fn.col("_ours0"))
    names = unused_names(RESULT_COLUMNS, columns)
    ordered = both.orderBy("_row").drop("_row", "_ours0")
    return ordered.toDF(*columns, *(names[name] for name in RESULT_COLUMNS))


def _beside(df: DataFrame, chosen: settings.Settings) -> str:
    master = df.sparkSession.conf.get("spark.master", "")
    if not str(master).startswith("local"):
        raise UsageRefused(
            "no folder to work in: a cluster needs one that all its machines reach",
            hint="say work=..., such as s3://bucket/tmp/vigie, hdfs:///tmp/vigie or dbfs:/tmp/vigie",
        )
    under = chosen.cache_dir / "jobs"
    under.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="spark-", dir=under)).as_uri()
