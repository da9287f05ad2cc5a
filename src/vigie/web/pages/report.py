"""A report for somebody who has no account: one HTML file that needs nothing else, to send or to print."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files

from flask import Blueprint, g, make_response, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from vigie.web import authorization
from vigie.web.pages import budgets, results
from vigie.web.pages.layout import words
from vigie.web.services import RowQuery, current_services

page = Blueprint("report", __name__)
ROWS = 50


@page.get("/runs/<run_id>/report.html")
@authorization.needs("viewer")
def show(run_id: str) -> Response:
    """The report as a download; opened from a disk it has its style inside and no script."""
    run = current_services().predictions.find(g.user, run_id)
    upload = current_services().uploads.find(g.user, run.upload_id)
    drawn = current_services().results.charts(g.user, run_id)
    summary = run.summary or {}
    budget = request.args.get("budget", default=budgets.first(summary, drawn["budgets"]), type=int)
    point = budgets.at(drawn["budgets"], budget)
    top = current_services().results.rows(
        g.user, run_id, RowQuery(budget=min(max(budget, 1), ROWS), size=ROWS)
    )
    text = render_template(
        "report.html",
        run=run,
        upload=upload,
        summary=summary,
        budget=budget,
        point=point,
        drawn=results.pictures(drawn, point, words()),
        categories=results.categories(drawn, point),
        rows=top.rows,
        shown=results.key_columns(run),
        now=datetime.now(UTC),
        style=Markup(files("vigie.web").joinpath("static", "vigie.css").read_text("utf-8")),  # noqa: S704 - our own file
    )
    answer = make_response(text)
    stem = upload.name.rsplit(".", 1)[0]
    answer.headers.set("Content-Disposition", "attachment", filename=f"{stem}-vigie.html")
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return answer
