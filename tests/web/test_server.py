"""What slow and idle clients can hold of a web process, and which bodies it receives."""

from __future__ import annotations

import resource
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import polars as pl
import pytest
from flask import Response
from tests.waiting import LIMIT, wait_until
from tests.web.conftest import CSV, Installation

from vigie.app import uploads
from vigie.web import authorization, server

THREADS = 2


def serve(here: Installation) -> Iterator[tuple[str, int]]:
    """Run a server of the app, with few threads, while its address is used."""
    stopping = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        listening.setblocking(False)
        thread = threading.Thread(target=server.serve, args=(here.app, listening, THREADS, stopping))
        thread.start()
        yield listening.getsockname()
        stopping.set()
        thread.join(LIMIT)
        assert not thread.is_alive()


@pytest.fixture
def address(here: Installation) -> Iterator[tuple[str, int]]:
    """The address of a running server."""
    yield from serve(here)


def send(address: tuple[str, int], data: bytes) -> socket.socket:
    """Open a connection and send some bytes."""
    connection = socket.create_connection(address, LIMIT)
    connection.sendall(data)
    return connection


def receive(connection: socket.socket, *, until_end: bool = False) -> bytes:
    """Receive one small response, or all until the server closes."""
    received = b""
    while until_end or not (received.partition(b"\r\n\r\n")[1] and received.endswith((b"}\n", b"</html>\n"))):
        data = connection.recv(65_536)
        if not data:
            break
        received += data
    return received


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def healthy(address: tuple[str, int]) -> bool:
    """Whether /healthz is answered."""
    with closing(send(address, get("/healthz", "Connection: close"))) as connection:
        return receive(connection, until_end=True).startswith(b"HTTP/1.1 200")


def is_open(connection: socket.socket) -> bool:
    """Whether the server still holds a connection on which it has nothing to say."""
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    finally:
        connection.settimeout(LIMIT)


def test_idle_and_slow_clients_take_no_thread(address: tuple[str, int]) -> None:
    """500 idle connections, 200 half headers and 200 bodies that never come, while two threads answer others."""
    body = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nemail="
    with ExitStack() as stack:
        idle = [stack.enter_context(closing(send(address, get("/healthz")))) for _ in range(500)]
        for connection in idle:
            assert receive(connection).startswith(b"HTTP/1.1 200")
        slow = [stack.enter_context(closing(send(address, get("/healthz")[:-4]))) for _ in range(200)]
        slow += [stack.enter_context(closing(send(address, body))) for _ in range(200)]
        assert healthy(address)
        # They were not answered because the others had been closed.
        assert sum(map(is_open, [*idle, *slow])) >= 500


