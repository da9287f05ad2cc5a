"""Reference models and trainings."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from apiflask import APIBlueprint
from flask import g

from vigie.app import Run
from vigie.catalog import ModelVersion
from vigie.web import authorization
from vigie.web.api import schemas
from vigie.web.api.idempotency import idempotent
from vigie.web.services import current_services

blueprint = APIBlueprint("api_models", __name__, url_prefix="/api/v1", tag="Models")


@blueprint.get("/models")
@authorization.needs("viewer")
@blueprint.output(schemas.ModelsOut)
def list_models() -> dict[str, Any]:
    """List the reference models."""
    models = current_services().models
    entries = models.list_all(g.user)
    cached = models.cached(entries)
    return {"models": [_brief(entry, cached) for entry in entries]}


@blueprint.get("/models/<string:name>")
@authorization.needs("viewer")
@blueprint.input(schemas.VersionQuery, location="query")
@blueprint.output(schemas.ModelCardOut)
def get_model(name: str, query_data: dict[str, Any]) -> dict[str, Any]:
    """Get a reference model with roles, typologies and provenance."""
    entry = current_services().models.find(g.user, name, query_data.get("version"))
    return _brief(entry, current_services().models.cached([entry])) | {
        "roles": dict(entry.roles),
        "typologies": list(entry.profile.get("typologies", [])),
        "provenance": dict(entry.provenance),
        "manifest_sha256": entry.manifest_sha256,
    }


@blueprint.post("/trainings")
@authorization.needs("analyst")
@idempotent
@blueprint.input(schemas.TrainingIn)
@blueprint.output(schemas.RunOut, status_code=202)
def start_training(json_data: dict[str, Any]) -> Run:
    """Train a model on an upload with labels."""
    return current_services().predictions.train(g.user, json_data.pop("upload_id"), **json_data)


@blueprint.get("/trainings/<string:run_id>")
@authorization.needs("viewer")
@blueprint.output(schemas.RunOut)
def get_training(run_id: str) -> Run:
    """Get a training: its progress, and its summary once it is done."""
    return current_services().predictions.find(g.user, run_id)


def _brief(entry: ModelVersion, cached: Collection[str]) -> dict[str, Any]:
    return {
        "name": entry.name,
        "version": entry.version,
        "domain": entry.domain,
        "active": entry.active,
        "cached": entry.label in cached,
        "size": entry.size,
        "storage_type": entry.storage.storage_type,
        "columns": len(entry.columns),
        "performance": dict(entry.performance),
        "created_at": entry.created_at,
    }
