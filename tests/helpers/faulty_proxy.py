"""An HTTP proxy in front of an S3 server that fails on demand."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.waiting import LIMIT


class FaultyProxy:
    """An HTTP proxy in front of an S3 server; `fault(verb, path)` returns what to do with a request.

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
                    data, provided = answer.read(), dict(answer.getheaders())
                except (OSError, HTTPException):
                    self.close_connection = True
                    return
                finally:
                    onward.close()
                if what == "flip" and data:
                    data = bytes([data[0] ^ 1]) + data[1:]
                self._answer(answer.status, provided, data, cut=what == "cut")

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
                """Log nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Ignore clients that disconnect."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
