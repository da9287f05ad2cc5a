"""The database on SQLite and PostgreSQL: creation, upgrades, errors."""

from __future__ import annotations

import stat
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from tests.waiting import LIMIT

from vigie.app import notice_tables, tables, watch_tables  # noqa: F401  declare the web app's tables
from vigie.catalog.tables import catalog_state, reference_models
from vigie.db import database
from vigie.db.types import metadata
from vigie.errors import DatabaseUnavailable, UsageRefused
from vigie.relocate.tables import migrations

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")
SECRET = "s3cr3t/p@ss"
ENCODED = "s3cr3t%2Fp%40ss"

MODEL = {
    "name": "momo",
    "version": "1",
    "domain": "mobile_money",
    "columns": [{"name": "montant", "role": "amount", "type": "Float64"}],
    "roles": {"amount": 1.0},
    "performance": {"ap": 0.5},
    "profile": {"domain": "mobile_money"},
    "quantiles": b"\x00",
    "size": 3_000_000_000,
    "storage_type": "s3",
    "s3_bucket": "fraud-detection-models",
    "s3_prefix": "automl_models/momo",
    "digests": {"features.json": {"sha256": "0" * 64, "size": 3}},
    "manifest_sha256": "1" * 64,
    "created_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "active": True,
    "provenance": {},
}


Connect = Callable[[str], sa.Engine]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """`database.connect`, whose engines are closed after the test."""
    engines: list[sa.Engine] = []

    def tracked(url: str) -> sa.Engine:
        engines.append(database.connect(url))
        return engines[-1]

    yield tracked
    for engine in engines:
        engine.dispose()


def test_an_empty_database_gets_the_newest_revision(engine: sa.Engine) -> None:
    """Opening it creates every table."""
    with database.reading(engine) as connection:
        assert database.revision(connection) == database.HEAD
        assert set(sa.inspect(connection).get_table_names()) == database.TABLES | {"vigie_revision"}
    assert set(metadata.tables) == database.TABLES


def test_the_code_knows_every_revision() -> None:
    """HEAD and the list of revisions are those of the files."""
    folder = Path(database.__file__).parent / "versions"
    script = ScriptDirectory(str(folder), version_locations=[str(folder)])
    assert script.get_heads() == [database.HEAD]
    assert tuple(sorted(step.revision for step in script.walk_revisions())) == REVISIONS == database.REVISIONS


def test_the_steps_lead_to_the_tables_of_the_code(engine: sa.Engine) -> None:
    """After all steps nothing differs from the declared tables."""
    with database.reading(engine) as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": "vigie_revision", "compare_type": True}
        )
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("earlier", REVISIONS[:-1])
def test_rows_of_an_earlier_revision_survive_the_upgrade(
    database_url: str, connect: Connect, earlier: str
) -> None:
    """A catalog written at any earlier revision keeps its rows."""
    engine = connect(database_url)
    assert database.upgrade(engine, to=earlier) == (None, earlier)
    with database.writing(engine) as connection:
        connection.execute(sa.insert(reference_models), MODEL)
    assert database.upgrade(engine) == (earlier, database.HEAD)
    assert database.upgrade(engine) == (database.HEAD, database.HEAD)
    with database.reading(engine) as connection:
        row = connection.execute(sa.select(reference_models)).mappings().one()
    assert {name: row[name] for name in MODEL} == MODEL


def test_revision_0004_accepts_any_storage_type(database_url: str, connect: Connect) -> None:
    """Revision 0003 lists the kinds of store; 0004 does not, and still uses no id twice."""
    engine = connect(database_url)
    database.upgrade(engine, to="0003")
    other = MODEL | {"version": "2", "storage_type": "sftp"}
    with pytest.raises(sa.exc.IntegrityError), database.writing(engine) as connection:
        connection.execute(sa.insert(reference_models), other)
    with database.writing(engine) as connection:
        for version in ("1", "3"):
            connection.execute(sa.insert(reference_models), MODEL | {"version": version})
        last = connection.execute(sa.select(sa.func.max(reference_models.c.id))).scalar_one()
        connection.execute(sa.delete(reference_models).where(reference_models.c.id == last))
    database.upgrade(engine)
    with database.writing(engine) as connection:
        created = connection.execute(sa.insert(reference_models), other).inserted_primary_key
    assert created is not None
    assert created[0] > last


