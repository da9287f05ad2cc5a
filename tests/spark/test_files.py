"""Folders of files through Spark are what the command line makes of one file with the same rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from tests.helpers.tables import busy_table

pytest.importorskip("pyspark", reason="make test-spark")

from pyspark.sql import SparkSession

from vigie import spark
from vigie.engine import files as one_file
from vigie.engine.options import ScoringContext
from vigie.errors import InputRefused, MalformedTable, UsageRefused
from vigie.spark import files
from vigie.spark.backend import ClusterSettings

pytestmark = pytest.mark.spark
ROWS = 4000


def written(frame: pl.DataFrame, path: Path) -> None:
    """As Excel in France writes it, in an old encoding."""
    if path.suffix == ".parquet":
        frame.write_parquet(path)
        return
    text = frame.write_csv(separator=";", decimal_comma=True, datetime_format="%d/%m/%Y %H:%M:%S")
    path.write_bytes(text.encode("windows-1252"))


def through_spark(session: SparkSession, context: ScoringContext, source: Path, target: Path):
    table = files.read(session, files.find(str(source), max_columns=100))
    settings = ClusterSettings((target.parent / "work").as_uri(), 900, require_signature=False)
    comma = table.dialect is not None and table.dialect.separator == ";"
    found = spark.score(table.df, context, settings, comma_by_default=comma)
    dialect = replace(table.dialect, decimal=found.decimal) if table.dialect else None
    files.write(found.frame, files.Target(str(target), source_extension(source)), dialect)


def source_extension(folder: Path) -> str:
    return next(folder.iterdir()).suffix


@pytest.mark.parametrize("extension", [".csv", ".parquet"])
def test_the_output_is_that_of_one_file(
    extension: str, spark_session: SparkSession, context: ScoringContext, tmp_path: Path
) -> None:
    """Byte for byte in a CSV: a cell over two lines, one that the look did not see, and all else of the upload."""
    frame = busy_table(6, flows=False).with_columns(
        note=pl.when(pl.int_range(pl.len()) == 17)
        .then(pl.lit('two\nlines; and a "quote"'))
        .otherwise(pl.lit("é")),
        late=pl.when(pl.int_range(pl.len()) == ROWS - 7).then(pl.lit("no number")).otherwise(pl.lit("12")),
    )
    (tmp_path / "in").mkdir()
    for number in range(3):
        written(frame.slice(number * 1500, 1500), tmp_path / "in" / f"part-{number}{extension}")
    written(frame, tmp_path / f"in{extension}")
    limits = one_file.Limits(10_000, 100, tmp_path / "work")
    one_file.predict_file(str(tmp_path / f"in{extension}"), tmp_path / f"out{extension}", context, limits)
    through_spark(spark_session, context, tmp_path / "in", tmp_path / "out")
    parts = sorted((tmp_path / "out").glob("part-*"))
    assert (tmp_path / "out" / "_SUCCESS").exists()
    if extension == ".csv":
        header = (tmp_path / "out.csv").read_bytes().split(b"\n")[0] + b"\n"
        cells = [part.read_bytes() for part in parts]
        assert all(one.startswith(header) for one in cells)
        assert (
            header + b"".join(one.removeprefix(header) for one in cells)
            == (tmp_path / "out.csv").read_bytes()
        )
    else:
        found = pl.concat([pl.read_parquet(part) for part in parts])
        assert found.equals(pl.read_parquet(tmp_path / "out.parquet"))


def test_a_refusal_in_a_task_is_raised_as_itself(spark_session: SparkSession, tmp_path: Path) -> None:
    """With the file and the line, and no traceback of Java."""
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3,4\n")
    (tmp_path / "b.csv").write_text("a,b\n1,2\n3,4,5\n")
    with pytest.raises(MalformedTable, match=r"b\.csv.*line 3"):
        files.read(spark_session, files.find(str(tmp_path), max_columns=10))


def test_files_that_do_not_belong_together(spark_session: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "b.csv").write_text("b,a\n1,2\n")
    with pytest.raises(InputRefused, match=r"b\.csv: found other columns"):
        files.read(spark_session, files.find(str(tmp_path), max_columns=10))
    (tmp_path / "c.parquet").write_bytes(b"")
    with pytest.raises(InputRefused, match="CSV beside Parquet"):
        files.find(str(tmp_path), max_columns=10)


def test_an_output_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "part-00000.csv").write_text("another file")
    with pytest.raises(UsageRefused, match="not empty"):
        files.check(files.Target(str(tmp_path), ".csv"))
