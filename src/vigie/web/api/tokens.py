"""API tokens."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint
from flask import g

from vigie.web import authorization
from vigie.web.api import schemas
from vigie.web.services import current_services

blueprint = APIBlueprint("api_tokens", __name__, url_prefix="/api/v1/tokens", tag="Tokens")


@blueprint.get("")
@authorization.needs("viewer")
@blueprint.output(schemas.TokensOut)
def list_tokens() -> dict[str, Any]:
    """List the caller's tokens."""
    return {"tokens": current_services().tokens.list_own(g.user)}


@blueprint.post("")
@authorization.needs("analyst", session=True)
@blueprint.input(schemas.TokenIn)
@blueprint.output(schemas.NewTokenOut, status_code=201)
def create_token(json_data: dict[str, Any]) -> dict[str, Any]:
    """Create a token; only this response holds its secret. Needs a session: a token creates no token."""
    token, secret = current_services().tokens.create(g.user, **json_data)
    return asdict(token) | {"secret": secret}


@blueprint.delete("/<string:token_id>")
@authorization.needs("analyst", session=True)
@blueprint.output({}, status_code=204)
def revoke_token(token_id: str) -> str:
    """Revoke a token of the caller; may be repeated. Needs a session."""
    current_services().tokens.revoke(g.user, token_id)
    return ""
