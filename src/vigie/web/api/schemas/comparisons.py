"""Schemas of comparisons of two results."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import Dict, Float, Integer, List, Nested, String
from apiflask.validators import Length

from vigie.web.api.schemas.common import ONE_SUM, CurrencySumOut


class ComparisonQuery(Schema):
    """The earlier prediction."""

    earlier = String(
        validate=Length(max=40),
        metadata={
            "description": "an earlier prediction; by default that of the newest file with these columns"
        },
    )


class StabilityOut(Schema):
    """How far a distribution has moved."""

    index = Float(metadata={"description": "population stability index"})
    noise = Float(metadata={"description": "what it stays below by chance alone, in 95 of 100 cases"})
    verdict = String(metadata={"description": "`stable`, `moved` or `changed`"})


class TotalsOut(Schema):
    """What one table comes to."""

    rows = Integer()
    alerts = Integer()
    frauds = Integer(metadata={"description": "rows labelled fraud"})
    known = Integer(metadata={"description": "rows labelled fraud or legitimate"})
    amount = Float(allow_none=True, metadata=ONE_SUM)
    alert_amount = Float(allow_none=True, metadata=ONE_SUM)
    fraud_amount = Float(allow_none=True, metadata=ONE_SUM)
    median_amount = Float(allow_none=True, metadata=ONE_SUM)
    amounts = List(Nested(CurrencySumOut))
    alert_amounts = List(Nested(CurrencySumOut))
    fraud_amounts = List(Nested(CurrencySumOut))
    median_amounts = List(Nested(CurrencySumOut))


class ValueOut(Schema):
    """Rows of a value before and after; the name is null for all other values."""

    name = String(allow_none=True)
    before = Integer()
    after = Integer()


class CategoryOut(Schema):
    """A category in both tables."""

    column = String()
    values = List(Nested(ValueOut))
    new = List(Nested(ValueOut))
    gone = List(Nested(ValueOut))
    moved = Nested(StabilityOut)


class NewEntitiesOut(Schema):
    """Entities that only the later table has."""

    column = String()
    role = String()
    entities = Integer()
    rows = Integer()
    alerts = Integer()


class ComparisonOut(Schema):
    """What changed from one table to a later one."""

    earlier = String(metadata={"description": "the earlier prediction"})
    before = Nested(TotalsOut)
    after = Nested(TotalsOut)
    scores = Nested(StabilityOut, allow_none=True)
    amounts = Nested(
        StabilityOut,
        allow_none=True,
        metadata={"description": "null without amounts of a common currency, or with several"},
    )
    amounts_by_currency = Dict(keys=String(), values=Nested(StabilityOut))
    categories = List(Nested(CategoryOut))
    new_entities = List(Nested(NewEntitiesOut))
    missing = List(String(), metadata={"description": "columns that only the earlier table has"})
    added = List(String(), metadata={"description": "columns that only the later table has"})
    renamed = Dict(keys=String(), values=String())