def test_only_sqlite_is_upgraded_on_opening(database_url: str, connect: Connect) -> None:
    """PostgreSQL waits for `vigie db upgrade`."""
    database.upgrade(connect(database_url), to="0001")
    if database_url.startswith("sqlite"):
        database.open(database_url).dispose()
        return
    with pytest.raises(DatabaseUnavailable, match=r"revision 0001.*expects 0011") as caught:
        database.open(database_url)
    assert "vigie db upgrade" in caught.value.hint


def test_a_newer_catalog_is_refused(database_url: str, engine: sa.Engine) -> None:
    """Neither opened nor upgraded."""
    with database.writing(engine) as connection:
        connection.execute(sa.text("UPDATE vigie_revision SET version_num = '0417'"))
    for act in (lambda: database.open(database_url), lambda: database.upgrade(engine)):
        with pytest.raises(DatabaseUnavailable, match=r"0417, newer than this Vigie"):
            act()


def test_a_table_of_another_program_is_refused(database_url: str, connect: Connect) -> None:
    """The earlier implementation had a reference_models table too."""
    with database.writing(connect(database_url)) as connection:
        connection.execute(sa.text("CREATE TABLE reference_models (id INTEGER PRIMARY KEY, accuracy FLOAT)"))
    with pytest.raises(DatabaseUnavailable, match=r"'reference_models' that Vigie did not make"):
        database.open(database_url)


def test_a_failed_upgrade_is_rolled_back(
    database_url: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DDL is transactional on both databases."""
    from alembic.operations import Operations

    original = Operations.create_table

    def breaks(self: Operations, name: str, *args: object, **kwargs: object) -> object:
        if name == "migration_steps":
            raise RuntimeError("killed")
        return original(self, name, *args, **kwargs)  # type: ignore[arg-type]

    engine = connect(database_url)
    monkeypatch.setattr(Operations, "create_table", breaks)
    with pytest.raises(RuntimeError, match="killed"):
        database.upgrade(engine)
    monkeypatch.undo()
    with database.reading(engine) as connection:
        assert sa.inspect(connection).get_table_names() == []
    assert database.upgrade(engine) == (None, database.HEAD)


def test_concurrent_opening_of_an_empty_database(database_url: str, connect: Connect) -> None:
    """Six processes succeed, and the tables are created once."""
    code = (
        "import sys; from vigie.db import database; e = database.open(sys.argv[1]);"
        "c = e.connect(); print(database.revision(c))"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", code, database_url], stdout=-1, stderr=-1) for _ in range(6)
    ]
    outputs = [racer.communicate(timeout=LIMIT) for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * 6, outputs
    with database.reading(connect(database_url)) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(catalog_state)).scalar() == 1


def test_a_failed_transaction_is_rolled_back(engine: sa.Engine) -> None:
    """What was written before the error is not there after it."""

    def breaks() -> None:
        with database.writing(engine) as connection:
            connection.execute(sa.insert(reference_models), MODEL)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaks()
    with database.reading(engine) as connection:
        assert connection.execute(sa.select(reference_models.c.id)).all() == []


def test_the_lock_of_migrations_is_unique(engine: sa.Engine) -> None:
    """The database refuses a second one."""
    now = datetime.now(UTC)
    row = {
        "source": "a", "target": "b", "state": "running", "host": "h", "pid": 1, "username": "u",
        "started_at": now, "heartbeat_at": now,
    }  # fmt: skip
    with database.writing(engine) as connection:
        connection.execute(sa.insert(migrations), row | {"lock": "migration"})
        connection.execute(sa.insert(migrations), [row | {"lock": None}, row | {"lock": None}])
    with pytest.raises(sa.exc.IntegrityError), database.writing(engine) as connection:
        connection.execute(sa.insert(migrations), row | {"lock": "migration"})


def test_times_are_read_in_utc(engine: sa.Engine) -> None:
    """A time written in another zone is the same moment when read."""
    written = datetime(2026, 5, 1, 12, 0, tzinfo=timezone(timedelta(hours=-3)))
    with database.writing(engine) as connection:
        connection.execute(sa.insert(reference_models), MODEL | {"created_at": written})
        read = connection.execute(sa.select(reference_models.c.created_at)).scalar_one()
    assert read == written
    assert read.utcoffset() == timedelta(0)


def test_settings_of_sqlite(tmp_path: Path, connect: Connect) -> None:
    """The folder is private; WAL, a busy timeout and foreign keys are on."""
    engine = connect(f"sqlite:///{tmp_path / 'new' / 'catalog.sqlite'}")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    with database.reading(engine) as connection:
        assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(sa.text("PRAGMA busy_timeout")).scalar() == 30000
        assert connection.execute(sa.text("PRAGMA foreign_keys")).scalar() == 1


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_uses_psycopg(scheme: str) -> None:
    """Railway writes postgres://; the driver is psycopg 3."""
    engine = database.connect(f"{scheme}://user:{ENCODED}@db.example:6543/railway?sslmode=require")
    assert engine.url.drivername == "postgresql+psycopg"
    assert engine.url.password == SECRET
    assert engine.url.query["sslmode"] == "require"
    assert database.where(engine) == "db.example:6543/railway"


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://user:{ENCODED}@host/name",
        f"user:{ENCODED}@host/name",
        f"postgresql://user:{ENCODED}@host:port/name",
        f"postgresql://user:{ENCODED}@[::1/name",
    ],
)
def test_a_wrong_url_is_refused_without_its_password(url: str) -> None:
    """The error names what was expected."""
    with pytest.raises(UsageRefused) as caught:
        database.open(url)
    assert "expected" in str(caught.value)
    assert_no_secret(caught.value)


