"""Page of earlier uploads."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request

from vigie.app import Run, Upload
from vigie.web import authorization
from vigie.web.services import current_services

page = Blueprint("history", __name__)
MAX_FILES = 100
_MAX_RUNS = 200
_PRIORITY = {"queued": 2, "running": 2, "done": 1}
"""Unfinished runs are shown before finished ones, these before failed ones."""


@page.get("/uploads")
@authorization.needs("viewer")
def list_files() -> str:
    """List uploads, newest first, each with its most relevant run."""
    services, query = current_services(), request.args.get("q", "").strip()[:200]
    runs: dict[str, Run] = {}
    for run in sorted(services.predictions.list_for(g.user, limit=_MAX_RUNS), key=_relevance, reverse=True):
        runs.setdefault(run.upload_id, run)
    uploads = services.uploads.list_for(g.user, limit=MAX_FILES, query=query)
    return render_template(
        "history.html",
        tab="history",
        query=query,
        days=services.web.retention_days,
        files=[(upload, runs.get(upload.id), state(upload, runs.get(upload.id))) for upload in uploads],
    )


def _relevance(run: Run) -> tuple[int, str]:
    return _PRIORITY.get(run.state, 0), run.created_at.isoformat()


def state(upload: Upload, run: Run | None) -> str:
    """Return the state of an upload with its most relevant run: a text of the section `history`."""
    if run is None or upload.state in {"receiving", "refused"}:
        return upload.state
    return run.state
