"""Security headers, cookies, size limits, and the secret that signs cookies."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from flask import Flask, Response, current_app, request
from werkzeug.middleware.proxy_fix import ProxyFix

from vigie.app import audit
from vigie.app.audit import ANONYMOUS
from vigie.errors import Unavailable, UsageRefused
from vigie.i18n.messages import msg
from vigie.settings import MIN_SECRET_LENGTH, Settings, WebSettings
from vigie.web.services.audit import AuditLog

_FORM_BYTES = 1024**2
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""Content-Security-Policy of documents with texts from a user's table: no script, no request."""
_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


def configure(app: Flask, settings: Settings, web: WebSettings) -> None:
    """Configure cookies, limits, proxies and headers.

    Raises:
        UsageRefused: the secret is missing or too short.
    """
    app.config.update(
        SECRET_KEY=secret(settings, web),
        SESSION_COOKIE_NAME="__Host-vigie" if web.production else "vigie",
        SESSION_COOKIE_SECURE=web.production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=web.session_hours),
        SESSION_REFRESH_EACH_REQUEST=False,
        # Werkzeug writes the file of a form to disk; the other fields are small.
        MAX_CONTENT_LENGTH=web.max_upload_bytes + _FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=_FORM_BYTES,
        MAX_FORM_PARTS=1000,
    )
    if web.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=web.proxies, x_proto=web.proxies, x_host=web.proxies
        )
    else:
        app.before_request(_proxy_header_check())
    app.extensions["vigie-hsts"] = web.production
    app.after_request(_add_headers)


def _proxy_header_check() -> Callable[[], None]:
    """Return a function that records, once per process, that a request passed a proxy which VIGIE_PROXIES does not count.

    All users then seem to have the proxy's address, and share the limits of sign-ins; `vigie doctor` reads the line.
    """
    recorded = False

    def check() -> None:
        nonlocal recorded
        if recorded or "X-Forwarded-For" not in request.headers:
            return
        recorded = True
        with suppress(Unavailable):  # the request is answered whether or not it can be recorded
            log: AuditLog = current_app.extensions["vigie"].audit
            log.record(ANONYMOUS, audit.UNREAD_PROXY_HEADER, "setting:VIGIE_PROXIES")

    return check


def secret(settings: Settings, web: WebSettings) -> str:
    """Return the secret that signs cookies: of the settings, or of a private file outside production.

    Raises:
        UsageRefused: production without a secret, or a secret that is too short.
    """
    if web.secret:
        if len(web.secret) < MIN_SECRET_LENGTH:
            raise UsageRefused(
                msg(
                    "VIGIE_SECRET: found {secret} characters, expected at least {shortest_secret}",
                    secret=len(web.secret),
                    shortest_secret=MIN_SECRET_LENGTH,
                ),
                hint="create one: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
            )
        return web.secret
    if web.production:
        raise UsageRefused(
            "VIGIE_SECRET must be set in production",
            hint="create one: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    return _local_secret(settings.home / "secret")


def _local_secret(path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".secret-{secrets.token_hex(8)}")
    fresh.touch(mode=0o600)
    fresh.write_text(secrets.token_urlsafe(48))
    # Of several processes that start at once, one creates the file and all read it.
    with suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()
    return path.read_text()


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if current_app.extensions["vigie-hsts"]:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
