"""The reference models: which there are, what each is worth, and how to train one's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vigie.catalog import ModelVersion
from vigie.starter_models import registry
from vigie.web import authorization
from vigie.web.pages.layout import may, words
from vigie.web.services import current_services

page = Blueprint("models", __name__)
_ROLES_SHOWN = 16


@page.get("/models")
@authorization.needs("viewer")
def catalog() -> str:
    """Every model, by the kind of payment."""
    said = words()
    query = request.args.get("q", "").strip()[:100]
    domain = request.args.get("domain", "")
    known = current_services().models.list_all(g.user)
    every = bool(request.args.get("all"))
    entries = [entry for entry in known if entry.active or every]
    domains = sorted(
        {entry.domain for entry in entries if entry.domain}, key=lambda name: said.name("domain", name)
    )
    wanted = [
        entry for entry in entries if domain in {"", entry.domain} and query.lower() in entry.name.lower()
    ]
    ready = (
        [upload for upload in current_services().uploads.list_for(g.user) if upload.state == "ready"]
        if may("analyst")
        else []
    )
    return render_template(
        "models.html",
        tab="models",
        models=[describe(entry) for entry in wanted],
        every=every,
        off=sum(not entry.active for entry in known),
        domains=domains,
        domain=domain,
        query=query,
        uploads=ready,
        columns=sorted({name for upload in ready for name in (upload.inspection or {}).get("columns", [])}),
        migrations=current_services().models.list_migrations(g.user) if may("admin") else None,
    )


@page.get("/models/<name>")
@authorization.needs("viewer")
def card(name: str) -> str:
    """One model, beside another where asked."""
    entry = current_services().models.find(g.user, name, request.args.get("version"))
    against = request.args.get("against")
    shown = [entry] + ([current_services().models.find(g.user, against)] if against else [])
    return render_template(
        "model.html",
        tab="models",
        models=[describe(one) for one in shown],
        others=sorted(
            {
                one.name
                for one in current_services().models.list_all(g.user)
                if one.active and one.name != name
            }
        ),
        against=against,
    )


@page.get("/models/<name>/card")
@authorization.needs("viewer")
def plots(name: str) -> Response:
    """The card that training wrote, with plots. Its words come from a user's table, so it may do nothing at all."""
    answer = Response(
        current_services().models.card(g.user, name, request.args.get("version")),
        content_type="text/html; charset=utf-8",
    )
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return answer


@page.post("/models/<name>/switch")
@authorization.needs("admin")
def switch(name: str) -> Response:
    """Lets a model be matched, or keeps it from it."""
    on = request.form.get("active") == "yes"
    current_services().models.set_active(g.user, name, request.form.get("version") or None, on)
    flash(words()("models.switched_on" if on else "models.switched_off", name=name))
    return redirect(url_for("models.card", name=name), 303)


@page.post("/models")
@authorization.needs("analyst")
def train() -> Response:
    """Trains a model from a labelled upload."""
    form = request.form
    run = current_services().predictions.train(
        g.user, form.get("upload", ""), label=form.get("label", "").strip(), name=form.get("name", "").strip()
    )
    return redirect(url_for("progress.show", run_id=run.id), 303)


def describe(entry: ModelVersion) -> dict[str, Any]:
    """What a reader sees of a model."""
    shipped = (
        entry.storage.storage_type == "local" and Path(entry.storage.bucket) == registry.MODELS.resolve()
    )
    return {
        "entry": entry,
        "own": _measured(entry.performance, "own"),
        "other": _measured(entry.performance, "other"),
        "transferable": _measured(entry.performance, "transferable"),
        "declared": entry.performance.get("source") == "declared",
        "shipped": shipped,
        "cached": current_services().models.is_cached(entry),
        "where": "" if shipped else f"{entry.storage.bucket}/{entry.storage.prefix}",
        "typologies": [_fraud(str(name)) for name in entry.profile.get("typologies", [])],
        "roles": sorted(entry.roles.items(), key=lambda pair: -pair[1])[:_ROLES_SHOWN],
        "card": bool(entry.provenance.get("card")),
        "origin": {key: value for key, value in entry.provenance.items() if isinstance(value, str)},
    }


def _fraud(name: str) -> str:
    """A kind of fraud as a reader says it."""
    said = words()
    return said(f"fraud.{name}") if said.has(f"fraud.{name}") else name.replace("_", " ")


def _measured(performance: Mapping[str, Any], part: str) -> dict[str, Any] | None:
    """ROC AUC and what else was measured; a model made elsewhere has only what its makers declare."""
    found = performance.get(part, performance if part == "own" else None)
    return dict(found) if found and isinstance(found.get("roc_auc"), float) else None
