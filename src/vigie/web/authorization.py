"""Who may call what: each view says it, and the app does not start with one that forgets to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, g, redirect, request
from flask.typing import ResponseReturnValue

from vigie.errors import NotAllowed, SignInRefused
from vigie.web.services.base import RANK
from vigie.web.services.tokens import SCOPE_RANK

View = TypeVar("View", bound=Callable[..., Any])
_MARK = "_vigie_needs"
_PUBLIC = "public"


def public(view: View) -> View:
    """A view for everybody."""
    setattr(view, _MARK, _PUBLIC)
    return view


def needs(role: str) -> Callable[[View], View]:
    """A view for those who have at least that role."""
    if role not in RANK:
        raise ValueError(role)

    def mark(view: View) -> View:
        setattr(view, _MARK, role)
        return view

    return mark


def needed_by(view: Callable[..., Any]) -> str | None:
    """What a view asks for; nothing where it forgot to say."""
    found: str | None = getattr(view, _MARK, None)
    return found


def install(app: Flask) -> None:
    """Asks before each request; runs after `session.install`."""
    if "static" in app.view_functions:
        public(app.view_functions["static"])
    app.before_request(_check)


def check(app: Flask) -> None:
    """Refuses to start with a view that does not say who may call it."""
    for endpoint, view in app.view_functions.items():
        if needed_by(view) is None:
            raise RuntimeError(f"the view {endpoint} says neither guard.public nor guard.needs")


def _check() -> ResponseReturnValue | None:
    from flask import current_app

    if request.endpoint is None:
        return None  # no such page: the handler of 404 answers
    role = needed_by(current_app.view_functions[request.endpoint])
    if role == _PUBLIC or role is None:
        return None
    if g.user is None:
        if request.path.startswith("/api/"):
            raise SignInRefused("this needs a session or a token", hint="send: Authorization: Bearer TOKEN")
        if request.method == "GET":
            there = quote(request.full_path.rstrip("?"), safe="/")
            return redirect(f"/sign-in?next={there}")
        raise SignInRefused("you are not signed in any more", hint="sign in and try again")
    if RANK[g.user.role] < RANK[role]:
        raise NotAllowed("do this", needed=role)
    if g.token is not None and not any(RANK[SCOPE_RANK[scope]] >= RANK[role] for scope in g.token.scopes):
        raise NotAllowed("do this with this token", needed=role)
    return None
