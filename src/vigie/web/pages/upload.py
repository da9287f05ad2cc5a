"""The first page: give Vigie a file."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vigie.errors import InputRefused
from vigie.web import guard
from vigie.web.desk import desk

page = Blueprint("upload", __name__)
RECENT = 4
ACCEPTED = ".csv,.csv.gz,.gz,.tsv,.txt,.xlsx,.parquet"


@page.get("/")
@guard.needs("viewer")
def home() -> str:
    """Drop zone, what happens next, and the files one may have come back for."""
    return render_template(
        "upload.html",
        tab="upload",
        accepted=ACCEPTED,
        limit=desk().web.max_upload_bytes,
        days=desk().web.retention_days,
        recent=desk().uploads(g.user, limit=RECENT),
    )


@page.post("/")
@guard.needs("analyst")
def receive() -> Response:
    """The same without JavaScript: an ordinary form."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InputRefused("found no file in the form, expected one", hint="choose a file first")
    upload = desk().receive(g.user, file.filename, file.stream)
    return redirect(url_for("check.show", upload_id=upload.id), 303)
