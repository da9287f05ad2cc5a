"""Results page: expected frauds, charts, rows with their labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from vigie.app import Run, Upload
from vigie.i18n.translator import Translator
from vigie.rules import wording
from vigie.web import authorization
from vigie.web.downloads import download as send_file
from vigie.web.pages import budgets, charts, row_filters
from vigie.web.pages.amounts import currency_amount
from vigie.web.pages.layout import may, translator
from vigie.web.request_values import whole_number
from vigie.web.services import RowQuery, current_services

page = Blueprint("results", __name__)

PAGE_SIZE = 50
COMPARED_ROWS = 200
"""Rows whose rank is compared with the rank before a refinement."""
_KEY_ROLES = (
    ("time",),
    ("customer", "account", "card"),
    ("counterparty",),
    ("amount",),
    ("category", "channel", "city"),
)


def render(run: Run, upload: Upload) -> str:
    """Return the page of a finished run; the progress page shows it."""
    services, t = current_services(), translator()
    data = services.results.charts(g.user, run.id)
    summary: Mapping[str, Any] = run.summary or {}
    budget = budget_of(run)
    point = budgets.at(data["budgets"], budget)
    address = _links(run.id, budget, t)
    table = _table(run, budget, data)
    alerts, rule_effects = services.rules.effects(g.user, run.id, budget)
    return render_template(
        "results.html",
        tab="history",
        run=run,
        upload=upload,
        summary=summary,
        points=data["budgets"],
        budget=budget,
        point=point,
        charts=draw_charts(data, point, t, address),
        categories=category_bars(data, point, t, address),
        labels=Counter(label.verdict for label in services.predictions.labels(g.user, run.id)),
        promoted=_promoted(run, budget, table["before"]),
        reviewed=services.results.reviewed(g.user, run.id, budget),
        concentrations=services.results.concentrations(g.user, run.id, budget),
        earlier=next(iter(services.comparisons.earlier_files(g.user, run.id)), None),
        label_sources=services.label_sources.offered(g.user, run.id) if may("analyst") else [],
        label_source=services.label_sources.used(g.user, run),
        alerts=alerts,
        rule_effects=rule_effects,
        wording=wording,
        **table,
    )


@page.get("/runs/<run_id>/rows")
@authorization.needs("viewer")
def rows(run_id: str) -> str:
    """Return the table of rows, for the script that changes budget, filters or page."""
    run, budget = _find_with_budget(run_id)
    data = current_services().results.charts(g.user, run_id)
    return render_template("_rows.html", run=run, budget=budget, **_table(run, budget, data))


@page.get("/runs/<run_id>/reviewed")
@authorization.needs("viewer")
def reviewed(run_id: str) -> str:
    """Return what the labels say of the rows to review, for the script that changes labels and budget."""
    _, budget = _find_with_budget(run_id)
    found = current_services().results.reviewed(g.user, run_id, budget)
    return render_template("_reviewed.html", budget=budget, reviewed=found)


@page.get("/runs/<run_id>/concentrations")
@authorization.needs("viewer")
def concentrations(run_id: str) -> str:
    """Return the customers and counterparties that many rows to review have in common, for the script."""
    run, budget = _find_with_budget(run_id)
    found = current_services().results.concentrations(g.user, run_id, budget)
    return render_template("_concentrations.html", run=run, budget=budget, concentrations=found)


@page.get("/runs/<run_id>/rows/<int:row>")
@authorization.needs("viewer")
def row_details(run_id: str, row: int) -> str:
    """Return one row, numbered from 1, with its reasons, cells, and related rows."""
    index = row - 1
    services = current_services()
    run = services.predictions.find(g.user, run_id)
    found = services.results.rows(g.user, run_id, RowQuery(only=(index,)))
    if not found.rows:
        return render_template("_row_missing.html")
    return render_template(
        "_row.html",
        run=run,
        row=found.rows[0],
        columns=found.columns,
        related=services.results.related(g.user, run_id, index),
        shown=key_columns(run),
        money=money_of(run),
    )


@page.get("/runs/<run_id>/download")
@authorization.needs("viewer")
def download(run_id: str) -> Response:
    """Download the table with result and verdict columns."""
    budget = request.args.get("budget", type=whole_number)
    return send_file(run_id, request.args.get("format", "csv"), budget, translator().language)


@page.post("/runs/<run_id>/refine")
@authorization.needs("analyst")
def refine(run_id: str) -> Response:
    """Score again, with the labels of the rows, and of an earlier file where the form names one."""
    run = current_services().label_sources.refine(g.user, run_id, request.form.get("earlier"))
    return redirect(url_for("progress.show", run_id=run.id), 303)


def _find_with_budget(run_id: str) -> tuple[Run, int]:
    """Return a finished run, and the number of rows to review that the request asks for."""
    run = current_services().predictions.find_finished(g.user, run_id)
    return run, budget_of(run)


def budget_of(run: Run) -> int:
    """Return the number of rows to review: that of the address, else that of the run."""
    kept, rows = run.budget or 0, int((run.summary or {})["rows"])
    return min(max(0, request.args.get("budget", default=kept, type=whole_number)), rows)


Address = Callable[..., str]


def _links(run_id: str, budget: int, t: Translator) -> Address:
    """Return a function that gives the address of the rows to review with these filters."""

    def address(**filters: Any) -> str:
        return url_for(
            "progress.show", run_id=run_id, budget=budget, lang=t.language, _anchor="table-title", **filters
        )

    return address


def draw_charts(
    data: Mapping[str, Any], point: Mapping[str, Any], t: Translator, address: Address | None = None
) -> dict[str, Markup | None]:
    """Return the charts as SVG; None for a chart that needs a column the table does not have.

    Args:
        data: of the charts.
        point: alerts at the budget.
        t: translator.
        address: gives the address of the rows behind a bar; None for drawings without links.
    """
    scores = data["scores"]
    drawn: dict[str, Markup | None] = {
        "scores": charts.histogram(scores["edges"], scores["counts"], point["threshold"], t)
    }
    for name, labels in (("over_time", charts.time_labels), ("by_amount", charts.amount_labels)):
        chart = data.get(name) if point[name] else None
        drawn[name] = chart and charts.mirrored_bars(
            labels(chart, t),
            chart["rows"],
            point[name],
            t(f"results.{name}"),
            t,
            edges=name == "by_amount",
            links=[] if address is None else _bar_links(name, chart, address, t),
        )
    return drawn


def _bar_links(name: str, chart: Mapping[str, Any], address: Address, t: Translator) -> list[tuple[str, str]]:
    """Return address and text of each bar; nothing for a time without dates, which no filter has."""
    if name == "by_amount":
        spans = pairwise(chart["edges"])
        return [
            (
                address(least=t.plain(low), most=t.plain(high)),
                t("results.bar_amount", low=t.decimal(low), high=t.decimal(high)),
            )
            for low, high in spans
        ]
    try:
        starts = [datetime.fromisoformat(label) for label in chart["labels"]]
    except ValueError:
        return []
    ends = [*starts[1:], starts[-1] + (starts[-1] - starts[-2] if len(starts) > 1 else timedelta(days=1))]
    days = [
        (start.date(), max(start, end - timedelta(seconds=1)).date())
        for start, end in zip(starts, ends, strict=True)
    ]
    return [
        (
            address(**{"from": first.isoformat(), "to": last.isoformat()}),
            t("results.bar_days", first=first.isoformat(), last=last.isoformat()),
        )
        for first, last in days
    ]


def category_bars(
    data: Mapping[str, Any], point: Mapping[str, Any], t: Translator, address: Address | None = None
) -> dict[str, Any] | None:
    """Return column and bars of the chart by category: label, rows, alerts, SVG, and address of the rows or None."""
    chart, alerts = data.get("by_category"), point["by_category"]
    if not chart or not alerts:
        return None
    top = max(alerts) or 1
    bars = [
        (
            t("results.others") if label is None else label,
            count,
            round(n),
            charts.bar(n, top),
            None if label is None or address is None else address(category=label),
        )
        for label, count, n in zip(chart["labels"], chart["rows"], alerts, strict=True)
    ]
    return {"column": chart["column"], "bars": bars}


def key_columns(run: Run) -> list[tuple[str, str, str]]:
    """Return the columns that describe a row to a user: column, role, name of the role."""
    columns = {item["role"]: item["column"] for item in reversed((run.summary or {}).get("roles", []))}
    roles = (next((role for role in wanted if role in columns), None) for wanted in _KEY_ROLES)
    t = translator()
    return [(columns[role], role, t.name("role", role)) for role in roles if role is not None]


def _table(run: Run, budget: int, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page of rows, as the parameters of the request select it; `data` is that of the charts."""
    args, results = request.args, current_services().results
    only = tuple(results.suggest(g.user, run.id)) if args.get("suggest") else None
    if args.get("sample"):
        only = tuple(results.sample(g.user, run.id, budget))
    if args.get("hidden"):
        only = tuple(results.alerts(g.user, run.id, budget).hidden)
    shown, t = key_columns(run), translator()
    category = data.get("by_category")
    columns = {role: column for column, role, _ in shown}
    filters = row_filters.read(
        columns, category and category["column"], None if only is not None else budget, only, PAGE_SIZE, t
    )
    return {
        "found": results.rows(g.user, run.id, filters.query),
        "query": filters.query,
        "filters": filters,
        "sort": filters.sort,
        "category": category,
        "reason_names": list(data.get("reasons", {})),
        "size": PAGE_SIZE,
        "shown": shown,
        "money": money_of(run),
        "before": _previous_ranks(run),
    }


