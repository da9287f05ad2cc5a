"""Alert rules: made from a row, tried, listed, switched on and off."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from vigie.errors import UsageRefused, VigieError
from vigie.i18n.translator import Translator
from vigie.rules import ACTIONS, Rule, wording
from vigie.rules.rule import HIDE, is_date
from vigie.web import authorization
from vigie.web.pages import row_filters
from vigie.web.pages.layout import translator
from vigie.web.pages.results import budget_of
from vigie.web.request_values import whole_number
from vigie.web.services import current_services
from vigie.web.services.rules import Draft

page = Blueprint("rules", __name__)

_LIFETIME = timedelta(days=365)
"""How long a new rule applies unless the form says otherwise."""
_FIELDS = ("action", "column", "value", "least", "most", "new", "days", "from", "to", "expires", "comment")


@page.get("/rules")
@authorization.needs("viewer")
def list_rules() -> str:
    """List the rules, newest first."""
    services = current_services().rules
    return render_template(
        "rules.html",
        tab="history",
        rules=services.list_for(g.user),
        effects=services.newest_effects(g.user),
        wording=wording,
        today=datetime.now(UTC).date(),
    )


@page.get("/rules/export")
@authorization.needs("viewer")
def export() -> Response:
    """Download the rules that are on, for the command line."""
    response = Response(current_services().rules.export(g.user), content_type="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="vigie-rules.json"'
    return response


@page.get("/runs/<run_id>/rows/<int:row>/rule")
@authorization.needs("analyst")
def new(run_id: str, row: int) -> str:
    """Show the form of a new rule with what a row, numbered from 1, proposes, and what it would do."""
    draft = current_services().rules.draft(g.user, run_id, row - 1)
    action = request.args.get("action", HIDE)
    values = dict.fromkeys(_FIELDS, "") | {
        "action": action if action in ACTIONS else HIDE,
        "column": draft.column,
        "value": (draft.cells.get(draft.column) or "").strip()[:500],
        "expires": (datetime.now(UTC).date() + _LIFETIME).isoformat(),
    }
    return _form(draft, values)


@page.post("/runs/<run_id>/rows/<int:row>/rule")
@authorization.needs("analyst")
def make(run_id: str, row: int) -> AnyResponse | str:
    """Try a rule, or store it and return to the result."""
    services, t = current_services().rules, translator()
    draft = services.draft(g.user, run_id, row - 1)
    values = {name: request.form.get(name, "").strip()[:2000] for name in _FIELDS}
    state = {"apply": "on", "shadow": "shadow"}.get(request.form.get("do", ""))
    if state is None:
        return _form(draft, values)
    try:
        rule = _read(draft, values, t)
        stored = services.add(g.user, run_id, rule, state=state, comment=values["comment"])
    except VigieError as error:
        return _form(draft, values, error)
    flash(
        t(
            "rules.made" if state == "on" else "rules.made_shadow",
            number=str(stored.id),
            text=t.message(wording.rule_text(rule)),
        )
    )
    return redirect(url_for("progress.show", run_id=run_id, _anchor="rules"), 303)


@page.post("/rules/<int:number>")
@authorization.needs("analyst")
def change(number: int) -> AnyResponse:
    """Switch a rule on or off, or into shadow, or set its last day."""
    services, action = current_services().rules, request.form.get("do", "")
    if action == "expiry":
        services.change(g.user, number, expires_on=_day(request.form.get("expires", "").strip()))
    else:
        services.change(g.user, number, state=action)
    flash(translator()("settings.saved"))
    return redirect(url_for("rules.list_rules"), 303)


@page.get("/runs/<run_id>/rules")
@authorization.needs("viewer")
def effects(run_id: str) -> str:
    """Return what rules do to the alerts of a result, for the script that changes the budget."""
    run = current_services().predictions.find_finished(g.user, run_id)
    budget = budget_of(run)
    alerts, found = current_services().rules.effects(g.user, run_id, budget)
    return render_template(
        "_rule_effects.html", run=run, budget=budget, alerts=alerts, rule_effects=found, wording=wording
    )


def _form(draft: Draft, values: dict[str, str], error: VigieError | None = None) -> str:
    services, t = current_services().rules, translator()
    rule: Rule | None = None
    try:
        rule = _read(draft, values, t)
        trials = services.try_out(g.user, draft.run.id, rule)
    except VigieError as refused:
        error, trials = refused, []
    return render_template(
        "rule.html",
        tab="history",
        draft=draft,
        values=values,
        rule=rule,
        trials=trials,
        wording=wording,
        actions=ACTIONS,
        problem=error and error.translated(t.language),
    )


def _read(draft: Draft, values: dict[str, str], t: Translator) -> Rule:
    """Return the rule that the form describes.

    Raises:
        UsageRefused: a field has no value of its kind, or no condition is given.
        UnknownColumn: the table has no such column.
    """
    conditions: list[dict[str, Any]] = []
    column, value = values["column"], values["value"]
    if value:
        conditions.append({"column": column, "operation": "like" if "*" in value else "is", "value": value})
    for name, operation in (("least", "at_least"), ("most", "at_most")):
        if values[name] and draft.amount:
            conditions.append(
                {"column": draft.amount, "operation": operation, "value": _number(values[name], t)}
            )
    if values["new"] and draft.counterpart:
        conditions.append({"column": draft.counterpart, "operation": "new"})
    if values["days"]:
        conditions.append({"column": column, "operation": "confirmed", "value": _days(values["days"])})
    for name, operation in (("from", "at_least"), ("to", "at_most")):
        if values[name] and draft.time:
            conditions.append({"column": draft.time, "operation": operation, "value": values[name]})
    return current_services().rules.build(
        g.user, draft.run.id, values["action"], conditions, _day(values["expires"])
    )


def _number(text: str, t: Translator) -> float:
    number = row_filters.number(text, t)
    if number is None:
        raise UsageRefused("found a bound of the amount that is no number, expected one such as 500000")
    return number


def _days(text: str) -> int:
    try:
        return whole_number(text)
    except ValueError:
        raise UsageRefused("found a number of days that is no whole number, expected 1 to 3,650") from None


def _day(text: str) -> date | None:
    if text and not is_date(text):
        raise UsageRefused("found a day that is no date, expected YYYY-MM-DD")
    return date.fromisoformat(text) if text else None
