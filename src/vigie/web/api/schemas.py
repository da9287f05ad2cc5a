"""What is sent and answered."""

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

_ROW = Range(min=0, max=2**53)
_FREE = {"type": "object", "additionalProperties": True}


def free(**more: Any) -> Raw:
    """Whatever JSON has, null too."""
    return Raw(metadata={**_FREE, "nullable": True}, allow_none=True, **more)


class Fault(Schema):
    """Why an upload or a run failed."""

    message = String()
    hint = String()
    kind = String()


class PartOut(Schema):
    """A part that has arrived."""

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
    """An upload, as far as it is known."""

    id = String()
    name = String()
    state = String(validate=OneOf(UPLOAD_STATES))
    size = Integer()
    parts = Integer()
    part_bytes = Integer(metadata={"description": "how many bytes a part may have"})
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
    """An upload with the parts that have arrived: where to go on."""

    received = List(Nested(PartOut))


class UploadsOut(Schema):
    """Uploads, newest first."""

    uploads = List(Nested(UploadOut))


class UploadsQuery(Schema):
    """Which uploads."""

    limit = Integer(load_default=50, validate=Range(1, 200))
    before = DateTime(metadata={"description": "only older ones"})
    query = String(load_default="", validate=Length(max=200))


class ContentQuery(Schema):
    """What the file is called."""

    name = String(required=True, validate=Length(1, 255))


class HeadOut(Schema):
    """The first rows, cells as uploaded."""

    columns = List(String())
    rows = List(List(String(allow_none=True)))


class MappingIn(Schema):
    """Column -> role."""

    mapping = Dict(keys=String(), values=String(), required=True, validate=Length(max=2000))


class MatchesOut(Schema):
    """What the columns mean, and which models fit."""

    state = String()
    roles = List(free())
    matches = List(free())


class PredictionIn(Schema):
    """What to score, and how."""

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
    """What to train."""

    upload_id = String(required=True, validate=Length(1, 40))
    label = String(required=True, validate=Length(1, 500))
    name = String(required=True, validate=Length(1, 100))
    domain = String(load_default="", validate=Length(max=100))
    seconds = Float(
        load_default=120.0,
        validate=Range(1, 3600),
        metadata={"description": "how long to search for the best parameters"},
    )


class RunOut(Schema):
    """A prediction or a training, and how far it is."""

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
    """Which of them."""

    upload_id = String(validate=Length(1, 40))
    limit = Integer(load_default=50, validate=Range(1, 200))


class RowsQuery(Schema):
    """Which rows, in what order."""

    budget = Integer(validate=Range(0, 10**9))
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
    """A row with what Vigie says of it and its cells as uploaded."""

    row = Integer(metadata={"description": "from 0, in the order of the upload"})
    rank = Integer(metadata={"description": "from 1, most suspicious first"})
    fraud_score = Float()
    fraud_probability = Float(allow_none=True)
    anomaly_score = Float(allow_none=True)
    agreement = Float(allow_none=True)
    risk_level = String(allow_none=True)
    alert = Boolean()
    reasons = String(allow_none=True)
    cells = Dict(keys=String(), values=String(allow_none=True))
    mark = String(allow_none=True)


class RowsOut(Schema):
    """A page of rows."""

    rows = List(Nested(RowOut))
    total = Integer()
    columns = List(String())


class RelatedQuery(Schema):
    """Of which row."""

    row = Integer(required=True, validate=_ROW)
    limit = Integer(load_default=200, validate=Range(1, 1000))


class RelatedOut(Schema):
    """The rows of whoever acts in that row."""

    column = String(allow_none=True)
    role = String(allow_none=True)
    rows = List(Nested(RowOut))


class ResultQuery(Schema):
    """As which file."""

    format = String(load_default="csv", validate=OneOf(["csv", "parquet", "xlsx"]))


class MarksIn(Schema):
    """Row -> fraud, fine, unsure, or null to take it back."""

    marks = Dict(
        keys=Integer(validate=_ROW),
        values=String(allow_none=True, validate=OneOf(LABELS)),
        required=True,
        validate=Length(max=10_000),
    )


class MarkOut(Schema):
    """What somebody said of a row."""

    row = Integer()
    verdict = String()
    user_name = String()
    at = DateTime()


class MarksOut(Schema):
    """What was said of the rows of an upload."""

    marks = List(Nested(MarkOut))


class SuggestQuery(Schema):
    """How many."""

    n = Integer(load_default=10, validate=Range(1, 100))


class SuggestOut(Schema):
    """Rows worth asking somebody about, the best first."""

    rows = List(Integer())


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
    """A reference model with all that is told of it."""

    roles = free()
    typologies = List(String())
    provenance = free()
    manifest_sha256 = String()


class VersionQuery(Schema):
    """Which version; the newest where none is named."""

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
    """A token with its secret, which is shown this once."""

    secret = String()


class TokensOut(Schema):
    """One's own tokens."""

    tokens = List(Nested(TokenOut))


class MeOut(Schema):
    """Who the caller is, and what the installation allows."""

    email = String()
    name = String()
    role = String(validate=OneOf(ROLES))
    team = String()
    scopes = List(String(), allow_none=True)
    max_upload_bytes = Integer()
    part_bytes = Integer()
    retention_days = Integer()
