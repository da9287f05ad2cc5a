"""Schemas of requests and responses."""

from __future__ import annotations

from typing import Any

from apiflask import Schema
from apiflask.fields import (
    Boolean,
    DateTime,
    Dict,
    Float,
    Integer,
    List,
    Nested,
    Raw,
    String,
)
from apiflask.validators import Length, OneOf, Range

from vigie.app.tables import LABELS, ROLES, RUN_STATES, UPLOAD_STATES
from vigie.app.tokens import SCOPES
from vigie.i18n.catalogue import languages

_ROW = Range(min=1, max=2**53)
_FREE = {"type": "object", "additionalProperties": True}


def free(**more: Any) -> Raw:
    """Return a field for any JSON value, including null."""
    return Raw(metadata={**_FREE, "nullable": True}, allow_none=True, **more)


class Fault(Schema):
    """Reason of a refusal or failure."""

    message = String()
    hint = String()
    kind = String()


class PartOut(Schema):
    """A part received."""

    number = Integer()
    size = Integer()
    sha256 = String()


class UploadIn(Schema):
    """A new upload."""

    name = String(required=True, validate=Length(1, 255), metadata={"example": "payments.csv"})
    size = Integer(
        strict=True, allow_none=True, validate=Range(min=1, max=2**53), metadata={"example": 1048576}
    )


class UploadOut(Schema):
    """An upload."""

    id = String()
    name = String()
    state = String(validate=OneOf(UPLOAD_STATES))
    size = Integer()
    parts = Integer()
    part_bytes = Integer(metadata={"description": "maximum size of a part in bytes"})
    created_at = DateTime()
    expires_at = DateTime()
    rows = Integer(allow_none=True)
    rows_exact = Boolean()
    columns = Integer(allow_none=True)
    owner = String()
    inspection = free()
    mapping = Dict(keys=String(), values=String())
    error = Nested(Fault, allow_none=True)


class UploadPartsOut(UploadOut):
    """An upload with the parts received."""

    received = List(Nested(PartOut))


class UploadsOut(Schema):
    """Uploads, newest first."""

    uploads = List(Nested(UploadOut))


class UploadsQuery(Schema):
    """Selection of uploads."""

    limit = Integer(load_default=50, validate=Range(1, 200))
    before = DateTime(metadata={"description": "only uploads created earlier"})
    query = String(load_default="", validate=Length(max=200))


class ContentQuery(Schema):
    """Name of the file."""

    name = String(required=True, validate=Length(1, 255))


class HeadOut(Schema):
    """The first rows, cells as uploaded."""

    columns = List(String())
    rows = List(List(String(allow_none=True)))


class MappingIn(Schema):
    """Column -> role."""

    mapping = Dict(keys=String(), values=String(), required=True, validate=Length(max=2000))


class MatchesOut(Schema):
    """Roles of the columns and matching models."""

    state = String()
    roles = List(free())
    matches = List(free())


class PredictionIn(Schema):
    """Parameters of a scoring."""

    upload_id = String(required=True, validate=Length(1, 40))
    budget = Float(
        allow_none=True,
        validate=Range(min=0, min_inclusive=False, max=10**9),
        metadata={"description": "alert budget: a share below 1, or a number of rows"},
    )
    fraud_rate = Float(allow_none=True, validate=Range(0, 1, min_inclusive=False, max_inclusive=False))
    top = Integer(strict=True, load_default=3, validate=Range(1, 40))
    minimum = Float(load_default=0.5, validate=Range(0, 1))
    language = String(load_default="en", validate=OneOf(languages()))
    seed = Integer(strict=True, load_default=0, validate=Range(0, 2**31 - 1))


class TrainingIn(Schema):
    """Parameters of a training."""

    upload_id = String(required=True, validate=Length(1, 40))
    label = String(required=True, validate=Length(1, 500))
    name = String(required=True, validate=Length(1, 100))
    domain = String(load_default="", validate=Length(max=100))
    seconds = Float(
        load_default=120.0,
        validate=Range(1, 3600),
        metadata={"description": "time for hyperparameter tuning"},
    )


class RunOut(Schema):
    """A prediction or training."""

    id = String()
    upload_id = String()
    kind = String()
    state = String(validate=OneOf(RUN_STATES))
    stage = String()
    share = Float()
    rows = Integer(allow_none=True)
    rows_done = Integer()
    position = Integer(allow_none=True)
    attempts = Integer()
    options = free()
    budget = Integer(
        allow_none=True,
        metadata={"description": "rows to review: as set, or as Vigie proposes; null before the end"},
    )
    parent_id = String(allow_none=True)
    summary = free()
    error = Nested(Fault, allow_none=True)
    user_name = String()
    created_at = DateTime()
    started_at = DateTime(allow_none=True)
    finished_at = DateTime(allow_none=True)


