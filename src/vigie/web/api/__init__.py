"""/api/v1: the services for programs.

    schemas           JSON of requests and responses; OpenAPI is generated from them
    idempotency       requests that may be repeated safely
    uploads           files, whole or in parts
    predictions       scorings and refinements
    comparisons       a prediction against an earlier one
    rules             alert rules
    cases             alerts of one entity over all files; the queue
    scoring           online scoring
    models            reference models and trainings
    watches           locations whose new files are scored
    notices           choices of notices, and webhooks
    tokens            API tokens
    meta              the OpenAPI document and the caller

Errors are application/problem+json.
"""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, APIFlask

from vigie.web.api import (
    cases,
    comparisons,
    meta,
    models,
    notices,
    predictions,
    rules,
    scoring,
    tokens,
    uploads,
    watches,
)


def describe(app: APIFlask) -> None:
    """Say in the OpenAPI document how a request is authenticated: by token, or by the session of the pages."""
    app.security_schemes = {
        "token": {"type": "http", "scheme": "bearer", "description": "an API token of the settings page"},
        "session": {"type": "apiKey", "in": "cookie", "name": app.config["SESSION_COOKIE_NAME"]},
    }

    @app.spec_processor
    def require_any(spec: dict[Any, Any] | str) -> dict[Any, Any] | str:
        return spec if isinstance(spec, str) else spec | {"security": [{"token": []}, {"session": []}]}


def blueprints() -> list[APIBlueprint]:
    """Return the blueprints that create_app registers."""
    modules = (
        uploads,
        predictions,
        comparisons,
        rules,
        cases,
        scoring,
        models,
        watches,
        notices,
        tokens,
        meta,
    )
    return [module.blueprint for module in modules]
