"""Comparisons of two results."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import g

from vigie.errors import NotFound
from vigie.web import authorization
from vigie.web.api import schemas
from vigie.web.services import current_services

blueprint = APIBlueprint("api_comparisons", __name__, url_prefix="/api/v1/predictions", tag="Predictions")


@blueprint.get("/<string:run_id>/comparison")
@authorization.needs("viewer")
@blueprint.input(schemas.ComparisonQuery, location="query")
@blueprint.output(schemas.ComparisonOut)
def compare(run_id: str, query_data: dict[str, Any]) -> dict[str, Any]:
    """Compare a prediction with an earlier one."""
    services = current_services().comparisons
    earlier = query_data.get("earlier")
    if earlier is None:
        files = services.earlier_files(g.user, run_id)
        if not files:
            raise NotFound(
                "earlier file", run_id, hint="name the earlier prediction, or upload its file first"
            )
        earlier = files[0].run.id
    found = services.compare(g.user, earlier, run_id)
    single = {one.currency for totals in (found.before, found.after) for one in totals.amounts}
    amounts = found.amounts.get(next(iter(single))) if len(single) == 1 else None
    return {**vars(found), "earlier": earlier, "amounts": amounts, "amounts_by_currency": found.amounts}
