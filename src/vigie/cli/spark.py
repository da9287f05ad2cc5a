"""`vigie spark-predict`: the same predictions, past one machine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from vigie import settings
from vigie.cli.errors import EXAMPLES
from vigie.cli.params import roles_by_column
from vigie.cli.predict import added, asked_of_rows, shared
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
@click.option(
    "--master",
    metavar="URL",
    help="The cluster, such as local[4] or spark://host:7077; by default what spark-submit says.",
)
@click.option(
    "--work",
    metavar="URL",
    help="A folder that Spark can write to and all machines reach; emptied afterwards.",
)
@click.option(
    "--format", "form", type=click.Choice(list(_EXTENSIONS)), help="Of the output; by default as the input."
)
@asked_of_rows
@shared
def spark_predict(
    source: str, output: str, master: str | None, work: str | None, form: str | None,
    pairs: tuple[tuple[str, str], ...], as_json: bool, lang: str, **asked: Any,
) -> None:  # fmt: skip
    """Score every row of the tables in a folder, on a cluster.

    INPUT_URL is a file or a folder of .csv, .csv.gz, .tsv, .txt or .parquet files that make up one table: a path, or a URL
    of S3, GCS or Azure. OUTPUT_URL is a new folder; it gets the same rows in the same order, and seven more columns.
    """
    roles = roles_by_column(pairs)
    from vigie import resources
    from vigie.engine.options import Options, ScoringContext

    require("spark", "scoring with Spark")
    from vigie import spark
    from vigie.cli import console
    from vigie.spark import files
    from vigie.spark.session import session, working

    t, chosen = Translator(lang), settings.load()
    options = Options(minimum=asked.pop("min_similarity"), roles=roles, language=lang, **asked)
    folder = files.find(source, max_columns=chosen.max_columns)
    columnar = folder.keys[0].lower().endswith((".parquet", ".pq"))
    target = files.Target(output, _EXTENSIONS[form or ("parquet" if columnar else "csv")])
    files.check(target)
    with (
        console.progress(t) as told,
        resources.open_catalog(chosen) as catalog,
        session(master) as opened,
        working(opened, work, chosen.cache_dir / "jobs") as place,
    ):
        table = files.read(opened, folder)
        comma = table.dialect is not None and table.dialect.separator == ";"
        result = spark.score(
            table.df, ScoringContext(catalog, resources.bundle_loader(chosen), options, told),
            spark.ClusterSettings(place, spark.PARTITION_ROWS, chosen.require_signature), source=folder.source, comma_by_default=comma,
        )  # fmt: skip
        told("writing", 0.95)
        dialect = replace(table.dialect, decimal=result.decimal) if table.dialect else None
        files.write(result.frame, target, dialect)
        columns = table.df.columns
    if as_json:
        console.dump(result.summary)
        return
    from vigie.cli.report import Written, report

    written = Written(output, added(columns))
    console.show(*report(result.summary, t, source=folder.source, width=console.width(), written=written))
