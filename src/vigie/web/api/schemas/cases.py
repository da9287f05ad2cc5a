"""Schemas of cases."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import Boolean, Date, DateTime, Float, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range

from vigie.app.cases.tables import STATUSES, UNDECIDED
from vigie.app.tables import LABELS
from vigie.web.api.schemas.common import ONE_SUM, ROW_NUMBER, CurrencySumOut, free
from vigie.web.services.cases import MAX_NOTE, VIEWS

_VERSION = {"description": "the version that was read; another one is refused with 409"}


class CasesQuery(Schema):
    """Selection of cases."""

    view = String(load_default="all", validate=OneOf(VIEWS))
    status = String(validate=OneOf(STATUSES), metadata={"description": f"by default {', '.join(UNDECIDED)}"})
    kind = String(
        load_default="",
        validate=Length(max=40),
        metadata={
            "description": "role of the entity, such as `customer`, `counterparty`, `device` or `card`"
        },
    )
    search = String(
        load_default="",
        validate=Length(max=200),
        metadata={"description": "whole name or number of an entity, in any case"},
    )
    currency = String(
        load_default="",
        validate=Length(max=16),
        metadata={"description": "cases with amounts of this currency"},
    )
    page = Integer(load_default=1, validate=Range(1, 10**6))
    size = Integer(load_default=50, validate=Range(1, 200))


class CaseOut(Schema):
    """A case."""

    id = String()
    kind = String(metadata={"description": "role of the entity's column; `row` for a row without an entity"})
    name = String(
        allow_none=True, metadata={"description": "the entity as a file names it; null where no file does"}
    )
    status = String(validate=OneOf(STATUSES))
    version = Integer(metadata={"description": "counted up by every change"})
    assignee_id = Integer(allow_none=True)
    assignee_name = String(allow_none=True)
    due = Date(allow_none=True)
    merged_into = String(allow_none=True)
    alerts = Integer()
    amount = Float(
        allow_none=True,
        metadata={"description": "sum of the amounts of its alerts; null for several currencies"},
    )
    amounts = List(Nested(CurrencySumOut))
    currency = String(metadata={"description": "`*` for several; empty where it is unknown"})
    expected_loss = Float(
        allow_none=True,
        metadata={
            "description": "sum of amount times probability; without probabilities, of amount times place among the alerts; null for several currencies"
        },
    )
    expected_losses = List(Nested(CurrencySumOut))
    first_at = DateTime(allow_none=True)
    last_at = DateTime(allow_none=True)
    created_at = DateTime()
    changed_at = DateTime()


class CasesOut(Schema):
    """A page of cases, the largest expected loss first; where there are several currencies, the cases of each in turn."""

    cases = List(Nested(CaseOut))
    total = Integer()


class CaseAlertOut(Schema):
    """An alert of a case, with the label of its row."""

    upload_id = String()
    upload_name = String()
    prediction_id = String()
    row = Integer(metadata={"description": "number in the upload, from 1"})
    kind = String(metadata={"description": "role of the entity by which it came into the case"})
    rank = Integer()
    score = Float()
    probability = Float(allow_none=True)
    amount = Float(allow_none=True)
    currency = String()
    at = DateTime(allow_none=True)
    verdict = String(allow_none=True, validate=OneOf(LABELS))
    verdict_by = String(allow_none=True)
    comment = String(allow_none=True)
    reasons = List(String())


class CaseEventOut(Schema):
    """A line of the history of a case; of a note, its text."""

    id = Integer()
    at = DateTime()
    user_name = String(allow_none=True, metadata={"description": "null for what Vigie did"})
    action = String()
    detail = free()
    note = String(allow_none=True)


class CaseDetailOut(CaseOut):
    """A case with its alerts in time, and its history, newest first."""

    alert_list = List(Nested(CaseAlertOut))
    events = List(Nested(CaseEventOut))


class CaseIn(Schema):
    """Changes of a case; what is left out stays."""

    version = Integer(required=True, validate=Range(1, 2**31 - 1), metadata=_VERSION)
    status = String(
        validate=OneOf(STATUSES),
        metadata={"description": "`confirmed` labels the rows as fraud, `cleared` as legitimate"},
    )
    assignee_id = Integer(
        allow_none=True, validate=Range(1, 2**31 - 1), metadata={"description": "null for no one"}
    )
    due = Date(allow_none=True)
    note = String(load_default="", validate=Length(max=MAX_NOTE))


class NoteIn(Schema):
    """A note."""

    note = String(required=True, validate=Length(1, MAX_NOTE))


class NotesOut(Schema):
    """Notes and history of a case, newest first."""

    events = List(Nested(CaseEventOut))


class MergeIn(Schema):
    """The case whose alerts and notes move into another one."""

    version = Integer(required=True, validate=Range(1, 2**31 - 1), metadata=_VERSION)
    other = String(required=True, validate=Length(1, 40))
    other_version = Integer(required=True, validate=Range(1, 2**31 - 1), metadata=_VERSION)


class SplitAlertIn(Schema):
    """An alert that moves into a new case."""

    upload_id = String(required=True, validate=Length(1, 40))
    row = Integer(required=True, validate=ROW_NUMBER)


class SplitIn(Schema):
    """Alerts that move into a new case."""

    version = Integer(required=True, validate=Range(1, 2**31 - 1), metadata=_VERSION)
    alerts = List(Nested(SplitAlertIn), required=True, validate=Length(1, 10_000))


class NetworkNodeOut(Schema):
    """A party or a device."""

    key = String()
    name = String()
    device = Boolean()
    centre = Boolean(metadata={"description": "whether it is an entity of the case"})
    alerts = Integer()
    rows = Integer()
    amount = Float(allow_none=True, metadata=ONE_SUM)
    amounts = List(Nested(CurrencySumOut))


class NetworkEdgeOut(Schema):
    """Payments from `source` to `target`, or the use of the device `source` by `target`."""

    source = String()
    target = String()
    uses = Boolean()
    rows = Integer()
    alerts = Integer()
    amount = Float(allow_none=True, metadata=ONE_SUM)
    amounts = List(Nested(CurrencySumOut))


class MonthOut(Schema):
    """Rows of the entities of a case in one month."""

    start = Date(allow_none=True)
    rows = Integer()
    amount = Float(allow_none=True, metadata=ONE_SUM)
    amounts = List(Nested(CurrencySumOut))
    alerts = Integer()


class SurroundingsOut(Schema):
    """The rows of the entities of a case over the files of its team, and the network around them."""

    months = List(Nested(MonthOut))
    total = Integer(metadata={"description": "rows that name the entities"})
    files_left = Integer(metadata={"description": "older files that were not read"})
    nodes = List(Nested(NetworkNodeOut))
    edges = List(Nested(NetworkEdgeOut))
    hidden = Integer(metadata={"description": "nodes that are left out"})
