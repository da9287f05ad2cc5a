"""Spark session and working folder of the command line; callers of the Python API bring their own session."""

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
    """Open a session and stop it at the end.

    Args:
        master: of the cluster, such as `local[2]` or `spark://host:7077`; by default that of spark-submit.
    """
    conf = SparkConf().setAppName("vigie").set("spark.ui.showConsoleProgress", "false")
    if master is not None:
        conf.setMaster(master)
    local = conf.get("spark.master", "local[*]").startswith("local")
    if local:
        # One machine only: do not listen where others can connect.
        conf.setMaster(conf.get("spark.master", "local[*]"))
        conf.set("spark.driver.host", _HERE).set("spark.driver.bindAddress", _HERE).set(
            "spark.ui.enabled", "false"
        )
    opened = SparkSession.builder.config(conf=conf).getOrCreate()
    opened.sparkContext.setLogLevel("ERROR")
    if local and not settings.spark_python():
        opened.sparkContext.pythonExec = sys.executable
    try:
        yield opened
    finally:
        opened.stop()


@contextmanager
def working(spark: SparkSession, work: str | None, under: Path) -> Iterator[str]:
    """Create a temporary working folder and return its URL.

    Args:
        spark: a classic session.
        work: a folder that all machines reach; None on a single machine.
        under: parent of the folder on a single machine.

    Raises:
        UsageRefused: there are several machines and no `work`.
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
    """Remove a working folder through Spark; it contains cells.

    Args:
        spark: a classic session; Spark Connect cannot remove folders.
        folder: as Spark names it.
    """
    context: Any = spark.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(folder)
    path.getFileSystem(context._jsc.hadoopConfiguration()).delete(path, True)
