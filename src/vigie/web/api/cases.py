"""Cases and the queue."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import g, request

from vigie.app.cases.changes import Change
from vigie.app.cases.queries import CaseQuery
from vigie.app.cases.tables import UNDECIDED
from vigie.i18n.catalogue import DEFAULT, languages
from vigie.i18n.translator import Translator
from vigie.web import authorization
from vigie.web.api import schemas
from vigie.web.services import current_services
from vigie.web.services.cases import NamedCase

blueprint = APIBlueprint("api_cases", __name__, url_prefix="/api/v1/cases", tag="Cases")


@blueprint.get("")
@authorization.needs("viewer")
@blueprint.input(schemas.CasesQuery, location="query")
@blueprint.output(schemas.CasesOut)
def list_cases(query_data: dict[str, Any]) -> dict[str, Any]:
    """List cases, the largest expected loss first."""
    status, search = query_data.pop("status", None), query_data.pop("search")
    query = CaseQuery(statuses=(status,) if status else UNDECIDED, **query_data)
    found, total = current_services().cases.list_cases(g.user, query, search)
    return {"cases": [_case(one) for one in found], "total": total}


@blueprint.get("/<string:case_id>")
@authorization.needs("viewer")
@blueprint.output(schemas.CaseDetailOut)
def get_case(case_id: str) -> dict[str, Any]:
    """Get a case with its alerts and its history."""
    return _detail(case_id)


@blueprint.get("/<string:case_id>/surroundings")
@authorization.needs("viewer")
@blueprint.output(schemas.SurroundingsOut)
def get_surroundings(case_id: str) -> dict[str, Any]:
    """Get the rows of the entities of a case over all files by month, and who sends to whom around them."""
    services = current_services()
    found = services.case_files.surroundings(g.user, services.cases.find(g.user, case_id).case)
    network = found.network
    return vars(found) | {"nodes": network.nodes, "edges": network.edges, "hidden": network.hidden}


@blueprint.patch("/<string:case_id>")
@authorization.needs("analyst")
@blueprint.input(schemas.CaseIn)
@blueprint.output(schemas.CaseDetailOut)
def change_case(case_id: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Change status, assignee or due date of a case, and add a note; a decision labels the rows."""
    change = Change(
        status=json_data.get("status"),
        assignee=(json_data["assignee_id"] or 0) if "assignee_id" in json_data else None,
        due=json_data.get("due"),
        clear_due="due" in json_data and json_data["due"] is None,
        note=json_data["note"],
    )
    current_services().cases.change(g.user, case_id, json_data["version"], change)
    return _detail(case_id)


@blueprint.get("/<string:case_id>/notes")
@authorization.needs("viewer")
@blueprint.output(schemas.NotesOut)
def list_notes(case_id: str) -> dict[str, Any]:
    """Get notes and history of a case, newest first."""
    return {"events": current_services().cases.events(g.user, case_id)}


@blueprint.post("/<string:case_id>/notes")
@authorization.needs("analyst")
@blueprint.input(schemas.NoteIn)
@blueprint.output(schemas.NotesOut, status_code=201)
def add_note(case_id: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Add a note to a case."""
    return {"events": current_services().cases.add_note(g.user, case_id, json_data["note"])}


@blueprint.post("/<string:case_id>/merge")
@authorization.needs("analyst")
@blueprint.input(schemas.MergeIn)
@blueprint.output(schemas.CaseDetailOut)
def merge_cases(case_id: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Move the alerts and notes of another case into this one."""
    version, other = json_data["version"], json_data["other"]
    current_services().cases.merge(g.user, case_id, version, other, json_data["other_version"])
    return _detail(case_id)


@blueprint.post("/<string:case_id>/split")
@authorization.needs("analyst")
@blueprint.input(schemas.SplitIn)
@blueprint.output(schemas.CaseDetailOut, status_code=201)
def split_case(case_id: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Move alerts of a case into a new one, and get the new one."""
    alerts = [(alert["upload_id"], alert["row"] - 1) for alert in json_data["alerts"]]
    new = current_services().cases.split(g.user, case_id, json_data["version"], alerts)
    return _detail(new.id)


def _case(found: NamedCase) -> dict[str, Any]:
    return vars(found.case) | {"name": found.name}


def _detail(case_id: str) -> dict[str, Any]:
    services = current_services()
    cases, t = services.cases, Translator(request.accept_languages.best_match(languages()) or DEFAULT)
    found, alerts = cases.find(g.user, case_id), cases.alerts(g.user, case_id)
    reasons = services.case_files.reasons(g.user, alerts, t)
    listed = [
        vars(alert)
        | {
            "row": alert.row + 1,
            "prediction_id": alert.run_id,
            "reasons": reasons.get((alert.upload_id, alert.row), []),
        }
        for alert in alerts
    ]
    return _case(found) | {"alert_list": listed, "events": cases.events(g.user, case_id)}
