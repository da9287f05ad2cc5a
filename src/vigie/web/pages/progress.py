"""Progress page of a run; it shows the results once the run is done."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, url_for
from werkzeug.wrappers import Response

from vigie.app.runs import UNFINISHED
from vigie.web import authorization
from vigie.web.pages import results
from vigie.web.services import current_services

page = Blueprint("progress", __name__)

SCORING_STAGES = (
    "reading",
    "reading columns",
    "gathering evidence",
    "matching models",
    "fetching models",
    "scoring",
    "calibrating",
    "wording reasons",
    "writing",
)
TRAINING_STAGES = (
    "reading",
    "looking for leaks",
    "gathering evidence",
    "tuning",
    "measuring on the rows held out",
    "fitting on all rows",
    "writing",
)


@page.get("/runs/<run_id>")
@authorization.needs("viewer")
def show(run_id: str) -> str:
    """Show progress, failure, cancellation, or the results."""
    services = current_services()
    run = services.predictions.find(g.user, run_id)
    upload = services.uploads.find(g.user, run.upload_id)
    if run.state == "done" and run.kind == "train":
        return render_template("trained.html", tab="models", run=run, upload=upload)
    if run.state == "done":
        return results.render(run, upload)
    template = "progress.html" if run.state in UNFINISHED else "stopped.html"
    tab, stages = ("models", TRAINING_STAGES) if run.kind == "train" else ("upload", SCORING_STAGES)
    return render_template(template, tab=tab, run=run, upload=upload, stages=stages)


@page.post("/runs/<run_id>/cancel")
@authorization.needs("analyst")
def cancel(run_id: str) -> Response:
    """Cancel a run."""
    current_services().predictions.cancel(g.user, run_id)
    return redirect(url_for("progress.show", run_id=run_id), 303)
