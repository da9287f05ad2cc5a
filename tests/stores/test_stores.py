"""One contract for every store, and what each must say when it fails."""

from __future__ import annotations

import inspect
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from obstore import exceptions as vendor

from vigie.errors import AlreadyThere, NotFound, StoreUnavailable, UsageRefused
from vigie.settings import StoreOptions, load_store
from vigie.stores import cloud
from vigie.stores.base import Location, Store, check_key
from vigie.stores.open import connect, locate

SECRET = "a-secret-nobody-may-read"


class TestContract:
    def test_bytes_come_back_as_they_were(self, store: Store) -> None:
        """Empty, small and larger than one chunk: the same bytes whole, streamed, and counted."""
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

    def test_a_file_is_read_from_disk(self, store: Store, tmp_path: Path) -> None:
        """A Path is uploaded as the bytes it names."""
        (tmp_path / "data").write_bytes(b"from disk")
        store.put("copied", tmp_path / "data")
        assert store.get("copied") == b"from disk"

    def test_the_last_write_counts(self, store: Store) -> None:
        """A second put replaces the first."""
        store.put("key", b"first")
        store.put("key", b"second, longer")
        assert store.get("key") == b"second, longer"

    def test_what_must_be_new_is_refused_where_something_is(self, store: Store) -> None:
        """put_if_absent writes once, and says where it could not."""
        store.put_if_absent("once", b"first")
        with pytest.raises(AlreadyThere, match=r"some/prefix/once|'once'"):
            store.put_if_absent("once", b"second")
        assert store.get("once") == b"first"

    def test_of_many_who_write_at_once_one_wins(self, store: Store) -> None:
        """Eight racing writers: one is told it won, and its bytes are there."""
        if store.kind == "gcs":
            pytest.skip("gcp-storage-emulator ignores preconditions: only Google's service could show this")

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

    def test_what_is_not_there_is_not_found(self, store: Store) -> None:
        """Absence has one error for every way of asking."""
        for ask in (store.get, store.head, lambda key: list(store.stream(key))):
            with pytest.raises(NotFound, match=r"no object .*absent"):
                ask("a/absent")
        assert list(store.list()) == []
        assert list(store.list("nothing/here")) == []

    def test_a_delete_may_be_repeated(self, store: Store) -> None:
        """Deleting twice is no error, and deletes nothing else."""
        store.put("gone", b"1")
        store.put("stays", b"2")
        store.delete("gone")
        store.delete("gone")
        assert [head.key for head in store.list()] == ["stays"]

    def test_a_list_is_of_a_folder_not_of_a_beginning(self, store: Store) -> None:
        """`models/a` does not list `models/ab`; keys are sorted and relative to the store's prefix."""
        for key in ("models/a/2", "models/a/1", "models/ab/1", "models/a/sub/3", "other"):
            store.put(key, key.encode())
        found = list(store.list("models/a"))
        assert [head.key for head in found] == ["models/a/1", "models/a/2", "models/a/sub/3"]
        assert [head.size for head in found] == [10, 10, 14]
        assert [head.key for head in store.list("models/a/")] == [head.key for head in found]
        assert len(list(store.list())) == 5

    def test_stores_with_another_prefix_see_nothing(self, store: Store, store_url: str) -> None:
        """The prefix belongs to every key, on the way in and on the way out."""
        store.put("inner/key", b"1")
        assert list(connect(f"{store_url}/some/other").list()) == []
        assert [head.key for head in connect(f"{store_url}/some/prefix/inner").list()] in (["key"], [])
        assert connect(store.url).kind == store.kind
        if store.kind != "memory":
            assert connect(f"{store_url}/some/prefix/inner").get("key") == b"1"
        assert connect(store.url).get("inner/key") == b"1"

    def test_keys_that_could_escape_are_refused(self, store: Store) -> None:
        """No key leaves the prefix, on any back end, whatever the operation."""
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

    def test_a_bucket_that_is_not_there_is_unavailable(self, store: Store) -> None:
        """A wrong bucket is not mistaken for a missing object; the message names it and says what to check."""
        if store.kind in {"local", "memory"}:
            pytest.skip("a folder is made when first written to")
        elsewhere = connect(f"{store.url.split(':')[0]}://no-such-bucket-here/prefix")
        asks = [lambda key: elsewhere.put(key, b"1"), lambda key: list(elsewhere.list(key)), elsewhere.get]
        if store.kind == "gcs":
            asks.pop()  # the emulator says the same of a missing bucket and a missing object
        for ask in asks:
            with pytest.raises(StoreUnavailable, match="no-such-bucket-here") as caught:
                ask("key")
            assert "check" in caught.value.hint


