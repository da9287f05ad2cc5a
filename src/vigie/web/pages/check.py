"""The second page: what Vigie understood of the columns, for the person to correct, and how well models fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vigie.i18n.translator import Translator
from vigie.roles.definitions import ROLES
from vigie.web import authorization
from vigie.web.pages.layout import words
from vigie.web.services import current_services

page = Blueprint("check", __name__)

SURE, LIKELY = 0.9, 0.7
SAMPLES = 3
PREVIEW = 8
CHOSEN = "chosen by the user"
_GROUPS = {
    "who": "customer account card counterparty device ip email phone user_agent address person_name birth age",
    "what": "amount amount_usual amount_ratio limit income balance_before balance_after counter_balance_before "
    "counter_balance_after currency",
    "when": "time hour weekday day month year opened account_age velocity",
    "where": "country region city zip latitude longitude counter_country counter_city counter_latitude "
    "counter_longitude distance",
    "how": "channel category flag risk_signal trust_signal number",
}


@page.get("/uploads/<upload_id>")
@authorization.needs("viewer")
def show(upload_id: str) -> str:
    """Being read, refused, or ready to be checked."""
    upload = current_services().uploads.find(g.user, upload_id)
    if upload.state == "refused":
        return render_template("refused.html", tab="upload", upload=upload)
    if upload.state != "ready" or upload.inspection is None:
        return render_template("reading.html", tab="upload", upload=upload)
    head = current_services().uploads.head(g.user, upload_id)
    said = words()
    return render_template(
        "check.html",
        tab="upload",
        upload=upload,
        inspection=upload.inspection,
        columns=[_column(role, head, said) for role in upload.inspection["roles"]],
        groups=_groups(said),
        head={"columns": head["columns"], "rows": head["rows"][:PREVIEW]},
        runs=[
            run
            for run in current_services().predictions.list_for(g.user, upload_id=upload_id)
            if run.kind in {"score", "refine"}
        ],
    )


@page.post("/uploads/<upload_id>")
@authorization.needs("analyst")
def go(upload_id: str) -> Response:
    """Takes the corrections, then checks again or scores."""
    upload = current_services().uploads.find(g.user, upload_id)
    roles = (upload.inspection or {}).get("roles", [])
    chosen = {**upload.mapping, **_corrections(roles)}
    if chosen != dict(upload.mapping):
        current_services().uploads.set_mapping(g.user, upload_id, chosen)
    if request.form.get("do") == "again":
        return redirect(url_for("check.show", upload_id=upload_id), 303)
    try:
        budget, rate = _number("budget"), _number("rate")
    except ValueError as problem:
        flash(words()("check.bad_number", value=str(problem)), "error")
        return redirect(url_for("check.show", upload_id=upload_id), 303)
    run = current_services().predictions.score(
        g.user,
        upload_id,
        budget=None if budget is None else round(budget),
        fraud_rate=None if rate is None else rate / 100,
        language=words().language,
    )
    return redirect(url_for("progress.show", run_id=run.id), 303)


@page.post("/uploads/<upload_id>/delete")
@authorization.needs("analyst")
def delete(upload_id: str) -> Response:
    """Deletes an upload with its results."""
    current_services().uploads.delete(g.user, upload_id)
    flash(words()("history.deleted"))
    return redirect(url_for("history.files"), 303)


def _corrections(roles: list[dict[str, Any]]) -> dict[str, str]:
    """Column -> role where the form differs from what Vigie found; fields are numbered, names may hold anything."""
    asked = ((item, request.form.get(f"role{i}")) for i, item in enumerate(roles))
    return {item["column"]: role for item, role in asked if role in ROLES and role != item["role"]}


def _number(field: str) -> float | None:
    """A number as people write it: with a decimal comma, spaces or a percent sign."""
    text = request.form.get(field, "").strip()
    plain = text.translate({ord(c): None for c in " \u00a0\u202f%"}).replace(",", ".")
    if not plain:
        return None
    try:
        value = float(plain)
    except ValueError:
        value = -1.0
    if (
        not 0 < value < float("inf")
        or (field == "rate" and value >= 100)
        or (field == "budget" and value < 1)
    ):
        raise ValueError(text[:20])
    return value


def _column(role: Mapping[str, Any], head: Mapping[str, Any], said: Translator) -> dict[str, Any]:
    """One line of the table of meanings."""
    at = head["columns"].index(role["column"]) if role["column"] in head["columns"] else None
    cells = [] if at is None else [row[at] for row in head["rows"]]
    chosen = CHOSEN in role["evidence"]
    confidence = float(role["confidence"])
    return {
        "name": role["column"],
        "role": role["role"],
        "samples": list(dict.fromkeys(cell for cell in cells if cell))[:SAMPLES],
        "sure": "yours"
        if chosen
        else "sure" if confidence >= SURE else "likely" if confidence >= LIKELY else "guess",
        "dots": 3 if chosen or confidence >= SURE else 2 if confidence >= LIKELY else 1,
        "why": said.role_reasons(role["evidence"]),
    }  # fmt: skip


def _groups(said: Translator) -> list[tuple[str, list[tuple[str, str]]]]:
    """The roles of the select boxes, by the question that they answer."""
    named = {name: said.name("role", name) for name in ROLES}
    grouped = [(said(f"check.group_{key}"), names.split()) for key, names in _GROUPS.items()]
    used = {name for _, names in grouped for name in names}
    grouped.append((said("check.group_other"), [name for name in ROLES if name not in used]))
    return [(title, [(name, named[name]) for name in names]) for title, names in grouped]
