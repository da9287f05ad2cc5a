"""Check page: roles of the columns, for the user to correct, and how well models match."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vigie.app import Upload
from vigie.errors import UsageRefused
from vigie.i18n.translator import Translator
from vigie.roles.definitions import ROLES
from vigie.table import ReadOptions
from vigie.table.reading import CSV_EXTENSIONS
from vigie.table.workbook_kind import WORKBOOK_EXTENSIONS
from vigie.web import authorization
from vigie.web.downloads import set_aside
from vigie.web.pages.layout import error_texts, translator
from vigie.web.request_values import MAX_WHOLE
from vigie.web.services import current_services

page = Blueprint("check", __name__)

SURE, LIKELY = 0.9, 0.7
"""Least confidence of a role that is called sure or likely."""
SAMPLE_CELLS = 3
PREVIEW_ROWS = 8
ENCODINGS = (
    *(
        "utf-8",
        "cp1252",
        "cp1250",
        "cp1251",
        "cp1253",
        "cp1254",
        "cp1255",
        "cp1256",
        "iso8859-1",
        "iso8859-15",
    ),
    *("cp850", "cp437", "cp852", "cp866", "koi8-r", "mac-roman", "gb18030", "big5", "shift_jis", "euc_kr"),
    *("utf-16-le", "utf-16-be"),
)
"""Encodings to choose from, by Python's names."""
SEPARATORS = (",", ";", "\t", "|")
_CHOSEN = "chosen by the user"
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
    """Show an upload: waiting for its inspection, refused, or inspected."""
    services, t = current_services(), translator()
    upload = services.uploads.find(g.user, upload_id)
    if upload.state == "refused":
        return render_template("refused.html", tab="upload", upload=upload, **_reading(upload))
    if upload.state != "ready" or upload.inspection is None:
        return render_template("inspecting.html", tab="upload", upload=upload)
    head = services.uploads.head(g.user, upload_id)
    runs = services.predictions.list_for(g.user, upload_id=upload_id)
    return render_template(
        "check.html",
        tab="upload",
        upload=upload,
        inspection=upload.inspection,
        columns=[_column(role, head, t) for role in upload.inspection["roles"]],
        groups=_role_groups(t),
        head={"columns": head["columns"], "rows": head["rows"][:PREVIEW_ROWS]},
        labels=upload.inspection.get("labels", []),
        label_choices=label_choices(upload.inspection),
        model_name=_model_name(upload.name),
        runs=[run for run in runs if run.kind in {"score", "refine"}],
        **_reading(upload),
    )


@page.post("/uploads/<upload_id>")
@authorization.needs("analyst")
def submit(upload_id: str) -> Response:
    """Save the corrected roles, then inspect the upload again or score it."""
    services, t = current_services(), translator()
    upload = services.uploads.find(g.user, upload_id)
    mapping = {**upload.mapping, **_corrections((upload.inspection or {}).get("roles", []))}
    if mapping != dict(upload.mapping):
        services.uploads.set_mapping(g.user, upload_id, mapping)
    if request.form.get("do") == "again":
        return redirect(url_for("check.show", upload_id=upload_id), 303)
    try:
        budget, rate = _number("budget", 1, MAX_WHOLE), _number("rate", 0, 100)
    except ValueError as error:
        flash(t("check.bad_number", value=str(error)), "error")
        return redirect(url_for("check.show", upload_id=upload_id), 303)
    run = services.predictions.score(
        g.user,
        upload_id,
        budget=None if budget is None else round(budget),
        fraud_rate=None if rate is None else rate / 100,
        language=t.language,
    )
    return redirect(url_for("progress.show", run_id=run.id), 303)


@page.post("/uploads/<upload_id>/read-options")
@authorization.needs("analyst")
def read_again(upload_id: str) -> Response:
    """Set how the file is read and inspect it again."""
    form, t = request.form, translator()
    requested: dict[str, Any] = {
        name: form.get(name, "").strip() for name in ("sheet", "encoding", "separator", "decimal")
    }
    line = form.get("header_row", "").strip()
    if line and not (line.isdecimal() and int(line) <= MAX_WHOLE):
        flash(t("check.bad_number", value=line[:20]), "error")
        return redirect(url_for("check.show", upload_id=upload_id), 303)
    requested |= {"header_row": int(line) if line else None, "strict": "strict" in form}
    try:
        options = ReadOptions.from_json(requested)
    except UsageRefused as error:
        message, hint = error_texts(error.to_json())
        flash(f"{message}. {hint}", "error")
        return redirect(url_for("check.show", upload_id=upload_id), 303)
    current_services().uploads.set_read_options(g.user, upload_id, options)
    return redirect(url_for("check.show", upload_id=upload_id), 303)


