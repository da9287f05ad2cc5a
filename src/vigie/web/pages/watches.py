"""Settings: watches, notices and webhooks."""

from __future__ import annotations

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vigie.app.notice_tables import KINDS, TIMES
from vigie.errors import UsageRefused
from vigie.i18n.messages import msg
from vigie.web import authorization
from vigie.web.pages.layout import translator
from vigie.web.services import current_services

page = Blueprint("watches", __name__)
_MAX_FILES = 10


@page.get("/settings/watches")
@authorization.needs("viewer")
def show() -> str:
    """List the watches with their last files, and the form of a new one."""
    service, like = current_services().watches, request.args.get("like", "")[:40]
    listed = [(one, service.files(g.user, one.id, limit=_MAX_FILES)) for one in service.list_for(g.user)]
    return _render("watches", watches=listed, like=like)


@page.post("/settings/watches")
@authorization.needs("analyst")
def add() -> Response:
    """Add a watch."""
    form = request.form
    current_services().watches.add(
        g.user,
        form.get("source", ""),
        name=form.get("name", ""),
        pattern=form.get("pattern", "") or "*",
        cron=form.get("cron", ""),
        timezone=form.get("timezone", "") or "UTC",
        like=form.get("like", ""),
        max_fraud_share=_percentage(form.get("max_fraud_share", "")),
        write_back="write_back" in form,
        new_only="new_only" in form,
    )
    flash(translator()("settings.saved"))
    return redirect(url_for("watches.show"), 303)


@page.post("/settings/watches/<watch_id>")
@authorization.needs("analyst")
def change(watch_id: str) -> Response:
    """Look at once, pause, resume or remove a watch."""
    service, action = current_services().watches, request.form.get("do", "")
    if action == "look":
        service.look(g.user, watch_id)
    elif action == "remove":
        service.remove(g.user, watch_id)
    else:
        service.set_active(g.user, watch_id, action == "resume")
    return redirect(url_for("watches.show"), 303)


@page.get("/settings/notices")
@authorization.needs("viewer")
def notices() -> str:
    """Show when which notices are sent, and the webhooks."""
    return _notices()


@page.post("/settings/notices")
@authorization.needs("viewer")
def choose() -> Response:
    """Choose when which notices are sent, to the caller or to the team."""
    form, service = request.form, current_services().notices
    chosen = {kind: form[kind] for kind in KINDS if form.get(kind)}
    if form.get("whose") == "team":
        service.set_team_choices(g.user, chosen)
    else:
        service.set_choices(g.user, chosen)
    flash(translator()("settings.saved"))
    return redirect(url_for("watches.notices"), 303)


@page.post("/settings/webhooks")
@authorization.needs("analyst")
def add_webhook() -> Response:
    """Add a webhook; only this page shows its key."""
    form = request.form
    added = current_services().notices.add_webhook(
        g.user, form.get("url", ""), form.getlist("kinds"), team="team" in form
    )
    return make_response(_notices(added.url, added.secret))


@page.post("/settings/webhooks/<webhook_id>/remove")
@authorization.needs("analyst")
def remove_webhook(webhook_id: str) -> Response:
    """Remove a webhook."""
    current_services().notices.remove_webhook(g.user, webhook_id)
    return redirect(url_for("watches.notices"), 303)


def _notices(created: str = "", secret: str = "") -> str:
    service = current_services().notices
    listed = [(one, service.attempts(g.user, one.id)[:1]) for one in service.list_webhooks(g.user)]
    return _render(
        "notices",
        kinds=KINDS,
        times=TIMES,
        mine=service.choices(g.user),
        team=service.team_choices(g.user),
        webhooks=listed,
        created=created,
        secret=secret,
        mail=bool(current_services().web.smtp_host),
    )


def _percentage(text: str) -> float | None:
    """Read a percentage as a share; None where the field is empty."""
    text = text.strip().replace(",", ".")
    if not text:
        return None
    try:
        share = float(text) / 100
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise UsageRefused(msg("found {share!r}, expected a percentage between 0 and 100", share=text[:20]))
    return share


def _render(part: str, **values: object) -> str:
    return render_template(f"settings/{part}.html", tab="settings", part=part, **values)
