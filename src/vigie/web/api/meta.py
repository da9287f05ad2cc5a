"""The OpenAPI document and the caller."""

from __future__ import annotations

import threading
import warnings
from typing import Any, cast

from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, g, jsonify

from vigie.web import authorization
from vigie.web.api import schemas
from vigie.web.services import current_services

blueprint = APIBlueprint("api_meta", __name__, url_prefix="/api/v1", tag="About")
_SPEC_LOCK = threading.Lock()


@blueprint.get("/openapi.json")
@authorization.public
@blueprint.doc(hide=True)
def openapi() -> Response:
    """Get the OpenAPI document, generated once."""
    app = cast(APIFlask, current_app)
    with _SPEC_LOCK, warnings.catch_warnings():
        # apispec warns of a schema that is used both nested and on its own; both definitions are equal.
        warnings.filterwarnings("ignore", message=".*has already been added to the spec")
        return jsonify(app.spec)


@blueprint.get("/me")
@authorization.needs("viewer")
@blueprint.output(schemas.MeOut)
def me() -> dict[str, Any]:
    """Get the caller's account and the limits of this installation."""
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
