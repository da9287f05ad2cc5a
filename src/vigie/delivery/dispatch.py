"""Takes the next notice of the outbox, and delivers it or plans the next attempt."""

from __future__ import annotations

import logging
import smtplib
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http.client import HTTPException

from vigie.app import notices, users, webhooks
from vigie.app.notice_tables import EMAIL
from vigie.app.notices import Notice
from vigie.app.webhooks import Attempt, Webhook
from vigie.db.database import Engine
from vigie.delivery import mail, texts
from vigie.delivery import webhooks as calls
from vigie.delivery.webhooks import Answer
from vigie.errors import NotFound, Unavailable, UsageRefused
from vigie.i18n.catalogue import DEFAULT
from vigie.logs import frames
from vigie.settings import WebSettings

log = logging.getLogger("vigie.delivery")
WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 60, 300, 1_800, 7_200, 18_000, 36_000))
"""Times between the attempts to deliver a notice; after one more it is given up."""
_LEASE_SECONDS = 180.0


class _Permanent(Exception):
    """A notice that no further attempt delivers; the text says why."""


class _NotAccepted(OSError):
    """A receiver answered, but did not accept the notice.

    Attributes:
        retry_after: delay that it asks for.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"the receiver answered {answer.status}")
        self.retry_after = answer.retry_after


def deliver_next(engine: Engine, web: WebSettings, worker: str, now: datetime | None = None) -> bool:
    """Deliver the notice that is due longest, or the e-mail of a day; return whether one was due.

    Args:
        engine: database.
        web: settings of the web app.
        worker: name of the worker, which holds the notice meanwhile.
        now: the time, by default that of the clock.
    """
    now = now or datetime.now(UTC)
    claimed = notices.claim(engine, worker, _LEASE_SECONDS, now)
    if not claimed:
        return False
    try:
        send = _send_mail if claimed[0].channel == EMAIL else _call_webhook
        if send(engine, web, claimed):
            notices.finish(engine, claimed, worker)
        else:
            notices.discard(engine, claimed, worker)
    except _Permanent as error:
        _give_up(engine, claimed, worker, str(error))
    except Exception as error:  # noqa: BLE001  a notice that meets a bug is given up in the end, and keeps no other waiting
        if not isinstance(error, OSError | HTTPException | Unavailable):
            log.error("bug", extra={"error": type(error).__name__, "frames": frames(error)})
        reason, attempt = _reason(error), claimed[0].attempts
        if attempt > len(WAITS):
            _give_up(engine, claimed, worker, reason)
        else:
            requested = error.retry_after if isinstance(error, _NotAccepted) else timedelta()
            notices.retry(engine, claimed, worker, reason, now + max(WAITS[attempt - 1], requested))
    return True


def _send_mail(engine: Engine, web: WebSettings, claimed: Sequence[Notice]) -> bool:
    """Send an e-mail; False where there is no mail server, or the user is gone."""
    if not web.smtp_host:
        return False
    user = users.find(engine, int(claimed[0].user_id or 0))
    if not user.active:
        return False
    try:
        mail.send(mail.compose(claimed, user.email, user.language or web.mail_language or DEFAULT, web), web)
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        if code >= 500:
            raise _Permanent(f"the mail server refused the receiver ({code})") from None
        raise
    return True


def _call_webhook(engine: Engine, web: WebSettings, claimed: Sequence[Notice]) -> bool:
    """Call a webhook and record the call; False where it was removed or switched off."""
    (notice,) = claimed
    try:
        webhook = webhooks.find(engine, str(notice.webhook_id))
    except NotFound:
        return False
    if not webhook.active:
        return False
    started, answer, error = time.monotonic(), None, ""
    try:
        answer = _call(webhook, notice, web)
    except (OSError, HTTPException, Unavailable) as caught:
        error = _reason(caught)
        raise
    except UsageRefused as refused:
        error = str(refused.message)
        raise _Permanent(error) from None
    finally:
        seconds, status = time.monotonic() - started, None if answer is None else answer.status
        webhooks.record(
            engine, Attempt(webhook.id, notice.id, datetime.now(UTC), status, error[:200], seconds)
        )
    if answer.status == 410:
        webhooks.set_active(engine, webhook.id, False)
        raise _Permanent("the receiver is gone (410); the webhook was switched off")
    if not 200 <= answer.status < 300:
        raise _NotAccepted(answer)
    return True


def _call(webhook: Webhook, notice: Notice, web: WebSettings) -> Answer:
    content = calls.body(notice, texts.link(notice.payload, web.public_url))
    private = web.private_webhooks
    return calls.call(webhook.url, webhook.secret, notice.id, content, datetime.now(UTC), private=private)


def _reason(error: Exception) -> str:
    """Return why an attempt failed: the words of this module, else the kind of the error."""
    if isinstance(error, _NotAccepted):
        return str(error.args[0])
    if isinstance(error, Unavailable):
        return str(error.message)
    # The answer of a mail server may quote the receiver.
    words = None if isinstance(error, smtplib.SMTPException) else getattr(error, "strerror", None)
    return str(words or type(error).__name__)


def _give_up(engine: Engine, claimed: Sequence[Notice], worker: str, reason: str) -> None:
    notices.give_up(engine, claimed, worker, reason)
    log.warning("notice given up", extra={"notice": claimed[0].id, "channel": claimed[0].channel})
