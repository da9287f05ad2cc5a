"""Schemas of watches, notices and webhooks."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import Boolean, DateTime, Dict, Float, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range

from vigie.app.notice_tables import KINDS, TIMES
from vigie.app.watch_tables import FILE_STATES
from vigie.web.api.schemas.common import Fault


class WatchIn(Schema):
    """A new watch."""

    source = String(
        required=True,
        validate=Length(1, 2000),
        metadata={
            "description": "absolute path, or an address such as s3://bucket/prefix or sftp://user@host/path"
        },
    )
    name = String(load_default="", validate=Length(max=200))
    pattern = String(load_default="*", validate=Length(1, 200))
    cron = String(
        load_default="",
        validate=Length(max=100),
        metadata={"description": "schedule of the looks; empty to score files as they appear"},
    )
    timezone = String(load_default="UTC", validate=Length(1, 64))
    like = String(
        load_default="",
        validate=Length(max=40),
        metadata={"description": "upload or prediction whose columns, roles, budget and models are used"},
    )
    budget = Float(allow_none=True, validate=Range(min=0, min_inclusive=False, max=10**9))
    max_fraud_share = Float(allow_none=True, validate=Range(0, 1, min_inclusive=False, max_inclusive=False))
    write_back = Boolean(load_default=False)
    new_only = Boolean(load_default=False)


class WatchOut(Schema):
    """A watch."""

    id = String()
    name = String()
    url = String()
    pattern = String()
    schedule = String()
    timezone = String()
    write_back = Boolean()
    active = Boolean()
    columns = List(String(), allow_none=True)
    max_fraud_share = Float(allow_none=True)
    owner_email = String()
    created_at = DateTime()
    looked_at = DateTime(allow_none=True)
    next_look_at = DateTime()
    error = Nested(Fault, allow_none=True)


class WatchesOut(Schema):
    """Watches by name."""

    watches = List(Nested(WatchOut))


class WatchedFileOut(Schema):
    """A file that a watch found."""

    key = String(metadata={"description": "path below the watched location"})
    digest = String(metadata={"description": "SHA-256 of the content"})
    size = Integer()
    state = String(validate=OneOf(FILE_STATES))
    upload_id = String(allow_none=True)
    run_id = String(allow_none=True)
    error = Nested(Fault, allow_none=True)
    found_at = DateTime()
    finished_at = DateTime(allow_none=True)


class WatchedFilesOut(Schema):
    """Files that a watch found, newest first."""

    files = List(Nested(WatchedFileOut))


class ActiveIn(Schema):
    """Whether the watch is active."""

    active = Boolean(required=True)


class ChoicesOut(Schema):
    """When which notices are sent: kind -> time, as chosen by the caller and by their team."""

    user = Dict(keys=String(), values=String(validate=OneOf(TIMES)))
    team = Dict(keys=String(), values=String(validate=OneOf(TIMES)))


class ChoicesIn(Schema):
    """When which notices are sent."""

    choices = Dict(keys=String(validate=OneOf(KINDS)), values=String(validate=OneOf(TIMES)), required=True)


class WebhookIn(Schema):
    """A new webhook."""

    url = String(required=True, validate=Length(1, 2000))
    kinds = List(String(validate=OneOf(KINDS)), required=True, validate=Length(1, len(KINDS)))
    team = Boolean(load_default=False, metadata={"description": "whether it receives what concerns the team"})


class WebhookOut(Schema):
    """A webhook, without its key."""

    id = String()
    url = String()
    team = String()
    kinds = List(String())
    active = Boolean()
    user_email = String()
    created_at = DateTime()


class NewWebhookOut(WebhookOut):
    """A webhook with the key of its signatures, which no other response holds."""

    secret = String()


class WebhooksOut(Schema):
    """Webhooks by age."""

    webhooks = List(Nested(WebhookOut))


class AttemptOut(Schema):
    """A call of a webhook."""

    notice_id = String()
    at = DateTime()
    status = Integer(allow_none=True, metadata={"description": "HTTP status; null where there was no answer"})
    error = String()
    seconds = Float()


class AttemptsOut(Schema):
    """Calls of a webhook, newest first."""

    attempts = List(Nested(AttemptOut))
