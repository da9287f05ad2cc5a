"""This month's file against last month's."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, g, render_template, request

from vigie.errors import NotFound
from vigie.web import authorization
from vigie.web.comparison import Totals
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
    found = services.comparisons.compare(g.user, earlier.id, run.id)
    return render_template(
        "comparison.html",
        tab="history",
        files=files,
        amounts=_amounts(found.before, found.after),
        earlier=earlier,
        earlier_upload=services.uploads.find(g.user, earlier.upload_id),
        found=found,
        bar=charts.bar,
        **values,
    )


def _amounts(before: Totals, after: Totals) -> Iterator[tuple[str, str, float | None, float | None]]:
    """Yield name, currency, and the amounts before and after; None for a file without amounts of this currency."""
    for name in ("amount", "alert_amount", "fraud_amount", "median_amount"):
        first, second = (
            {one.currency: one.amount for one in getattr(one, f"{name}s")} for one in (before, after)
        )
        for currency in sorted(first.keys() | second.keys()):
            yield name, currency, first.get(currency), second.get(currency)
