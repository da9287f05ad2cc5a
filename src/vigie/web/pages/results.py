"""The fourth page: what was found, how much of it to look at, and what the person says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from vigie.app import Run, Upload
from vigie.i18n.translator import Translator
from vigie.web import authorization
from vigie.web.downloads import download as send
from vigie.web.pages import budgets, charts
from vigie.web.pages.layout import words
from vigie.web.services import RowQuery, current_services

page = Blueprint("results", __name__)

SIZE = 50
COMPARED = 200
_SORTS = {"rank", "row"}
_KEY_ROLES = (
    ("time",),
    ("customer", "account", "card"),
    ("counterparty",),
    ("amount",),
    ("category", "channel", "city"),
)


def render(run: Run, upload: Upload) -> str:
    """The whole page; `progress.show` calls it once the run is done."""
    said, drawn = words(), current_services().results.charts(g.user, run.id)
    summary: Mapping[str, Any] = run.summary or {}
    start = budgets.first(summary, drawn["budgets"])
    budget = request.args.get("budget", default=start, type=int)
    point = budgets.at(drawn["budgets"], budget)
    marked = Counter(mark.verdict for mark in current_services().predictions.labels(g.user, run.id))
    return render_template(
        "results.html",
        tab="history",
        run=run,
        upload=upload,
        summary=summary,
        points=drawn["budgets"],
        budget=budget,
        point=point,
        drawn=pictures(drawn, point, said),
        categories=categories(drawn, point),
        marked=marked,
        climbed=_climbed(run, budget),
        **_table(run, budget),
    )


@page.get("/runs/<run_id>/rows")
@authorization.needs("viewer")
def rows(run_id: str) -> str:
    """The table alone, for the script that changes budget, filters or page."""
    run = current_services().predictions.find(g.user, run_id)
    budget = request.args.get("budget", default=0, type=int)
    return render_template("_rows.html", run=run, budget=budget, **_table(run, budget))


@page.get("/runs/<run_id>/rows/<int:row>")
@authorization.needs("viewer")
def one(run_id: str, row: int) -> str:
    """One row with everything about it: reasons, cells, and the same customer's other rows."""
    run = current_services().predictions.find(g.user, run_id)
    found = current_services().results.rows(g.user, run_id, RowQuery(only=(row,)))
    if not found.rows:
        return render_template("_row_missing.html")
    related = current_services().results.related(g.user, run_id, row)
    roles = _roles(run)
    shown = key_columns(run)
    return render_template(
        "_row.html",
        run=run,
        row=found.rows[0],
        columns=found.columns,
        roles=roles,
        related=related,
        shown=shown,
    )


@page.get("/runs/<run_id>/download")
@authorization.needs("viewer")
def download(run_id: str) -> Response:
    """The file with Vigie's columns."""
    return send(run_id, request.args.get("format", "csv"))


@page.post("/runs/<run_id>/refine")
@authorization.needs("analyst")
def refine(run_id: str) -> Response:
    """Ranks anew, with what the person has said of the rows."""
    run = current_services().predictions.refine(g.user, run_id)
    return redirect(url_for("progress.show", run_id=run.id), 303)


def pictures(
    drawn: Mapping[str, Any], point: Mapping[str, Any], said: Translator
) -> dict[str, Markup | None]:
    """The charts that the table has columns for."""
    found: dict[str, Markup | None] = {"over_time": None, "by_amount": None}
    found["scores"] = charts.scores(
        drawn["scores"]["edges"], drawn["scores"]["counts"], point["threshold"], said
    )
    if (time := drawn.get("over_time")) and point["over_time"]:
        labels = charts.times(time["labels"], said)
        found["over_time"] = charts.double(
            labels, time["rows"], point["over_time"], said("results.over_time"), said
        )
    if (amount := drawn.get("by_amount")) and point["by_amount"]:
        labels = charts.amounts(amount["edges"], said)
        found["by_amount"] = charts.double(
            labels, amount["rows"], point["by_amount"], said("results.by_amount"), said
        )
    return found


def categories(drawn: Mapping[str, Any], point: Mapping[str, Any]) -> dict[str, Any] | None:
    kinds = drawn.get("by_category")
    if not kinds or not point["by_category"]:
        return None
    most = max(point["by_category"]) or 1
    bars = zip(kinds["labels"], kinds["rows"], point["by_category"], strict=True)
    return {
        "column": kinds["column"],
        "bars": [
            (
                words()("results.others") if label is None else label,
                count,
                round(alerts),
                charts.share_bar(alerts, most),
            )
            for label, count, alerts in bars
        ],
    }


def _table(run: Run, budget: int) -> dict[str, Any]:
    """One page of rows as the address asks for it."""
    asked = request.args
    only = tuple(current_services().results.suggest(g.user, run.id)) if asked.get("suggest") else None
    sort = asked.get("sort", "rank")
    by_role = {role: column for column, role, _ in key_columns(run)}
    query = RowQuery(
        budget=None if only is not None else budget,
        page=max(1, asked.get("page", 1, type=int)),
        size=SIZE,
        sort=by_role.get(sort, sort if sort in _SORTS else "rank"),
        descending=sort in by_role,
        search=asked.get("search", "")[:200],
        level=asked.get("level", ""),
        label=asked.get("marked", ""),
        only=only,
    )
    return {
        "found": current_services().results.rows(g.user, run.id, query),
        "query": query,
        "sort": sort,
        "size": SIZE,
        "shown": key_columns(run),
        "before": _ranks_before(run),
    }


def key_columns(run: Run) -> list[tuple[str, str, str]]:
    """The few columns that tell a reader what a row is: column, role, the role's name."""
    roles = _roles(run)
    said = words()
    found = []
    for wanted in _KEY_ROLES:
        column = next((name for role in wanted for name, has in roles.items() if has == role), None)
        if column is not None:
            found.append((column, roles[column], said.name("role", roles[column])))
    return found


def _roles(run: Run) -> dict[str, str]:
    return {item["column"]: item["role"] for item in (run.summary or {}).get("roles", [])}


def _ranks_before(run: Run) -> dict[int, int]:
    """The ranks that the rows had before a refinement, of the first few."""
    if run.parent_id is None:
        return {}
    page_before = current_services().results.rows(
        g.user, run.parent_id, RowQuery(budget=COMPARED, size=COMPARED)
    )
    return {row["row"]: row["rank"] for row in page_before.rows}


def _climbed(run: Run, budget: int) -> tuple[int, int] | None:
    """How many rows entered the first so many by the refinement."""
    if run.parent_id is None:
        return None
    top = min(max(budget, 10), COMPARED)
    now = current_services().results.rows(g.user, run.id, RowQuery(budget=top, size=top)).rows
    before = _ranks_before(run)
    return sum(before.get(row["row"], top + 1) > top for row in _rows(now)), top


def _rows(found: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return [row for row in found if row["mark"] is None]
