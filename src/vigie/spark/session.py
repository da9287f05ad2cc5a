"""A session with Spark, for the command line; who brings a session of their own needs none of this."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark import SparkConf
from pyspark.sql import SparkSession

from vigie import settings

_HERE = "127.0.0.1"


@contextmanager
def session(master: str | None) -> Iterator[SparkSession]:
    """A session, stopped in the end.

    Args:
        master: of the cluster, such as `local[2]` or `spark://host:7077`; what spark-submit says where not given.
    """
    conf = SparkConf().setAppName("vigie").set("spark.ui.showConsoleProgress", "false")
    if master is not None:
        conf.setMaster(master)
    alone = conf.get("spark.master", "local[*]").startswith("local")
    if alone:
        # Nobody else takes part: nothing listens where others could reach it.
        conf.setMaster(conf.get("spark.master", "local[*]"))
        conf.set("spark.driver.host", _HERE).set("spark.driver.bindAddress", _HERE).set(
            "spark.ui.enabled", "false"
        )
    opened = SparkSession.builder.config(conf=conf).getOrCreate()
    opened.sparkContext.setLogLevel("ERROR")
    if alone and not settings.spark_python():
        opened.sparkContext.pythonExec = sys.executable
    try:
        yield opened
    finally:
        opened.stop()


def forget(spark: SparkSession, folder: str) -> None:
    """Removes a folder through Spark, wherever it is: it holds cells.

    Args:
        spark: a classic session; one of Spark Connect cannot do it.
        folder: as Spark names it.
    """
    context = spark.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(folder)  # type: ignore[union-attr]
    path.getFileSystem(context._jsc.hadoopConfiguration()).delete(path, True)
