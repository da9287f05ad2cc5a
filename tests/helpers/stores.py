"""Fixtures of stores: real servers where they are available, emulators for the others.

file, memory   always
moto           always: an S3 server in this process (checks no signature)
radosgw        where VIGIE_RADOSGW_ENDPOINT is set: tests/s3_server.sh prints what to export
azure          where `azurite-blob` is on the PATH, or VIGIE_AZURITE names it
gcs            where gcp-storage-emulator is installed: it ignores preconditions
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from email.utils import formatdate
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from tests.waiting import LIMIT, wait_until

from vigie.stores.base import Store
from vigie.stores.open import connect

# As the runner gave it: for the tests themselves every VIGIE_ name is removed
RUNNER = dict(os.environ)
AZURE_ACCOUNT = "vigietests"
AZURE_KEY = base64.b64encode(b"a key for a server on loopback").decode()


def free_port() -> int:
    """A free TCP port on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_s3_bucket(endpoint: str, bucket: str, access_key: str, secret_key: str) -> None:
    """Create a bucket on an S3 server."""
    _s3_client(endpoint, access_key, secret_key).create_bucket(Bucket=bucket)


@functools.cache
def _s3_client(endpoint: str, access_key: str, secret_key: str) -> Any:
    import boto3

    # A session of its own: the default one remembers the first credentials it saw
    session = boto3.session.Session(access_key, secret_key, region_name="us-east-1")
    return session.client("s3", endpoint_url=endpoint)


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    """An S3 server for the whole session."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty bucket on moto, reachable through the environment."""
    return _s3(monkeypatch, moto_endpoint, "moto", "moto-secret")


@pytest.fixture
def radosgw(monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty bucket on the Ceph gateway, reachable through the environment."""
    endpoint = RUNNER.get("VIGIE_RADOSGW_ENDPOINT")
    if not endpoint:
        pytest.skip("no Ceph gateway: make test-s3")
    return _s3(monkeypatch, endpoint, RUNNER["VIGIE_RADOSGW_ACCESS_KEY"], RUNNER["VIGIE_RADOSGW_SECRET_KEY"])


def _s3(monkeypatch: pytest.MonkeyPatch, endpoint: str, access_key: str, secret_key: str) -> str:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret_key)
    bucket = f"test-{uuid.uuid4().hex[:12]}"
    make_s3_bucket(endpoint, bucket, access_key, secret_key)
    return f"s3://{bucket}"


@pytest.fixture(scope="session")
def azurite_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Azure's emulator with an account of its own, so that credentials are used as in production."""
    program = RUNNER.get("VIGIE_AZURITE") or shutil.which("azurite-blob")
    if not program:
        pytest.skip("NOT TESTED on Azure: no azurite-blob on the PATH nor in VIGIE_AZURITE; make test-azure")
    port, folder = free_port(), tmp_path_factory.mktemp("azurite")
    server = subprocess.Popen(
        [
            *(program, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)),
            *("--skipApiVersionCheck", "--silent", "--disableTelemetry"),
        ],
        env={**os.environ, "AZURITE_ACCOUNTS": f"{AZURE_ACCOUNT}:{AZURE_KEY}"},
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait(port)
        yield f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"
    finally:
        server.terminate()
        server.wait(LIMIT)


@pytest.fixture
def azure(azurite_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty container on azurite, reachable through the environment."""
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", azurite_endpoint)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", AZURE_ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", AZURE_KEY)
    container = f"test-{uuid.uuid4().hex[:12]}"
    _make_container(azurite_endpoint, container)
    return f"az://{container}"


def _make_container(endpoint: str, container: str) -> None:
    """Create a container by a request signed with the shared key."""
    path = f"/{AZURE_ACCOUNT}/{container}"
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    canonical = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
    text = "PUT" + "\n" * 12 + canonical + f"/{AZURE_ACCOUNT}{path}\nrestype:container"
    signature = hmac.new(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(signature).decode()}"
    connection = HTTPConnection(endpoint.split("/")[2])
    connection.request("PUT", f"{path}?restype=container", headers=headers)
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    connection.close()


@pytest.fixture(scope="session")
def gcs_endpoint() -> Iterator[str]:
    """An emulator of Google Cloud Storage in this process."""
    from gcp_storage_emulator import server as emulator

    port = free_port()
    server = emulator.create_server("127.0.0.1", port, in_memory=True)
    server.start()
    _wait(port)
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def gcs(gcs_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty bucket on the emulator, reachable through the environment."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_endpoint)
    bucket = f"test-{uuid.uuid4().hex[:12]}"
    client = storage.Client(project="emulator", credentials=AnonymousCredentials())
    client.create_bucket(bucket)
    client.close()
    return f"gs://{bucket}"


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The URL of a folder that does not exist yet."""
    return (tmp_path / "store").as_uri()


@pytest.fixture
def memory() -> str:
    """The URL of an empty store in this process."""
    return f"memory://test-{uuid.uuid4().hex[:12]}"


EVERY_STORE = [
    "file",
    "memory",
    "s3",
    pytest.param("radosgw", marks=pytest.mark.radosgw),
    "azure",
    "gcs",
]
WITH_PRECONDITIONS = [one for one in EVERY_STORE if one != "gcs"]
"""Stores on which concurrent writers are tried: gcp-storage-emulator ignores preconditions, and Google's service is not in the tests."""
REMOTE = EVERY_STORE[2:]
"""Stores whose buckets have to be there; a folder is made when first written to."""


@pytest.fixture(params=EVERY_STORE)
def store_url(request: pytest.FixtureRequest) -> str:
    """An empty store, on each back end in turn."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def store(store_url: str) -> Store:
    """An empty store with a prefix, on each back end in turn."""
    return connect(f"{store_url}/some/prefix")


def _wait(port: int) -> None:
    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens)
