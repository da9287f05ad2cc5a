"""Authorization of views: each view declares the role it needs, or the app does not start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, current_app, g, redirect, request
from flask.typing import ResponseReturnValue

from vigie.errors import NotAllowed, SignInRefused
from vigie.web.services.access import ROLE_RANK, has_role, scope_rank

View = TypeVar("View", bound=Callable[..., Any])
_ATTRIBUTE = "_vigie_needs"
_PUBLIC = "public"


def public(view: View) -> View:
    """Declare a view that needs no account."""
    setattr(view, _ATTRIBUTE, _PUBLIC)
    return view


def needs(role: str) -> Callable[[View], View]:
    """Declare a view that needs at least this role."""
    if role not in ROLE_RANK:
        raise ValueError(role)

    def declare(view: View) -> View:
        setattr(view, _ATTRIBUTE, role)
        return view

    return declare


def needed_by(view: Callable[..., Any]) -> str | None:
    """Return the declared role of a view, or `public`; None where it declares nothing."""
    found: str | None = getattr(view, _ATTRIBUTE, None)
    return found


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
    if request.endpoint is None:
        return None  # no such page: answered with 404
    role = needed_by(current_app.view_functions[request.endpoint])
    if role == _PUBLIC or role is None:
        return None
    if g.user is None:
        if request.path.startswith("/api/"):
            raise SignInRefused("authentication required", hint="send: Authorization: Bearer TOKEN")
        if request.method == "GET":
            address = quote(request.full_path.rstrip("?"), safe="/")
            return redirect(f"/sign-in?next={address}")
        raise SignInRefused("your session has ended", hint="sign in and try again")
    if not has_role(g.user, role):
        raise NotAllowed("do this", needed=role)
    if g.token is not None and scope_rank(g.token.scopes) < ROLE_RANK[role]:
        raise NotAllowed("do this with this token", needed=role)
    return None
