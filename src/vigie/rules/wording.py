"""What a rule says, as a message that every language translates."""

from __future__ import annotations

from functools import reduce

from vigie.i18n.messages import Message, msg
from vigie.rules.rule import HIDE, Condition, Rule


def conditions_text(rule: Rule) -> Message:
    """Return the conditions of a rule."""
    texts = [_condition(condition) for condition in rule.conditions]
    return reduce(lambda one, other: msg("{one} and {other}", one=one, other=other), texts)


def rule_text(rule: Rule) -> Message:
    """Return what a rule does, as in "never alert where receiver is EMPLOYER-*"."""
    what = conditions_text(rule)
    if rule.action == HIDE:
        return msg("never alert where {conditions}", conditions=what)
    return msg("always alert where {conditions}", conditions=what)


def reason(rule: Rule) -> Message:
    """Return the reason of a row that a rule took out of the alerts, or added to them."""
    what = conditions_text(rule)
    if rule.action == HIDE:
        return msg("no alert by rule {number}: {conditions}", number=rule.id, conditions=what)
    return msg("alert by rule {number}: {conditions}", number=rule.id, conditions=what)


def _condition(condition: Condition) -> Message:
    column, value = condition.column, condition.value
    if condition.operation == "is":
        return msg("{column} is {value}", column=column, value=value)
    if condition.operation == "like":
        return msg("{column} matches {value}", column=column, value=value)
    if condition.operation == "new":
        return msg("{column} is new for the customer", column=column)
    if condition.operation == "confirmed":
        return msg("{column} had confirmed fraud within {days} days", column=column, days=value)
    if isinstance(value, str):
        if condition.operation == "at_least":
            return msg("{column} is {value} or later", column=column, value=value)
        return msg("{column} is {value} or earlier", column=column, value=value)
    number = int(value or 0) if value == int(value or 0) else value
    if condition.operation == "at_least":
        return msg("{column} is {value:,} or more", column=column, value=number)
    return msg("{column} is {value:,} or less", column=column, value=number)
