"""What many tests would make again from the same files: the tables of SQLite, and the rows of the starter models.

Both are what the product makes; it makes them once in a process of the tests. Other processes, such as those of the
command line, make their own.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from vigie.catalog import ModelVersion
from vigie.db import database
from vigie.starter_models import registry

_upgrade, _read_entry = database.upgrade, registry.read_entry


@pytest.fixture(autouse=True)
def prepared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty SQLite database gets its tables at once, except in the tests of the upgrades themselves."""
    if request.path.parent.name != "db":
        monkeypatch.setattr(database, "upgrade", _upgrade_at_once)
    monkeypatch.setattr(registry, "read_entry", _read_entry_once)


def _upgrade_at_once(engine: sa.Engine, to: str = database.HEAD) -> tuple[str | None, str]:
    if engine.dialect.name == "sqlite" and to == database.REVISIONS[-1]:
        with database.writing(engine) as connection:
            if database.revision(connection) is None:
                for statement in _statements():
                    connection.exec_driver_sql(statement)
                return None, to
    return _upgrade(engine, to)


@functools.cache
def _statements() -> tuple[str, ...]:
    """What makes the tables and the first rows of a new database, in the words of SQLite."""
    with tempfile.TemporaryDirectory(prefix="vigie-tables-") as folder:
        engine = database.connect(f"sqlite:///{folder}/new.sqlite")
        _upgrade(engine)
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            statements = tuple(driver.iterdump())
        engine.dispose()
    return statements[1:-1]  # without BEGIN and COMMIT


def _read_entry_once(path: Path) -> ModelVersion:
    """The files of the starter models do not change; those of a copy may."""
    return _starter_model(path) if path.parent == registry.MODELS else _read_entry(path)


_starter_model = functools.cache(_read_entry)
