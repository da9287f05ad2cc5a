"""Authorization of views: each view declares the role it needs, or the app does not start.

API tokens are for the views under /api/v1, and there for those that do not need a session.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, current_app, g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.routing import Rule

from vigie.errors import SignInRefused
from vigie.web.services.access import ROLE_RANK, require, require_session

View = TypeVar("View", bound=Callable[..., Any])
API = "/api/v1/"
_ATTRIBUTE, _SESSION = "_vigie_needs", "_vigie_session"
_PUBLIC = "public"


def public(view: View) -> View:
    """Declare a view that needs no account."""
    setattr(view, _ATTRIBUTE, _PUBLIC)
    return view


def needs(role: str, *, session: bool = False) -> Callable[[View], View]:
    """Declare a view that needs at least this role.

    Args:
        role: `viewer`, `analyst` or `admin`.
        session: refuse API tokens also under /api/v1; pages always do.
    """
    if role not in ROLE_RANK:
        raise ValueError(role)

    def declare(view: View) -> View:
        setattr(view, _ATTRIBUTE, role)
        setattr(view, _SESSION, session)
        return view

    return declare


def needed_by(view: Callable[..., Any]) -> str | None:
    """Return the declared role of a view, or `public`; None where it declares nothing."""
    found: str | None = getattr(view, _ATTRIBUTE, None)
    return found


def needs_session(view: Callable[..., Any], rule: Rule) -> bool:
    """Return whether a view refuses API tokens: pages, and what declares it."""
    return not rule.rule.startswith(API) or bool(getattr(view, _SESSION, False))


def install(app: Flask) -> None:
    """Check the role before each request; `session.install` must come first."""
    if "static" in app.view_functions:
        public(app.view_functions["static"])
    app.before_request(_check)


def check(app: Flask) -> None:
    """Check that all views declare a role.

    Raises:
        RuntimeError: a view does not.
    """
    for endpoint, view in app.view_functions.items():
        if needed_by(view) is None:
            raise RuntimeError(
                f"the view {endpoint} has neither authorization.public nor authorization.needs"
            )


def _check() -> ResponseReturnValue | None:
    if request.endpoint is None or request.url_rule is None:
        return None  # no such page: answered with 404
    view = current_app.view_functions[request.endpoint]
    role = needed_by(view)
    if role == _PUBLIC or role is None:
        return None
    if g.user is None:
        if request.path.startswith("/api/"):
            raise SignInRefused("authentication required", hint="send: Authorization: Bearer TOKEN")
        if request.method == "GET":
            address = quote(request.full_path.rstrip("?"), safe="/")
            return redirect(f"/sign-in?next={address}")
        raise SignInRefused("your session has ended", hint="sign in and try again")
    if needs_session(view, request.url_rule):
        require_session(g.user, "do this")
    require(g.user, role, "do this")
    return None
