"""Notices: choices and webhooks."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import g

from vigie.app.webhooks import Webhook
from vigie.web import authorization
from vigie.web.api import schemas
from vigie.web.api.idempotency import idempotent
from vigie.web.services import current_services

blueprint = APIBlueprint("api_notices", __name__, url_prefix="/api/v1", tag="Notices")


@blueprint.get("/notices/choices")
@authorization.needs("viewer")
@blueprint.output(schemas.ChoicesOut)
def get_choices() -> dict[str, Any]:
    """Get when which notices are sent to the caller and their team."""
    service = current_services().notices
    return {"user": service.choices(g.user), "team": service.team_choices(g.user)}


@blueprint.put("/notices/choices")
@authorization.needs("viewer")
@blueprint.input(schemas.ChoicesIn)
@blueprint.output(schemas.ChoicesOut)
def set_choices(json_data: dict[str, Any]) -> dict[str, Any]:
    """Set when which notices are sent to the caller; kinds that are left out follow the team."""
    service = current_services().notices
    service.set_choices(g.user, json_data["choices"])
    return {"user": service.choices(g.user), "team": service.team_choices(g.user)}


@blueprint.get("/webhooks")
@authorization.needs("viewer")
@blueprint.output(schemas.WebhooksOut)
def list_webhooks() -> dict[str, Any]:
    """List the webhooks of the caller and of their team."""
    return {"webhooks": current_services().notices.list_webhooks(g.user)}


@blueprint.post("/webhooks")
@authorization.needs("analyst")
@idempotent
@blueprint.input(schemas.WebhookIn)
@blueprint.output(schemas.NewWebhookOut, status_code=201)
def add_webhook(json_data: dict[str, Any]) -> Webhook:
    """Add a webhook; only this response holds the key of its signatures."""
    return current_services().notices.add_webhook(g.user, **json_data)


@blueprint.get("/webhooks/<string:webhook_id>/attempts")
@authorization.needs("viewer")
@blueprint.output(schemas.AttemptsOut)
def list_attempts(webhook_id: str) -> dict[str, Any]:
    """List the last calls of a webhook, newest first."""
    return {"attempts": current_services().notices.attempts(g.user, webhook_id)}


@blueprint.delete("/webhooks/<string:webhook_id>")
@authorization.needs("analyst")
@blueprint.output({}, status_code=204)
def remove_webhook(webhook_id: str) -> str:
    """Remove a webhook."""
    current_services().notices.remove_webhook(g.user, webhook_id)
    return ""
