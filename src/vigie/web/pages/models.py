"""Pages of the reference models, and training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vigie.catalog import ModelVersion
from vigie.starter_models import registry
from vigie.web import authorization
from vigie.web.pages.check import label_choices
from vigie.web.pages.layout import may, translator
from vigie.web.security import SANDBOX
from vigie.web.services import current_services

page = Blueprint("models", __name__)
_MAX_ROLES = 16


@page.get("/models")
@authorization.needs("viewer")
def catalog() -> str:
    """List the models, filtered by name and domain."""
    services, t, args = current_services(), translator(), request.args
    query, domain, show_all = args.get("q", "").strip()[:100], args.get("domain", ""), bool(args.get("all"))
    known = services.models.list_all(g.user)
    listed = [entry for entry in known if entry.active or show_all]
    domains = {entry.domain for entry in listed if entry.domain}
    found = [one for one in listed if domain in {"", one.domain} and query.lower() in one.name.lower()]
    described = _describe_all(found)
    uploads = services.uploads.list_for(g.user) if may("analyst") else []
    ready = [upload for upload in uploads if upload.state == "ready"]
    return render_template(
        "models.html",
        tab="models",
        models=described,
        groups=_groups(described),
        show_all=show_all,
        inactive=sum(not entry.active for entry in known),
        domains=sorted(domains, key=lambda name: t.name("domain", name)),
        domain=domain,
        query=query,
        uploads=ready,
        label_choices=label_choices,
        migrations=services.models.list_migrations(g.user) if may("admin") else None,
    )


@page.get("/models/<name>")
@authorization.needs("viewer")
def show(name: str) -> str:
    """Show one model, or compare it with another."""
    models, against = current_services().models, request.args.get("against")
    entries = [models.find(g.user, name, request.args.get("version"))]
    if against:
        entries.append(models.find(g.user, against))
    others = {entry.name for entry in models.list_all(g.user) if entry.active} - {name}
    return render_template(
        "model.html",
        tab="models",
        models=_describe_all(entries),
        others=sorted(others),
        against=against,
    )


@page.get("/models/<name>/card")
@authorization.needs("viewer")
def card(name: str) -> Response:
    """Show the card that training wrote, in a sandbox: it holds texts from a user's table."""
    html = current_services().models.card(g.user, name, request.args.get("version"))
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


@page.post("/models/<name>/switch")
@authorization.needs("admin")
def set_active(name: str) -> Response:
    """Activate or deactivate a model."""
    active = request.form.get("active") == "yes"
    current_services().models.set_active(g.user, name, request.form.get("version") or None, active)
    flash(translator()("models.switched_on" if active else "models.switched_off", name=name))
    return redirect(url_for("models.show", name=name), 303)


@page.post("/models")
@authorization.needs("analyst")
def train() -> Response:
    """Train a model on an upload with labels."""
    upload, label, name = (request.form.get(field, "").strip() for field in ("upload", "label", "name"))
    run = current_services().predictions.train(g.user, upload, label=label, name=name)
    return redirect(url_for("progress.show", run_id=run.id), 303)


def _describe_all(entries: Sequence[ModelVersion]) -> list[dict[str, Any]]:
    cached = current_services().models.cached(entries)
    return [describe(entry, cached=entry.label in cached) for entry in entries]


def _groups(described: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Return the users' own models first, then those that come with Vigie by domain: heading and models."""
    t = translator()
    own = [model for model in described if not model["starter"]]
    domains: dict[str, list[Mapping[str, Any]]] = {}
    for model in described:
        if model["starter"]:
            domains.setdefault(t.name("domain", model["entry"].domain), []).append(model)
    return [(t("models.yours"), own)] * bool(own) + sorted(domains.items())


def describe(entry: ModelVersion, *, cached: bool) -> dict[str, Any]:
    """Return what the pages show of a model."""
    t, storage = translator(), entry.storage
    view = entry.name.rpartition("_")[2]
    starter = storage.storage_type == "local" and Path(storage.bucket) == registry.MODELS.resolve()
    return {
        "entry": entry,
        "own": _measures(entry.performance, "own"),
        "other": _measures(entry.performance, "other"),
        "transferable": _measures(entry.performance, "transferable"),
        "declared": entry.performance.get("source") == "declared",
        "starter": starter,
        "cached": cached,
        "title": t(f"models.view_{view}") if starter and t.has(f"models.view_{view}") else entry.name,
        "line": t(f"models.view_{view}_text") if starter and t.has(f"models.view_{view}_text") else "",
        "where": "" if starter else f"{storage.bucket}/{storage.prefix}",
        "typologies": [t.name("fraud", str(name)) for name in entry.profile.get("typologies", [])],
        "roles": sorted(entry.roles.items(), key=lambda pair: -pair[1])[:_MAX_ROLES],
        "card": bool(entry.provenance.get("card")),
        "origin": {key: value for key, value in entry.provenance.items() if isinstance(value, str)},
    }


def _measures(performance: Mapping[str, Any], part: str) -> dict[str, Any] | None:
    """Return the measures of one part; an imported model has only declared ones, without parts."""
    found = performance.get(part, performance if part == "own" else None)
    return dict(found) if found and isinstance(found.get("roc_auc"), float) else None
