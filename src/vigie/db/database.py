"""Connections, transactions and schema upgrades of the database.

SQLite by default, PostgreSQL where `DATABASE_URL` names one; every statement of Vigie runs on both. The packages
`catalog`, `relocate` and `app` declare their tables as they are now; `versions/` holds the steps that lead there from
every earlier revision, and a test compares the two. No message of this module contains a password.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from vigie.db.errors import unusable
from vigie.errors import DatabaseUnavailable, UsageRefused
from vigie.extras import require
from vigie.i18n.messages import msg

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")
HEAD = REVISIONS[-1]
"""Revision that this code reads and writes."""

TABLES = frozenset(
    {
        *("reference_models", "catalog_state", "migrations", "migration_steps"),
        *("users", "sessions", "sign_in_links", "attempts", "tokens", "audit"),
        *("uploads", "upload_parts", "mappings", "runs", "marks", "idempotency_keys", "workers"),
        *("alert_rules",),
        *("watches", "watch_sightings", "watched_files"),
        *("notices", "notice_choices", "webhooks", "webhook_attempts"),
        *("cases", "case_entities", "case_alerts", "case_events"),
    }
)
"""Names that an upgrade creates: a database that has one, but no revision of ours, belongs to another program."""

_VERSION_TABLE = "vigie_revision"
_ADVISORY_LOCK = 0x7669676965  # "vigie"
_SCHEMES = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "sqlite": "sqlite",
}


Engine = sa.Engine
"""Lets callers annotate an engine without importing SQLAlchemy."""


def open(url: str) -> sa.Engine:  # noqa: A001  # read as database.open
    """Connect to the database at `url`, at the revision this code expects.

    An empty database gets the tables. An older SQLite database belongs to one person and is upgraded at once; an older
    PostgreSQL database is shared, so its upgrade is left to `vigie db upgrade`.

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


@contextmanager
def opened(url: str) -> Iterator[sa.Engine]:
    """Open the database at `url` for the body of a `with` statement; see `open`."""
    engine = open(url)
    try:
        yield engine
    finally:
        engine.dispose()


def connect(url: str) -> sa.Engine:
    """Create an engine for `url` without connecting; `open` also checks the revision.

    Raises:
        UsageRefused: `url` is neither SQLite nor PostgreSQL.
        DatabaseUnavailable: the folder of an SQLite file cannot be created.
    """
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
    require("postgres", "a PostgreSQL database")
    return sa.create_engine(
        parsed.set(query=arguments), hide_parameters=True, pool_pre_ping=True, pool_recycle=1800
    )


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a connection to read with.

    On PostgreSQL every statement is its own transaction, which saves two round trips; on SQLite all see one snapshot.

    Raises:
        DatabaseUnavailable: the driver reports an error other than a violated constraint.
    """
    if engine.dialect.name == "postgresql":
        engine = _standalone(engine)
    with _vendor_errors(engine), engine.connect() as connection:
        yield connection


def _standalone(engine: sa.Engine) -> sa.Engine:
    """Return the engine in autocommit mode, created once: creating it takes as long as a query."""
    found: sa.Engine | None = engine.__dict__.get("vigie_standalone")
    if found is None:
        found = engine.execution_options(isolation_level="AUTOCOMMIT")
        engine.__dict__["vigie_standalone"] = found
    return found


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that writes; it is committed at the end and rolled back on any error.

    On SQLite the write lock is taken at once: a transaction that first reads would fail instead of waiting for it.

    Raises:
        DatabaseUnavailable: the driver reports an error other than a violated constraint.
    """
    immediate = engine.execution_options(vigie_immediate=True)
    with _vendor_errors(engine), immediate.begin() as connection:
        yield connection


def lock(connection: sa.Connection, *names: object) -> None:
    """Hold a lock until the end of the transaction: transactions that lock the same names run one after another.

    What is read afterwards stays true until the transaction ends. On SQLite a transaction that writes has the whole database.

    Args:
        connection: a transaction of `writing`.
        names: what is locked, such as a table and an id.
    """
    if connection.dialect.name == "postgresql":
        digest = hashlib.sha256(repr(names).encode(errors="replace")).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def revision(connection: sa.Connection) -> str | None:
    """Return the revision of the database, None where it has no table of ours.

    Raises:
        DatabaseUnavailable: another program made a table that has the name of one of ours.
    """
    tables = set(sa.inspect(connection).get_table_names())
    if _VERSION_TABLE in tables:
        found = connection.execute(sa.text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608
        return str(found) if found else None
    if tables & TABLES:
        taken = min(tables & TABLES)
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
    """Upgrade the database to revision `to` in one transaction; concurrent calls wait for each other.

    Returns:
        The revision before, None for an empty database, and the revision now.

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
            environment.configure(connection=connection, version_table=_VERSION_TABLE)
            environment.run_migrations()
    return before, to


def where(engine: sa.Engine) -> str:
    """Return host, port and name, or the file, of the database: nothing secret."""
    url = engine.url
    if url.get_backend_name() == "sqlite":
        return url.database or "memory"
    host = url.host or _first(url.query.get("host")) or "localhost"
    port = url.port or _first(url.query.get("port")) or 5432
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
        # Without its cause, which may contain the password.
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
        Path(url.database).touch(mode=0o600)  # the folder may have been there, readable by others
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
    # The driver itself would begin none for DDL and for reads.
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
    if found not in REVISIONS:
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
    except exc.IntegrityError:
        raise  # a violated constraint is a defect of the caller, not of the connection
    except (exc.DataError, OverflowError, UnicodeEncodeError):
        raise _value_refused() from None
    except (exc.DBAPIError, exc.TimeoutError) as error:
        raise unusable(engine, error, where(engine)) from None
    except exc.StatementError as error:
        if isinstance(error.orig, (OverflowError, ValueError)):
            raise _value_refused() from None
        raise


def _value_refused() -> UsageRefused:
    """Return the error for a value that no column holds: a number or time out of range, a NUL, half a character.

    Such a value comes from a request; which one it was is not said, since it may be a cell.
    """
    return UsageRefused(
        "found a number, a time or a text that the database cannot hold",
        hint="check the values of the request: numbers of many digits, times of the year 1, characters without a meaning",
    )


def _first(value: str | tuple[str, ...] | None) -> str | None:
    return value[0] if isinstance(value, tuple) else value
