"""A Spark of our own on this machine, bound to the loopback; `make test-spark` installs what it needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vigie import resources, settings
from vigie.catalog import Catalog
from vigie.engine.options import ScoringContext, Sizes

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    """What the tasks inherit: our Python, and an empty home folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("VIGIE_HOME", str(tmp_path_factory.mktemp("tasks")))
        yield patch


@pytest.fixture(scope="module")
def spark_session(environment: pytest.MonkeyPatch) -> Iterator[SparkSession]:
    """Two threads on this machine."""
    from vigie.spark.session import session

    with session("local[2]") as opened:
        opened.conf.set("spark.sql.shuffle.partitions", "3")
        yield opened


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> settings.Settings:
    return settings.load({"VIGIE_HOME": str(tmp_path_factory.mktemp("home"))})


@pytest.fixture(scope="module")
def catalog(chosen: settings.Settings) -> Iterator[Catalog]:
    with resources.open_catalog(chosen) as opened:
        yield opened


@pytest.fixture
def context(catalog: Catalog, chosen: settings.Settings) -> ScoringContext:
    """A table of a few thousand rows is scored out of core, on samples of it."""
    sizes = Sizes(out_of_core=1000, sample=1500, min_customer_rows=100)
    return ScoringContext(catalog, resources.bundle_loader(chosen), sizes=sizes)


@pytest.fixture
def work(tmp_path: Path) -> str:
    return (tmp_path / "work").as_uri()
