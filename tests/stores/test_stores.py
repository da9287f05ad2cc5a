"""The contract of every store, and its errors."""

from __future__ import annotations

import inspect
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from obstore import exceptions as vendor
from tests.helpers.stores import REMOTE, WITH_PRECONDITIONS

from vigie.errors import AlreadyThere, NotFound, StoreUnavailable, UsageRefused
from vigie.settings import StoreOptions, load_store
from vigie.stores import cloud
from vigie.stores.base import Location, Store, check_key
from vigie.stores.open import connect, locate

SECRET = "a-secret-of-the-tests"


class TestContract:
    def test_put_and_get_round_trip(self, store: Store) -> None:
        """Empty, small and larger than one chunk; whole, streamed, and with its metadata."""
        for key, data in {
            "empty": b"",
            "a/small.json": b"{}",
            "a/b/large.bin": bytes(range(256)) * 12_000,
        }.items():
            before = time.time()
            store.put(key, data)
            assert store.get(key) == data
            assert b"".join(store.stream(key)) == data
            head = store.head(key)
            assert (head.key, head.size) == (key, len(data))
            # Servers count whole seconds
            assert before - 1 <= head.modified.timestamp() <= time.time()

    def test_put_a_path(self, store: Store, tmp_path: Path) -> None:
        """Its bytes are uploaded."""
        (tmp_path / "data").write_bytes(b"from disk")
        store.put("copied", tmp_path / "data")
        assert store.get("copied") == b"from disk"

    def test_put_replaces_an_object(self, store: Store) -> None:
        """A second put replaces the first."""
        store.put("key", b"first")
        store.put("key", b"second, longer")
        assert store.get("key") == b"second, longer"

    def test_put_if_absent_writes_once(self, store: Store) -> None:
        """Then it raises AlreadyThere."""
        store.put_if_absent("once", b"first")
        with pytest.raises(AlreadyThere, match=r"some/prefix/once|'once'"):
            store.put_if_absent("once", b"second")
        assert store.get("once") == b"first"

    @pytest.mark.parametrize("store_url", WITH_PRECONDITIONS, indirect=True)
    def test_of_concurrent_put_if_absent_one_succeeds(self, store: Store) -> None:
        """Its bytes are there."""

        def attempt(writer: int) -> bool:
            try:
                store.put_if_absent("raced", f"writer {writer}".encode())
            except AlreadyThere:
                return False
            return True

        with ThreadPoolExecutor(max_workers=8) as pool:
            won = list(pool.map(attempt, range(8)))
        assert sum(won) == 1
        assert store.get("raced") == f"writer {won.index(True)}".encode()

    def test_missing_objects(self, store: Store) -> None:
        """Every read raises NotFound."""
        for ask in (store.get, store.head, lambda key: list(store.stream(key))):
            with pytest.raises(NotFound, match=r"no object .*absent"):
                ask("a/absent")
        assert list(store.list()) == []
        assert list(store.list("nothing/here")) == []

    def test_a_delete_may_be_repeated(self, store: Store) -> None:
        """It deletes nothing else."""
        store.put("gone", b"1")
        store.put("stays", b"2")
        store.delete("gone")
        store.delete("gone")
        assert [head.key for head in store.list()] == ["stays"]

    def test_list_is_by_folder(self, store: Store) -> None:
        """`models/a` does not list `models/ab`; keys are sorted and relative to the store's prefix."""
        for key in ("models/a/2", "models/a/1", "models/ab/1", "models/a/sub/3", "other"):
            store.put(key, key.encode())
        found = list(store.list("models/a"))
        assert [head.key for head in found] == ["models/a/1", "models/a/2", "models/a/sub/3"]
        assert [head.size for head in found] == [10, 10, 14]
        assert [head.key for head in store.list("models/a/")] == [head.key for head in found]
        assert len(list(store.list())) == 5

    def test_the_prefix_belongs_to_every_key(self, store: Store, store_url: str) -> None:
        """A store with another prefix has none of the objects."""
        store.put("inner/key", b"1")
        assert list(connect(f"{store_url}/some/other").list()) == []
        assert [head.key for head in connect(f"{store_url}/some/prefix/inner").list()] in (["key"], [])
        assert connect(store.url).kind == store.kind
        if store.kind != "memory":
            assert connect(f"{store_url}/some/prefix/inner").get("key") == b"1"
        assert connect(store.url).get("inner/key") == b"1"

    def test_unusable_keys_are_refused(self, store: Store) -> None:
        """By every method: no key leaves the prefix."""
        for key in (
            "../up",
            "a/../../up",
            "/etc/passwd",
            "a//b",
            "",
            ".",
            "a\\b",
            "a#1",
            "a%2e%2e",
            "é",
            "a\n",
            "x" * 300,
        ):
            for ask in (store.get, store.head, store.delete, lambda key: list(store.stream(key))):
                with pytest.raises(UsageRefused, match="unusable part"):
                    ask(key)
            with pytest.raises(UsageRefused):
                store.put(key, b"")
            with pytest.raises(UsageRefused):
                store.put_if_absent(key, b"")

    @pytest.mark.parametrize("store_url", REMOTE, indirect=True)
    def test_a_missing_bucket_is_unavailable(self, store: Store) -> None:
        """Not a missing object; the error names it and says what to check."""
        elsewhere = connect(f"{store.url.split(':')[0]}://no-such-bucket-here/prefix")
        asks = [lambda key: elsewhere.put(key, b"1"), lambda key: list(elsewhere.list(key)), elsewhere.get]
        if store.kind == "gcs":
            asks.pop()  # the emulator has one error for a missing bucket and a missing object
        for ask in asks:
            with pytest.raises(StoreUnavailable, match="no-such-bucket-here") as caught:
                ask("key")
            assert "check" in caught.value.hint


