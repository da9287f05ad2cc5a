"""/api/v1: the desk, for programs.

    schemas       what is sent and answered; OpenAPI is generated from them
    once          requests that may be repeated without doing their work twice
    uploads       files, whole or in parts
    predictions   score, watch, read, mark, refine, cancel
    others        models, trainings, tokens, who am I

Errors are application/problem+json with the words of the command line.
"""

from __future__ import annotations

from apiflask import APIBlueprint

from vigie.web.api.others import others
from vigie.web.api.predictions import predictions
from vigie.web.api.uploads import uploads


def blueprints() -> list[APIBlueprint]:
    """What create_app registers."""
    return [uploads, predictions, others]