@page.get("/uploads/<upload_id>/set-aside")
@authorization.needs("viewer")
def download_set_aside(upload_id: str) -> Response:
    """Send the lines of the file that are not among its rows."""
    return set_aside(upload_id)


@page.post("/uploads/<upload_id>/delete")
@authorization.needs("analyst")
def delete(upload_id: str) -> Response:
    """Delete an upload and its results."""
    current_services().uploads.delete(g.user, upload_id)
    flash(translator()("history.deleted"))
    return redirect(url_for("history.list_files"), 303)


def _reading(upload: Upload) -> dict[str, Any]:
    """Return what the form of the read options shows: what was found in the file, and what was chosen."""
    read = (upload.inspection or {}).get("read") or {} if upload.state == "ready" else {}
    chosen = upload.read_options or {}
    sheets = [name for name in (read.get("sheet"), *read.get("other_sheets", ())) if name]
    if chosen.get("sheet") and chosen["sheet"] not in sheets:
        sheets.append(chosen["sheet"])
    kind = upload.extension.removesuffix(".gz")
    return {
        "read": read,
        "chosen": chosen,
        "sheets": sheets,
        "kind": "workbook" if kind in WORKBOOK_EXTENSIONS else "text" if kind in CSV_EXTENSIONS else "typed",
        "encodings": sorted({*ENCODINGS, *filter(None, [chosen.get("encoding")])}),
        "separators": list(dict.fromkeys([*SEPARATORS, *filter(None, [chosen.get("separator")])])),
    }


def _corrections(roles: list[dict[str, Any]]) -> dict[str, str]:
    """Return column -> role where the form differs; its fields are numbered, since columns may have any name."""
    sent = ((item, request.form.get(f"role{i}")) for i, item in enumerate(roles))
    return {item["column"]: role for item, role in sent if role in ROLES and role != item["role"]}


def _number(field: str, least: float, most: float) -> float | None:
    """Return a number with decimal point or comma, spaces or a percent sign; None for an empty field.

    Raises:
        ValueError: it is no number, or not in the range.
    """
    text = request.form.get(field, "").strip()
    plain = text.translate({ord(c): None for c in " \u00a0\u202f%"}).replace(",", ".")
    if not plain:
        return None
    try:
        value = float(plain)
    except ValueError:
        value = -1.0
    if not (least <= value < most and value > 0):
        raise ValueError(text[:20])
    return value


def _column(role: Mapping[str, Any], head: Mapping[str, Any], t: Translator) -> dict[str, Any]:
    """Return one row of the table of roles."""
    at = head["columns"].index(role["column"]) if role["column"] in head["columns"] else None
    cells = [] if at is None else [row[at] for row in head["rows"]]
    confidence = float(role["confidence"])
    sure, dots = (
        ("sure", 3) if confidence >= SURE else ("likely", 2) if confidence >= LIKELY else ("guess", 1)
    )
    if _CHOSEN in role["evidence"]:
        sure, dots = "yours", 3
    return {
        "name": role["column"],
        "role": role["role"],
        "samples": list(dict.fromkeys(cell for cell in cells if cell))[:SAMPLE_CELLS],
        "sure": sure,
        "dots": dots,
        "why": t.role_reasons(role["evidence"]),
    }


def label_choices(inspection: Mapping[str, Any] | None) -> list[str]:
    """Return the columns to choose the label from, those that look like labels first."""
    found = inspection or {}
    likely = found.get("labels", [])
    return [*likely, *(column for column in found.get("columns", []) if column not in likely)]


def _model_name(file: str) -> str:
    """Return a name for a model of a file: letters, digits and underscores."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", file.rsplit(".", 1)[0]).strip("_")[:60]


def _role_groups(t: Translator) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the groups of the select boxes: title, roles with their names."""
    groups = [(t(f"check.group_{key}"), names.split()) for key, names in _GROUPS.items()]
    grouped = {name for _, names in groups for name in names}
    groups.append((t("check.group_other"), [name for name in ROLES if name not in grouped]))
    return [(title, [(name, t.name("role", name)) for name in names]) for title, names in groups]
