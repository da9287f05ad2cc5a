"""A session with Spark, for the command line; who brings a session of their own needs none of this."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from pyspark import SparkConf
from pyspark.sql import SparkSession

from vigie import settings, tempdirs
from vigie.errors import UsageRefused

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


@contextmanager
def working(spark: SparkSession, work: str | None, under: Path) -> Iterator[str]:
    """A new folder to work in, gone afterwards; the name that Spark has for it.

    Args:
        spark: a classic session.
        work: a folder that all machines reach; needed unless there is one machine only.
        under: where it is on one machine.
    """
    if work is not None:
        place = f"{work.rstrip('/')}/vigie-{uuid4().hex}"
        try:
            yield place
        finally:
            delete_workdir(spark, place)
        return
    if not str(spark.sparkContext.master).startswith("local"):
        raise UsageRefused(
            "no folder to work in: a cluster needs one that all its machines reach",
            hint="--work s3://bucket/tmp, hdfs:///tmp or a shared folder",
        )
    tempdirs.remove_stale(under)
    with tempdirs.temporary_workdir(under) as folder:
        yield folder.as_uri()


def delete_workdir(spark: SparkSession, folder: str) -> None:
    """Removes a folder through Spark, wherever it is: it holds cells.

    Args:
        spark: a classic session; one of Spark Connect cannot do it.
        folder: as Spark names it.
    """
    context: Any = spark.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(folder)
    path.getFileSystem(context._jsc.hadoopConfiguration()).delete(path, True)