def money_of(run: Run) -> Callable[[Mapping[str, Any]], str]:
    """Return a function that writes the amount of a row with its thousands separated and its currency."""
    file, t = (run.summary or {}).get("file", {}), translator()
    column = next((column for column, role, _ in key_columns(run) if role == "amount"), None)
    place = file.get("columns", []).index(column) if column in file.get("columns", []) else None
    unit = file.get("units", {}).get(str(place), "")
    currency = next(
        (item["column"] for item in (run.summary or {})["roles"] if item["role"] == "currency"), None
    )

    def write(row: Mapping[str, Any]) -> str:
        value = row["numbers"].get(column)
        if value is None:
            return str(row["cells"].get(column) or "")
        own = (row["cells"].get(currency) or "") if currency else ""
        return currency_amount(value, unit or own, t)

    return write


def _previous_ranks(run: Run) -> dict[int, int]:
    """Return row -> rank before a refinement, of the first rows."""
    if run.parent_id is None:
        return {}
    query = RowQuery(budget=COMPARED_ROWS, size=COMPARED_ROWS, by_score=True)
    previous = current_services().results.rows(g.user, run.parent_id, query)
    return {row["row"]: row["rank"] for row in previous.rows}


def _promoted(run: Run, budget: int, before: Mapping[int, int]) -> tuple[int, int] | None:
    """Return how many unlabelled rows a refinement moved into the first rows, and how many rows these are.

    Args:
        run: a finished run.
        budget: number of rows to review.
        before: row -> rank before the refinement.
    """
    if run.parent_id is None:
        return None
    top = min(max(budget, 10), COMPARED_ROWS)
    first = (
        current_services().results.rows(g.user, run.id, RowQuery(budget=top, size=top, by_score=True)).rows
    )
    return sum(row["mark"] is None and before.get(row["row"], top + 1) > top for row in first), top
