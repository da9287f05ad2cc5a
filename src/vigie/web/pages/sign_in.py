"""Signing in and out, and the first account."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vigie.errors import SignInRefused, TooManyAttempts
from vigie.web import authorization, session
from vigie.web.pages.layout import words
from vigie.web.pages.settings import own_page
from vigie.web.services import current_services

page = Blueprint("sign_in", __name__)


@page.get("/sign-in")
@authorization.public
def show() -> str | Response:
    """The door; whoever is inside already goes on."""
    if g.user is not None:
        return redirect(url_for("upload.home"))
    return _form()


@page.post("/sign-in")
@authorization.public
def enter() -> str | Response | tuple[str, int]:
    """Opens a session, or says why not, and never whether the account exists."""
    try:
        opened = current_services().sessions.sign_in(
            request.form.get("email", ""), request.form.get("password", "")
        )
    except SignInRefused:
        return _form(words()("sign_in.refused")), 401
    except TooManyAttempts as refused:
        return _form(words()("sign_in.wait", time=words().duration(refused.seconds))), 429
    session.begin(*opened)
    return redirect(own_page(request.form.get("next", "/")), 303)


@page.post("/sign-out")
@authorization.public
def leave() -> Response:
    """Ends the session."""
    session.end()
    flash(words()("sign_in.signed_out"))
    return redirect(url_for("sign_in.show"), 303)


@page.get("/first")
@authorization.public
def first() -> str | Response:
    """The form for the first account, while there is none."""
    if current_services().accounts.count():
        return redirect(url_for("sign_in.show"))
    return render_template("first.html")


@page.post("/first")
@authorization.public
def create_first() -> Response:
    """Makes the first account, for whoever has the setup token."""
    form = request.form
    current_services().accounts.create_first_admin(
        form.get("email", ""), form.get("name", ""), form.get("password", ""), form.get("setup", "")
    )
    session.begin(*current_services().sessions.sign_in(form.get("email", ""), form.get("password", "")))
    return redirect(url_for("upload.home"), 303)


def _form(problem: str = "") -> str:
    there = request.values.get("next", "/")
    known = {
        "next": there,
        "email": request.form.get("email", ""),
        "oidc": bool(current_services().web.oidc_issuer),
    }
    return render_template("sign_in.html", problem=problem, **known)
