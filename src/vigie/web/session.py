"""Who is asking: a cookie, a one-time link, or a token in the header."""

from __future__ import annotations

from flask import Blueprint, Flask, g, has_request_context, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect

from vigie.app import User, login_attempts
from vigie.errors import SignInRefused
from vigie.i18n.messages import phrase
from vigie.web import authorization
from vigie.web.services import current_services

_KEY = "session"
_LINKS = 60
csrf = CSRFProtect()
links = Blueprint("links", __name__)


def install(app: Flask) -> None:
    """Finds out before each request who asks; then whether the request came from our own pages."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    csrf.init_app(app)
    app.before_request(_load)
    app.before_request(_from_our_pages)
    app.register_blueprint(links)
    app.extensions["vigie"].address = _address


def begin(user: User, secret: str) -> None:
    """Puts a session opened by the desk into the browser's cookie; the old one is forgotten."""
    session.clear()
    session.permanent = True
    session[_KEY] = secret
    g.user = user


def end() -> None:
    """Signs out."""
    secret = session.get(_KEY)
    if secret:
        current_services().sign_out(secret)
    session.clear()
    g.user = None


@links.get("/sign-in/link")
@authorization.public
def use_link() -> ResponseReturnValue:
    """Signs in whoever holds a fresh link, and takes the link out of the address."""

    address = f"link {request.remote_addr}"
    login_attempts.count(current_services().engine, address, phrase("opening links"), limit=_LINKS)
    user = current_services().use_link(request.args.get("token", ""))
    begin(*current_services().open_session(user))
    return redirect("/")


def _address() -> str:
    """Where the caller is: what the proxies say that the settings believe, or the connection itself."""
    return (request.remote_addr or "") if has_request_context() else ""


def _load() -> None:
    g.user, g.token = None, None
    if request.endpoint in {"static", "health.metrics"}:
        return
    current_services().sweep()
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind:
        found = (
            current_services().of_token(secret.strip())
            if kind.lower() == "bearer" and secret.strip()
            else None
        )
        if found is None:
            raise SignInRefused(
                "this token opens nothing",
                hint="it may be revoked or too old; make a new one in the settings",
            )
        g.user, g.token = found
    elif session.get(_KEY):
        g.user = current_services().of_session(session[_KEY])
        if g.user is None:
            session.pop(_KEY)


def _from_our_pages() -> None:
    """A token is sent on purpose; a cookie also by other people's pages."""
    unsafe = request.method not in {"GET", "HEAD", "OPTIONS"}
    nobody_on_api = g.user is None and request.path.startswith("/api/")
    if unsafe and g.token is None and not nobody_on_api and request.endpoint is not None:
        csrf.protect()
