"""Scorings and refinements."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, request

from vigie.app import Run
from vigie.calibration.reviewed import Reviewed
from vigie.errors import UsageRefused
from vigie.i18n.catalogue import DEFAULT, languages
from vigie.web import authorization
from vigie.web.api import schemas
from vigie.web.api.idempotency import idempotent
from vigie.web.downloads import download
from vigie.web.services import RowQuery, current_services

blueprint = APIBlueprint("api_predictions", __name__, url_prefix="/api/v1/predictions", tag="Predictions")


@blueprint.get("")
@authorization.needs("viewer")
@blueprint.input(schemas.RunsQuery, location="query")
@blueprint.output(schemas.RunsOut)
def list_predictions(query_data: dict[str, Any]) -> dict[str, Any]:
    """List predictions and trainings, newest first."""
    return {"predictions": current_services().predictions.list_for(g.user, **query_data)}


@blueprint.post("")
@authorization.needs("analyst")
@idempotent
@blueprint.input(schemas.PredictionIn)
@blueprint.output(schemas.RunOut, status_code=202)
def start_prediction(json_data: dict[str, Any]) -> Run:
    """Score an upload."""
    return current_services().predictions.score(g.user, json_data.pop("upload_id"), **json_data)


@blueprint.get("/<string:run_id>")
@authorization.needs("viewer")
@blueprint.output(schemas.RunOut)
def get_prediction(run_id: str) -> Run:
    """Get a prediction: its progress, and its summary once it is done."""
    return current_services().predictions.find(g.user, run_id)


@blueprint.post("/<string:run_id>/cancel")
@authorization.needs("analyst")
@blueprint.output(schemas.RunOut)
def cancel(run_id: str) -> Run:
    """Cancel an unfinished prediction; may be repeated."""
    return current_services().predictions.cancel(g.user, run_id)


@blueprint.get("/<string:run_id>/rows")
@authorization.needs("viewer")
@blueprint.input(schemas.RowsQuery, location="query")
@blueprint.output(schemas.RowsOut)
def list_rows(run_id: str, query_data: dict[str, Any]) -> dict[str, Any]:
    """Get rows, most suspicious first by default."""
    column, cell = query_data.pop("column", None), query_data.pop("cell", None)
    if (column is None) != (cell is None):
        raise UsageRefused("found one of column and cell, expected both or none")
    filters = {column: cell} if column is not None and cell is not None else {}
    query = RowQuery(label=query_data.pop("marked"), filters=filters, **query_data)
    page = current_services().results.rows(g.user, run_id, query)
    return {"rows": _numbered(page.rows), "total": page.total, "columns": page.columns}


@blueprint.get("/<string:run_id>/related")
@authorization.needs("viewer")
@blueprint.input(schemas.RelatedQuery, location="query")
@blueprint.output(schemas.RelatedOut)
def list_related(run_id: str, query_data: dict[str, Any]) -> dict[str, Any]:
    """Get the rows of the same actor as a row."""
    found = current_services().results.related(g.user, run_id, query_data["row"] - 1, query_data["limit"])
    return found | {"rows": _numbered(found["rows"])}


@blueprint.get("/<string:run_id>/charts")
@authorization.needs("viewer")
@blueprint.doc(responses={200: "Data of the charts"})
def get_charts(run_id: str) -> dict[str, Any]:
    """Get the data of the charts: scores, and alerts by budget, time, amount and category."""
    return current_services().results.charts(g.user, run_id)


@blueprint.get("/<string:run_id>/result")
@authorization.needs("viewer")
@blueprint.input(schemas.ResultQuery, location="query")
@blueprint.doc(responses={200: "The file"})
def get_result(run_id: str, query_data: dict[str, Any]) -> Response:
    """Download the table with result and verdict columns."""
    preferred = request.accept_languages.best_match(languages()) or DEFAULT
    language = query_data.get("language", preferred)
    return download(run_id, query_data["format"], query_data.get("budget"), language)


@blueprint.put("/<string:run_id>/budget")
@authorization.needs("analyst")
@blueprint.input(schemas.BudgetIn)
@blueprint.output(schemas.RunOut)
def set_budget(run_id: str, json_data: dict[str, Any]) -> Run:
    """Set the number of rows to review; rows, files and report show as many alerts."""
    return current_services().predictions.set_budget(g.user, run_id, json_data["budget"])


@blueprint.get("/<string:run_id>/marks")
@authorization.needs("viewer")
@blueprint.output(schemas.MarksOut)
def list_labels(run_id: str) -> dict[str, Any]:
    """Get the labels of the rows."""
    return _labels(run_id)


@blueprint.put("/<string:run_id>/marks")
@authorization.needs("analyst")
@blueprint.input(schemas.MarksIn)
@blueprint.output(schemas.MarksOut)
def set_labels(run_id: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Label rows: `fraud`, `fine` (legitimate) or `unsure` (unknown); null deletes a label."""
    labels, comments = (
        {row - 1: value for row, value in json_data[name].items()} for name in ("marks", "comments")
    )
    current_services().predictions.set_labels(g.user, run_id, labels, comments)
    return _labels(run_id)


