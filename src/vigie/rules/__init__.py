"""Alert rules: conditions by which a team takes rows out of the alerts of a result, or adds them.

    rule        rules and conditions, as JSON too
    matching    the rows of a table that rules match
    wording     what a rule says, as a message

A rule never changes a score. It changes only whether a row is an alert, and says so in the reasons of the row. Where a rule
hides a row and another one alerts it, the row is an alert.
"""

from vigie.rules.rule import ACTIONS, OPERATIONS, Condition, Layout, Rule

__all__ = ["ACTIONS", "OPERATIONS", "Condition", "Layout", "Rule"]
