"""Schemas of online scoring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from apiflask.fields import Boolean, Dict, Float, Integer, List, Nested, String
from apiflask.validators import Length, Range
from marshmallow import ValidationError

from vigie.web.api.schemas.common import free


class _Rows(List):  # type: ignore[type-arg]  # generic for the type checker only
    """List of objects, validated as a whole: validating every field would take longer than scoring."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Dict(keys=String(), values=free()), **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any
    ) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        wrong = {n: ["Not a valid mapping type."] for n, row in enumerate(value) if not isinstance(row, dict)}
        if wrong:
            raise ValidationError(wrong)
        return value


class ScoreIn(Schema):
    """Rows to score, oldest first: the last ones are scored, the rows before them are their history."""

    prediction_id = String(required=True, validate=Length(1, 40))
    rows = _Rows(required=True, validate=Length(1, 2000))
    last = Integer(strict=True, load_default=1, validate=Range(1, 2000))


class LiveOut(Schema):
    """Output columns of one row."""

    fraud_score = Float()
    fraud_probability = Float(allow_none=True)
    anomaly_score = Float(allow_none=True)
    agreement = Float(allow_none=True)
    risk_level = String()
    alert = Boolean()
    reasons = String()


class ScoreOut(Schema):
    """Scored rows, in the order of the request."""

    rows = List(Nested(LiveOut))
