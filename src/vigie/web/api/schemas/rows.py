"""Schemas of the rows of a prediction and their labels."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import Boolean, DateTime, Dict, Float, Integer, List, Nested, Raw, String
from apiflask.validators import Length, OneOf, Range

from vigie.app.tables import LABELS
from vigie.web.api.schemas.common import ROW_NUMBER


class RowsQuery(Schema):
    """Selection and order of rows."""

    budget = Integer(
        validate=Range(0, 10**9),
        metadata={
            "description": "only alerts: those of this number of rows from the top of the ranking, and what rules"
            " change; by default all rows"
        },
    )
    page = Integer(load_default=1, validate=Range(1, 10**9))
    size = Integer(load_default=50, validate=Range(1, 500))
    sort = String(load_default="rank", validate=Length(max=500))
    descending = Boolean(load_default=False)
    search = String(load_default="", validate=Length(max=200))
    column = String(
        validate=Length(max=500), metadata={"description": "with `cell`: only rows with exactly this cell"}
    )
    cell = String(validate=Length(max=2000))
    level = String(load_default="", validate=OneOf(["", "HIGH", "MEDIUM", "LOW"]))
    marked = String(load_default="", validate=OneOf(["", "any", "none", *LABELS]))


class RowOut(Schema):
    """A row: rank, output columns, cells as uploaded, label."""

    row = Integer(metadata={"description": "number in the upload, from 1"})
    rank = Integer(metadata={"description": "from 1, most suspicious first"})
    fraud_score = Float()
    fraud_probability = Float(allow_none=True)
    anomaly_score = Float(allow_none=True)
    agreement = Float(allow_none=True)
    risk_level = String(allow_none=True)
    alert = Boolean(
        metadata={"description": "whether the rank is within the alert budget, unless a rule says otherwise"}
    )
    reasons = String(allow_none=True)
    facts = Raw(
        allow_none=True,
        metadata={"description": "the reasons as features with their numbers", "nullable": True},
    )
    cells = Dict(keys=String(), values=String(allow_none=True))
    mark = String(allow_none=True, metadata={"description": "the same as `verdict`"})
    verdict = String(allow_none=True)
    verdict_by = String(allow_none=True)
    verdict_at = DateTime(allow_none=True)
    comment = String(allow_none=True)


class RowsOut(Schema):
    """A page of rows."""

    rows = List(Nested(RowOut))
    total = Integer()
    columns = List(String())


class RelatedQuery(Schema):
    """Row whose related rows are returned."""

    row = Integer(required=True, validate=ROW_NUMBER)
    limit = Integer(load_default=200, validate=Range(1, 1000))


class RelatedOut(Schema):
    """Rows of the same actor."""

    column = String(allow_none=True)
    role = String(allow_none=True)
    rows = List(Nested(RowOut))


class MarksIn(Schema):
    """Labels: row, from 1 -> `fraud`, `fine` (legitimate), `unsure` (unknown), or null to delete; comments: row -> text."""

    marks = Dict(
        keys=Integer(validate=ROW_NUMBER),
        values=String(allow_none=True, validate=OneOf(LABELS)),
        load_default=dict,
        validate=Length(max=10_000),
    )
    comments = Dict(
        keys=Integer(validate=ROW_NUMBER),
        values=String(allow_none=True, validate=Length(max=2000)),
        load_default=dict,
        validate=Length(max=10_000),
    )


class MarkOut(Schema):
    """Label of a row."""

    row = Integer(metadata={"description": "number in the upload, from 1"})
    verdict = String()
    user_name = String()
    at = DateTime()
    comment = String(allow_none=True)


class MarksOut(Schema):
    """Labels of an upload."""

    marks = List(Nested(MarkOut))


class SuggestQuery(Schema):
    """Number of rows."""

    n = Integer(load_default=10, validate=Range(1, 100))


class SuggestOut(Schema):
    """Rows to label, by their numbers from 1, best first."""

    rows = List(Integer())
