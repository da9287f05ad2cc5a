"""The catalog's database: engine, tables, upgrades.

SQLite where nothing is configured, PostgreSQL where `DATABASE_URL` says so; every statement of Vigie runs
on both. Nothing here knows what a row means: that is `catalog` and `migrate`. No message of this module
ever holds a password.

The tables below are the newest shape; `revisions/` holds the steps that lead there from every earlier one,
and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from vigie.db.errors import unusable
from vigie.errors import DatabaseUnavailable, UsageRefused
from vigie.i18n.messages import msg

HEAD = "0003"
"""The revision this code reads and writes."""

_REVISIONS = ("0001", "0002", "0003")
_VERSION_TABLE = "vigie_revision"
_ADVISORY_LOCK = 0x7669676965  # "vigie"
_SCHEMES = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "sqlite": "sqlite",
}


Engine = sa.Engine
"""So that callers can name it without knowing the vendor."""


class Instant(sa.types.TypeDecorator[datetime]):
    """A moment in UTC; SQLite would otherwise forget the time zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Writes UTC; a naive moment is taken as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Reads UTC, always with its time zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Document(sa.types.TypeDecorator[Any]):
    """JSON, and PostgreSQL's JSONB there; its dialect is loaded where it is spoken, which every other start is spared."""

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """The type a database has for it."""
        if dialect.name != "postgresql":
            return dialect.type_descriptor(sa.JSON())
        from sqlalchemy.dialects import postgresql

        return dialect.type_descriptor(postgresql.JSONB())


metadata = sa.MetaData()

