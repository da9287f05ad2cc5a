"""Report: the results as one HTML file, to send or to print; its first page is a summary on A4."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from importlib.resources import files

from flask import Blueprint, g, make_response, render_template
from markupsafe import Markup
from werkzeug.wrappers import Response

from vigie.app.cases.tables import STATUSES
from vigie.rules import wording
from vigie.web import authorization
from vigie.web.pages import budgets, results
from vigie.web.pages.layout import translator
from vigie.web.security import SANDBOX
from vigie.web.services import RowQuery, current_services

page = Blueprint("report", __name__)
MAX_ROWS = 50
MAX_RECEIVERS = 5
"""Customers or counterparties on the first page."""


@page.get("/runs/<run_id>/report.html")
@authorization.needs("viewer")
def show(run_id: str) -> Response:
    """Download the report; it includes its style and has no script."""
    services = current_services()
    run = services.predictions.find(g.user, run_id)
    upload = services.uploads.find(g.user, run.upload_id)
    data = services.results.charts(g.user, run_id)
    summary = run.summary or {}
    budget = results.budget_of(run)
    point = budgets.at(data["budgets"], budget)
    query = RowQuery(budget=max(budget, 1), size=MAX_ROWS)
    alerts, rule_effects = services.rules.effects(g.user, run_id, budget)
    labels = {label.row: label.verdict for label in services.predictions.labels(g.user, run_id)}
    reviewed_alerts = services.results.alert_rows(g.user, run_id, budget)
    text = render_template(
        "report.html",
        alerts=alerts,
        rule_effects=rule_effects,
        wording=wording,
        totals=services.comparisons.totals(g.user, run_id, budget),
        verdicts=Counter(labels.get(row, "none") for row in reviewed_alerts),
        cases=services.cases.count_of_upload(g.user, upload.id),
        statuses=STATUSES,
        n_receivers=MAX_RECEIVERS,
        run=run,
        label_source=services.label_sources.used(g.user, run),
        upload=upload,
        summary=summary,
        budget=budget,
        point=point,
        charts=results.draw_charts(data, point, translator()),
        categories=results.category_bars(data, point, translator()),
        concentrations=services.results.concentrations(g.user, run_id, budget),
        reviewed=services.results.reviewed(g.user, run_id, budget),
        rows=services.results.rows(g.user, run_id, query).rows,
        shown=results.key_columns(run),
        money=results.money_of(run),
        now=datetime.now(UTC),
        style=Markup(files("vigie.web").joinpath("static", "vigie.css").read_text("utf-8")),  # noqa: S704 - our own file
    )
    response = make_response(text)
    stem = upload.name.rsplit(".", 1)[0]
    response.headers.set("Content-Disposition", "attachment", filename=f"{stem}-vigie.html")
    response.headers["Content-Security-Policy"] = SANDBOX
    return response
