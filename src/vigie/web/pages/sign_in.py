"""Sign-in page, signing out, and the page for the first account."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vigie.errors import SignInRefused, TooManyAttempts
from vigie.web import authorization, session
from vigie.web.pages.layout import safe_redirect_target, translator
from vigie.web.services import current_services

page = Blueprint("sign_in", __name__)


@page.get("/sign-in")
@authorization.public
def show() -> str | Response:
    """Show the sign-in page; redirect users who are signed in."""
    if g.user is not None:
        return redirect(url_for("upload.home"))
    return _form()


@page.post("/sign-in")
@authorization.public
def sign_in() -> str | Response | tuple[str, int]:
    """Sign in, or show the form again with the reason; it does not reveal whether the account exists."""
    form, t = request.form, translator()
    try:
        opened = current_services().sessions.sign_in(form.get("email", ""), form.get("password", ""))
    except SignInRefused:
        return _form(t("sign_in.refused")), 401
    except TooManyAttempts as refused:
        return _form(t("sign_in.wait", time=t.duration(refused.seconds))), 429
    session.begin(*opened)
    return redirect(safe_redirect_target(form.get("next", "/")), 303)


@page.get("/sign-in/link")
@authorization.public
def use_link() -> Response:
    """Sign in by a one-time link, and redirect so that the address bar does not show it."""
    sessions = current_services().sessions
    session.begin(*sessions.start(sessions.use_link(request.args.get("token", ""))), by_link=True)
    if not g.user.has_password:
        return redirect(url_for("upload.home"))
    flash(translator()("sign_in.by_link"))
    return redirect(url_for("settings.account"))


@page.post("/sign-out")
@authorization.public
def sign_out() -> Response:
    """Sign out."""
    session.end()
    flash(translator()("sign_in.signed_out"))
    return redirect(url_for("sign_in.show"), 303)


@page.get("/first")
@authorization.public
def first_account() -> str | Response:
    """Show the form for the first account, while there is none."""
    if current_services().accounts.count():
        return redirect(url_for("sign_in.show"))
    return render_template("first.html")


@page.post("/first")
@authorization.public
def create_first_account() -> Response:
    """Create the first account, for a user with the setup token."""
    form, services = request.form, current_services()
    email, password = form.get("email", ""), form.get("password", "")
    services.accounts.create_first_admin(email, form.get("name", ""), password, form.get("setup", ""))
    session.begin(*services.sessions.sign_in(email, password))
    return redirect(url_for("upload.home"), 303)


def _form(problem: str = "") -> str:
    return render_template(
        "sign_in.html",
        problem=problem,
        next=request.values.get("next", "/"),
        email=request.form.get("email", ""),
        oidc=bool(current_services().web.oidc_issuer),
    )