reference_models = sa.Table(
    "reference_models",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("version", sa.String(50), nullable=False),
    sa.Column("domain", sa.String(100), nullable=False),
    sa.Column("columns", Document, nullable=False),
    sa.Column("roles", Document, nullable=False),
    sa.Column("performance", Document, nullable=False),
    sa.Column("profile", Document, nullable=False),
    # The profile's quantiles once more, as `Quantiles.to_bytes` packs them: matching reads many of them.
    sa.Column("quantiles", sa.LargeBinary, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("storage_type", sa.String(20), nullable=False),
    sa.Column("s3_bucket", sa.String(1000), nullable=False),
    sa.Column("s3_prefix", sa.String(1000), nullable=False),
    sa.Column("digests", Document, nullable=False),
    sa.Column("manifest_sha256", sa.String(64), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("provenance", Document, nullable=False),
    sa.UniqueConstraint("name", "version", name="reference_models_name_version"),
    sa.CheckConstraint(
        "storage_type IN ('local', 's3', 'gcs', 'azure')", name="reference_models_storage_type"
    ),
    # An id is never used twice: an index in memory may still hold the removed one.
    sqlite_autoincrement=True,
)

catalog_state = sa.Table(
    "catalog_state",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("changes", sa.BigInteger, nullable=False),
)
"""One row; `changes` grows with every change of the catalog, so that readers know when to look again."""

migrations = sa.Table(
    "migrations",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.String(1500), nullable=False),
    sa.Column("target", sa.String(1500), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    # "migration" while it is under way, null otherwise; unique, so that only one can be.
    sa.Column("lock", sa.String(20), nullable=True),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("username", sa.String(255), nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("heartbeat_at", Instant, nullable=False),
    sa.Column("finished_at", Instant, nullable=True),
    sa.Column("error", sa.Text, nullable=True),
    sa.UniqueConstraint("lock", name="migrations_lock"),
    sa.CheckConstraint(
        "state IN ('running', 'done', 'failed', 'rolling_back', 'rolled_back')", name="migrations_state"
    ),
    sqlite_autoincrement=True,
)

migration_steps = sa.Table(
    "migration_steps",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("migration_id", sa.Integer, sa.ForeignKey("migrations.id"), nullable=False),
    # Name and version, not the row's id: the journal outlives a removed model.
    sa.Column("model", sa.String(200), nullable=False),
    sa.Column("version", sa.String(50), nullable=False),
    sa.Column("old_storage_type", sa.String(20), nullable=False),
    sa.Column("old_bucket", sa.String(1000), nullable=False),
    sa.Column("old_prefix", sa.String(1000), nullable=False),
    sa.Column("new_storage_type", sa.String(20), nullable=False),
    sa.Column("new_bucket", sa.String(1000), nullable=False),
    sa.Column("new_prefix", sa.String(1000), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("error", sa.Text, nullable=True),
    sa.Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("migration_id", "model", "version", name="migration_steps_model"),
    sa.CheckConstraint(
        "state IN ('planned', 'copied', 'switched', 'failed', 'restored')", name="migration_steps_state"
    ),
    sqlite_autoincrement=True,
)


def open(url: str) -> sa.Engine:  # noqa: A001  # read as database.open
    """Connects to the catalog at `url` and makes sure that its tables are those this code expects.

    An empty database gets the tables. An older SQLite catalog is upgraded on the spot: it belongs to one
    person. An older PostgreSQL catalog is shared, so that is left to `vigie db upgrade`.

    Raises:
        UsageRefused: `url` is neither SQLite nor PostgreSQL.
        DatabaseUnavailable: unreachable, older (PostgreSQL), newer, or not ours.
    """
    engine = connect(url)
    try:
        _bring_to_head(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def connect(url: str) -> sa.Engine:
    """Makes an engine for `url` and looks at nothing yet; `open` is what readers of the catalog want."""
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        _make_folder(parsed)
        engine = sa.create_engine(parsed, hide_parameters=True, connect_args={"timeout": 30})
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    arguments = {"application_name": "vigie", **parsed.query}
    if "connect_timeout" not in arguments:
        arguments["connect_timeout"] = "10"
    return sa.create_engine(
        parsed.set(query=arguments), hide_parameters=True, pool_pre_ping=True, pool_recycle=1800
    )


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection to read with; what the driver raises comes out as `DatabaseUnavailable`.

    On PostgreSQL every statement stands alone, which saves two round trips; on SQLite all see one snapshot.
    """
    if engine.dialect.name == "postgresql":
        engine = _standalone(engine)
    with _vendor_errors(engine), engine.connect() as connection:
        yield connection


def _standalone(engine: sa.Engine) -> sa.Engine:
    """The same engine without transactions, made once: that takes as long as a query."""
    made: sa.Engine | None = engine.__dict__.get("vigie_standalone")
    if made is None:
        made = engine.execution_options(isolation_level="AUTOCOMMIT")
        engine.__dict__["vigie_standalone"] = made
    return made


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that writes: committed at the end, undone by any error.

    On SQLite the write lock is taken at once: taken later, a reader that turns writer fails instead of waiting.
    """
    immediate = engine.execution_options(vigie_immediate=True)
    with _vendor_errors(engine), immediate.begin() as connection:
        yield connection


def revision(connection: sa.Connection) -> str | None:
    """Says at which revision the database is; nothing for one that has no table of ours."""
    tables = set(sa.inspect(connection).get_table_names())
    if _VERSION_TABLE in tables:
        found = connection.execute(sa.text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608
        return str(found) if found else None
    if tables & set(metadata.tables):
        taken = min(tables & set(metadata.tables))
        raise DatabaseUnavailable(
            msg(
                "the database at {at} has a table {taken!r} that Vigie did not make",
                at=where(connection.engine),
                taken=taken,
            ),
            hint="give Vigie a database of its own, or a schema: add ?options=-csearch_path%3Dvigie to the URL",
        )
    return None


def upgrade(engine: sa.Engine, to: str = HEAD) -> tuple[str | None, str]:
    """Brings the database forward to revision `to`, all or nothing, one process at a time.

    Returns:
        The revision found (nothing for an empty database) and the one it is at now.

    Raises:
        DatabaseUnavailable: unreachable, newer than this code, or not ours.
    """
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    folder = str(files("vigie.db") / "versions")
    script = ScriptDirectory(folder, version_locations=[folder])
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
        before = revision(connection)
        if before is not None:
            _refuse_newer(engine, before)
        if before is not None and before >= to:
            return before, before
        with EnvironmentContext(
            Config(), script, fn=lambda at, _: script._upgrade_revs(to, at), destination_rev=to
        ) as environment:
            environment.configure(
                connection=connection, version_table=_VERSION_TABLE, target_metadata=metadata
            )
            environment.run_migrations()
    return before, to


def where(engine: sa.Engine) -> str:
    """Says where the database is, in words that may be printed: no password."""
    url = engine.url
    if url.get_backend_name() == "sqlite":
        return url.database or "memory"
    host = url.host or _one(url.query.get("host")) or "localhost"
    port = url.port or _one(url.query.get("port")) or 5432
    return f"{host}:{port}/{url.database or ''}"


def _bring_to_head(engine: sa.Engine) -> None:
    with reading(engine) as connection:
        found = revision(connection)
    if found == HEAD:
        return
    if found is not None:
        _refuse_newer(engine, found)
        if engine.dialect.name != "sqlite":
            raise DatabaseUnavailable(
                msg(
                    "the catalog at {at} is at revision {found}, this Vigie expects {head}",
                    at=where(engine),
                    found=found,
                    head=HEAD,
                ),
                hint="back it up, then run: vigie db upgrade",
            )
    upgrade(engine)


def _parse(url: str) -> sa.URL:
    scheme, colon, rest = url.partition("://")
    if not colon or scheme not in _SCHEMES:
        found = msg("scheme {scheme!r}", scheme=scheme) if colon else "no scheme"
        raise UsageRefused(
            msg("the database URL has {found}, expected postgresql:// or sqlite:///", found=found),
            hint="set DATABASE_URL=postgresql://user:password@host:5432/name, or leave it out for SQLite",
        )
    try:
        return sa.make_url(f"{_SCHEMES[scheme]}://{rest}")
    except (exc.ArgumentError, ValueError):
        # Without the cause: the text that could not be read may hold the password.
        raise UsageRefused(
            msg(
                "the database URL cannot be read, expected {scheme}://user:password@host:port/name",
                scheme=scheme,
            ),
            hint="characters such as @ : / # in a password must be percent-encoded (@ is %40)",
        ) from None


def _make_folder(url: sa.URL) -> None:
    if not url.database or url.database == ":memory:":
        return
    folder = Path(url.database).parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnavailable(
            msg(
                "cannot create the folder {folder} of the catalog: {reason}",
                folder=folder,
                reason=error.strerror,
            ),
            hint="set VIGIE_HOME to a folder you may write to, or DATABASE_URL to a PostgreSQL database",
        ) from error


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # The driver must not begin transactions by itself: it forgets to for DDL and for reads.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "busy_timeout = 30000",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("vigie_immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _refuse_newer(engine: sa.Engine, found: str) -> None:
    if found not in _REVISIONS:
        raise DatabaseUnavailable(
            msg(
                "the catalog at {at} is at revision {found}, newer than this Vigie ({head})",
                at=where(engine),
                found=found,
                head=HEAD,
            ),
            hint="install the newest Vigie; an older one never writes to a newer catalog",
        )


@contextmanager
def _vendor_errors(engine: sa.Engine) -> Iterator[None]:
    try:
        yield
    except (exc.IntegrityError, exc.DataError):
        raise  # rows that contradict each other or the tables: our bug, not the database's absence
    except (exc.DBAPIError, exc.TimeoutError) as error:
        raise unusable(engine, error, where(engine)) from None


def _one(value: str | tuple[str, ...] | None) -> str | None:
    return value[0] if isinstance(value, tuple) else value
