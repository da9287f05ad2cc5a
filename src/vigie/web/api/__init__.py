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

from vigie.web.api.meta import meta
from vigie.web.api.models import models
from vigie.web.api.predictions import predictions
from vigie.web.api.scoring import scoring
from vigie.web.api.tokens import tokens
from vigie.web.api.uploads import uploads


def blueprints() -> list[APIBlueprint]:
    """Return the blueprints that create_app registers."""
    return [uploads, predictions, scoring, models, tokens, meta]
