"""Score, watch, read, mark, refine, cancel."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from apiflask import APIBlueprint
from flask import Response, g

from vigie.errors import UsageRefused
from vigie.web import authorization
from vigie.web.api import schemas
from vigie.web.api.idempotency import once
from vigie.web.services import RowQuery, current_services

predictions = APIBlueprint("api_predictions", __name__, url_prefix="/api/v1/predictions", tag="Predictions")


@predictions.get("")
@authorization.needs("viewer")
@predictions.input(schemas.RunsQuery, location="query")
@predictions.output(schemas.RunsOut)
def every(query_data: dict[str, Any]) -> dict[str, Any]:
    """List predictions and trainings, newest first."""
    return {"predictions": current_services().runs(g.user, **query_data)}


@predictions.post("")
@authorization.needs("analyst")
@once
@predictions.input(schemas.PredictionIn)
@predictions.output(schemas.RunOut, status_code=202)
def start(json_data: dict[str, Any]) -> Any:
    """Ask for the scores of an upload."""
    return current_services().start_score(g.user, json_data.pop("upload_id"), **json_data)


@predictions.get("/<string:run_id>")
@authorization.needs("viewer")
@predictions.output(schemas.RunOut)
def one(run_id: str) -> Any:
    """Get a prediction: how far it is, and its summary once it is done."""
    return current_services().run(g.user, run_id)


@predictions.post("/<string:run_id>/cancel")
@authorization.needs("analyst")
@predictions.output(schemas.RunOut)
def cancel(run_id: str) -> Any:
    """Cancel a prediction that is not over; may be repeated."""
    return current_services().cancel(g.user, run_id)


@predictions.get("/<string:run_id>/rows")
@authorization.needs("viewer")
@predictions.input(schemas.RowsQuery, location="query")
@predictions.output(schemas.RowsOut)
def rows(run_id: str, query_data: dict[str, Any]) -> Any:
    """Get rows, most suspicious first unless asked otherwise."""
    column, cell = query_data.pop("column", None), query_data.pop("cell", None)
    if (column is None) != (cell is None):
        raise UsageRefused("found one of column and cell, expected both or none")
    filters = {column: cell} if column is not None and cell is not None else {}
    return current_services().rows(g.user, run_id, RowQuery(**query_data, filters=filters))


@predictions.get("/<string:run_id>/related")
@authorization.needs("viewer")
@predictions.input(schemas.RelatedQuery, location="query")
@predictions.output(schemas.RelatedOut)
def related(run_id: str, query_data: dict[str, Any]) -> dict[str, Any]:
    """Get the other rows of whoever acts in a row."""
    return current_services().related(g.user, run_id, query_data["row"], query_data["limit"])


@predictions.get("/<string:run_id>/charts")
@authorization.needs("viewer")
@predictions.doc(responses={200: "What to draw"})
def charts(run_id: str) -> dict[str, Any]:
    """Get what to draw: scores, alerts by budget, over time, by amount, by category."""
    return current_services().charts(g.user, run_id)


@predictions.get("/<string:run_id>/result")
@authorization.needs("viewer")
@predictions.input(schemas.ResultQuery, location="query")
@predictions.doc(responses={200: "The file"})
def result(run_id: str, query_data: dict[str, Any]) -> Response:
    """Download the upload with Vigie's columns."""
    return download(run_id, query_data["format"])


@predictions.get("/<string:run_id>/marks")
@authorization.needs("viewer")
@predictions.output(schemas.MarksOut)
def marks(run_id: str) -> dict[str, Any]:
    """Get what was said of the rows."""
    return {"marks": current_services().marks(g.user, run_id)}


@predictions.put("/<string:run_id>/marks")
@authorization.needs("analyst")
@predictions.input(schemas.MarksIn)
@predictions.output(schemas.MarksOut)
def set_marks(run_id: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Say of rows that they are fraud, fine or unsure; null takes it back."""
    current_services().set_marks(g.user, run_id, json_data["marks"])
    return {"marks": current_services().marks(g.user, run_id)}


@predictions.get("/<string:run_id>/suggest")
@authorization.needs("viewer")
@predictions.input(schemas.SuggestQuery, location="query")
@predictions.output(schemas.SuggestOut)
def suggest(run_id: str, query_data: dict[str, Any]) -> dict[str, Any]:
    """Get rows worth marking, the best first."""
    return {"rows": current_services().suggest(g.user, run_id, query_data["n"])}


@predictions.post("/<string:run_id>/refine")
@authorization.needs("analyst")
@once
@predictions.output(schemas.RunOut, status_code=202)
def refine(run_id: str) -> Any:
    """Ask for scores that have learnt from the marks."""
    return current_services().start_refine(g.user, run_id)


def download(run_id: str, kind: str) -> Response:
    """A result as a file, streamed from the store."""
    chunks, name, media, size = current_services().download(g.user, run_id, kind)
    answer = Response(chunks, content_type=media)
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_").replace("\\", "_")
    answer.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    )
    if size is not None:
        answer.content_length = size
    return answer
