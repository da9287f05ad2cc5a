"""Signed calls of webhooks.

Source: Standard Webhooks, https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Timer
from urllib.parse import urlsplit

from vigie import __version__
from vigie.app.notices import Notice
from vigie.delivery.addresses import resolve

TIMEOUT = 15.0
"""Seconds for a call; a body of the answer that takes longer is cut."""
MAX_RETRY_AFTER = timedelta(hours=10)
"""Longest delay that a receiver can ask for."""
_MAX_ANSWER = 64 * 1024
_TYPES = {
    "scored": "file.scored",
    "file_failed": "file.failed",
    "watch_failed": "watch.failed",
    "fraud_share": "file.fraud_share",
    "drift": "file.drift",
    "case_assigned": "case.assigned",
}
"""Kind of a notice -> type of its event, as the receiver reads it."""


@dataclass(frozen=True)
class Answer:
    """The answer of a receiver.

    Attributes:
        status: HTTP status.
        retry_after: delay that it asks for, from 0 to `MAX_RETRY_AFTER`.
    """

    status: int
    retry_after: timedelta = timedelta()


def body(notice: Notice, url: str) -> bytes:
    """Return the JSON document of a notice; `url` is the address of its page, or empty."""
    data = {name: value for name, value in notice.payload.items() if name not in {"path", "error"}}
    error = notice.payload.get("error")
    if error:
        data["error"] = {name: error[name] for name in ("kind", "message", "hint")}
    document = {
        "type": _TYPES.get(notice.kind, notice.kind),
        "timestamp": notice.created_at.isoformat(),
        "data": data | ({"url": url} if url else {}),
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def sign(secret: str, webhook_id: str, timestamp: int, content: bytes) -> str:
    """Return the signature of a call: HMAC-SHA256 of its id, its time and its body.

    Args:
        secret: `whsec_` and the key in base64.
        webhook_id: id of the event.
        timestamp: seconds since 1970.
        content: the body.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{webhook_id}.{timestamp}.".encode() + content
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


def call(url: str, secret: str, notice_id: str, content: bytes, at: datetime, *, private: bool) -> Answer:
    """Send a notice and return the answer; a redirection is an answer like others and is not followed.

    Args:
        url: address, as `addresses.check_url` returns it.
        secret: key of the signature.
        notice_id: id by which the receiver recognises a repetition.
        content: the body.
        at: the time.
        private: whether addresses that are not public are allowed.

    Raises:
        UsageRefused: the address is not public.
        Unavailable: the name has no address.
        OSError: the receiver cannot be reached, or takes longer than `TIMEOUT`.
        http.client.HTTPException: the answer is no HTTP.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = resolve(str(parts.hostname), port, private=private)
    timestamp = int(at.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Vigie/{__version__}",
        "webhook-id": notice_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, notice_id, timestamp, content),
    }
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _Connection(str(parts.hostname), port, address, encrypted=parts.scheme == "https")
    # A time-out of the socket begins anew with each byte: a receiver that sends one now and then would hold the call for hours.
    deadline = Timer(TIMEOUT, connection.interrupt)
    deadline.daemon = True
    deadline.start()
    try:
        connection.request("POST", target, body=content, headers=headers)
        answer = connection.getresponse()
        if connection.interrupted:
            raise TimeoutError  # what was read of the head may be cut
        answer.read(_MAX_ANSWER)
        return Answer(answer.status, parse_retry_after(answer.getheader("Retry-After", ""), at))
    finally:
        deadline.cancel()
        connection.close()


def parse_retry_after(text: str, now: datetime) -> timedelta:
    """Return the delay of a header `Retry-After`, from 0 to `MAX_RETRY_AFTER`; 0 where it has none that can be read.

    Source: RFC 9110, section 10.2.3: a whole number of seconds, or a date.

    Args:
        text: value of the header; empty where it is missing.
        now: the time of the answer, with a time zone.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(float(text), MAX_RETRY_AFTER.total_seconds()))
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return timedelta()
    # A date of the zone -0000 has none in Python; HTTP dates are in UTC.
    delay = (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
    return min(max(delay, timedelta()), MAX_RETRY_AFTER)


class _Connection(http.client.HTTPConnection):
    """A connection to one address of a host; certificate and header `Host` are those of the name.

    Attributes:
        interrupted: whether `interrupt` was called.
    """

    def __init__(self, host: str, port: int, address: str, *, encrypted: bool) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self._address, self._encrypted = address, encrypted
        self.default_port = 443 if encrypted else 80
        self.interrupted = False
        self._opened: socket.socket | None = None

    def connect(self) -> None:
        """Connect to the address that was checked."""
        self.sock = self._opened = socket.create_connection((self._address, self.port), TIMEOUT)
        if self._encrypted:
            encrypted = ssl.create_default_context().wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock = self._opened = encrypted
            encrypted.do_handshake()

    def interrupt(self) -> None:
        """End what another thread waits for; it gets an error, or the part of the answer that was received."""
        self.interrupted = True
        if self._opened is not None:
            with suppress(OSError):  # closed, or not connected any more
                socket.socket.shutdown(self._opened, socket.SHUT_RDWR)