@blueprint.get("/<string:run_id>/suggest")
@authorization.needs("viewer")
@blueprint.input(schemas.SuggestQuery, location="query")
@blueprint.output(schemas.SuggestOut)
def suggest(run_id: str, query_data: dict[str, Any]) -> dict[str, Any]:
    """Get the rows whose labels would help a refinement most, best first."""
    return {"rows": [row + 1 for row in current_services().results.suggest(g.user, run_id, query_data["n"])]}


@blueprint.get("/<string:run_id>/sample")
@authorization.needs("viewer")
@blueprint.input(schemas.AlertsQuery, location="query")
@blueprint.output(schemas.SuggestOut)
def sample(run_id: str, query_data: dict[str, Any]) -> dict[str, Any]:
    """Get a random sample of the alerts, from all ranks; once they are labelled, `reviewed` estimates all alerts."""
    found = current_services().results.sample(g.user, run_id, query_data.get("budget"))
    return {"rows": [row + 1 for row in found]}


@blueprint.get("/<string:run_id>/reviewed")
@authorization.needs("viewer")
@blueprint.input(schemas.AlertsQuery, location="query")
@blueprint.output(schemas.ReviewedOut)
def get_reviewed(run_id: str, query_data: dict[str, Any]) -> Reviewed:
    """Get what the labels say of the alerts."""
    return current_services().results.reviewed(g.user, run_id, query_data.get("budget"))


@blueprint.post("/<string:run_id>/refine")
@authorization.needs("analyst")
@idempotent
@blueprint.input(schemas.RefineIn)
@blueprint.output(schemas.RunOut, status_code=202)
def refine(run_id: str, json_data: dict[str, Any]) -> Run:
    """Score again, with the labels of the rows and of an earlier file."""
    return current_services().label_sources.refine(g.user, run_id, json_data.get("earlier"))


@blueprint.get("/<string:run_id>/label-sources")
@authorization.needs("viewer")
@blueprint.output(schemas.LabelSourcesOut)
def list_label_sources(run_id: str) -> dict[str, Any]:
    """List earlier files with the same columns and with labels, from which a refinement can start, newest first."""
    found = current_services().label_sources.offered(g.user, run_id)
    return {
        "sources": [
            {
                "prediction_id": one.run,
                "name": one.upload and one.upload.name,
                "labels": len(one.labels),
                "frauds": one.frauds,
            }
            for one in found
        ]
    }


def _numbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with numbers from 1, as users count them; services count from 0."""
    return [{**row, "row": row["row"] + 1} for row in rows]


def _labels(run_id: str) -> dict[str, Any]:
    labels = current_services().predictions.labels(g.user, run_id)
    return {"marks": [{**vars(label), "row": label.row + 1} for label in labels]}
