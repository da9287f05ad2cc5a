"""Upload page."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vigie.errors import InputRefused
from vigie.table.reading import EXTENSIONS
from vigie.web import authorization
from vigie.web.services import current_services

page = Blueprint("upload", __name__)
MAX_RECENT = 4
ACCEPTED = ",".join((*EXTENSIONS, ".gz"))


@page.get("/")
@authorization.needs("viewer")
def home() -> str:
    """Show the drop zone and the recent uploads."""
    services, resumed = current_services(), None
    if unfinished := request.args.get("resume"):
        found = services.uploads.find(g.user, unfinished)
        resumed = found if found.state == "receiving" and found.owner_id == g.user.id else None
    return render_template(
        "upload.html",
        tab="upload",
        accepted=ACCEPTED,
        limit=services.web.max_upload_bytes,
        days=services.web.retention_days,
        resumed=resumed,
        recent=services.uploads.list_for(g.user, limit=MAX_RECENT),
    )


@page.post("/")
@authorization.needs("analyst")
def receive() -> Response:
    """Receive a file by an ordinary form, for browsers without JavaScript."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InputRefused("found no file in the form, expected one", hint="choose a file first")
    upload = current_services().uploads.receive(g.user, file.filename, file.stream)
    return redirect(url_for("check.show", upload_id=upload.id), 303)
