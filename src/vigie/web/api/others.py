"""Live rows, models, trainings, tokens, who am I."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, cast

from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, g, jsonify

from vigie.app.tokens import SCOPES
from vigie.catalog import ModelVersion
from vigie.errors import NotAllowed
from vigie.web import authorization
from vigie.web.api import schemas, schemas_live
from vigie.web.api.idempotency import once
from vigie.web.services import current_services

others = APIBlueprint("api", __name__, url_prefix="/api/v1", tag="Live rows, models, tokens")
_DESCRIBING = threading.Lock()


@others.get("/openapi.json")
@authorization.public
@others.doc(hide=True)
def openapi() -> Response:
    """What all of this is, for machines; made of the code, once."""
    app = cast(APIFlask, current_app)
    with _DESCRIBING, warnings.catch_warnings():
        # A schema that is nested in one answer and is another by itself is told of twice; both are the same.
        warnings.filterwarnings("ignore", message=".*has already been added to the spec")
        return jsonify(app.spec)


@others.get("/me")
@authorization.needs("viewer")
@others.output(schemas.MeOut)
def me() -> dict[str, Any]:
    """Get who the caller is, and what this installation allows."""
    web, user = current_services().web, g.user
    return {
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "team": user.team,
        "scopes": list(g.token.scopes) if g.token else None,
        "max_upload_bytes": web.max_upload_bytes,
        "part_bytes": web.part_bytes,
        "retention_days": web.retention_days,
    }


@others.get("/models")
@authorization.needs("viewer")
@others.output(schemas.ModelsOut)
def models() -> dict[str, Any]:
    """List the catalog."""
    return {"models": [_brief(entry) for entry in current_services().models(g.user)]}


@others.get("/models/<string:name>")
@authorization.needs("viewer")
@others.input(schemas.VersionQuery, location="query")
@others.output(schemas.ModelCardOut)
def model(name: str, query_data: dict[str, Any]) -> dict[str, Any]:
    """Get a reference model with all that is told of it."""
    entry = current_services().model(g.user, name, query_data.get("version"))
    return _brief(entry) | {
        "roles": dict(entry.roles),
        "typologies": list(entry.profile.get("typologies", [])),
        "provenance": dict(entry.provenance),
        "manifest_sha256": entry.manifest_sha256,
    }


@others.post("/score")
@authorization.needs("analyst")
@others.input(schemas_live.ScoreIn)
@others.output(schemas_live.ScoreOut)
def score(json_data: dict[str, Any]) -> dict[str, Any]:
    """Score live rows as the table of a finished prediction would."""
    asked = json_data
    return {
        "rows": current_services().score_live(g.user, asked["prediction_id"], asked["rows"], asked["last"])
    }


@others.post("/trainings")
@authorization.needs("analyst")
@once
@others.input(schemas.TrainingIn)
@others.output(schemas.RunOut, status_code=202)
def start_training(json_data: dict[str, Any]) -> Any:
    """Ask for a model, from an upload with labels."""
    return current_services().start_train(g.user, json_data.pop("upload_id"), **json_data)


@others.get("/trainings/<string:run_id>")
@authorization.needs("viewer")
@others.output(schemas.RunOut)
def training(run_id: str) -> Any:
    """Get a training: how far it is, and what came out."""
    return current_services().run(g.user, run_id)


@others.get("/tokens")
@authorization.needs("viewer")
@others.output(schemas.TokensOut)
def tokens() -> dict[str, Any]:
    """List one's own tokens."""
    return {"tokens": current_services().tokens(g.user)}


@others.post("/tokens")
@authorization.needs("analyst")
@others.input(schemas.TokenIn)
@others.output(schemas.NewTokenOut, status_code=201)
def create_token(json_data: dict[str, Any]) -> dict[str, Any]:
    """Make a token; its secret is in this answer and nowhere else."""
    if g.token is not None and _most(json_data["scopes"]) > _most(g.token.scopes):
        raise NotAllowed("make a token that may do more than the one you use", needed="your own session")
    made, secret = current_services().create_token(g.user, **json_data)
    return asdict(made) | {"secret": secret}


@others.delete("/tokens/<string:token_id>")
@authorization.needs("analyst")
@others.output({}, status_code=204)
def revoke_token(token_id: str) -> str:
    """End a token of one's own; may be repeated."""
    current_services().revoke_token(g.user, token_id)
    return ""


def _most(scopes: Iterable[str]) -> int:
    return max(SCOPES.index(scope) for scope in scopes)


def _brief(entry: ModelVersion) -> dict[str, Any]:
    return {
        "name": entry.name,
        "version": entry.version,
        "domain": entry.domain,
        "active": entry.active,
        "cached": current_services().cached(entry),
        "size": entry.size,
        "storage_type": entry.storage.storage_type,
        "columns": len(entry.columns),
        "performance": dict(entry.performance),
        "created_at": entry.created_at,
    }
