"""`vigie doctor`."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from tests.waiting import LIMIT

from vigie import resources, settings
from vigie.app import job_queue, runs, uploads, users
from vigie.catalog import Catalog, StorageLocation
from vigie.cli.commands import cli
from vigie.db import database, health
from vigie.db.types import UtcDateTime
from vigie.doctor import GOOD, PROBLEM, WARNING, Finding, examine
from vigie.errors import DamagedBundle, UsageRefused
from vigie.settings import WebSettings
from vigie.starter_models import registry
from vigie.stores.base import Store
from vigie.stores.open import connect
from vigie.web import security


def findings(**environ: str) -> dict[str, Finding]:
    """Return the findings by name."""
    return {finding.name: finding for finding in examine(settings.load(environ))}


def check(chosen: settings.Settings, name: str) -> Finding:
    """Return the finding of one check."""
    return next(finding for finding in examine(chosen) if finding.name == name)


def run(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["doctor", *arguments])


@pytest.fixture(autouse=True)
def few_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog of one model, so that no test registers forty."""

    def register(catalog: Catalog) -> int:
        path = min(path for path in registry.MODELS.iterdir() if path.is_dir())
        catalog.register(registry.read_entry(path))
        return 1

    monkeypatch.setattr(registry, "register", register)


def test_a_new_installation(vigie_home: Path) -> None:
    """Before and after the tables are created; nothing is left in the store."""
    first = run()
    assert first.exit_code == 0, first.output
    assert "it has no tables yet" in first.stdout
    with resources.open_catalog(settings.load()):
        pass
    printed = run("--json")
    assert printed.exit_code == 0
    states = {one["name"]: one["state"] for one in json.loads(printed.stdout)}
    assert set(states.values()) == {GOOD}
    assert {"database", "models", "credentials", "store", "cache", "clock", "signatures", "worker"} <= set(
        states
    )
    assert not list((vigie_home / "models").rglob("*.*"))


def test_the_revision_of_postgresql(postgres_url: str) -> None:
    """An older catalog is distinguished from a newer one; the server is named."""
    engine = database.connect(postgres_url)
    database.upgrade(engine, "0001")
    found = findings(DATABASE_URL=postgres_url)["database"]
    assert (found.state, found.hint) == (PROBLEM, "back it up, then run: vigie db upgrade")
    database.upgrade(engine)
    found = findings(DATABASE_URL=postgres_url)["database"]
    assert found.state == GOOD
    assert "PostgreSQL 18" in found.found
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE vigie_revision SET version_num = '9999'"))
    engine.dispose()
    assert "newer" in findings(DATABASE_URL=postgres_url)["database"].hint


def test_an_unavailable_database_and_store() -> None:
    """Each has its own finding, no secret is shown, and the exit code is that of Unavailable."""
    secret = "s3cr3t-of-tests"
    environ = {
        "DATABASE_URL": f"postgresql://me:{secret}@127.0.0.1:1/vigie",
        "STORAGE_TYPE": "s3",
        "S3_MODEL_BUCKET": "models",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": "us-east-1",
        "VIGIE_STORE_TOTAL_SECONDS": "1",
    }
    result = CliRunner().invoke(cli, ["doctor"], env=environ)
    assert result.exit_code == 5
    lines = {line.split()[1]: line[0] for line in result.stdout.splitlines() if line[0] != " "}
    assert (lines["database"], lines["store"], lines["clock"]) == ("✗", "✗", "!")
    assert "AWS_ACCESS_KEY_ID" in result.stdout
    assert secret not in result.output


def test_a_missing_setting(vigie_home: Path) -> None:
    """It has its own exit code."""
    result = CliRunner().invoke(cli, ["doctor"], env={"STORAGE_TYPE": "s3"})
    assert result.exit_code == 2
    assert "S3_MODEL_BUCKET" in result.stdout


def test_models_in_local_folders(vigie_home: Path, tmp_path: Path) -> None:
    """A warning where the store is a bucket, a problem where the folder is gone; starter models are fine."""
    url = f"sqlite:///{tmp_path / 'catalog.sqlite'}"
    chosen = settings.load({"DATABASE_URL": url, "STORAGE_TYPE": "gcs", "S3_MODEL_BUCKET": "b"})
    with resources.open_catalog(settings.load({"DATABASE_URL": url})) as catalog:
        assert check(chosen, "models").state == GOOD
        entry = catalog.list()[0]
        (tmp_path / "mine" / "x").mkdir(parents=True)
        (tmp_path / "mine" / "x" / "manifest.json").write_text("{}")
        (tmp_path / "mine" / "x" / "manifest.json").write_text("{}")
        (moved,) = catalog.relocate([(entry, StorageLocation("local", str(tmp_path / "mine"), "x"))])
        found = check(chosen, "models")
        assert found.state == WARNING
        assert "vigie migrate --to gs://b/automl_models" in found.hint
        catalog.relocate([(moved, StorageLocation("local", str(tmp_path / "gone"), "x"))])
        found = check(chosen, "models")
        assert (found.state, entry.label in found.found) == (PROBLEM, True)


