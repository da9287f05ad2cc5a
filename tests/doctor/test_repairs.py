"""Each problem that doctor reports is gone once the command of its hint was run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from tests.helpers.stores import make_s3_bucket
from tests.relocate.sample_models import populate
from tests.waiting import LIMIT, wait_until

from vigie import settings
from vigie.app import audit, runs, uploads, users
from vigie.catalog import Catalog
from vigie.cli.commands import cli
from vigie.db import database, health
from vigie.db.types import UtcDateTime
from vigie.doctor import GOOD, PROBLEM, WARNING, Finding, examine, installation
from vigie.relocate import run
from vigie.starter_models import registry


@pytest.fixture(autouse=True)
def few_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """No starter models: those of the tests are enough; and a machine that may be busy."""
    monkeypatch.setattr(registry, "register", lambda catalog: 0)
    monkeypatch.setattr(installation, "_SLOW_DATABASE", float("inf"))


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """The catalog that the environment names, with three models in a folder."""
    url = f"sqlite:///{tmp_path / 'catalog.sqlite'}"
    monkeypatch.setenv("DATABASE_URL", url)
    opened = database.open(url)
    populate(opened, (tmp_path / "models").as_uri(), 3)
    for entry in Catalog(opened).list(active_only=False):
        Catalog(opened).activate(entry.name)
    yield opened
    opened.dispose()


def then(moment: datetime) -> sa.BindParameter[datetime]:
    """Return the parameter `then` of a statement in words, as the columns store a time."""
    return sa.bindparam("then", moment, UtcDateTime())


def bad() -> dict[str, Finding]:
    """Return the findings that are not good, by name."""
    return {found.name: found for found in examine(settings.load()) if found.state != GOOD}


def follow(hint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the command in a hint: `vigie …` in this process, `export A=…` in its environment."""
    exported = re.search(r"export (.*)", hint)
    if exported:
        for word in exported[1].split():
            name, _, value = word.partition("=")
            monkeypatch.setenv(name, value)
        return
    if "chmod" in hint:
        subprocess.run(shlex.split(hint.partition(": ")[2]), check=True)
        return
    command = re.search(r"vigie ((?:models|migrate|db)\b[^,]*)", hint)
    assert command, hint
    done = CliRunner().invoke(cli, shlex.split(command[1]))
    assert done.exit_code == 0, done.output


