"""Schemas of predictions and trainings."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import DateTime, Float, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range

from vigie.app.tables import RUN_STATES
from vigie.i18n.catalogue import languages
from vigie.web.api.schemas.common import Fault, free


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
    position = Integer(allow_none=True, metadata={"description": "runs before this one, while it is queued"})
    wait_seconds = Float(
        allow_none=True, metadata={"description": "estimated time until it is started, while it is queued"}
    )
    seconds_left = Float(
        allow_none=True, metadata={"description": "estimated time until it is done, while it is running"}
    )
    attempts = Integer()
    options = free()
    budget = Integer(
        allow_none=True,
        metadata={"description": "rows to review: as set, or as Vigie proposes; null before the end"},
    )
    alerts = Integer(
        allow_none=True,
        metadata={"description": "alerts at this budget after rules; null until they are counted"},
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


class BudgetIn(Schema):
    """Number of rows to review."""

    budget = Integer(required=True, strict=True, validate=Range(0, 10**9))


class AlertsQuery(Schema):
    """Number of alerts."""

    budget = Integer(validate=Range(0, 10**9), metadata={"description": "by default that of the prediction"})


class ResultQuery(Schema):
    """Format and alerts of the file."""

    format = String(load_default="csv", validate=OneOf(["csv", "parquet", "xlsx"]))
    budget = Integer(
        validate=Range(0, 10**9),
        metadata={"description": "number of alerts; by default that of the prediction"},
    )
    language = String(validate=OneOf(languages()), metadata={"description": "of the workbook"})


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


class RefineIn(Schema):
    """Whose labels a refinement uses beside those of the file."""

    earlier = String(
        validate=Length(max=40),
        metadata={
            "description": "prediction of an earlier file with the same columns, whose labels are used, too; empty for none; by default the one that this prediction was refined with"
        },
    )


class LabelSourceOut(Schema):
    """An earlier file with labels."""

    prediction_id = String()
    name = String()
    labels = Integer(metadata={"description": "rows labelled fraud or legitimate"})
    frauds = Integer(metadata={"description": "rows labelled fraud"})


class LabelSourcesOut(Schema):
    """Earlier files with the same columns and with labels, newest first."""

    sources = List(Nested(LabelSourceOut))
