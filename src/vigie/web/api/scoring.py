"""Online scoring."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import g

from vigie.web import authorization
from vigie.web.api import schemas
from vigie.web.services import current_services

blueprint = APIBlueprint("api_scoring", __name__, url_prefix="/api/v1", tag="Online scoring")


@blueprint.post("/score")
@authorization.needs("analyst")
@blueprint.input(schemas.ScoreIn)
@blueprint.output(schemas.ScoreOut)
def score(json_data: dict[str, Any]) -> dict[str, Any]:
    """Score new rows with the scorer of a finished prediction."""
    run_id, rows, last = json_data["prediction_id"], json_data["rows"], json_data["last"]
    return {"rows": current_services().results.score_rows(g.user, run_id, rows, last)}
