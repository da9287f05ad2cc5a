"""Words of a notice in the language of its receiver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigie.app.notices import Notice
from vigie.errors import from_record
from vigie.i18n.one_line import one_line
from vigie.i18n.translator import Translator

_MAX_NAME = 120


def title(notice: Notice, t: Translator) -> str:
    """Return what happened, in one line."""
    return t(f"notice.{notice.kind}", **_values(notice, t))


def lines(notice: Notice, t: Translator) -> list[str]:
    """Return the details: counts, causes and what to do, one sentence each."""
    values, payload = _values(notice, t), notice.payload
    found = []
    if "rows" in payload:
        found.append(t("notice.counts", **values))
    if payload.get("error"):
        message, hint = (t.message(text) for text in from_record(payload["error"]))
        found += [part[:1].upper() + part[1:] + "." for part in (message, hint) if part]
    if notice.kind == "fraud_share":
        found.append(t("notice.above_limit", **values))
    if notice.kind == "drift":
        found += [t(f"notice.{name}", **values) for name in ("score_psi", "amount_psi") if name in payload]
    if "watch" in payload:
        found.append(t("notice.by_watch", **values))
    return found


def link(payload: Mapping[str, Any], public_url: str) -> str:
    """Return the address of the page of a notice; empty where the address of the app is not set."""
    run_id = payload.get("run_id")
    path = payload.get("path") or (f"/runs/{run_id}" if run_id else "/settings/watches")
    return f"{public_url}{path}" if public_url else ""


def _values(notice: Notice, t: Translator) -> dict[str, Any]:
    payload = notice.payload
    values = {
        name: one_line(str(payload.get(name, "")), _MAX_NAME)
        for name in ("file", "watch", "case", "by", "earlier")
    }
    for name in ("share", "limit"):
        values[name] = t.percent(float(payload[name])) if name in payload else ""
    for name in ("score_psi", "amount_psi", "psi_limit"):
        values[name] = t.decimal(float(payload[name])) if name in payload else ""
    return (
        values
        | {name: int(payload.get(name, 0)) for name in ("rows", "alerts")}
        | {"n": int(payload.get("alerts", 0))}
    )
