"""Folders of SFTP servers, with a real server on this machine."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import asyncssh
import pytest
from tests.helpers.sftp_server import PASSWORD, SftpServer

from vigie.errors import NotFound, StoreUnavailable, UsageRefused
from vigie.settings import SftpOptions
from vigie.sources import sftp_address
from vigie.sources.base import FileChanged
from vigie.sources.open import check_allowed, normalize, open_source
from vigie.sources.sftp import SftpSource


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the server serves."""
    made = tmp_path / "served"
    made.mkdir()
    return made


@pytest.fixture
def server(folder: Path, tmp_path: Path) -> Iterator[SftpServer]:
    """A server of that folder."""
    started = SftpServer(folder, tmp_path)
    yield started
    started.stop()


def source(server: SftpServer, path: str = "", **options: object) -> SftpSource:
    """The served folder, signed in by the key unless options say otherwise."""
    chosen = {"known_hosts": server.known_hosts, "key": server.key} | options
    return SftpSource(sftp_address.parse(server.url + path), SftpOptions(**chosen))  # type: ignore[arg-type]


def test_a_folder_is_read_without_what_lies_outside(server: SftpServer, folder: Path, tmp_path: Path) -> None:
    """Links, other things than files and names that no path can have are left out; a file that changes is not copied."""
    (folder / "sub" / "below").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("secret")
    name = "relevé #1 50%.csv"
    data = os.urandom(3_000_000)
    (folder / name).write_bytes(data)
    (folder / "sub" / "below" / "deep.csv").write_text("x")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "out").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.csv")
    server.extra_names = [b"../secret.csv", b"a/b.csv", b"nul\0.csv", b".", b".."]
    found = source(server)
    (file,) = found.list(deep=False)
    assert (file.key, file.size) == (name, len(data))
    server.extra_names = [b"\xff.csv"]
    assert [one.key for one in found.list(deep=False)] == [name, os.fsdecode(b"\xff.csv")]
    server.extra_names = []
    assert [one.key for one in found.list(deep=True)] == [name, "sub/below/deep.csv"]
    assert [one.key for one in source(server, "sub").list(deep=True)] == ["below/deep.csv"]
    assert found.fetch(file, tmp_path / "copy") == sha256(data).hexdigest()
    assert (tmp_path / "copy").read_bytes() == data
    with (folder / name).open("ab") as growing:
        growing.write(b"more")
    for _ in range(2):
        with pytest.raises(FileChanged):
            found.fetch(file, tmp_path / "copy")
        (folder / name).unlink(missing_ok=True)
    with pytest.raises(NotFound, match="no folder 'exports'"):
        source(server, "exports").list(deep=False)


@pytest.mark.parametrize("replaces", [True, False])
def test_predictions_are_written_whole(
    server: SftpServer, folder: Path, tmp_path: Path, replaces: bool
) -> None:
    """Also where the connection breaks, and where the server has no rename that replaces; no other file is left."""
    server.replaces = replaces
    (tmp_path / "data").write_bytes(data := os.urandom(2_500_000))
    (folder / "a.predictions.csv").write_text("old")
    server.break_after = 1_000_000
    with pytest.raises(StoreUnavailable, match="connection broke"):
        source(server, password=PASSWORD, key=None).put("a.predictions.csv", tmp_path / "data")
    assert (folder / "a.predictions.csv").read_text() == "old"
    source(server, password=PASSWORD, key=None).put("a.predictions.csv", tmp_path / "data")
    assert (folder / "a.predictions.csv").read_bytes() == data
    left = [path.name for path in folder.iterdir() if path.name != "a.predictions.csv"]
    assert all(
        name.startswith(".vigie-") and name.endswith(".part") for name in left
    )  # of the broken connection
    assert len(left) == 1


def test_a_notebook_reads_it_too(server: SftpServer, folder: Path, tmp_path: Path) -> None:
    """A thread that runs an event loop of its own may use a source, and gets the errors as any other."""
    (folder / "a.csv").write_text("amount\n1\n")

    async def cell() -> None:
        found = source(server)
        (file,) = found.list(deep=False)
        found.fetch(file, tmp_path / "copy")
        found.put("a.predictions.csv", tmp_path / "copy")
        with pytest.raises(NotFound):
            source(server, "exports").list(deep=False)

    # In a thread of its own: the browser of other tests leaves a running loop in this one.
    with ThreadPoolExecutor() as threads:
        threads.submit(lambda: asyncio.run(cell())).result()
    assert (folder / "a.predictions.csv").read_text() == "amount\n1\n"


def test_a_connection_that_breaks_costs_one_copy(server: SftpServer, folder: Path, tmp_path: Path) -> None:
    """The next one is whole."""
    (folder / "a.csv").write_bytes(data := os.urandom(2_500_000))
    found = source(server)
    (file,) = found.list(deep=False)
    server.break_after = 1_000_000
    with pytest.raises(StoreUnavailable, match="connection broke"):
        found.fetch(file, tmp_path / "copy")
    assert found.fetch(file, tmp_path / "copy") == sha256(data).hexdigest()


