"""Catalogs full of small bundles, stores that count or fail, and an S3 server behind a proxy that fails on demand."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.waiting import LIMIT, wait_until

from vigie.bundles.transfer import load
from vigie.catalog import Catalog, ModelVersion
from vigie.stores.base import Head, Location, Store, connect, open_location

_HERE = Path(__file__).parent


def _module(name: str, path: Path) -> Any:
    """A file of the tests as a module; folders of tests are no packages."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


_stores = _module("vigie_tests_stores", _HERE.parent / "artifacts" / "conftest.py")
worker = _module("vigie_tests_migrate_worker", _HERE / "worker.py")
moto_endpoint, s3, radosgw = _stores.moto_endpoint, _stores.s3, _stores.radosgw
gcs_endpoint, gcs = _stores.gcs_endpoint, _stores.gcs


class Victims(_stores.Victims):  # type: ignore[name-defined,misc]
    """Migrations that are started at once and killed a moment after they say that they are ready."""

    def __init__(self, folder: Path) -> None:
        self.output = folder / "victim"
        self.server = subprocess.Popen(
            [sys.executable, str(_HERE / "worker.py"), "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def kill(self, moment: float, *job: object, after: Callable[[], bool] = lambda: True) -> str:
        """Does `job` in a process, kills it `moment` seconds after `ready`, or after `after`, unless it has ended."""
        self.output.unlink(missing_ok=True)
        self.server.stdin.write("\t".join(map(str, (self.output, *job))) + "\n")
        self.server.stdin.flush()
        process = int(self.server.stdout.readline())
        wait_until(lambda: self.output.exists() and self.output.read_text().startswith("ready\n"))
        wait_until(after)
        ready = time.monotonic()
        with suppress(ProcessLookupError):
            while time.monotonic() < ready + moment:
                os.kill(process, 0)
                time.sleep(min(0.02, max(0.0, ready + moment - time.monotonic())))
            os.kill(process, signal.SIGKILL)
        wait_until(lambda: _stores.has_ended(process))
        return str(self.output.read_text().removeprefix("ready\n"))

    def stop(self) -> None:
        self.server.stdin.close()
        self.server.stdout.close()
        self.server.wait(LIMIT)


class Counting(Store):
    """A store that counts its requests, and asks `fault` before each, which may raise or return other bytes."""

    def __init__(self, inner: Store, log: Counter[tuple[str, str]], fault: Callable[[str, str], Any]) -> None:
        super().__init__(inner.location)
        self.inner, self.log, self.fault = inner, log, fault

    def _ask(self, verb: str, key: str) -> Any:
        self.log[verb, key] += 1
        return self.fault(verb, key)

    def put(self, key: str, data: bytes | Path) -> None:
        given = self._ask("put", key)
        self.inner.put(key, data if given is None else given)

    def put_if_absent(self, key: str, data: bytes) -> None:
        given = self._ask("put", key)
        self.inner.put_if_absent(key, data if given is None else given)

    def get(self, key: str) -> bytes:
        given = self._ask("get", key)
        return self.inner.get(key) if given is None else given

    def stream(self, key: str) -> Iterator[bytes]:
        given = self._ask("get", key)
        return self.inner.stream(key) if given is None else iter([given])

    def head(self, key: str) -> Head:
        self._ask("head", key)
        return self.inner.head(key)

    def list(self, prefix: str = "") -> Iterator[Head]:
        self._ask("list", prefix)
        return self.inner.list(prefix)

    def delete(self, key: str) -> None:
        self._ask("delete", key)
        self.inner.delete(key)


class Stage:
    """Opens stores that count; `fault(verb, key)` applies to the store `where` only, if one is named."""

    def __init__(self) -> None:
        self.log: Counter[tuple[str, str]] = Counter()
        self.fault: Callable[[str, str], Any] = lambda verb, key: None
        self.where: str | None = None

    def __call__(self, location: Location) -> Store:
        def fault(verb: str, key: str) -> Any:
            hit = self.where is None or location.bucket == self.where
            return self.fault(verb, key) if hit else None

        return Counting(open_location(location), self.log, fault)

    def count(self, verb: str) -> int:
        return sum(number for (done, _), number in self.log.items() if done == verb)


@pytest.fixture
def stage() -> Stage:
    """Stores that count what is asked of them and fail on demand."""
    return Stage()


@pytest.fixture
def source(tmp_path: Path) -> str:
    """The URL of the folder that the models lie in before."""
    return (tmp_path / "data" / "automl_models").as_uri()


@pytest.fixture
def target(tmp_path: Path) -> str:
    """The URL of a folder to move to; it does not exist yet."""
    return (tmp_path / "elsewhere").as_uri()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[sa.Engine]:
    """An open catalog on SQLite, for tests that need not run on both."""
    from vigie.db import database

    engine = database.open(f"sqlite:///{tmp_path / 'only.sqlite'}")
    yield engine
    engine.dispose()


def populate(engine: sa.Engine, url: str, count: int = 6, size: int = 2_000) -> tuple[ModelVersion, ...]:
    """`count` models of about `size` bytes, published at `url` and registered; one in five not active."""
    made: tuple[ModelVersion, ...] = worker.populate(engine, url, count, size)
    return made


def contents(url: str) -> dict[str, bytes]:
    """Everything in a store, by key."""
    store = connect(url)
    return {head.key: store.get(head.key) for head in store.list()}


def dump(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with engine.connect() as connection:
        tables = sorted(sa.inspect(connection).get_table_names())
        return {
            name: sorted(
                tuple(map(str, row)) for row in connection.execute(sa.text(f'SELECT * FROM "{name}"'))
            )
            for name in tables
        }


def places(engine: sa.Engine) -> dict[str, str]:
    """Where the catalog says that each model lies."""
    return {entry.label: str(entry.place) for entry in Catalog(engine).list(active_only=False)}


def read_all(engine: sa.Engine) -> int:
    """Loads every model from where the catalog says, without a cache, as a prediction does; how many."""
    entries = Catalog(engine).list(active_only=False)
    for entry in entries:
        assert load(open_location(entry.location), entry.stored).name == entry.name
    return len(entries)


def right_keys(url: str, prefix: str = "") -> dict[str, str]:
    """The digest of each object of a store."""
    store = connect(url)
    return {head.key: sha256(store.get(head.key)).hexdigest() for head in store.list(prefix)}


class Proxy:
    """An HTTP proxy in front of an S3 server; `fault(verb, path)` says what to do to a request.

    `"503"`, `"403"` answer so; `"drop"` closes the connection; `"cut"` sends half of the answer; `"flip"` changes one
    byte of it; None lets it pass.
    """

    def __init__(self, endpoint: str) -> None:
        self.fault: Callable[[str, str], str | None] = lambda verb, path: None
        self.hits: Counter[str] = Counter()
        self.lock = threading.Lock()
        host = endpoint.removeprefix("http://")
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with proxy.lock:
                    what = proxy.fault(self.command, self.path)
                    proxy.hits[what or "passed"] += 1
                if what == "drop":
                    self.close_connection = True
                    self.connection.close()
                    return
                if what in {"503", "403"}:
                    code = "SlowDown" if what == "503" else "InvalidAccessKeyId"
                    self._answer(int(what), {}, f"<Error><Code>{code}</Code></Error>".encode())
                    return
                self._forward(what, body)

            def _forward(self, what: str | None, body: bytes) -> None:
                onward = HTTPConnection(host, timeout=LIMIT)
                try:
                    headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
                    onward.request(self.command, self.path, body, headers)
                    answer = onward.getresponse()
                    data, given = answer.read(), dict(answer.getheaders())
                except (OSError, HTTPException):
                    self.close_connection = True
                    return
                finally:
                    onward.close()
                if what == "flip" and data:
                    data = bytes([data[0] ^ 1]) + data[1:]
                self._answer(answer.status, given, data, cut=what == "cut")

            def _answer(
                self, status: int, headers: dict[str, str], data: bytes, *, cut: bool = False
            ) -> None:
                self.send_response_only(status)
                for name, value in headers.items():
                    if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                        self.send_header(name, value)
                length = headers.get("Content-Length", str(len(data)))
                self.send_header("Content-Length", length if self.command == "HEAD" else str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data[: len(data) // 2] if cut else data)
                if cut:
                    self.close_connection = True

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _any  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that went away is what these tests are about."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def proxy(s3: str, moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The proxy; stores opened after this go through it, and do not give up."""
    made = Proxy(moto_endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", made.endpoint)
    monkeypatch.setenv("VIGIE_STORE_TOTAL_SECONDS", str(LIMIT))
    yield made
    made.stop()


@pytest.fixture
def make_victims(tmp_path: Path) -> Iterator[Callable[[], Victims]]:
    """Where processes to be killed come from, with the environment of the moment it is called."""
    made: list[Victims] = []

    def make() -> Victims:
        made.append(Victims(tmp_path))
        return made[-1]

    yield make
    for one in made:
        one.stop()


class Tools:
    """The functions above, for tests: a conftest cannot be imported."""

    populate = staticmethod(populate)
    contents = staticmethod(contents)
    dump = staticmethod(dump)
    places = staticmethod(places)
    read_all = staticmethod(read_all)
    right_keys = staticmethod(right_keys)


@pytest.fixture
def tools() -> type[Tools]:
    """What the tests build with."""
    return Tools