class TestLocal:
    def test_only_a_write_creates_the_folder(self, tmp_path: Path) -> None:
        """A mistyped path stays absent."""
        store = connect(str(tmp_path / "absent"))
        assert list(store.list()) == []
        with pytest.raises(NotFound):
            store.get("key")
        store.delete("key")
        assert not (tmp_path / "absent").exists()

    def test_messages_hide_the_absolute_path(self, tmp_path: Path) -> None:
        """They have the folder's name and the key."""
        (tmp_path / "store").mkdir()
        (tmp_path / "store" / "file").write_bytes(b"")
        store = connect(str(tmp_path / "store"))
        with pytest.raises(StoreUnavailable) as caught:
            store.put("file/below", b"")
        assert "local store 'store', 'file/below'" in str(caught.value)
        assert str(tmp_path) not in str(caught.value)
        assert caught.value.__cause__ is None

    def test_unfinished_writes_are_removed(self, tmp_path: Path) -> None:
        """Once they are old enough."""
        store = connect(str(tmp_path))
        store.put("a/key", b"1")
        (tmp_path / "a" / "key#1").write_bytes(b"half")
        assert store.discard_partial("a", older_than=3600) == 0
        assert store.discard_partial("a", older_than=0) == 1
        assert [path.name for path in (tmp_path / "a").iterdir()] == ["key"]


class TestLocations:
    @pytest.mark.parametrize(
        ("url", "kind", "bucket", "prefix"),
        [
            ("s3://fraud-detection-models/automl_models/", "s3", "fraud-detection-models", "automl_models"),
            ("gs://bucket", "gcs", "bucket", ""),
            ("az://container/a/b", "azure", "container", "a/b"),
            ("memory://x", "memory", "x", ""),
            ("file:///srv/with%20space", "local", "/srv/with space", ""),
            ("/srv/models", "local", "/srv/models", ""),
        ],
    )
    def test_urls_and_locations(self, url: str, kind: str, bucket: str, prefix: str) -> None:
        """Every form is parsed, and written as one that means the same."""
        location = locate(url)
        assert location == Location(kind, bucket, prefix)
        assert locate(location.url) == location

    @pytest.mark.parametrize(
        "url",
        [
            "ftp://host/x",
            f"s3://key:{SECRET}@bucket",
            f"s3://bucket?secret={SECRET}",
            "s3:///x",
            "s3://bucket/../x",
            "file://host/x",
            "az://a b/x",
            "s3://[bucket/x",
            "/srv/a\0b",
            "s3://bucket/a%00b",
            "file:///srv/\ud800",
            "~no-such-user-of-this-machine/x",
        ],
    )
    def test_an_ambiguous_url_is_refused(self, url: str) -> None:
        """The error does not repeat credentials."""
        with pytest.raises(UsageRefused) as caught:
            locate(url)
        assert SECRET not in str(caught.value)

    def test_a_usable_key(self) -> None:
        """It is returned unchanged."""
        assert check_key("models/a-b_c/1.0+x/booster.ubj.zst") == "models/a-b_c/1.0+x/booster.ubj.zst"

    def test_options_from_the_environment(self) -> None:
        """The endpoint of the service overrides the general one."""
        options = load_store(
            {"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_S3": "http://b", "AWS_REGION": "auto"}
        )
        assert (options.s3_endpoint, options.s3_region, options.s3_virtual_hosted) == (
            "http://b",
            "auto",
            False,
        )
        assert load_store({}) == StoreOptions()