@pytest.mark.parametrize(
    ("limit", "data"),
    [
        ("KEEP_ALIVE_SECONDS", b""),
        ("HEADER_SECONDS", get("/healthz")[:-4]),
        ("STALLED_SECONDS", b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"),
        ("SMALL_BODY_SECONDS", b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"),
    ],
)
def test_a_client_that_lets_its_time_pass_is_disconnected(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch, limit: str, data: bytes
) -> None:
    """Each state of a connection has its own limit."""
    monkeypatch.setattr(server, limit, 0.2)
    with closing(send(address, data)) as connection:
        assert receive(connection, until_end=True) == b""


def test_a_header_sent_byte_by_byte_has_the_time_of_one(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Activity does not extend the limit."""
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.5)
    with closing(send(address, get("/healthz")[:-4])) as connection:

        def ended() -> bool:
            try:
                connection.sendall(b"x")
            except OSError:
                return True
            return not is_open(connection)

        wait_until(ended)


def test_the_longest_waiting_connection_is_closed(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit of connections a new client is still served."""
    monkeypatch.setattr(server, "connection_limit", lambda: 20)
    for address in serve(here):
        with ExitStack() as stack:
            held = [stack.enter_context(closing(send(address, get("/healthz")[:-4]))) for _ in range(60)]
            assert healthy(address)
            assert sum(map(is_open, held)) < 20


def test_connections_are_limited_by_the_open_files_of_the_process() -> None:
    """The limit leaves files for the database, the store and the tables."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = server.connection_limit()
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert limit >= 64
    assert soft == resource.RLIM_INFINITY or limit < soft
    assert soft == resource.RLIM_INFINITY or soft >= before[0]


@pytest.mark.parametrize("authenticated", [True, False])
def test_a_large_body_is_received_from_users_only(
    here: Installation, address: tuple[str, int], authenticated: bool
) -> None:
    """A client without an account is answered before it has sent more than a small body."""
    size = server.SMALL_BODY + 1000
    data = (CSV + "2026-01-01 10:10:00,C1,12.50,a\n" * (size // 30)).encode()[:size]
    header = here.token("ada")["Authorization"] if authenticated else "Bearer vigie_nothing"
    request = (
        f"PUT /api/v1/uploads/content?name=t.csv HTTP/1.1\r\nHost: x\r\nAuthorization: {header}\r\n"
        f"Content-Length: {size}\r\nConnection: close\r\n\r\n"
    ).encode()
    with closing(send(address, request)) as connection:
        if authenticated:
            connection.sendall(data)
        status = receive(connection, until_end=True).partition(b"\r\n")[0]
    assert status == (b"HTTP/1.1 201 CREATED" if authenticated else b"HTTP/1.1 401 UNAUTHORIZED")
    found = uploads.list_for(here.services.engine, here.users["ada"], limit=5)
    assert [upload.size for upload in found] == ([size] if authenticated else [])


def test_what_declares_more_than_an_upload_may_have_is_refused_at_once(
    here: Installation, address: tuple[str, int]
) -> None:
    """By its Content-Length, in the words of the app."""
    length = here.web.max_upload_bytes * 2
    header = here.token("ada")["Authorization"]
    request = (
        f"PUT /api/v1/uploads/content?name=t.csv HTTP/1.1\r\nHost: x\r\nAuthorization: {header}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()
    with closing(send(address, request)) as connection:
        answer = receive(connection, until_end=True)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in answer


def test_a_body_in_chunks_is_small(address: tuple[str, int]) -> None:
    """Without a Content-Length nothing is known beforehand."""
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    start = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with closing(send(address, start)) as connection:
        answer = b""
        try:
            for _ in range(64):
                connection.sendall(chunk)
            answer = receive(connection, until_end=True)
        except ConnectionError:
            answer = b"HTTP/1.1 413"  # closed while it was sending
    assert answer.startswith(b"HTTP/1.1 413")


HIDDEN = b"0\r\n\r\n" + get("/healthz")


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: %d" % len(HIDDEN),
        b"HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
        b"HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: %d" % len(HIDDEN),
        b"HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 5",
        b"HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\nContent-Length: 5",
        b"HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\nContent-Length: 5",
    ],
)
def test_a_request_that_a_proxy_may_read_otherwise_is_refused(address: tuple[str, int], head: bytes) -> None:
    """And the connection is closed: what follows is no second request."""
    with closing(send(address, b"POST /sign-in " + head + b"\r\n\r\n" + HIDDEN)) as connection:
        answer = receive(connection, until_end=True)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400", b"HTTP/1.1 501"))
    assert answer.count(b"HTTP/1.") == 1


def test_methods_that_a_client_makes_up_are_no_series_of_metrics(
    here: Installation, address: tuple[str, int]
) -> None:
    """Each would stay in the memory of the process; no account is needed to send them."""
    for number in range(3):
        with closing(send(address, get("/healthz", "Connection: close").replace(b"GET", b"ODD%d" % number))):
            pass
    here.app.test_client().open("/sign-in", method="MADEUP")
    metrics = here.app.test_client().get("/metrics").get_data(as_text=True)
    assert 'method="other"' in metrics
    assert "MADEUP" not in metrics
    assert "ODD" not in metrics


def test_errors_of_the_server_are_logged_without_their_message(
    here: Installation, address: tuple[str, int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """An error in the middle of a response may quote a cell."""

    def broken() -> Response:
        def chunks() -> Iterator[bytes]:
            yield b"a"
            raise ValueError("Zebulon-Quirk")

        return Response(chunks())

    view: Callable[[], Response] = authorization.public(broken)
    here.app.view_functions["health.healthz"] = view
    with closing(send(address, get("/healthz", "Connection: close"))) as connection:
        receive(connection, until_end=True)
    assert "Zebulon" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("text", "status"), [("Zebulon-Quirk", 500), ("memory allocation of 9 bytes failed", 503)]
)
def test_a_panic_of_polars_is_answered(
    here: Installation, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch, text: str, status: int
) -> None:
    """It is no `Exception`; the connection would wait for ever."""

    def failing(*_: object, **__: object) -> None:
        raise pl.exceptions.PanicException(text)

    monkeypatch.setattr(here.services.uploads, "list_for", failing)
    request = get(
        "/api/v1/uploads", f"Authorization: {here.token('ada')['Authorization']}", "Connection: close"
    )
    with closing(send(address, request)) as connection:
        answer = receive(connection, until_end=True)
    assert answer.startswith(f"HTTP/1.1 {status}".encode())
    assert b"application/problem+json" in answer
    assert text.encode() not in answer


def test_a_panic_in_the_middle_of_a_response_closes_the_connection(
    here: Installation, address: tuple[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """As any other error there."""

    def broken() -> Response:
        def chunks() -> Iterator[bytes]:
            yield b"a"
            raise pl.exceptions.PanicException("Zebulon-Quirk")

        return Response(chunks())

    here.app.view_functions["health.healthz"] = authorization.public(broken)
    with closing(send(address, get("/healthz"))) as connection:
        assert receive(connection, until_end=True).startswith(b"HTTP/1.1 200")
    assert "Zebulon" not in "".join(capsys.readouterr())