class RunsOut(Schema):
    """Predictions and trainings, newest first."""

    predictions = List(Nested(RunOut))


class RunsQuery(Schema):
    """Selection of predictions."""

    upload_id = String(validate=Length(1, 40))
    limit = Integer(load_default=50, validate=Range(1, 200))


class RowsQuery(Schema):
    """Selection and order of rows."""

    budget = Integer(
        validate=Range(0, 10**9),
        metadata={
            "description": "only the first rows of the ranking, all of them alerts; by default all rows"
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
    alert = Boolean(metadata={"description": "whether the rank is within the alert budget"})
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

    row = Integer(required=True, validate=_ROW)
    limit = Integer(load_default=200, validate=Range(1, 1000))


class RelatedOut(Schema):
    """Rows of the same actor."""

    column = String(allow_none=True)
    role = String(allow_none=True)
    rows = List(Nested(RowOut))


class ResultQuery(Schema):
    """Format and alerts of the file."""

    format = String(load_default="csv", validate=OneOf(["csv", "parquet", "xlsx"]))
    budget = Integer(
        validate=Range(0, 10**9),
        metadata={"description": "number of alerts; by default that of the prediction"},
    )
    language = String(validate=OneOf(languages()), metadata={"description": "of the workbook"})


class BudgetIn(Schema):
    """Number of rows to review."""

    budget = Integer(required=True, strict=True, validate=Range(0, 10**9))


class MarksIn(Schema):
    """Labels: row, from 1 -> `fraud`, `fine` (legitimate), `unsure` (unknown), or null to delete; comments: row -> text."""

    marks = Dict(
        keys=Integer(validate=_ROW),
        values=String(allow_none=True, validate=OneOf(LABELS)),
        load_default=dict,
        validate=Length(max=10_000),
    )
    comments = Dict(
        keys=Integer(validate=_ROW),
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


class AlertsQuery(Schema):
    """Number of alerts."""

    budget = Integer(validate=Range(0, 10**9), metadata={"description": "by default that of the prediction"})


class ReviewedOut(Schema):
    """What the labels say of the alerts."""

    alerts = Integer()
    known = Integer(metadata={"description": "alerts labelled fraud or legitimate"})
    frauds = Integer(metadata={"description": "alerts labelled fraud"})
    rate = List(
        Float(),
        allow_none=True,
        metadata={"description": "95 % interval of the share of fraud among rows like the labelled ones"},
    )
    sample = Integer(metadata={"description": "size of the random sample that is labelled; 0 without one"})
    low = Integer(
        metadata={
            "description": "least frauds among all alerts; certain, or with 95 % where there is a sample"
        }
    )
    high = Integer(metadata={"description": "most frauds among all alerts, in the same sense"})


class ModelOut(Schema):
    """A reference model."""

    name = String()
    version = String()
    domain = String()
    active = Boolean()
    cached = Boolean()
    size = Integer()
    storage_type = String()
    columns = Integer()
    performance = free()
    created_at = DateTime(allow_none=True)


class ModelsOut(Schema):
    """The catalog."""

    models = List(Nested(ModelOut))


class ModelCardOut(ModelOut):
    """A reference model with roles, typologies and provenance."""

    roles = free()
    typologies = List(String())
    provenance = free()
    manifest_sha256 = String()


class VersionQuery(Schema):
    """Version of a model; by default the newest."""

    version = String(validate=Length(1, 50))


class TokenIn(Schema):
    """A new token."""

    name = String(required=True, validate=Length(1, 200))
    scopes = List(String(validate=OneOf(SCOPES)), required=True, validate=Length(1, 3))
    days = Integer(strict=True, allow_none=True, validate=Range(1, 3650))


class TokenOut(Schema):
    """A token, without its secret."""

    id = String()
    name = String()
    prefix = String()
    scopes = List(String())
    created_at = DateTime()
    expires_at = DateTime(allow_none=True)
    used_at = DateTime(allow_none=True)
    revoked_at = DateTime(allow_none=True)


class NewTokenOut(TokenOut):
    """A token with its secret, which no other response holds."""

    secret = String()


class TokensOut(Schema):
    """Tokens of the caller."""

    tokens = List(Nested(TokenOut))


class MeOut(Schema):
    """The caller's account and the limits of the installation."""

    email = String()
    name = String()
    role = String(validate=OneOf(ROLES))
    team = String()
    scopes = List(String(), allow_none=True)
    max_upload_bytes = Integer()
    part_bytes = Integer()
    retention_days = Integer()
