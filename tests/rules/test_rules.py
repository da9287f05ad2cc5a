"""Which rows rules match, what they say, and how they are stored."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from vigie.errors import UsageRefused
from vigie.i18n.messages import translate
from vigie.rules import Condition, Layout, Rule, wording
from vigie.rules.matching import RuleTable, match_rows
from vigie.rules.rule import read_rules, write_rules

COLUMNS = {"day": "time", "from": "customer", "to": "counterparty", "amount": "amount", "note": "none"}
ROWS = pl.DataFrame(
    {
        "row": [0, 1, 2, 3, 4],
        # Row 0 is the latest: rows are not in the order of time.
        "day": [datetime(2026, 10, day) for day in (9, 1, 2, 3, 4)],
        "from": ["A", "A", "A", "B", None],
        "to": ["X", "X", "EMPLOYER-1", " employer-22 ", "Y.1"],
        "amount": ["600000", "10", "500000", "", "7"],
        "note": ["", None, "a*b", "(", "x"],
    }
)
TABLE = RuleTable(
    ROWS.lazy(),
    COLUMNS,
    pl.col("row"),
    pl.col,
    {"amount": pl.col("amount").cast(pl.Float64, strict=False)},
    {"day": pl.col("day").cast(pl.Datetime("us"))},
    "from",
    "day",
)
LAYOUT = Layout.of(list(COLUMNS.items()))


def rule(*conditions: tuple[Any, ...], action: str = "hide", number: int = 1) -> Rule:
    """A rule of (column, operation, value)."""
    made = tuple(Condition(column, COLUMNS.get(column, ""), op, *value) for column, op, *value in conditions)
    return Rule(number, action, made, LAYOUT)


@pytest.mark.parametrize(
    ("conditions", "rows"),
    [
        ([("to", "is", "X")], [0, 1]),
        ([("to", "like", "EMPLOYER-*")], [2, 3]),
        ([("to", "like", "Y.*")], [4]),
        ([("to", "like", "*-1")], [2]),
        ([("note", "like", "(")], [3]),
        ([("amount", "at_least", 500_000)], [0, 2]),
        ([("amount", "at_most", 10)], [1, 4]),
        ([("day", "at_least", "2026-10-02"), ("day", "at_most", "2026-10-03")], [2, 3]),
        # A was paying X before, in time and not in the order of the file.
        ([("to", "new", None)], [1, 2, 3, 4]),
        ([("amount", "at_least", 500_000), ("to", "new", None)], [2]),
        ([("to", "confirmed", 90)], [4]),
        ([("to", "at_least", 3)], []),
    ],
)  # fmt: skip
def test_a_rule_matches_the_rows_where_all_conditions_hold(
    conditions: list[tuple[Any, ...]], rows: list[int]
) -> None:
    """Texts exactly or by pattern, numbers, days, first times and confirmed fraud; never an empty cell."""
    found = match_rows(TABLE, [rule(*conditions)], lambda column, role, days: {"Y.1"} if days == 90 else ())
    assert found["row"].to_list() == rows


def test_each_rule_has_its_rows() -> None:
    """A row that two rules match is there twice."""
    found = match_rows(TABLE, [rule(("to", "is", "X")), rule(("from", "is", "A"), number=7)], lambda *_: ())
    assert found.rows() == [(0, 1), (0, 7), (1, 1), (1, 7), (2, 7)]


def test_a_renamed_column_is_found_by_its_role() -> None:
    """And one of the same name with another role is not taken for it, unless no column has the role."""
    condition = Condition("to", "counterparty", "is", "X")
    assert condition.find_column({"to": "customer", "receiver": "counterparty"}) == "receiver"
    assert condition.find_column({"to": "customer"}) == "to"
    assert condition.find_column({"who": "customer"}) is None
    assert Condition("note", "none", "is", "X").find_column({"memo": "none"}) is None
    renamed = Layout.of([(f"c{n}", role) for n, role in enumerate(COLUMNS.values())])
    assert LAYOUT.fits(renamed)
    assert not LAYOUT.fits(Layout.of([("day", "time"), ("amount", "amount")]))


def test_rules_are_the_same_after_they_were_written() -> None:
    """A file of rules can be read again; anything else is refused with a hint."""
    written = [rule(("to", "like", "É*"), ("amount", "at_least", 2.5), action="alert")]
    written[0] = Rule(3, "alert", written[0].conditions, LAYOUT, date(2027, 1, 31))
    assert read_rules(write_rules(written)) == written
    for text in ("{}", "[]", "no", '{"rules": [{}]}', '{"rules": [3]}', '{"rules": [{"action": "hide", "conditions": []}]}'):  # fmt: skip
        with pytest.raises(UsageRefused):
            read_rules(text)


@pytest.mark.parametrize(
    ("operation", "value"),
    [("is", ""), ("is", 3), ("like", None), ("at_least", "soon"), ("at_most", float("nan")), ("new", "x"),
     ("confirmed", 0), ("confirmed", 1.5), ("contains", "x"), ("at_least", True)],
)  # fmt: skip
def test_a_condition_without_a_value_that_fits_is_refused(operation: str, value: Any) -> None:
    """Before it is stored."""
    with pytest.raises(UsageRefused):
        Condition("to", "", operation, value)


def test_a_rule_is_worded_in_both_languages() -> None:
    """With numbers as each language writes them."""
    made = rule(("amount", "at_least", 500_000), ("to", "new", None), action="alert", number=12)
    assert (
        wording.rule_text(made)
        == "always alert where amount is 500,000 or more and to is new for the customer"
    )
    assert translate(wording.reason(made), "fr") == (
        "alerte par la règle 12\u00a0: amount vaut au moins 500\u202f000 et to est nouveau pour le client"
    )
