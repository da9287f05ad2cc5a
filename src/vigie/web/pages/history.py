"""Earlier files, with what became of each."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request

from vigie.records import Run, Upload
from vigie.web import guard
from vigie.web.desk import desk

page = Blueprint("history", __name__)
LISTED = 100
_RUNS = 200


@page.get("/uploads")
@guard.needs("viewer")
def files() -> str:
    """Uploads, newest first, each with its newest run."""
    query = request.args.get("q", "").strip()[:200]
    newest: dict[str, Run] = {}
    for run in desk().runs(g.user, limit=_RUNS):
        newest.setdefault(run.upload_id, run)
    found = desk().uploads(g.user, limit=LISTED, query=query)
    return render_template(
        "history.html",
        tab="history",
        query=query,
        days=desk().web.retention_days,
        files=[(upload, newest.get(upload.id), state(upload, newest.get(upload.id))) for upload in found],
    )


def state(upload: Upload, run: Run | None) -> str:
    """In one word, what a reader wants to know of a file: a text of the section `history`."""
    if upload.state in {"receiving", "refused"}:
        return upload.state
    return run.state if run is not None else upload.state
