"""Fixtures of the tests of migrations between stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.helpers.faulty_proxy import FaultyProxy
from tests.helpers.killing import KillableJobs
from tests.relocate.counting_store import CountingStores
from tests.waiting import LIMIT

from vigie.db import database


@pytest.fixture
def counting() -> CountingStores:
    """Stores that count their requests and fail on demand."""
    return CountingStores()


@pytest.fixture
def source(tmp_path: Path) -> str:
    """The URL of the folder that has the models before."""
    return (tmp_path / "data" / "automl_models").as_uri()


@pytest.fixture
def target(tmp_path: Path) -> str:
    """The URL of a folder to move to; it does not exist yet."""
    return (tmp_path / "elsewhere").as_uri()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[sa.Engine]:
    """An open catalog on SQLite, for tests that need not run on both."""
    engine = database.open(f"sqlite:///{tmp_path / 'only.sqlite'}")
    yield engine
    engine.dispose()


@pytest.fixture
def proxy(s3: str, moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """A proxy that stores opened afterwards use, with a long time limit."""
    made = FaultyProxy(moto_endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", made.endpoint)
    monkeypatch.setenv("VIGIE_STORE_TOTAL_SECONDS", str(LIMIT))
    yield made
    made.stop()


@pytest.fixture
def make_killable(tmp_path: Path) -> Iterator[Callable[[], KillableJobs]]:
    """Returns killable jobs with the environment at the time of the call."""
    made: list[KillableJobs] = []

    def make() -> KillableJobs:
        made.append(KillableJobs("tests.relocate.worker", tmp_path))
        return made[-1]

    yield make
    for one in made:
        one.stop()
