"""Notices reach their receivers once, in their language, signed, and nowhere they must not go."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.client import HTTPException, HTTPResponse
from threading import Event, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from tests.helpers.receivers import Mailbox, Receiver, verified
from tests.waiting import LIMIT

from vigie.app import User, notices, users, webhooks
from vigie.app.notice_tables import KINDS
from vigie.app.notice_tables import notices as rows
from vigie.db import database
from vigie.delivery import addresses, dispatch, mail, texts
from vigie.delivery import webhooks as calls
from vigie.errors import UnreadableTable, UsageRefused
from vigie.i18n.catalogue import OWN
from vigie.i18n.translator import Translator
from vigie.settings import WebSettings

PAYLOAD = {
    "watch": "exports",
    "watch_id": "wat_1",
    "file": "jan.csv",
    "run_id": "run_1",
    "rows": 1200,
    "alerts": 7,
}

_BETWEEN_BYTES = 0.05


@pytest.fixture
def web(mailbox: Mailbox) -> WebSettings:
    """Settings that send to this machine."""
    return WebSettings(
        smtp_host="127.0.0.1", smtp_port=mailbox.port, smtp_security="none", mail_from="Vigie <vigie@bank.example>",
        public_url="https://vigie.example", private_webhooks=True,
    )  # fmt: skip


@pytest.fixture
def ada(engine: sa.Engine) -> User:
    """Whom the events concern."""
    return users.add(engine, "ada@example.org", "Ada", "analyst", team="blue")


def emit(engine: sa.Engine, user: User, kind: str = "scored", event: str = "e1", **payload: Any) -> None:
    """An event of its own transaction."""
    with database.writing(engine) as connection:
        notices.emit(connection, kind, event, user.id, PAYLOAD | payload)


def deliver(engine: sa.Engine, web: WebSettings, now: datetime | None = None) -> int:
    """Delivers all that is due; returns how many deliveries."""
    number = 0
    while dispatch.deliver_next(engine, web, "w", now):
        number += 1
    return number


def states(engine: sa.Engine) -> list[tuple[str, int, str]]:
    """State, attempts and error of each notice."""
    query = sa.select(rows.c.state, rows.c.attempts, rows.c.error).order_by(rows.c.created_at, rows.c.id)
    with database.reading(engine) as connection:
        return [(state, attempts, error) for state, attempts, error in connection.execute(query)]


def test_an_event_is_one_email_with_counts_and_a_link(
    engine: sa.Engine, ada: User, mailbox: Mailbox, web: WebSettings
) -> None:
    """However often it is emitted; an event that is rolled back is none."""
    emit(engine, ada)
    emit(engine, ada)
    with database.writing(engine) as connection:
        notices.emit(connection, "scored", "never", ada.id, PAYLOAD)
        connection.rollback()
    assert deliver(engine, web) == 1
    assert deliver(engine, web) == 0
    (message,) = mailbox.messages
    assert mailbox.receivers == ["ada@example.org"]
    assert message["Subject"] == "Vigie: jan.csv: 7 rows to review"
    assert message["Message-ID"].endswith("@bank.example>")
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        assert part is not None
        text = part.get_content()
        assert "1,200 rows scored, 7 to review." in text
        assert "https://vigie.example/runs/run_1" in text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_reads_it_in_their_language_as_they_or_their_team_chose(
    engine: sa.Engine, ada: User, mailbox: Mailbox, web: WebSettings
) -> None:
    """The owner by default, the team where it chose, without users who chose otherwise or are no longer there."""
    mate = users.add(engine, "mate@example.org", "Mate", "analyst", team="blue")
    quiet = users.add(engine, "quiet@example.org", "Quiet", "viewer", team="blue")
    gone = users.add(engine, "gone@example.org", "Gone", "viewer", team="blue")
    users.add(engine, "bob@example.org", "Bob", "analyst", team="red")
    users.update(engine, mate.id, {"language": "fr"})
    users.update(engine, gone.id, {"active": False})
    notices.set_choices(engine, notices.team_key("blue"), {"scored": "now"})
    notices.set_choices(engine, notices.user_key(quiet.id), {"scored": "never"})
    emit(engine, ada)
    emit(engine, ada, "file_failed", "e2", error=UnreadableTable("jan.csv", found="an empty file", hint="export the table again").to_json())  # fmt: skip
    assert deliver(engine, web) == 3
    found = {(str(m["To"]), str(m["Subject"]).replace("\u00a0", " ")) for m in mailbox.messages}
    assert found == {
        ("ada@example.org", "Vigie: jan.csv: 7 rows to review"),
        ("mate@example.org", "Vigie: jan.csv : 7 lignes à examiner"),
        ("ada@example.org", "Vigie: jan.csv could not be scored"),
    }
    failed = next(m for m in mailbox.messages if "could not" in m["Subject"])
    assert "an empty file" in failed.get_body(("plain",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_chosen_daily_comes_in_one_email(
    engine: sa.Engine, ada: User, mailbox: Mailbox, web: WebSettings
) -> None:
    """At the hour of the day, and together also when the first attempt fails."""
    notices.set_choices(engine, notices.user_key(ada.id), {"scored": "daily"})
    for number in range(3):
        emit(engine, ada, event=f"e{number}", file=f"file{number}.csv")
    assert deliver(engine, web) == 0
    morning = notices.next_digest(datetime.now(UTC))
    mailbox.answer = "451 try again"
    assert deliver(engine, web, morning) == 1
    emit(engine, ada, event="later")
    mailbox.answer = "250 OK"
    assert deliver(engine, web, morning + timedelta(minutes=1)) == 2
    assert [m["Subject"] for m in mailbox.messages] == [
        "Vigie: 1 notice of the last day",
        "Vigie: 3 notices of the last day",
    ]
    text = mailbox.messages[1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert all(f"file{number}.csv" in text for number in range(3))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_email_that_fails_is_tried_again_and_has_the_same_id(
    engine: sa.Engine, ada: User, mailbox: Mailbox, web: WebSettings
) -> None:
    """Also where the process was killed after sending; a receiver that is refused for good is abandoned."""
    emit(engine, ada)
    (claimed,) = notices.claim(engine, "killed", 0, datetime.now(UTC))
    mail.send(mail.compose([claimed], "ada@example.org", "en", web), web)
    mailbox.answer = "451 try again"
    assert deliver(engine, web) == 1
    assert [(state, attempts) for state, attempts, _ in states(engine)] == [("waiting", 2)]
    mailbox.answer = "250 OK"
    assert deliver(engine, web, datetime.now(UTC) + timedelta(minutes=2)) == 1
    first, second = mailbox.messages
    assert first["Message-ID"] == second["Message-ID"]
    assert states(engine)[0][0] == "delivered"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_name_cannot_add_a_header_or_markup(
    engine: sa.Engine, ada: User, mailbox: Mailbox, web: WebSettings
) -> None:
    """A file may be called anything."""
    ends = "".join(one for one in map(chr, range(0x3000)) if len(f"a{one}b".splitlines()) > 1)
    emit(engine, ada, file=f"a\r\nBcc: eve@example.org\r\n\r\n<script>{ends}.csv")
    assert deliver(engine, web) == 1
    (message,) = mailbox.messages
    assert (message["Bcc"], mailbox.receivers) == (None, ["ada@example.org"])
    assert "<script>" not in message.get_body(("html",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_notice_that_meets_a_bug_fails_in_the_end_and_keeps_no_other_waiting(
    engine: sa.Engine, ada: User, mailbox: Mailbox, web: WebSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is raised; the other one is delivered at once."""
    compose = mail.compose

    def broken(found: Any, *others: Any) -> Any:
        return compose(found, *others) if found[0].payload["file"] != "odd.csv" else {}["bug"]

    monkeypatch.setattr(mail, "compose", broken)
    emit(engine, ada, event="e1", file="odd.csv")
    emit(engine, ada, event="e2")
    now = datetime.now(UTC)
    assert deliver(engine, web, now) == 2
    assert len(mailbox.messages) == 1
    for day in range(1, 10):
        deliver(engine, web, now + timedelta(days=day))
    assert sorted(state for state, *_ in states(engine)) == ["delivered", "undeliverable"]


