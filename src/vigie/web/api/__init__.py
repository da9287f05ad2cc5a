"""/api/v1: the services for programs.

    schemas           JSON of requests and responses; OpenAPI is generated from them
    schemas_scoring   the same for online scoring
    idempotency       requests that may be repeated safely
    uploads           files, whole or in parts
    predictions       scorings and refinements
    scoring           online scoring
    models            reference models and trainings
    tokens            API tokens
    meta              the OpenAPI document and the caller

Errors are application/problem+json.
"""

from __future__ import annotations

from apiflask import APIBlueprint

from vigie.web.api import meta, models, predictions, scoring, tokens, uploads


def blueprints() -> list[APIBlueprint]:
    """Return the blueprints that create_app registers."""
    return [module.blueprint for module in (uploads, predictions, scoring, models, tokens, meta)]
