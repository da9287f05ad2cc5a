"""A home with a catalog, for the tests of commands."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from vigie import resources, settings


@pytest.fixture(scope="session")
def catalog_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog in which the models that come with Vigie are registered already: that takes longer than most tests."""
    path = tmp_path_factory.mktemp("catalog") / "catalog.sqlite"
    chosen = replace(settings.load({}), database_url=f"sqlite:///{path}")
    with resources.open_catalog(chosen):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def home_with_catalog(vigie_home: Path, catalog_file: Path) -> None:
    """Each test has its own copy of it."""
    vigie_home.mkdir()
    shutil.copy(catalog_file, vigie_home / "catalog.sqlite")
