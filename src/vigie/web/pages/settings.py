"""One's own settings, and for administrators people, the audit log and the server's."""

from __future__ import annotations

from urllib.parse import urljoin

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vigie.app.tokens import SCOPES
from vigie.i18n.catalogue import languages
from vigie.web import authorization, session
from vigie.web.pages.layout import RANKS, words
from vigie.web.services import current_services

page = Blueprint("settings", __name__)
LINES = 100
_YEAR = 31_536_000
_SCOPE_NEEDS = {"read": "viewer", "write": "analyst", "admin": "admin"}


@page.get("/settings")
@authorization.needs("viewer")
def you() -> str:
    """Who one is, the language, the password."""
    return render_template("settings/you.html", tab="settings", part="you")


@page.post("/settings/password")
@authorization.needs("viewer")
def password() -> Response:
    """Changes the password; a new session is opened, since all the old ones end."""
    current_services().accounts.set_password(g.user, request.form.get("new", ""), request.form.get("old"))
    session.begin(*current_services().sessions.start(g.user))
    flash(words()("settings.password_changed"))
    return redirect(url_for("settings.you"), 303)


@page.post("/language")
@authorization.public
def language() -> Response:
    """Changes the language, for one's account where there is one and for this browser."""
    wanted = request.form.get("language", "")
    answer = redirect(own_page(request.form.get("back", "/")), 303)
    if wanted in languages():
        if g.user is not None:
            current_services().accounts.set_language(g.user, wanted)
        answer.set_cookie(
            "lang",
            wanted,
            max_age=_YEAR,
            samesite="Lax",
            secure=current_services().web.production,
            httponly=True,
        )
    return answer


@page.get("/settings/tokens")
@authorization.needs("analyst")
def tokens() -> str:
    """One's own API tokens."""
    return _tokens()


@page.post("/settings/tokens")
@authorization.needs("analyst")
def add_token() -> Response:
    """Makes a token; its secret is in this answer and nowhere else."""
    days = request.form.get("days", "").strip()
    made = current_services().tokens.create(
        g.user,
        request.form.get("name", ""),
        request.form.getlist("scopes"),
        int(days) if days.isascii() and days.isdigit() else None,
    )
    return make_response(_tokens(made[0].name, made[1]))


@page.post("/settings/tokens/<token_id>/revoke")
@authorization.needs("analyst")
def revoke(token_id: str) -> Response:
    """Ends a token."""
    current_services().tokens.revoke(g.user, token_id)
    return redirect(url_for("settings.tokens"), 303)


@page.get("/settings/people")
@authorization.needs("admin")
def people() -> str:
    """Everybody who may sign in."""
    return _people()


@page.post("/settings/people")
@authorization.needs("admin")
def add_person() -> Response:
    """Adds somebody, and shows the link that lets them in once."""
    form = request.form
    added, link = current_services().accounts.add(
        g.user,
        form.get("email", ""),
        form.get("name", ""),
        form.get("role", "viewer"),
        form.get("team", "").strip(),
    )
    return make_response(_people(added.email, link))


@page.post("/settings/people/<int:user_id>")
@authorization.needs("admin")
def change_person(user_id: int) -> Response:
    """Changes role, team or whether somebody may sign in; or makes a new link."""
    form = request.form
    if form.get("do") == "invite":
        link = current_services().accounts.create_link(g.user, user_id)
        email = next(
            user.email for user in current_services().accounts.list_all(g.user) if user.id == user_id
        )
        return make_response(_people(email, link))
    active = {"off": False, "on": True}.get(form.get("do", ""))
    if active is None:
        current_services().accounts.change(
            g.user, user_id, role=form.get("role"), team=form.get("team", "").strip()
        )
    else:
        current_services().accounts.change(g.user, user_id, active=active)
    flash(words()("settings.saved"))
    return redirect(url_for("settings.people"), 303)


@page.get("/settings/audit")
@authorization.needs("admin")
def audit() -> str:
    """Who saw and did what."""
    lines = current_services().audit.list_lines(
        g.user, limit=LINES, before=request.args.get("before", type=int)
    )
    return render_template(
        "settings/audit.html", tab="settings", part="audit", lines=lines, more=len(lines) == LINES
    )


@page.get("/settings/server")
@authorization.needs("admin")
def server() -> str:
    """What the environment of the server has set."""
    return render_template(
        "settings/server.html",
        tab="settings",
        part="server",
        web=current_services().web,
        chosen=current_services().settings,
    )


def _tokens(name: str = "", secret: str = "") -> str:
    allowed = [scope for scope in SCOPES if RANKS.index(g.user.role) >= RANKS.index(_SCOPE_NEEDS[scope])]
    return render_template(
        "settings/tokens.html", tab="settings", part="tokens", tokens=current_services().tokens.list_own(g.user), scopes=allowed,
        made=name, secret=secret,
    )  # fmt: skip


def _people(email: str = "", link: str = "") -> str:
    return render_template(
        "settings/people.html", tab="settings", part="people", people=current_services().accounts.list_all(g.user), roles=RANKS,
        invited=email, link=urljoin(request.host_url, link) if link else "",
    )  # fmt: skip


def own_page(there: str) -> str:
    """An address of ours; anything else becomes the first page."""
    return there if there.startswith("/") and not there.startswith(("//", "/\\")) else "/"
