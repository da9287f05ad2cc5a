"""The queue of cases, and the page of one case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vigie.app.cases import CaseEvent
from vigie.app.cases.changes import Change
from vigie.app.cases.queries import CaseQuery
from vigie.app.cases.tables import DECIDED, STATUSES, UNDECIDED, WAITING
from vigie.errors import ChangedMeanwhile, UsageRefused
from vigie.web import authorization
from vigie.web.pages import charts, network_picture
from vigie.web.pages.layout import may, translator
from vigie.web.request_values import whole_number
from vigie.web.services import current_services
from vigie.web.services.cases import VIEWS

page = Blueprint("cases", __name__)

PAGE_SIZE = 50
_FILTERS = ("view", "status", "kind", "currency", "q")


@page.get("/cases")
@authorization.needs("viewer")
def queue() -> str:
    """List the cases, the largest expected loss first."""
    services, query = current_services(), case_query()
    search = request.args.get("q", "").strip()[:200]
    found, total = services.cases.list_cases(g.user, query, search)
    return render_template(
        "cases.html",
        tab="cases",
        found=found,
        total=total,
        query=query,
        search=search,
        size=PAGE_SIZE,
        currencies=services.cases.currencies(g.user),
        counts=services.cases.count_by_view(g.user),
        gathering=services.cases.gathering(g.user),
        filters=filters(),
        views=VIEWS,
        statuses=STATUSES,
        now=datetime.now(UTC),
        day=day,
    )


@page.get("/cases/<case_id>")
@authorization.needs("viewer")
def show(case_id: str) -> str | Response:
    """Show a case; one that was merged leads to the other."""
    services = current_services()
    found = services.cases.open(g.user, case_id)
    if found.case.merged_into:
        return redirect(url_for("cases.show", case_id=found.case.merged_into, **filters()))
    alerts = services.cases.alerts(g.user, case_id)
    works = may("analyst") and not found.case.decided
    return render_template(
        "case.html",
        tab="cases",
        found=found,
        case=found.case,
        alerts=alerts,
        reasons=services.case_files.reasons(g.user, alerts, translator()),
        splits=works and len(alerts) > 1,
        mergeable=services.cases.mergeable(g.user, found.case) if works else [],
        event_text=event_text,
        events=services.cases.events(g.user, case_id),
        others=services.cases.others(g.user, found.case, alerts),
        between=services.case_files.parties(g.user, alerts),
        colleagues=services.cases.colleagues(g.user, found.case),
        around=_surroundings(case_id) if request.args.get("around") else None,
        next_id=services.cases.next_after(g.user, found.case, case_query()),
        filters=filters(),
        now=datetime.now(UTC),
        day=day,
    )


@page.get("/cases/<case_id>/surroundings")
@authorization.needs("viewer")
def surroundings(case_id: str) -> str:
    """Return the other rows of the entities of a case and the network, for the script of its page."""
    return render_template("_surroundings.html", **_surroundings(case_id))


@page.post("/cases/<case_id>")
@authorization.needs("analyst")
def change(case_id: str) -> Response:
    """Decide a case and open the next one of the queue, or change its status, assignee or due date."""
    services, form = current_services(), request.form
    query = case_query()
    case = services.cases.find(g.user, case_id).case
    next_id = services.cases.next_after(g.user, case, query)
    wanted = form.get("status") or None
    changed = Change(
        status=wanted,
        assignee=_assignee(form),
        due=_day(form.get("due", "")),
        clear_due="due" in form and not form["due"].strip(),
        note=form.get("note", ""),
    )
    try:
        services.cases.change(g.user, case_id, _version(form), changed)
    except ChangedMeanwhile as error:
        flash(" ".join(f"{text}." for text in error.translated(translator().language)), "error")
        return redirect(url_for("cases.show", case_id=case_id, **filters()), 303)
    moves_on = wanted in {*DECIDED, WAITING}
    flash(translator()(f"cases.done_{wanted}" if moves_on else "cases.saved"))
    if moves_on and next_id is None:
        return redirect(url_for("cases.queue", **filters()), 303)
    target = next_id if moves_on and next_id is not None else case_id
    return redirect(url_for("cases.show", case_id=target, **filters()), 303)


@page.post("/cases/<case_id>/notes")
@authorization.needs("analyst")
def add_note(case_id: str) -> Response:
    """Add a note."""
    current_services().cases.add_note(g.user, case_id, request.form.get("note", ""))
    return redirect(url_for("cases.show", case_id=case_id, _anchor="history", **filters()), 303)


@page.post("/cases/<case_id>/merge")
@authorization.needs("analyst")
def merge(case_id: str) -> Response:
    """Merge another case into this one; the form has its id and version in one field."""
    services = current_services()
    services.cases.find(g.user, case_id)  # before the form: a stranger's case is not there, whatever was sent
    other, _, version = request.form.get("other", "").partition(":")
    services.cases.merge(g.user, case_id, _version(request.form), other, _number(version))
    flash(translator()("cases.merged"))
    return redirect(url_for("cases.show", case_id=case_id, **filters()), 303)


@page.post("/cases/<case_id>/split")
@authorization.needs("analyst")
def split(case_id: str) -> Response:
    """Move the chosen alerts into a new case and open it."""
    services = current_services()
    services.cases.find(g.user, case_id)
    chosen = [text.rpartition(":") for text in request.form.getlist("alert")]
    alerts = [(upload_id, _number(row) - 1) for upload_id, _, row in chosen]
    new = services.cases.split(g.user, case_id, _version(request.form), alerts)
    flash(translator()("cases.split_done"))
    return redirect(url_for("cases.show", case_id=new.id, **filters()), 303)


def _surroundings(case_id: str) -> dict[str, Any]:
    services, t = current_services(), translator()
    case = services.cases.find(g.user, case_id).case
    found = services.case_files.surroundings(g.user, case)
    return {
        "around": found,
        "case": case,
        "picture": network_picture.draw(found.network, t) if found.network.edges else None,
        "month_name": lambda start: f"{t.catalogue.format.months[start.month - 1]} {start.year}",
        "most": max((month.rows for month in found.months), default=0),
        "bar": charts.bar,
    }


def case_query() -> CaseQuery:
    """Return the queue that the address of the request selects."""
    args = request.args
    status = args.get("status", "")
    return CaseQuery(
        view=args.get("view") or "all",
        statuses=(status,) if status else UNDECIDED,
        kind=args.get("kind", ""),
        currency=args.get("currency", "")[:16],
        page=max(1, args.get("page", default=1, type=whole_number)),
        size=PAGE_SIZE,
    )


def filters() -> dict[str, Any]:
    """Return the parameters of the address that select a queue, to keep them from page to page."""
    return {name: request.args[name] for name in _FILTERS if request.args.get(name)}


def day(due: date) -> str:
    """Write a day."""
    return translator().date(datetime(due.year, due.month, due.day, tzinfo=UTC))


def event_text(event: CaseEvent) -> str:
    """Write what a line of the history says."""
    t, detail = translator(), event.detail
    if event.action == "status":
        return t(
            "cases.event_status", before=t(f"cases.{detail['before']}"), after=t(f"cases.{detail['after']}")
        )
    if event.action == "assignee":
        return t("cases.event_assignee", name=detail["name"]) if detail["name"] else t("cases.event_nobody")
    if event.action == "due":
        due = detail["day"] and date.fromisoformat(detail["day"])
        return t("cases.event_due", day=day(due)) if due else t("cases.event_no_due")
    if event.action in {"merged", "split"}:
        side = "into" if "into" in detail else "from"
        return t(f"cases.event_{event.action}_{side}", n=int(detail["alerts"]))
    return t(f"cases.event_{event.action}", n=abs(int(detail["alerts"])))


def _assignee(form: Mapping[str, Any]) -> int | None:
    if form.get("assignee") == "me":
        return int(g.user.id)
    return _number(form["assignee"]) if form.get("assignee") else None


def _version(form: Mapping[str, Any]) -> int:
    return _number(form.get("version", ""))


def _number(text: str) -> int:
    try:
        return whole_number(text)
    except ValueError:
        raise UsageRefused("the form is incomplete", hint="reload the page and try again") from None


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UsageRefused("found no date, expected one such as 2026-03-01") from None
