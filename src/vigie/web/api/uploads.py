"""Files, whole or in parts."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import g, request

from vigie.app import Upload
from vigie.errors import UsageRefused
from vigie.web import authorization
from vigie.web.api import schemas
from vigie.web.api.idempotency import once
from vigie.web.services import current_services

uploads = APIBlueprint("api_uploads", __name__, url_prefix="/api/v1/uploads", tag="Uploads")


@uploads.get("")
@authorization.needs("viewer")
@uploads.input(schemas.UploadsQuery, location="query")
@uploads.output(schemas.UploadsOut)
def every(query_data: dict[str, Any]) -> dict[str, Any]:
    """List uploads, newest first."""
    return {"uploads": [told(one) for one in current_services().uploads(g.user, **query_data)]}


@uploads.post("")
@authorization.needs("analyst")
@once
@uploads.input(schemas.UploadIn)
@uploads.output(schemas.UploadOut, status_code=201)
def begin(json_data: dict[str, Any]) -> dict[str, Any]:
    """Begin an upload in parts."""
    return told(current_services().begin_upload(g.user, json_data["name"], json_data.get("size")))


@uploads.put("/content")
@authorization.needs("analyst")
@uploads.input(schemas.ContentQuery, location="query")
@uploads.output(schemas.UploadOut, status_code=201)
def put_content(query_data: dict[str, Any]) -> dict[str, Any]:
    """Upload a whole file as the body of the request; it is streamed to the store."""
    return told(current_services().receive(g.user, query_data["name"], request.stream, _length()))


@uploads.get("/<string:upload_id>")
@authorization.needs("viewer")
@uploads.output(schemas.UploadPartsOut)
def one(upload_id: str) -> dict[str, Any]:
    """Get an upload: its state, what was found in it, the parts that have arrived."""
    found = current_services().upload(g.user, upload_id)
    return told(found) | {"received": current_services().parts(g.user, upload_id)}


@uploads.delete("/<string:upload_id>")
@authorization.needs("analyst")
@uploads.output({}, status_code=204)
def delete(upload_id: str) -> str:
    """Delete an upload and everything made of it."""
    current_services().delete_upload(g.user, upload_id)
    return ""


@uploads.put("/<string:upload_id>/parts/<int:number>")
@authorization.needs("analyst")
@uploads.output(schemas.PartOut)
def put_part(upload_id: str, number: int) -> Any:
    """Send one part, numbered from 1; it may be sent again."""
    return current_services().put_part(g.user, upload_id, number, request.stream, _length())


@uploads.post("/<string:upload_id>/complete")
@authorization.needs("analyst")
@uploads.output(schemas.UploadOut)
def complete(upload_id: str) -> dict[str, Any]:
    """Say that all parts have arrived; may be repeated."""
    return told(current_services().complete_upload(g.user, upload_id))


@uploads.get("/<string:upload_id>/head")
@authorization.needs("viewer")
@uploads.output(schemas.HeadOut)
def head(upload_id: str) -> dict[str, Any]:
    """Get the first rows, cells as uploaded."""
    return current_services().head(g.user, upload_id)


@uploads.put("/<string:upload_id>/mapping")
@authorization.needs("analyst")
@uploads.input(schemas.MappingIn)
@uploads.output(schemas.UploadOut)
def set_mapping(upload_id: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Say what columns mean; remembered for the next file with these columns."""
    return told(current_services().set_mapping(g.user, upload_id, json_data["mapping"]))


@uploads.get("/<string:upload_id>/matches")
@authorization.needs("viewer")
@uploads.output(schemas.MatchesOut)
def matches(upload_id: str) -> dict[str, Any]:
    """Get what the columns mean and which models fit, with the evidence."""
    upload = current_services().upload(g.user, upload_id)
    found = upload.inspection or {}
    return {"state": upload.state, "roles": found.get("roles", []), "matches": found.get("matches", [])}


def told(upload: Upload) -> dict[str, Any]:
    """An upload as it is answered."""
    kept = {name: getattr(upload, name) for name in schemas.UploadOut().fields if hasattr(upload, name)}
    return kept | {"owner": upload.owner_name, "part_bytes": current_services().web.part_bytes}


def _length() -> int:
    """Without it a transfer that breaks off looks like one that is complete."""
    if request.content_length is None:
        raise UsageRefused(
            "the request has no Content-Length", hint="send the file with its length, not chunked"
        )
    return request.content_length