def test_a_catalog_shared_with_another_machine(tmp_path: Path) -> None:
    """Starter models are opened from this machine's folder; other models are missing."""
    chosen = settings.load({"DATABASE_URL": f"sqlite:///{tmp_path / 'catalog.sqlite'}"})
    with resources.open_catalog(chosen) as catalog:
        entry = catalog.list()[0]
        elsewhere = replace(
            entry, storage=StorageLocation("local", "/opt/there/vigie/library/models", entry.storage.prefix)
        )
        assert resources.bundle_loader(chosen)(elsewhere).name == entry.name
        with pytest.raises(DamagedBundle, match="no object"):
            resources.bundle_loader(chosen)(replace(elsewhere, provenance={}))


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    """With the reason of the system."""
    (tmp_path / "file").write_text("")
    found = findings(VIGIE_HOME=str(tmp_path / "home"), MODEL_CACHE_DIR=str(tmp_path / "file"))["cache"]
    assert found.state == PROBLEM
    assert "refused" in found.found


@pytest.mark.parametrize(("seconds", "state"), [(1, GOOD), (-60, WARNING), (4000, PROBLEM)])
def test_clocks_that_differ(
    seconds: int, state: str, vigie_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By so much that signatures are refused, or leases end early."""
    actual = health.check

    def shifted(url: str) -> health.DatabaseStatus:
        return replace(actual(url), clock=datetime.now(UTC) - timedelta(seconds=seconds))

    monkeypatch.setattr(health, "check", shifted)
    found = check(settings.load(), "clock")
    assert found.state == state
    assert ("ahead of" in found.found) == (seconds > 100)


def test_a_store_that_ignores_conditional_writes(memory: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a problem, and the scratch object is removed."""
    monkeypatch.setattr(memory, "put_if_absent", memory.put)
    monkeypatch.setattr(resources, "model_store", lambda _: memory)
    found = check(settings.load(), "store")
    assert found.state == PROBLEM
    assert "overwrites" in found.found
    assert not list(memory.list())


@pytest.mark.parametrize(
    "environ", [{"VIGIE_REQUIRE_SIGNATURE": "yes"}, {"VIGIE_PUBLIC_KEY": "/nowhere/k.pub"}]
)
def test_signature_settings_that_cannot_work(environ: dict[str, str], vigie_home: Path) -> None:
    """A requirement without a key, and a key without a file."""
    found = findings(VIGIE_HOME=str(vigie_home), **environ)["signatures"]
    assert found.state == PROBLEM
    assert "VIGIE_PUBLIC_KEY" in found.found + found.hint


@pytest.mark.parametrize(
    ("web", "state"),
    [
        (WebSettings(), GOOD),
        (WebSettings(production=True), PROBLEM),
        (WebSettings(production=True, secret="x" * 31), PROBLEM),
        (WebSettings(production=True, secret="x" * 32), WARNING),
        (WebSettings(production=True, secret="x" * 32, public_url="https://v.example.org"), GOOD),
    ],
)
def test_the_secret_of_the_web_app(
    web: WebSettings, state: str, vigie_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A problem where the web app refuses it; never shown."""
    monkeypatch.setattr(settings, "load_web", lambda: web)
    found = check(settings.load(), "secret")
    assert found.state == state
    assert "xxx" not in found.found + found.hint
    if web.production:
        try:
            security.secret(settings.load(), web)
        except UsageRefused:
            assert state == PROBLEM
        else:
            assert state != PROBLEM


@pytest.mark.parametrize("late", [False, True])
def test_jobs_without_a_worker(engine: sa.Engine, database_url: str, late: bool) -> None:
    """A job that has waited for minutes without a worker; a new one is fine."""
    requested = datetime.now(UTC) - timedelta(seconds=600 if late else 1)
    person = users.add(engine, "ada@example.org", "Ada", "analyst")
    upload = uploads.begin(engine, person, "t.csv", ".csv", timedelta(days=1))
    runs.enqueue(engine, upload.id, person.id, "inspect", {})
    with engine.begin() as connection:
        table = sa.table("runs", sa.column("not_before", UtcDateTime()))
        connection.execute(sa.update(table).values(not_before=requested))
    found = findings(DATABASE_URL=database_url)["worker"]
    assert found.state == (PROBLEM if late else GOOD)
    assert ("vigie worker" in found.hint) == late
    job_queue.claim(engine, "worker", ("inspect",), LIMIT)
    assert findings(DATABASE_URL=database_url)["worker"].found == "at work on 1"


@pytest.fixture
def memory() -> Store:
    """A store in this process."""
    return connect("memory://doctor")
