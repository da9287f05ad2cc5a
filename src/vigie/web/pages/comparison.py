"""This month's file against last month's."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request

from vigie.errors import NotFound
from vigie.web import authorization
from vigie.web.pages import charts
from vigie.web.services import current_services

page = Blueprint("comparison", __name__)


@page.get("/runs/<run_id>/compare")
@authorization.needs("viewer")
def show(run_id: str) -> str:
    """Compare a result with an earlier one: that of the address, else the newest with the same columns."""
    services = current_services()
    run = services.predictions.find_finished(g.user, run_id)
    files = services.comparisons.earlier_files(g.user, run_id)
    chosen = request.args.get("with", "")[:40] or (files[0].run.id if files else "")
    values: dict[str, object] = {"run": run, "upload": services.uploads.find(g.user, run.upload_id)}
    if not chosen:
        return render_template("comparison.html", tab="history", files=files, found=None, **values)
    earlier = services.predictions.find_finished(g.user, chosen)
    if earlier.upload_id == run.upload_id:
        raise NotFound("earlier file", chosen, hint="choose another file than the one that is shown")
    return render_template(
        "comparison.html",
        tab="history",
        files=files,
        earlier=earlier,
        earlier_upload=services.uploads.find(g.user, earlier.upload_id),
        found=services.comparisons.compare(g.user, earlier.id, run.id),
        bar=charts.bar,
        **values,
    )
