"""Settings: account, tokens; for administrators users, audit log and server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urljoin

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vigie.app.audit import AuditQuery
from vigie.i18n.catalogue import languages
from vigie.rules.rule import is_date
from vigie.web import audit_words, authorization, session
from vigie.web.pages.layout import safe_redirect_target, translator, without_language
from vigie.web.request_values import whole_number
from vigie.web.services import access, current_services

page = Blueprint("settings", __name__)
MAX_LINES = 100
_COOKIE_SECONDS = 365 * 86_400


@page.get("/settings")
@authorization.needs("viewer")
def account() -> str:
    """Show the user's account, language and password form."""
    return _render("account", by_link=session.began_by_link())


@page.post("/settings/password")
@authorization.needs("viewer")
def set_password() -> Response:
    """Change the password, and start a new session since all sessions end."""
    services, form = current_services(), request.form
    by_link = session.began_by_link()
    services.accounts.set_password(g.user, form.get("new", ""), form.get("old"), by_link=by_link)
    session.begin(*services.sessions.start(g.user))
    flash(translator()("settings.password_changed"))
    return redirect(url_for("settings.account"), 303)


@page.post("/language")
@authorization.public
def set_language() -> Response:
    """Change the language of the account and of this browser."""
    services, language = current_services(), request.form.get("language", "")
    back = without_language(safe_redirect_target(request.form.get("back", "/")))
    response = redirect(back, 303)
    if language in languages():
        if g.user is not None:
            services.accounts.set_language(g.user, language)
        response.set_cookie(
            "lang",
            language,
            max_age=_COOKIE_SECONDS,
            samesite="Lax",
            secure=services.web.production,
            httponly=True,
        )
    return response


@page.get("/settings/tokens")
@authorization.needs("analyst")
def tokens() -> str:
    """List the user's API tokens."""
    return _tokens()


@page.post("/settings/tokens")
@authorization.needs("analyst")
def create_token() -> Response:
    """Create a token; only this page shows its secret."""
    name, days = request.form.get("name", ""), request.form.get("days", "").strip()
    lifetime = int(days) if days.isascii() and days.isdigit() and len(days) < 10 else None
    created = current_services().tokens.create(g.user, name, request.form.getlist("scopes"), lifetime)
    return make_response(_tokens(created[0].name, created[1]))


@page.post("/settings/tokens/<token_id>/revoke")
@authorization.needs("analyst")
def revoke_token(token_id: str) -> Response:
    """Revoke a token."""
    current_services().tokens.revoke(g.user, token_id)
    return redirect(url_for("settings.tokens"), 303)


@page.get("/settings/users")
@authorization.needs("admin")
def users() -> str:
    """List the users."""
    return _users()


@page.post("/settings/users")
@authorization.needs("admin")
def add_user() -> Response:
    """Add a user and show the link that signs them in once."""
    email, name, team = (request.form.get(field, "").strip() for field in ("email", "name", "team"))
    role = request.form.get("role", "viewer")
    added, link = current_services().accounts.add(g.user, email, name, role, team)
    return make_response(_users(added.email, link))


@page.post("/settings/users/<int:user_id>")
@authorization.needs("admin")
def change_user(user_id: int) -> Response:
    """Change role or team, activate or deactivate a user, or create a sign-in link."""
    accounts, form, action = current_services().accounts, request.form, request.form.get("do", "")
    if action == "invite":
        link = accounts.create_link(g.user, user_id)
        email = next(user.email for user in accounts.list_all(g.user) if user.id == user_id)
        return make_response(_users(email, link))
    if action in {"on", "off"}:
        accounts.change(g.user, user_id, active=action == "on")
    else:
        accounts.change(g.user, user_id, role=form.get("role"), team=form.get("team", "").strip())
    flash(translator()("settings.saved"))
    return redirect(url_for("settings.users"), 303)


@page.get("/settings/audit")
@authorization.needs("admin")
def audit() -> str:
    """Show the audit log in words, filtered by the address."""
    log, query = current_services().audit, _audit_query()
    before = request.args.get("before", type=whole_number)
    lines = log.list_lines(g.user, limit=MAX_LINES, before=before, query=query)
    actors, actions = log.choices(g.user)
    return _render(
        "audit",
        lines=lines,
        names=log.names(lines),
        sentence=audit_words.sentence,
        actors=actors,
        actions=actions,
        fields={name: request.args.get(name, "")[:320] for name in ("actor", "action", "file", "from", "to")},
        more=len(lines) == MAX_LINES,
    )


@page.get("/settings/audit.csv")
@authorization.needs("admin")
def export_audit() -> Response:
    """Download the selected lines of the audit log as CSV."""
    log, t = current_services().audit, translator()
    pages = log.export(g.user, _audit_query())
    # The names of a page are read with its lines, so that the log is never in memory as a whole.
    first = True

    def written() -> Iterator[bytes]:
        nonlocal first
        for lines in pages:
            chunks = audit_words.as_csv(lines, log.names(lines), t)
            if not first:
                next(chunks)
            first = False
            yield from chunks

    response = Response(written(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="vigie-audit.csv"'
    return response


def _audit_query() -> AuditQuery:
    """Return the selection of lines that the address names; a malformed day selects nothing away."""
    args = request.args
    first, last = _day(args.get("from", "")), _day(args.get("to", ""))
    return AuditQuery(
        actor=args.get("actor", "").strip()[:320],
        action=args.get("action", "").strip()[:50],
        file=args.get("file", "").strip()[:255],
        since=first,
        until=None if last is None else last + timedelta(days=1),
    )


def _day(text: str) -> datetime | None:
    return datetime.combine(date.fromisoformat(text), time(), UTC) if is_date(text) else None


@page.get("/settings/server")
@authorization.needs("admin")
def server() -> str:
    """Show the settings of the server."""
    services = current_services()
    return _render("server", web=services.web, settings=services.settings)


def _tokens(name: str = "", secret: str = "") -> str:
    scopes = [scope for scope, role in access.SCOPE_ROLE.items() if access.has_role(g.user, role)]
    listed = current_services().tokens.list_own(g.user)
    return _render("tokens", tokens=listed, scopes=scopes, created=name, secret=secret)


def _users(email: str = "", link: str = "") -> str:
    listed = current_services().accounts.list_all(g.user)
    url = urljoin(request.host_url, link) if link else ""
    return _render("users", users=listed, roles=list(access.ROLE_RANK), invited=email, link=url)


def _render(part: str, **values: object) -> str:
    return render_template(f"settings/{part}.html", tab="settings", part=part, **values)
