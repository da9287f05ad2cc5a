"""The HTTP server of a web process: waitress, with limits on what a slow or idle client can hold.

One thread reads and writes all connections; the app runs in other threads, which get a request only once it is complete.
An idle or slow connection therefore costs a file descriptor, never a thread. When descriptors run short, the connection
that has waited longest is closed to accept a new one.
"""

from __future__ import annotations

import logging
import resource
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from typing import Any

from apiflask import APIFlask
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher
from waitress.utilities import RequestEntityTooLarge

from vigie.errors import VigieError
from vigie.logs import frames
from vigie.web import session

log = logging.getLogger("vigie.web")

HEADER_SECONDS = 10.0
"""Time for the header of a request, from its first byte."""
KEEP_ALIVE_SECONDS = 15.0
"""Time that a connection may stay open between two requests."""
STALLED_SECONDS = 30.0
"""Time without a byte of a body received, or without a byte of a response sent."""
SMALL_BODY_SECONDS = 60.0
"""Time for a whole small body."""
SMALL_BODY = 1024**2
"""Largest body, in bytes, that is received from a client without an account."""

_MAX_CONNECTIONS = 4096
_RESERVED_FILES = 256
_DRAIN_SECONDS = 8.0
_LOOP_SECONDS = 0.5

Authenticate = Callable[["Request"], bool]


