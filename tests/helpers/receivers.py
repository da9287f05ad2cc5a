"""A real mail server and a real HTTP receiver on this machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Mailbox:
    """A mail server that keeps what it accepts; `answer` is what it says to each e-mail."""

    port: int = 0
    answer: str = "250 OK"
    messages: list[EmailMessage] = field(default_factory=list)
    receivers: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Called by aiosmtpd."""
        if self.answer.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            message = message_from_bytes(content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.messages.append(message)
            self.receivers += envelope.rcpt_tos
        return self.answer


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A running mail server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        box = Mailbox(free.getsockname()[1])
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


@dataclass
class Receiver:
    """A program that receives calls; `statuses` are what it answers, then 204; `retry_after` are headers of these answers."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    retry_after: list[str] = field(default_factory=list)
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/hook?from=vigie"

    def documents(self) -> list[dict[str, Any]]:
        """What it was sent."""
        return [json.loads(body) for _, body in self.calls]


def verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether a call is signed with the key, worked out from the specification."""
    key = base64.b64decode(secret.split("_")[1])
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{mac}" in headers["webhook-signature"].split(" ")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A running receiver."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = found.statuses.pop(0) if found.statuses else 204
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"http://127.0.0.1:{found.port}/elsewhere")
            if found.retry_after:
                self.send_header("Retry-After", found.retry_after.pop(0))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()