class TestLocal:
    def test_connecting_and_reading_make_no_folder(self, tmp_path: Path) -> None:
        """A mistyped path stays absent: only a write makes it."""
        store = connect(str(tmp_path / "absent"))
        assert list(store.list()) == []
        with pytest.raises(NotFound):
            store.get("key")
        store.delete("key")
        assert not (tmp_path / "absent").exists()

    def test_messages_hide_the_absolute_path(self, tmp_path: Path) -> None:
        """What is wrong is told with the folder's name and the key."""
        (tmp_path / "store").mkdir()
        (tmp_path / "store" / "file").write_bytes(b"")
        store = connect(str(tmp_path / "store"))
        with pytest.raises(StoreUnavailable) as caught:
            store.put("file/below", b"")
        assert "local store 'store', 'file/below'" in str(caught.value)
        assert str(tmp_path) not in str(caught.value)
        assert caught.value.__cause__ is None

    def test_pieces_of_killed_writers_are_removed(self, tmp_path: Path) -> None:
        """What obstore leaves behind in the middle of a write goes, once it is old enough."""
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
    def test_a_url_says_where(self, url: str, kind: str, bucket: str, prefix: str) -> None:
        """Every form is understood, and written back to one that means the same."""
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
        ],
    )
    def test_a_doubtful_url_is_refused_without_repeating_a_secret(self, url: str) -> None:
        """Credentials have no place in a URL, nor in the message that says so."""
        with pytest.raises(UsageRefused) as caught:
            locate(url)
        assert SECRET not in str(caught.value)

    def test_keys_are_plain(self) -> None:
        """An ordinary key passes unchanged."""
        assert check_key("models/a-b_c/1.0+x/booster.ubj.zst") == "models/a-b_c/1.0+x/booster.ubj.zst"

    def test_options_come_from_the_usual_names(self) -> None:
        """The service's own endpoint goes before the general one."""
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
    def test_every_error_of_the_vendor_has_a_meaning(self) -> None:
        """A new version of obstore with a new error class fails here first."""
        classes = {
            cls for _, cls in inspect.getmembers(vendor, inspect.isclass) if issubclass(cls, vendor.BaseError)
        }
        # NotFoundError is deprecated: FileNotFoundError is raised, and its subclasses would be caught as BaseError
        assert {cls.__name__ for cls in classes} - {cls.__name__ for cls in cloud.ERROR_MEANINGS} == {
            "NotFoundError"
        }

    def test_a_server_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Refused connections end, with bucket, key and endpoint named, and no credential."""
        store = _unreachable(monkeypatch, f"http://127.0.0.1:{_closed_port()}")
        with pytest.raises(StoreUnavailable) as caught:
            store.get("dir/key")
        message = str(caught.value)
        assert "'bucket'" in message
        assert "p/dir/key" in message
        assert "connection failed" in message
        assert "AWS_ENDPOINT_URL_S3" in message
        assert SECRET not in message

    def test_a_server_that_says_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is not waited for without end."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            store = _unreachable(monkeypatch, f"http://127.0.0.1:{silent.getsockname()[1]}", read=0.3)
            with pytest.raises(StoreUnavailable, match=r"did not answer in time|failed"):
                store.get("key")

    def test_a_server_that_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """503 is tried again, and only then reported."""
        answers: list[str] = []
        with socket.create_server(("127.0.0.1", 0)) as server:
            threading.Thread(target=_always_503, args=(server, answers), daemon=True).start()
            store = _unreachable(monkeypatch, f"http://127.0.0.1:{server.getsockname()[1]}")
            with pytest.raises(StoreUnavailable, match=r"answered 503|slow down"):
                store.get("key")
        assert len(answers) > 1

    def test_an_endpoint_that_is_no_url(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A typing error in the environment is told as one."""
        with pytest.raises(StoreUnavailable, match="endpoint"):
            _unreachable(monkeypatch, "not a url").get("key")

    def test_an_account_that_nobody_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Azure's buckets belong to an account: the message says where to name it."""
        for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(StoreUnavailable, match="no storage account") as caught:
            connect("az://container").get("key")
        assert "AZURE_STORAGE_ACCOUNT_NAME" in caught.value.hint

    @pytest.mark.radosgw
    def test_a_wrong_secret_is_told_as_one(self, radosgw: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The real gateway checks signatures: the message speaks of credentials and shows none."""
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
