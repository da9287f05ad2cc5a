"""E-mails: plain text and HTML, sent by SMTP."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

from vigie.app.notices import Notice
from vigie.delivery import texts
from vigie.i18n.translator import Translator
from vigie.settings import WebSettings

TIMEOUT = 30.0
"""Seconds for each step of sending."""
_HTML = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{subject}</title></head>
<body style="font-family:system-ui,sans-serif;max-width:40em;line-height:1.5">
{body}
<p style="color:#666;font-size:85%">{footer}</p>
</body></html>
"""


def compose(notices: Sequence[Notice], to: str, language: str, web: WebSettings) -> EmailMessage:
    """Return the e-mail of a notice, or that of a day with several.

    The `Message-ID` follows from the ids of the notices: an e-mail that is sent twice has the same.
    """
    t = Translator(language)
    subject = (
        t("notice.daily", n=len(notices)) if notices[0].digest else f"Vigie: {texts.title(notices[0], t)}"
    )
    footer = t("notice.footer")
    if web.public_url:
        footer += f" {web.public_url}/settings/notices"
    parts = [
        (texts.title(one, t), texts.lines(one, t), texts.link(one.payload, web.public_url)) for one in notices
    ]
    plain = "\n\n".join("\n".join([title, *lines, *([url] if url else [])]) for title, lines, url in parts)
    body = "".join(_section(title, lines, url, t("notice.open")) for title, lines, url in parts)
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = web.mail_from
    message["To"] = Address(addr_spec=to)
    message["Date"] = format_datetime(max(one.created_at for one in notices))
    message["Message-ID"] = f"<{message_id(notices)}@{web.mail_from.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{plain}\n\n-- \n{footer}\n")
    html = _HTML.format(language=language, subject=escape(subject), body=body, footer=escape(footer))
    message.add_alternative(html, subtype="html")
    return message


def message_id(notices: Sequence[Notice]) -> str:
    """Return an id that follows from the notices."""
    if len(notices) == 1:
        return notices[0].id
    text = "\n".join(sorted(one.id for one in notices))
    return f"day_{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def send(message: EmailMessage, web: WebSettings) -> None:
    """Send an e-mail by the server of the settings.

    Raises:
        OSError: the server cannot be reached; `smtplib.SMTPException` is one.
    """
    context = ssl.create_default_context()
    if web.smtp_security == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL(
            web.smtp_host, web.smtp_port, timeout=TIMEOUT, context=context
        )
    else:
        client = smtplib.SMTP(web.smtp_host, web.smtp_port, timeout=TIMEOUT)
    with client:
        if web.smtp_security == "starttls":
            client.starttls(context=context)
        if web.smtp_user:
            client.login(web.smtp_user, web.smtp_password)
        client.send_message(message)


def _section(title: str, lines: Sequence[str], url: str, label: str) -> str:
    text = "".join(f"<p>{escape(line)}</p>\n" for line in lines)
    opened = f'<p><a href="{escape(url)}">{escape(label)}</a></p>\n' if url else ""
    return f'<h1 style="font-size:110%">{escape(title)}</h1>\n{text}{opened}'
