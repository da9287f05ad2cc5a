"""Uploads, whole or in parts."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, request

from vigie.app import Part, Upload
from vigie.errors import UsageRefused
from vigie.table import ReadOptions
from vigie.web import authorization
from vigie.web.api import schemas
from vigie.web.api.idempotency import idempotent
from vigie.web.downloads import set_aside
from vigie.web.services import current_services

blueprint = APIBlueprint("api_uploads", __name__, url_prefix="/api/v1/uploads", tag="Uploads")


@blueprint.get("")
@authorization.needs("viewer")
@blueprint.input(schemas.UploadsQuery, location="query")
@blueprint.output(schemas.UploadsOut)
def list_uploads(query_data: dict[str, Any]) -> dict[str, Any]:
    """List uploads, newest first."""
    return {"uploads": [_to_dict(one) for one in current_services().uploads.list_for(g.user, **query_data)]}


@blueprint.post("")
@authorization.needs("analyst")
@idempotent
@blueprint.input(schemas.UploadIn)
@blueprint.output(schemas.UploadOut, status_code=201)
def begin(json_data: dict[str, Any]) -> dict[str, Any]:
    """Begin an upload in parts."""
    return _to_dict(current_services().uploads.begin(g.user, json_data["name"], json_data.get("size")))


@blueprint.put("/content")
@authorization.needs("analyst")
@blueprint.input(schemas.ContentQuery, location="query")
@blueprint.output(schemas.UploadOut, status_code=201)
def put_content(query_data: dict[str, Any]) -> dict[str, Any]:
    """Upload a whole file as the body of the request; it is streamed to the store."""
    name, length = query_data["name"], _content_length()
    return _to_dict(current_services().uploads.receive(g.user, name, request.stream, length))


@blueprint.get("/<string:upload_id>")
@authorization.needs("viewer")
@blueprint.output(schemas.UploadPartsOut)
def get_upload(upload_id: str) -> dict[str, Any]:
    """Get an upload: its state, its inspection and the parts received."""
    service = current_services().uploads
    upload = service.find(g.user, upload_id)
    return _to_dict(upload) | {"received": service.list_parts(g.user, upload_id)}


@blueprint.delete("/<string:upload_id>")
@authorization.needs("analyst")
@blueprint.output({}, status_code=204)
def delete(upload_id: str) -> str:
    """Delete an upload and its results."""
    current_services().uploads.delete(g.user, upload_id)
    return ""


@blueprint.put("/<string:upload_id>/parts/<int:number>")
@authorization.needs("analyst")
@blueprint.output(schemas.PartOut)
def put_part(upload_id: str, number: int) -> Part:
    """Send one part, numbered from 1; it may be sent again."""
    length = _content_length()
    return current_services().uploads.put_part(g.user, upload_id, number, request.stream, length)


@blueprint.post("/<string:upload_id>/complete")
@authorization.needs("analyst")
@blueprint.output(schemas.UploadOut)
def complete(upload_id: str) -> dict[str, Any]:
    """Declare that all parts were sent; may be repeated."""
    return _to_dict(current_services().uploads.complete(g.user, upload_id))


@blueprint.get("/<string:upload_id>/head")
@authorization.needs("viewer")
@blueprint.output(schemas.HeadOut)
def get_head(upload_id: str) -> dict[str, Any]:
    """Get the first rows, cells as uploaded."""
    return current_services().uploads.head(g.user, upload_id)


@blueprint.put("/<string:upload_id>/mapping")
@authorization.needs("analyst")
@blueprint.input(schemas.MappingIn)
@blueprint.output(schemas.UploadOut)
def set_mapping(upload_id: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Set the roles of columns, also for later files with the same columns."""
    return _to_dict(current_services().uploads.set_mapping(g.user, upload_id, json_data["mapping"]))


@blueprint.put("/<string:upload_id>/read-options")
@authorization.needs("analyst")
@blueprint.input(schemas.ReadOptionsBody)
@blueprint.output(schemas.UploadOut)
def set_read_options(upload_id: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Set how a file is read, also for later files with the same columns; works for a refused file too."""
    options = ReadOptions.from_json(json_data)
    return _to_dict(current_services().uploads.set_read_options(g.user, upload_id, options))


@blueprint.get("/<string:upload_id>/set-aside")
@authorization.needs("viewer")
@blueprint.doc(responses={200: "The file"})
def get_set_aside(upload_id: str) -> Response:
    """Download the lines of the file that are not among its rows, as CSV."""
    return set_aside(upload_id)


@blueprint.get("/<string:upload_id>/matches")
@authorization.needs("viewer")
@blueprint.output(schemas.MatchesOut)
def list_matches(upload_id: str) -> dict[str, Any]:
    """Get the roles of the columns and the matching models, with reasons."""
    upload = current_services().uploads.find(g.user, upload_id)
    found = upload.inspection or {}
    return {"state": upload.state, "roles": found.get("roles", []), "matches": found.get("matches", [])}


def _to_dict(upload: Upload) -> dict[str, Any]:
    values = {name: getattr(upload, name) for name in schemas.UploadOut().fields if hasattr(upload, name)}
    return values | {"owner": upload.owner_name, "part_bytes": current_services().web.part_bytes}


def _content_length() -> int:
    """Return the length of the body; without it a broken transfer cannot be distinguished from a complete one."""
    if request.content_length is None:
        raise UsageRefused(
            "the request has no Content-Length",
            hint="send the header Content-Length; chunked transfer is not supported",
        )
    return request.content_length