def test_an_unreachable_server(tmp_path: Path) -> None:
    """Host and port are named; the password is not, nor in the chain of causes."""
    with pytest.raises(DatabaseUnavailable) as caught:
        database.open(f"postgresql://user:{ENCODED}@127.0.0.1:1/name")
    assert "127.0.0.1:1/name" in str(caught.value)
    assert "DATABASE_URL" in caught.value.hint
    assert_no_secret(caught.value)


def test_an_unknown_option_in_the_url_is_named_without_the_password() -> None:
    """The text of the driver may contain the whole URL."""
    with pytest.raises(DatabaseUnavailable) as caught:
        database.open(f"postgresql://user:{ENCODED}@127.0.0.1:1/name?colour=blue")
    assert "colour" in str(caught.value)
    assert_no_secret(caught.value)


def test_a_missing_database(postgres_url: str) -> None:
    """The hint is to check the name at the end of the URL."""
    with pytest.raises(DatabaseUnavailable, match="does not exist") as caught:
        database.open(postgres_url.replace("/vigie_", "/absent_"))
    assert "end of DATABASE_URL" in caught.value.hint


def test_a_file_that_is_not_a_database_is_refused(tmp_path: Path) -> None:
    """The file is left unchanged."""
    path = tmp_path / "catalog.sqlite"
    path.write_text("not a database at all, but long enough to be looked at" * 20)
    with pytest.raises(DatabaseUnavailable, match="not a database") as caught:
        database.open(f"sqlite:///{path}")
    assert "damaged" in caught.value.hint
    assert path.read_text().startswith("not a database")


def test_a_folder_that_cannot_be_created_is_refused(tmp_path: Path) -> None:
    """The error names the folder."""
    (tmp_path / "home").write_text("")
    with pytest.raises(DatabaseUnavailable, match=r"cannot create the folder .*home") as caught:
        database.open(f"sqlite:///{tmp_path / 'home' / 'vigie' / 'catalog.sqlite'}")
    assert "VIGIE_HOME" in caught.value.hint


def assert_no_secret(error: BaseException | None) -> None:
    """Check that neither the error nor its traceback has the password."""
    assert error is not None
    printed = "".join(traceback.format_exception(error))
    assert SECRET not in printed
    # The tests' own source lines print the name ENCODED, never its value.
    assert ENCODED not in printed
