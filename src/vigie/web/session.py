"""Authentication of requests: session cookie, one-time link, or bearer token."""

from __future__ import annotations

import time
from datetime import timedelta

from flask import Flask, g, has_request_context, request, session
from flask_wtf.csrf import CSRFProtect

from vigie.app import User, tokens
from vigie.errors import NotAllowed, SignInRefused
from vigie.web import authorization
from vigie.web.services import current_services
from vigie.web.services.access import TOKEN_HINT

_KEY = "session"
_LINK = "by_link"
LINK_RENEWS_PASSWORD = timedelta(hours=1)
"""How long after signing in by a link a password may be replaced without the old one."""
csrf = CSRFProtect()


def install(app: Flask) -> None:
    """Authenticate each request, then check that unsafe ones come from our own pages."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    csrf.init_app(app)
    app.before_request(_authenticate)
    app.before_request(_protect_from_csrf)
    app.extensions["vigie"].audit.address = _caller_address


def begin(user: User, secret: str, *, by_link: bool = False) -> None:
    """Store the secret of a session in the browser's cookie, replacing the previous session."""
    session.clear()
    session.permanent = True
    session[_KEY] = secret
    if by_link:
        session[_LINK] = time.time()
    g.user = user


def end() -> None:
    """End the session of the browser."""
    secret = session.get(_KEY)
    if secret:
        current_services().sessions.end(secret)
    session.clear()
    g.user = None


def began_by_link() -> bool:
    """Return whether the session of the browser began by a one-time link in the last hour."""
    return time.time() - float(session.get(_LINK, 0)) < LINK_RENEWS_PASSWORD.total_seconds()


def is_authenticated() -> bool:
    """Return whether the current request holds a valid session or token; `_authenticate` has not run.

    Raises:
        VigieError: the token is invalid, or the database does not respond.
    """
    _authenticate()
    return g.user is not None


def _caller_address() -> str:
    """Return the address of the caller, from the trusted proxies' headers or the connection."""
    return (request.remote_addr or "") if has_request_context() else ""


def _authenticate() -> None:
    """Find the user of the request: by token under /api/v1, by session elsewhere.

    An Authorization header of a page is not read, since proxies add their own, unless it holds a token of ours.
    """
    g.user, g.token = None, None
    if request.url_rule is None or request.blueprint == "health" or request.endpoint == "static":
        return
    services = current_services()
    services.results.remove_stale_copies()
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    bearer = secret.strip() if scheme.lower() == "bearer" else ""
    on_api = request.url_rule.rule.startswith(authorization.API)
    if bearer.startswith(tokens.PREFIX) and not on_api:
        raise NotAllowed("use an API token here", needed="session", hint=TOKEN_HINT)
    if scheme and on_api:
        found = services.tokens.authenticate(bearer) if bearer else None
        if found is None:
            raise SignInRefused(
                "this API token is not valid",
                hint="it may be revoked or expired; create a new one in the settings",
            )
        g.user, g.token = found
    elif session.get(_KEY):
        g.user = services.sessions.find_user(session[_KEY])
        if g.user is None:
            session.pop(_KEY)


def _protect_from_csrf() -> None:
    """Check the CSRF token of unsafe requests by cookie: other sites can send a cookie, but no bearer token."""
    unsafe = request.method not in {"GET", "HEAD", "OPTIONS"}
    anonymous_on_api = g.user is None and request.path.startswith("/api/")
    if unsafe and g.token is None and not anonymous_on_api and request.endpoint is not None:
        csrf.protect()
