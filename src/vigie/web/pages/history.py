"""Earlier files, with what became of each."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request

from vigie.app import Run, Upload
from vigie.web import authorization
from vigie.web.services import current_services

page = Blueprint("history", __name__)
LISTED = 100
_RUNS = 200


@page.get("/uploads")
@authorization.needs("viewer")
def files() -> str:
    """Uploads, newest first, each with the run that tells most."""
    query = request.args.get("q", "").strip()[:200]
    telling: dict[str, Run] = {}
    for run in sorted(current_services().predictions.list_for(g.user, limit=_RUNS), key=_worth, reverse=True):
        telling.setdefault(run.upload_id, run)
    found = current_services().uploads.list_for(g.user, limit=LISTED, query=query)
    return render_template(
        "history.html",
        tab="history",
        query=query,
        days=current_services().web.retention_days,
        files=[(upload, telling.get(upload.id), state(upload, telling.get(upload.id))) for upload in found],
    )


def _worth(run: Run) -> tuple[int, str]:
    """What is under way tells more than what is done, that more than what went wrong; else the newest."""
    order = {"queued": 2, "running": 2, "done": 1}
    return order.get(run.state, 0), run.created_at.isoformat()


def state(upload: Upload, run: Run | None) -> str:
    """In one word, what a reader wants to know of a file: a text of the section `history`."""
    if upload.state in {"receiving", "refused"}:
        return upload.state
    return run.state if run is not None else upload.state