def test_models_in_the_catalog_but_not_in_the_settings(
    engine: sa.Engine, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STORAGE_TYPE is not set: new models would stay on this machine."""
    run(engine, f"{s3}/automl_models")
    found = bad()
    assert {name: one.state for name, one in found.items()} == {"settings": WARNING}
    follow(found["settings"].hint, monkeypatch)
    assert os.environ["STORAGE_TYPE"] == "s3"
    assert bad() == {}


@pytest.mark.radosgw
def test_a_wrong_secret(engine: sa.Engine, radosgw: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where STORAGE_TYPE is not set: the catalog names the store."""
    run(engine, f"{radosgw}/automl_models")
    secret = os.environ["AWS_SECRET_ACCESS_KEY"]
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x" + secret[1:])
    found = bad()["catalog"]
    assert found.state == PROBLEM
    assert "secret key does not fit" in found.found
    assert "AWS_SECRET_ACCESS_KEY=" in found.hint
    assert secret not in found.found + found.hint
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    assert "catalog" not in bad()


def test_a_dead_endpoint(engine: sa.Engine, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stores of settings and catalog both name the variable to set."""
    run(engine, f"{s3}/automl_models")
    monkeypatch.setenv("STORAGE_TYPE", "s3")
    monkeypatch.setenv("S3_MODEL_BUCKET", s3.removeprefix("s3://"))
    good = os.environ["AWS_ENDPOINT_URL_S3"]
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    found = bad()
    assert found["catalog"].state == found["store"].state == PROBLEM
    for name in ("catalog", "store"):
        assert "AWS_ENDPOINT_URL_S3=" in found[name].hint
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", good)
    assert bad() == {}


@pytest.mark.parametrize("damage", ["missing", "other bytes"])
def test_a_damaged_manifest(engine: sa.Engine, s3: str, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The migration that the hint names sends it again."""
    from vigie.stores.open import connect

    run(engine, f"{s3}/automl_models")
    monkeypatch.setenv("STORAGE_TYPE", "s3")
    monkeypatch.setenv("S3_MODEL_BUCKET", s3.removeprefix("s3://"))
    store = connect(s3)
    for entry in Catalog(engine).list():
        key = f"{entry.storage.prefix}/manifest.json"
        store.delete(key) if damage == "missing" else store.put(key, b"{}")
    found = bad()["catalog"]
    assert found.state == PROBLEM
    assert damage in found.found
    follow(found.hint, monkeypatch)
    assert bad() == {}


def test_a_bucket_that_does_not_exist(engine: sa.Engine, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`aws s3 mb` is what the client library does here."""
    monkeypatch.setenv("STORAGE_TYPE", "s3")
    monkeypatch.setenv("S3_MODEL_BUCKET", "not-made-yet")
    found = bad()["store"]
    assert "aws s3 mb s3://not-made-yet" in found.hint
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    endpoint, key, secret = (os.environ[name] for name in names)
    make_s3_bucket(endpoint, "not-made-yet", key, secret)
    assert "store" not in bad()


def test_a_model_whose_folder_is_gone(
    engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is deactivated."""
    entry = Catalog(engine).list()[1]
    shutil.rmtree(Path(entry.storage.bucket) / entry.storage.prefix)
    found = bad()["models"]
    assert (found.state, entry.label in found.found) == (PROBLEM, True)
    follow(found.hint.replace("its folder here, or stop using it: ", ""), monkeypatch)
    assert bad() == {}


def test_models_in_a_folder_beside_a_bucket(
    engine: sa.Engine, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are moved."""
    monkeypatch.setenv("STORAGE_TYPE", "s3")
    monkeypatch.setenv("S3_MODEL_BUCKET", s3.removeprefix("s3://"))
    follow(bad()["models"].hint, monkeypatch)
    assert bad() == {}


def test_a_cache_smaller_than_a_model(engine: sa.Engine, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be downloaded for every prediction."""
    run(engine, f"{s3}/automl_models")
    monkeypatch.setenv("STORAGE_TYPE", "s3")
    monkeypatch.setenv("S3_MODEL_BUCKET", s3.removeprefix("s3://"))
    monkeypatch.setenv("VIGIE_CACHE_BYTES", "1000")
    found = bad()["cache"]
    assert found.state == PROBLEM
    follow(found.hint, monkeypatch)
    assert bad() == {}


def test_a_cache_on_a_full_disk(
    engine: sa.Engine,
    s3: str,
    tmp_path: Path,
    mount_disk: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rights are not enough: the disk has no space for a model."""
    disk = mount_disk("8k")
    for entry in Catalog(engine).list():
        Catalog(engine).remove(entry.name)
    populate(engine, f"{s3}/large", 4, 40_000)
    run(engine, f"{s3}/automl_models")
    monkeypatch.setenv("STORAGE_TYPE", "s3")
    monkeypatch.setenv("S3_MODEL_BUCKET", s3.removeprefix("s3://"))
    monkeypatch.setenv("MODEL_CACHE_DIR", str(disk / "cache"))
    found = bad()["cache"]
    assert (found.state, "does not fit on the disk" in found.found) == (PROBLEM, True)
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path / "roomy"))
    assert "MODEL_CACHE_DIR=" in found.hint
    assert "cache" not in bad()


def test_a_cache_that_cannot_be_written(
    engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is in its place; another folder is named."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path / "file"))
    assert bad()["cache"].state == PROBLEM
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path / "folder"))
    assert bad() == {}


def test_an_old_database(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is upgraded."""
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    monkeypatch.setenv("VIGIE_PRODUCTION", "no")
    before = database.connect(postgres_url)
    database.upgrade(before, "0003")
    before.dispose()
    found = bad()["database"]
    assert found.state == PROBLEM
    follow(found.hint, monkeypatch)
    assert "database" not in bad()


def test_an_old_server(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version of PostgreSQL that its makers no longer repair."""
    from dataclasses import replace

    check, version = health.check, (12, 9)

    def old(url: str) -> health.DatabaseStatus:
        return replace(check(url), server=f"PostgreSQL {version[0]}.{version[1]}", version=version)

    monkeypatch.setattr(health, "check", old)
    assert "upgrade" in bad()["database"].hint
    version = (15, 4)
    assert "database" not in bad()


def test_an_interrupted_migration(engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed process left it; the same command finishes it."""
    target = (tmp_path / "target").as_uri()
    run(engine, target)
    with engine.begin() as connection:
        killed = sa.text("UPDATE migrations SET state = 'running', lock = 'migration', heartbeat_at = :then")
        connection.execute(killed.bindparams(then(datetime.now(UTC) - timedelta(hours=2))))
    found = bad()["migrations"]
    assert found.state == WARNING
    follow(found.hint, monkeypatch)
    assert bad() == {}


def test_no_model(tmp_path: Path, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are registered again from their folder."""
    for entry in Catalog(engine).list(active_only=False):
        Catalog(engine).remove(entry.name)
    found = bad()["models"]
    assert "vigie populate --from" in found.hint
    done = CliRunner().invoke(cli, ["populate", "--from", str(tmp_path / "models")])
    assert done.exit_code == 0, done.output
    assert bad() == {}


def test_a_key_that_is_not_there(engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of signatures."""
    monkeypatch.setenv("VIGIE_PUBLIC_KEY", str(tmp_path / "absent.pem"))
    assert "VIGIE_PUBLIC_KEY=" in bad()["signatures"].hint
    (tmp_path / "absent.pem").write_text("key")
    assert bad() == {}


def test_no_secret(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command in the hint makes one."""
    monkeypatch.setenv("VIGIE_PRODUCTION", "yes")
    hint = bad()["secret"].hint
    command = shlex.split(hint.partition(": ")[2])
    made = subprocess.run([sys.executable, *command[1:]], capture_output=True, text=True, check=True)
    monkeypatch.setenv("VIGIE_SECRET", made.stdout.strip())
    found = bad()["secret"]
    assert found.state == WARNING
    monkeypatch.setenv("VIGIE_PUBLIC_URL", "https://vigie.example.org")
    assert "VIGIE_PUBLIC_URL=" in found.hint
    assert "secret" not in bad()


def test_no_worker(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real worker is started: its heartbeat is seen, also after it was killed."""
    user = users.add(engine, "ada@example.org", "Ada", "analyst")
    upload = uploads.begin(engine, user, "t.csv", ".csv", timedelta(days=1))
    runs.enqueue(engine, upload.id, user.id, "inspect", {})
    with engine.begin() as connection:
        table = sa.table("runs", sa.column("not_before", UtcDateTime()))
        earlier = datetime.now(UTC) - timedelta(seconds=600)
        connection.execute(sa.update(table).values(not_before=earlier))
    found = bad()["worker"]
    assert (found.state, "no worker has sent a heartbeat" in found.found) == (PROBLEM, True)
    assert "vigie worker" in found.hint
    worker = subprocess.Popen([sys.executable, "-m", "vigie", "worker"], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: "worker" not in bad())
        (alive,) = [one for one in examine(settings.load()) if one.name == "worker"]
        assert " alive, " in alive.found
        assert CliRunner().invoke(cli, ["worker", "--probe"]).exit_code == 0
        worker.send_signal(signal.SIGKILL)
        worker.wait(LIMIT)
        assert health.check(os.environ["DATABASE_URL"]).workers
    finally:
        worker.kill()
        worker.wait(LIMIT)
    heartbeat = settings.load().home / "worker.heartbeat"
    seen = datetime.now(UTC).timestamp() - 3600
    os.utime(heartbeat, (seen, seen))
    with engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE workers SET seen_at = :then").bindparams(then(datetime.fromtimestamp(seen, UTC)))
        )
    assert CliRunner().invoke(cli, ["worker", "--probe"]).exit_code == 5
    monkeypatch.setenv("VIGIE_PRODUCTION", "yes")
    assert "60 min" in bad()["worker"].found


def test_a_home_that_others_can_enter(
    engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was there before, with the usual mode; one that Vigie creates is private."""
    home = tmp_path / "it's open"
    home.mkdir()
    home.chmod(0o755)  # whatever the umask is
    monkeypatch.setenv("VIGIE_HOME", str(home))
    found = bad()["home"]
    assert (found.state, "mode 755" in found.found) == (WARNING, True)
    follow(found.hint, monkeypatch)
    assert bad() == {}
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "deep" / "new"))
    assert bad() == {}
    assert (tmp_path / "deep" / "new").stat().st_mode & 0o777 == 0o700


def test_a_proxy_that_the_settings_do_not_count(
    engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The web app records the first request with the header; it is read once VIGIE_PROXIES counts the proxy."""
    from vigie import web

    def ask(proxies: int) -> None:
        app = web.create_app(settings.load(), settings.WebSettings(proxies=proxies))
        for _ in range(2):
            app.test_client().get("/healthz", headers={"X-Forwarded-For": "203.0.113.7"})
        app.extensions["vigie"].close()

    assert bad() == {}
    ask(1)
    assert bad() == {}
    ask(0)
    lines = [line for line in audit.list_lines(engine, limit=9, before=None) if "X-Forwarded" in line.action]
    assert len(lines) == 1
    found = bad()["proxies"]
    assert found.state == WARNING
    monkeypatch.setenv("VIGIE_PROXIES", re.search(r"VIGIE_PROXIES=(\d)", found.hint)[1])
    assert bad() == {}
    monkeypatch.delenv("VIGIE_PROXIES")
    with engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE audit SET at = :then").bindparams(then(datetime.now(UTC) - timedelta(days=8)))
        )
    assert bad() == {}