class TestErrors:
    def test_every_error_of_obstore_is_translated(self) -> None:
        """A new version of obstore with a new class fails here."""
        classes = {
            cls for _, cls in inspect.getmembers(vendor, inspect.isclass) if issubclass(cls, vendor.BaseError)
        }
        # NotFoundError is deprecated: FileNotFoundError is raised, and its subclasses would be caught as BaseError
        assert {cls.__name__ for cls in classes} - {cls.__name__ for cls in cloud.ERROR_MEANINGS} == {
            "NotFoundError"
        }

    def test_a_refused_connection(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The error has bucket, key and endpoint, and no credential."""
        store = _unreachable(monkeypatch, f"http://127.0.0.1:{_closed_port()}")
        with pytest.raises(StoreUnavailable) as caught:
            store.get("dir/key")
        message = str(caught.value)
        assert "'bucket'" in message
        assert "p/dir/key" in message
        assert "connection failed" in message
        assert "AWS_ENDPOINT_URL_S3" in message
        assert SECRET not in message

    def test_a_server_that_does_not_respond(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The request ends after the time limit."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            store = _unreachable(monkeypatch, f"http://127.0.0.1:{silent.getsockname()[1]}", read=0.3)
            with pytest.raises(StoreUnavailable, match=r"did not answer in time|failed"):
                store.get("key")

    def test_a_server_error_is_retried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """503 is reported after several attempts."""
        answers: list[str] = []
        with socket.create_server(("127.0.0.1", 0)) as server:
            threading.Thread(target=_always_503, args=(server, answers), daemon=True).start()
            store = _unreachable(monkeypatch, f"http://127.0.0.1:{server.getsockname()[1]}")
            with pytest.raises(StoreUnavailable, match=r"answered 503|slow down"):
                store.get("key")
        assert len(answers) > 1

    def test_a_malformed_endpoint(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The error says so."""
        with pytest.raises(StoreUnavailable, match="endpoint"):
            _unreachable(monkeypatch, "not a url").get("key")

    def test_a_missing_azure_account(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The hint is where to set it."""
        for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(StoreUnavailable, match="no storage account") as caught:
            connect("az://container").get("key")
        assert "AZURE_STORAGE_ACCOUNT_NAME" in caught.value.hint

    @pytest.mark.radosgw
    def test_wrong_credentials(self, radosgw: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The gateway checks signatures: the error speaks of credentials and shows none."""
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"):
            monkeypatch.setenv(name, SECRET)
            with pytest.raises(StoreUnavailable, match=r"secret key|access key|denied") as caught:
                connect(radosgw).get("key")
            assert "credentials" in caught.value.hint
            assert SECRET not in str(caught.value)


def _unreachable(monkeypatch: pytest.MonkeyPatch, endpoint: str, read: float = 5.0) -> Store:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "access")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    options = StoreOptions(s3_endpoint=endpoint, connect_seconds=0.3, read_seconds=read, total_seconds=0.5)
    return connect("s3://bucket/p", options=options)


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _always_503(server: socket.socket, answers: list[str]) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.recv(65536)
            answers.append("503")
            connection.sendall(b"HTTP/1.1 503 Slow\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
