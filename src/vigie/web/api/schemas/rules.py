"""Schemas of alert rules."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import Date, DateTime, Integer, List, Nested, Raw, String
from apiflask.validators import Length, OneOf

from vigie.app.tables import RULE_ACTIONS, RULE_STATES
from vigie.rules import OPERATIONS
from vigie.rules.rule import MAX_CONDITIONS


class ConditionIn(Schema):
    """A condition of a rule."""

    column = String(required=True, validate=Length(1, 500))
    operation = String(required=True, validate=OneOf(OPERATIONS))
    value = Raw(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "a text for `is` and `like` (`*` is any text), a number or a date as YYYY-MM-DD for"
            " `at_least` and `at_most`, a number of days for `confirmed`, nothing for `new`",
            "nullable": True,
        },
    )


class ConditionOut(Schema):
    """A condition of a rule."""

    column = String()
    role = String()
    operation = String()
    value = Raw(allow_none=True, metadata={"nullable": True})


class RuleIn(Schema):
    """A rule for the files that have the columns of a prediction."""

    prediction_id = String(required=True, validate=Length(max=40))
    action = String(required=True, validate=OneOf(RULE_ACTIONS))
    conditions = List(Nested(ConditionIn), required=True, validate=Length(1, MAX_CONDITIONS))
    expires_on = Date(load_default=None, allow_none=True)
    state = String(load_default="on", validate=OneOf(RULE_STATES))
    comment = String(load_default="", validate=Length(max=2000))


class RuleChangeIn(Schema):
    """What changes on a rule; its conditions never do."""

    state = String(validate=OneOf(RULE_STATES))
    expires_on = Date(allow_none=True)


class RuleOut(Schema):
    """A rule."""

    id = Integer()
    action = String()
    conditions = List(Nested(ConditionOut))
    text = String(metadata={"description": "what the rule does, in English"})
    state = String(metadata={"description": "`on`, `shadow` (counts what it would do) or `off`"})
    expires_on = Date(allow_none=True)
    comment = String(allow_none=True)
    author = String()
    created_at = DateTime()
    prediction_id = String(metadata={"description": "the prediction from which it was made"})


class RulesOut(Schema):
    """Rules, newest first."""

    rules = List(Nested(RuleOut))


class TrialOut(Schema):
    """What a rule would do to the alerts of one file."""

    prediction_id = String()
    name = String()
    matched = Integer()
    changed = Integer(metadata={"description": "rows that would be alerts no more, or would become alerts"})
    frauds = Integer(metadata={"description": "these labelled fraud"})
    legitimate = Integer(metadata={"description": "these labelled legitimate"})


class TrialsOut(Schema):
    """Trials of a rule on the newest files."""

    trials = List(Nested(TrialOut))


class RuleEffectOut(Schema):
    """What a rule does to the alerts of a prediction, or would do in shadow."""

    rule = Nested(RuleOut)
    matched = Integer()
    changed = Integer()


class RuleEffectsOut(Schema):
    """Alerts of a prediction and what rules do to them."""

    alerts = Integer()
    budget = Integer(metadata={"description": "number of rows from the top of the ranking"})
    hidden = Integer(metadata={"description": "rows among them that rules hide"})
    added = Integer(metadata={"description": "rows behind them that rules add"})
    rules = List(Nested(RuleEffectOut))
