"""`vigie spark-predict`: the same predictions for tables larger than one machine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from vigie import settings
from vigie.cli import options
from vigie.cli.errors import EXAMPLES
from vigie.cli.predict import added_columns
from vigie.extras import require
from vigie.i18n.translator import Translator

_EXTENSIONS = {"csv": ".csv", "csv.gz": ".csv.gz", "parquet": ".parquet"}


@click.command(
    "spark-predict",
    epilog=EXAMPLES.format(
        "vigie spark-predict exports/ scored/ --master 'local[4]'",
        "vigie spark-predict s3://bank/payments s3://bank/scored --work s3a://bank/tmp --alert-budget 0.1%",
        "vigie spark-predict /mnt/shared/in /mnt/shared/out --master yarn --work hdfs:///tmp",
    ),
)
@click.argument("source", metavar="INPUT_URL")
@click.argument("output", metavar="OUTPUT_URL")
@click.option("--master", metavar="URL",
              help="Spark master, such as local[4] or spark://host:7077; by default that of spark-submit.")  # fmt: skip
@click.option("--work", metavar="URL",
              help="Folder for temporary files that Spark can write to and all machines reach; emptied afterwards.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(list(_EXTENSIONS)),
              help="Format of the output; by default that of the input.")  # fmt: skip
@options.scoring
def spark_predict(
    source: str, output: str, master: str | None, work: str | None, form: str | None, as_json: bool, lang: str, **chosen: Any
) -> None:  # fmt: skip
    """Score every row of a table in a folder, on a Spark cluster.

    INPUT_URL is a file or a folder of .csv, .csv.gz, .tsv, .txt or .parquet files that make up one table: a path, or a URL
    of S3, GCS or Azure. OUTPUT_URL is a new folder; it gets the same rows in the same order, and seven more columns.
    """
    reading = options.read_options(chosen)
    scoring = options.scoring_options(lang=lang, **chosen)
    require("spark", "scoring with Spark")
    from vigie import spark
    from vigie.cli import console
    from vigie.spark import files
    from vigie.spark.session import session, working

    t, config = Translator(lang), settings.load()
    folder = files.find(source, max_columns=config.max_columns, reading=reading)
    columnar = folder.keys[0].lower().endswith((".parquet", ".pq"))
    target = files.Target(output, _EXTENSIONS[form or ("parquet" if columnar else "csv")])
    files.check(target)
    with (
        options.scoring_context(scoring, config, t) as context,
        session(master) as opened,
        working(opened, work, config.cache_dir / "jobs") as place,
    ):
        table = files.read(opened, folder)
        comma = table.dialect is not None and table.dialect.separator == ";"
        result = spark.score(
            table.df, context, spark.ClusterSettings(place, spark.PARTITION_ROWS, config.require_signature),
            source=folder.source, comma_by_default=comma,
        )  # fmt: skip
        context.progress("writing", 0.95)
        dialect = replace(table.dialect, decimal=result.decimal) if table.dialect else None
        files.write(result.frame, target, dialect)
        columns = table.df.columns
    if as_json:
        console.dump(result.summary)
        return
    from vigie.cli.report import Written, report

    written = Written(output, added_columns(columns))
    console.show(*report(result.summary, t, source=folder.source, width=console.width(), written=written))