@pytest.mark.parametrize("language", OWN)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_words(kind: str, language: str) -> None:
    """Title and lines, without a placeholder that is left over."""
    payload = PAYLOAD | {"share": 0.02, "limit": 0.01, "case": "C-12", "by": "Bob", "earlier": "dec.csv"}
    payload |= {"score_psi": 0.31, "amount_psi": 1.2, "psi_limit": 0.25}
    notice = notices.Notice("ntc_1", kind, "email", 1, None, payload, False, *[datetime.now(UTC)] * 2, 1)
    t = Translator(language)
    texts_of_notice = [texts.title(notice, t), *texts.lines(notice, t)]
    assert all(texts_of_notice)
    assert not any(mark in line for line in texts_of_notice for mark in "{}")


def test_a_webhook_is_signed_retried_and_logged(
    engine: sa.Engine, ada: User, receiver: Receiver, web: WebSettings
) -> None:
    """Once with success; a redirection is not followed; the address and the key stay out of the log."""
    hook = webhooks.add(engine, ada, receiver.url, ["scored"])
    notices.set_choices(engine, notices.user_key(ada.id), {"scored": "never", "file_failed": "never"})
    receiver.statuses = [500, 302]
    emit(engine, ada)
    emit(engine, ada, "file_failed", "e2")
    now = datetime.now(UTC)
    for minutes in (0, 1, 10):
        assert deliver(engine, web, now + timedelta(minutes=minutes)) == 1
    assert deliver(engine, web, now + timedelta(days=1)) == 0
    assert len({headers["webhook-id"] for headers, _ in receiver.calls}) == 1
    assert all(verified(hook.secret, headers, body) for headers, body in receiver.calls)
    assert not verified(hook.secret, receiver.calls[0][0], receiver.calls[0][1] + b" ")
    document = receiver.documents()[-1]
    assert (document["type"], document["data"]["alerts"]) == ("file.scored", 7)
    assert document["data"]["url"] == "https://vigie.example/runs/run_1"
    log = [(one.status, one.error) for one in webhooks.list_attempts(engine, hook.id)]
    assert log == [(204, ""), (302, ""), (500, "")]
    assert [state for state, *_ in states(engine)] == ["delivered"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_receiver_delays_the_next_attempt(
    engine: sa.Engine, ada: User, receiver: Receiver, web: WebSettings, form: str
) -> None:
    """By `Retry-After` in both forms, only where it is later than the usual wait, and of that attempt alone."""
    webhooks.add(engine, ada, receiver.url, ["drift"])
    notices.set_choices(engine, notices.user_key(ada.id), {"drift": "never"})
    emit(engine, ada, "drift")
    now = datetime.now(UTC)
    receiver.statuses = [503, 503]
    receiver.retry_after = [
        "3600" if form == "seconds" else format_datetime(now + timedelta(hours=1), usegmt=True),
        "1",
    ]
    counts = [deliver(engine, web, now + timedelta(minutes=minutes)) for minutes in (0, 58, 61, 61.9, 62.1)]
    assert counts == [1, 0, 1, 0, 1]
    assert [state for state, *_ in states(engine)] == ["delivered"]


def test_the_delay_that_a_receiver_asks_for_has_limits() -> None:
    """Never in the past, never longer than the longest wait; what cannot be read asks for none."""
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    for text in (
        "",
        "soon",
        "-5",
        "1.5",
        "²",
        "Sat, 31 Jan 2026 11:00:00 GMT",
        "Sat, 99 Jan 2026 11:00:00 GMT",
    ):
        assert calls.parse_retry_after(text, now) == timedelta(), text
    for text in ("9" * 400, "36001", "Fri, 31 Dec 9999 23:59:59 GMT"):
        assert calls.parse_retry_after(text, now) == calls.MAX_RETRY_AFTER == dispatch.WAITS[-1], text
    for text in ("120", " 120 ", "Sat, 31 Jan 2026 12:02:00 GMT", "Sat, 31 Jan 2026 12:02:00 -0000"):
        assert calls.parse_retry_after(text, now) == timedelta(minutes=2), text


def test_the_signature_is_that_of_the_specification() -> None:
    """Its published example."""
    signature = calls.sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )  # fmt: skip
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("start", "status"),
    [(b"", None), (b"HTTP/1.1 200 OK\r\n", None), (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", 200)],
)
def test_a_receiver_that_sends_a_byte_now_and_then_ends_with_the_limit(
    start: bytes, status: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the head and in it without an answer, in the body with one: other notices wait no longer than for a silent receiver."""
    sending, reading, ended = Event(), Event(), Event()
    read = HTTPResponse.read

    class Limit(Thread):
        """The timer of a call, which ends when the call is where the test wants it, on a machine of any speed."""

        def __init__(self, seconds: float, interrupt: Callable[[], None]) -> None:
            assert seconds == calls.TIMEOUT
            super().__init__(daemon=True)
            self._interrupt = interrupt

        def run(self) -> None:
            (reading if status else sending).wait(LIMIT)
            self._interrupt()

        def cancel(self) -> None:
            """Do nothing: the call is over."""

    def read_body(answer: HTTPResponse, size: int | None = None) -> bytes:
        reading.set()
        return read(answer, size)

    def drip(server: socket.socket) -> None:
        with server.accept()[0] as accepted, suppress(OSError):
            accepted.sendall(start)
            while not ended.wait(_BETWEEN_BYTES):
                accepted.sendall(b"x")
                sending.set()

    monkeypatch.setattr(calls, "Timer", Limit)
    monkeypatch.setattr(HTTPResponse, "read", read_body)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=drip, args=(server,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        found: list[int | None] = []

        def call() -> None:
            try:
                found.append(
                    calls.call(url, "whsec_YQ==", "id", b"{}", datetime.now(UTC), private=True).status
                )
            except (OSError, HTTPException):
                found.append(None)

        caller = Thread(target=call, daemon=True)
        caller.start()
        caller.join(LIMIT)
        returned = list(found)
        ended.set()
        thread.join(LIMIT)
    assert returned == [status]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_receiver_that_does_not_answer_is_abandoned(
    engine: sa.Engine, ada: User, receiver: Receiver, web: WebSettings
) -> None:
    """410 switches the webhook off; anything else is tried as often as there are waits, and once more."""
    gone = webhooks.add(engine, ada, receiver.url, ["scored"])
    notices.set_choices(engine, notices.user_key(ada.id), dict.fromkeys(KINDS, "never"))
    receiver.statuses = [410]
    emit(engine, ada)
    assert deliver(engine, web) == 1
    assert not webhooks.find(engine, gone.id).active
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}/"
    webhooks.add(engine, ada, closed, ["drift"])
    emit(engine, ada, "drift", "e2")
    at = datetime.now(UTC)
    while deliver(engine, web, at):
        at += timedelta(days=1)
    assert [(state, attempts) for state, attempts, _ in states(engine)] == [
        ("undeliverable", 1), ("undeliverable", len(dispatch.WAITS) + 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "::1", "fe80::1",
     "fc00::1", "fec0::1", "::127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::"],
)  # fmt: skip
def test_private_addresses_are_not_called(address: str) -> None:
    """Nor those that embed one."""
    assert not addresses.is_public(address)
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(UsageRefused, match="not a public address"):
        addresses.check_url(f"https://{literal}/", private=False)
    assert addresses.is_public("93.184.216.34")
    assert addresses.is_public("2606:2800:220:1:248:1893:25c8:1946")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_name_that_turns_private_is_not_called(
    engine: sa.Engine, ada: User, receiver: Receiver, web: WebSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address is checked for every call, and the connection goes to the one that was checked."""
    strict = dataclasses.replace(web, private_webhooks=False)
    webhooks.add(
        engine, ada, addresses.check_url(f"https://localhost:{receiver.port}/", private=False), ["drift"]
    )
    notices.set_choices(engine, notices.user_key(ada.id), {"drift": "never"})
    emit(engine, ada, "drift")
    assert deliver(engine, strict) == 1
    assert receiver.calls == []
    ((state, _, error),) = states(engine)
    assert (state, "public address" in error) == ("undeliverable", True)
    resolved: list[str] = []
    resolve = socket.getaddrinfo

    def rebinding(host: str, *more: Any, **others: Any) -> Any:
        resolved.append(host)
        return resolve("127.0.0.1" if resolved.count(host) == 1 else "127.0.0.2", *more, **others)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert calls.call(f"http://rebinding.example:{receiver.port}/", "whsec_YQ==", "id", b"{}", datetime.now(UTC), private=True).status == 204  # fmt: skip
    assert resolved.count("rebinding.example") == 1
    assert receiver.calls[0][0]["host"] == f"rebinding.example:{receiver.port}"


@pytest.mark.parametrize(
    "url", ["http://example.org/", "https://user:pass@example.org/", "ftp://example.org", "https://", "https://exa mple.org",
            "file:///etc/passwd", "https://example.org:99999/", "https://exämple.org/", ""],
)  # fmt: skip
def test_an_address_that_is_no_webhook_is_refused(url: str) -> None:
    """Also one without encryption."""
    with pytest.raises(UsageRefused):
        addresses.check_url(url, private=False)
