"""Alert rules."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import g

from vigie.app.rules import StoredRule
from vigie.rules import Rule, wording
from vigie.web import authorization
from vigie.web.api import schemas
from vigie.web.api.idempotency import idempotent
from vigie.web.services import current_services

blueprint = APIBlueprint("api_rules", __name__, url_prefix="/api/v1", tag="Rules")


@blueprint.get("/rules")
@authorization.needs("viewer")
@blueprint.output(schemas.RulesOut)
def list_rules() -> dict[str, Any]:
    """List the rules, newest first."""
    return {"rules": [_out(one) for one in current_services().rules.list_for(g.user)]}


@blueprint.post("/rules")
@authorization.needs("analyst")
@idempotent
@blueprint.input(schemas.RuleIn)
@blueprint.output(schemas.RuleOut, status_code=201)
def add_rule(json_data: dict[str, Any]) -> dict[str, Any]:
    """Make a rule; it applies to the file of the prediction and to files that are scored later."""
    stored = current_services().rules.add(
        g.user,
        json_data["prediction_id"],
        _rule(json_data),
        state=json_data["state"],
        comment=json_data["comment"],
    )
    return _out(stored)


@blueprint.post("/rules/try")
@authorization.needs("analyst")
@blueprint.input(schemas.RuleIn)
@blueprint.output(schemas.TrialsOut)
def try_rule(json_data: dict[str, Any]) -> dict[str, Any]:
    """Try a rule on the newest files with these columns; nothing is stored."""
    found = current_services().rules.try_out(g.user, json_data["prediction_id"], _rule(json_data))
    return {"trials": [{**vars(trial), "prediction_id": trial.run.id} for trial in found]}


@blueprint.patch("/rules/<int:number>")
@authorization.needs("analyst")
@blueprint.input(schemas.RuleChangeIn)
@blueprint.output(schemas.RuleOut)
def change_rule(number: int, json_data: dict[str, Any]) -> dict[str, Any]:
    """Switch a rule on or off, or into shadow, or set its last day."""
    return _out(current_services().rules.change(g.user, number, **json_data))


@blueprint.get("/predictions/<string:run_id>/rules")
@authorization.needs("viewer")
@blueprint.input(schemas.AlertsQuery, location="query")
@blueprint.output(schemas.RuleEffectsOut)
def get_effects(run_id: str, query_data: dict[str, Any]) -> dict[str, Any]:
    """Get the number of alerts of a prediction, and what rules do to them."""
    alerts, found = current_services().rules.effects(g.user, run_id, query_data.get("budget"))
    return {
        "alerts": alerts.count,
        "budget": alerts.budget,
        "hidden": len(alerts.hidden),
        "added": len(alerts.added),
        "rules": [{"rule": _out(one.rule), "matched": one.matched, "changed": one.changed} for one in found],
    }


def _rule(data: dict[str, Any]) -> Rule:
    return current_services().rules.build(
        g.user, data["prediction_id"], data["action"], data["conditions"], data["expires_on"]
    )


def _out(stored: StoredRule) -> dict[str, Any]:
    rule = stored.rule
    return {
        "id": rule.id,
        "action": rule.action,
        "conditions": rule.conditions,
        "text": str(wording.rule_text(rule)),
        "state": stored.state,
        "expires_on": rule.expires_on,
        "comment": stored.comment,
        "author": stored.author,
        "created_at": stored.created_at,
        "prediction_id": stored.run_id,
    }