class Request(HTTPRequestParser):  # type: ignore[misc]
    """A request; its body is received only within the limits.

    Attributes:
        started: time of its first byte.
        unchecked: whether the body is so large that the sender must be authenticated before it is received.
    """

    error: Any
    completed: bool

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.started = time.monotonic()
        self.unchecked = False

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the header, and refuse one that a proxy may read otherwise: then two would see different requests.

        Source: RFC 9112, sections 3.2, 6.1 and 6.3.
        """
        super().parse_header(header_plus)
        # waitress removes Transfer-Encoding where it applies it, and leaves it in HTTP/1.0, which does not have it.
        chunked_twice = self.chunked and "CONTENT_LENGTH" in self.headers
        if chunked_twice or "TRANSFER_ENCODING" in self.headers or "," in self.headers.get("HOST", ""):
            self.headers["CONNECTION"] = "close"
            raise ParsingError("found lengths or hosts of which only one can be right")

    def received(self, data: bytes) -> int:
        """Receive data; return the number of bytes used."""
        in_header = not self.headers_finished
        used = int(super().received(data))
        if in_header and self.headers_finished and self.error is None:
            if self.content_length > self.adj.max_upload_bytes:
                self.drop_body()
            self.unchecked = not self.completed and self.content_length > SMALL_BODY
        if self.chunked and not self.completed and self.body_bytes_received > SMALL_BODY:
            self.error = RequestEntityTooLarge("a body of this size needs a Content-Length")
            self.completed = True
        return used

    def drop_body(self) -> None:
        """Complete the request without its body, which the app then refuses; close the connection afterwards."""
        self.headers["CONNECTION"] = "close"
        self.connection_close = True
        self.completed = True


class Connection(HTTPChannel):  # type: ignore[misc]
    """A connection with time limits for each state; not read while the sender of a large body is authenticated."""

    parser_class = Request
    request: Request | None
    paused = False

    def readable(self) -> bool:
        """Return whether data may be received."""
        return not self.paused and bool(super().readable())

    def received(self, data: bytes) -> bool:
        """Receive data, and pause before a large body."""
        result = bool(super().received(data))
        if self.request is not None and self.request.unchecked:
            self.request.unchecked, self.paused = False, True
            self.server.checks.submit(self._check_sender, self.request)
        return result

    def service(self) -> None:
        """Answer a request, in a thread of the app; whatever stops the response closes the connection."""
        try:
            super().service()
        except BaseException:
            # A panic of polars is no `Exception`: the client would wait for the rest of the response.
            with self.requests_lock:
                self.requests.clear()
                self.will_close = True
            self.server.pull_trigger()
            raise

    def is_waiting(self) -> bool:
        """Return whether the connection waits for its client, so that no work is lost when it is closed."""
        return not self.requests and not self.paused and not self.total_outbufs_len

    def has_expired(self, now: float) -> bool:
        """Return whether a time limit has passed; `now` is in seconds of `time.time`, as `last_activity` is."""
        quiet = now - self.last_activity
        if not self.is_waiting():
            return bool(self.total_outbufs_len) and quiet > STALLED_SECONDS
        if self.request is None:
            return quiet > KEEP_ALIVE_SECONDS
        total = time.monotonic() - self.request.started
        if not self.request.headers_finished:
            return total > HEADER_SECONDS
        small = self.request.chunked or self.request.content_length <= SMALL_BODY
        return quiet > STALLED_SECONDS or (small and total > SMALL_BODY_SECONDS)

    def _check_sender(self, request: Request) -> None:
        """Authenticate the sender of a large body, in a thread of its own since it asks the database."""
        known = self.server.authenticate(request)
        with self.requests_lock:
            if not known and self.request is request:
                request.drop_body()
                self.request = None
                self.requests.append(request)
                if len(self.requests) == 1:
                    self.server.add_task(self)
            self.last_activity = time.time()
            self.paused = False
        self.server.pull_trigger()


class Server(TcpWSGIServer):  # type: ignore[misc]
    """The server of one web process.

    Attributes:
        authenticate: returns whether a request with a large body comes from a user.
        checks: threads that authenticate.
    """

    channel_class = Connection
    authenticate: Authenticate
    checks: ThreadPoolExecutor

    def handle_accept(self) -> None:
        """Accept a connection; close the one that has waited longest where there are too many."""
        if len(self.active_channels) >= self.adj.max_connections:
            waiting = [one for one in self.active_channels.values() if one.is_waiting()]
            if waiting:
                min(waiting, key=lambda one: one.last_activity).handle_close()
        super().handle_accept()

    def maintenance(self, now: float) -> None:
        """Close the connections whose time has passed."""
        for channel in list(self.active_channels.values()):
            if channel.has_expired(now):
                channel.will_close = True
                if channel.requests:  # a thread waits until the client takes the response
                    channel.handle_close()

    def serve(self, stopping: Event) -> None:
        """Serve until `stopping` is set; then finish the requests that were received."""
        while not stopping.is_set():
            wasyncore.loop(timeout=_LOOP_SECONDS, use_poll=True, map=self._map, count=1)
        self.accepting = False
        end = time.monotonic() + _DRAIN_SECONDS
        while time.monotonic() < end and any(
            one.requests or one.total_outbufs_len for one in self.active_channels.values()
        ):
            wasyncore.loop(timeout=0.05, use_poll=True, map=self._map, count=1)
        self.task_dispatcher.shutdown(timeout=0.1)
        self.trigger.close()
        wasyncore.close_all(self._map, ignore_all=True)


def serve(app: APIFlask, listening: socket.socket, threads: int, stopping: Event) -> None:
    """Serve an app on a listening socket until `stopping` is set.

    Args:
        app: the app.
        listening: socket, possibly shared with other processes.
        threads: requests that are answered at a time.
        stopping: set to end.
    """
    log_without_messages()
    adjustments = Adjustments(
        sockets=[listening],
        threads=threads,
        recv_bytes=128 * 1024,
        backlog=1024,
        connection_limit=2**31,  # `Server.handle_accept` limits them
        cleanup_interval=1,
        max_request_header_size=64 * 1024,
        max_request_body_size=2**62,
        clear_untrusted_proxy_headers=False,  # ProxyFix trusts as many proxies as the settings name
        log_socket_errors=False,
        ident=None,
    )
    adjustments.max_upload_bytes = app.config["MAX_CONTENT_LENGTH"]
    adjustments.max_connections = connection_limit()
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(threads)
    info = (listening.family, listening.type, listening.proto, listening.getsockname())
    server = Server(
        app, {}, False, listening, dispatcher=dispatcher, adj=adjustments, bind_socket=False, sockinfo=info
    )
    server.authenticate = lambda request: is_authenticated(app, request)
    with ThreadPoolExecutor(2, "authentication") as server.checks:
        server.accept_connections()
        server.serve(stopping)


def connection_limit() -> int:
    """Return how many connections a process may hold, after raising its limit of open files as far as needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_CONNECTIONS + _RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        _MAX_CONNECTIONS
        if soft == resource.RLIM_INFINITY
        else max(64, min(_MAX_CONNECTIONS, soft - _RESERVED_FILES))
    )


def is_authenticated(app: APIFlask, request: Request) -> bool:
    """Return whether the header of a request holds a valid session or token."""
    headers: Mapping[str, Any] = {name.replace("_", "-"): value for name, value in request.headers.items()}
    try:
        with app.test_request_context(request.path, method=request.command, headers=headers):
            return session.is_authenticated()
    except VigieError:
        return False
    except Exception as error:  # noqa: BLE001  the app answers the request without its body
        log.error("bug", extra={"error": type(error).__name__, "frames": frames(error)})
        return False


def log_without_messages() -> None:
    """Log the errors of waitress by their type alone: a message may hold a cell."""
    vendor = logging.getLogger("waitress")
    vendor.handlers, vendor.propagate = [_ErrorTypes()], False
    vendor.setLevel(logging.ERROR)


class _ErrorTypes(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        log.error("connection failed", extra={"error": kind.__name__ if kind else record.name})
