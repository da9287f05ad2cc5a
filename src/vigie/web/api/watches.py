"""Watches."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import g

from vigie.app.watches import Watch
from vigie.web import authorization
from vigie.web.api import schemas
from vigie.web.api.idempotency import idempotent
from vigie.web.services import current_services

blueprint = APIBlueprint("api_watches", __name__, url_prefix="/api/v1/watches", tag="Watches")


@blueprint.get("")
@authorization.needs("viewer")
@blueprint.output(schemas.WatchesOut)
def list_watches() -> dict[str, Any]:
    """List watches by name."""
    return {"watches": current_services().watches.list_for(g.user)}


@blueprint.post("")
@authorization.needs("analyst")
@idempotent
@blueprint.input(schemas.WatchIn)
@blueprint.output(schemas.WatchOut, status_code=201)
def add_watch(json_data: dict[str, Any]) -> Watch:
    """Add a watch: new files of its source are scored by a worker."""
    return current_services().watches.add(g.user, json_data.pop("source"), **json_data)


@blueprint.get("/<string:watch_id>")
@authorization.needs("viewer")
@blueprint.output(schemas.WatchOut)
def get_watch(watch_id: str) -> Watch:
    """Get a watch."""
    return current_services().watches.find(g.user, watch_id)


@blueprint.get("/<string:watch_id>/files")
@authorization.needs("viewer")
@blueprint.output(schemas.WatchedFilesOut)
def list_files(watch_id: str) -> dict[str, Any]:
    """List the files that a watch found, newest first."""
    return {"files": current_services().watches.files(g.user, watch_id)}


@blueprint.put("/<string:watch_id>/active")
@authorization.needs("analyst")
@blueprint.input(schemas.ActiveIn)
@blueprint.output(schemas.WatchOut)
def set_active(watch_id: str, json_data: dict[str, Any]) -> Watch:
    """Pause a watch, or resume it."""
    return current_services().watches.set_active(g.user, watch_id, json_data["active"])


@blueprint.post("/<string:watch_id>/look")
@authorization.needs("analyst")
@blueprint.output(schemas.WatchOut, status_code=202)
def look(watch_id: str) -> Watch:
    """Let a worker look at once."""
    return current_services().watches.look(g.user, watch_id)


@blueprint.delete("/<string:watch_id>")
@authorization.needs("analyst")
@blueprint.output({}, status_code=204)
def remove_watch(watch_id: str) -> str:
    """Remove a watch; files, uploads and results stay."""
    current_services().watches.remove(g.user, watch_id)
    return ""