def test_a_server_is_believed_only_with_its_known_key(server: SftpServer, tmp_path: Path) -> None:
    """What is wrong and what to do is said; the file of known hosts is never written, and no password appears."""
    server.trust(asyncssh.generate_private_key("ssh-ed25519"))
    before = server.known_hosts.read_text()
    broken = tmp_path / "broken"
    broken.write_text("no key")
    empty = tmp_path / "empty"
    empty.touch()
    faults: dict[str, dict[str, object]] = {
        "another host key": {},
        "host key is not known": {"known_hosts": empty},
        "key is not known": {"known_hosts": tmp_path / "absent"},
        "cannot be read": {"known_hosts": tmp_path},
        "private key cannot be read": {"key": broken},
        "no key and no password": {"key": None},
    }
    for message, options in faults.items():
        with pytest.raises(StoreUnavailable, match=message) as refused:
            source(server, **options).list(deep=False)
        assert refused.value.hint
    assert server.known_hosts.read_text() == before
    assert empty.read_text() == ""
    with pytest.raises(StoreUnavailable) as unknown:
        source(server, known_hosts=empty).list(deep=False)
    assert f"ssh-keyscan -p {server.port} 127.0.0.1 >> empty" in str(unknown.value.hint)


def test_a_refused_sign_in_and_a_silent_server_are_explained(server: SftpServer, tmp_path: Path) -> None:
    """Without the password."""
    with pytest.raises(StoreUnavailable, match="refused the sign-in") as refused:
        source(server, key=None, password="hunter2").list(deep=False)
    assert "hunter2" not in f"{refused.value}{refused.value.hint}{SftpOptions(tmp_path, password='hunter2')}"
    server.known_hosts.write_text(server.known_hosts.read_text().replace(str(server.port), "*"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = sftp_address.parse(f"sftp://ada@127.0.0.1:{silent.getsockname()[1]}/")
        known = tmp_path / "known"
        known.write_text(f"127.0.0.1 {server.known_hosts.read_text().split(' ', 1)[1]}")
        options = SftpOptions(known, server.key, read_seconds=0.2)
        with pytest.raises(StoreUnavailable, match=r"no answer within 0\.2 seconds"):
            SftpSource(address, options).list(deep=False)
    with pytest.raises(StoreUnavailable, match="refused"):
        SftpSource(address, SftpOptions(known, server.key)).list(deep=False)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("sftp://ada@Files.Bank.example/exports/", "sftp://ada@files.bank.example/exports"),
        (" SFTP://ada@h:22//a/./b ", "sftp://ada@h/a/b"),
        ("sftp://ada@h:2222", "sftp://ada@h:2222/"),
        ("sftp://ada@[::1]:2222/a%20b%23", "sftp://ada@[::1]:2222/a%20b%23"),
        ("sftp://ada@h/~/in", "sftp://ada@h/~/in"),
        ("sftp://ada@h/~", "sftp://ada@h/~/"),
        ("sftp://bank%5Cada@h/é", "sftp://bank%5Cada@h/%C3%A9"),
    ],
)
def test_an_address_has_one_form(written: str, stored: str) -> None:
    """That is stable."""
    assert normalize(written) == normalize(stored) == stored
    assert isinstance(open_source(stored), SftpSource)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("sftp://ada:hunter2@h/x", "found a password"),
        ("sftp://ada:@h/x", "found a password"),
        ("sftp://ada%3Ahunter2@h/x", "found a password"),
        ("sftp://h/x", "no user"),
        ("sftp://ada@/x", "no user, host"),
        ("sftp://ada@h:0/x", "port"),
        ("sftp://ada@h:99999/x", "port"),
        ("sftp://ada@h:port/x", "port"),
        ("sftp://ada@h/x?y", "query"),
        ("sftp://ada@h/x#y", "query"),
        ("sftp://ada@h/a/../b", r"\.\."),
        ("sftp://ada@h/a/%2e%2e/b", r"\.\."),
        ("sftp://ada@h/a%0ab", "characters"),
        ("sftp://ada@h/a%00b", "characters"),
        ("sftp://ada%0d@h/ab", "characters"),
        ("sftp://ada@h%2fx/ab", "characters|host"),
        ("sftp://[::1/x", "host"),
        (f"sftp://ada@h/{'a' * 2000}", "2000"),
    ],
)
def test_an_address_that_cannot_be_stored_is_refused(written: str, message: str) -> None:
    """Above all one with a password, which is not repeated."""
    with pytest.raises(UsageRefused, match=message) as refused:
        normalize(written)
    assert "hunter2" not in f"{refused.value}{refused.value.hint}"


def test_users_watch_only_below_the_roots() -> None:
    """The same user, server and port; not a folder whose name begins alike."""
    roots = ("sftp://ada@h/exports", "sftp://bob@h/~/", "/srv/exports")
    for url in ("sftp://ada@h/exports", "sftp://ada@h:22/exports/2026", "sftp://bob@h/~/in"):
        check_allowed(normalize(url), roots)
    for url in ("sftp://ada@h/exports2", "sftp://ada@h/", "sftp://bob@h/exports", "sftp://ada@h:2222/exports",
                "sftp://ada@other/exports", "sftp://bob@h/", "s3://bank/exports"):  # fmt: skip
        with pytest.raises(UsageRefused, match="may watch"):
            check_allowed(normalize(url), roots)
