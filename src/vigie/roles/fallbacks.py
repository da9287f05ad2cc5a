"""Roles that the values of a column suggest without its name."""

from __future__ import annotations

from vigie.roles.column_stats import ColumnStats
from vigie.roles.name_lexicon import word_set
from vigie.roles.ordinal import direction_of_opposites
from vigie.roles.value_checks import LABEL_WORDS, is_epoch, is_integer

_FRAUD_WORDS = word_set(
    """
    fraud fraude fraudulent frauduleux fraudulento illicit legit legitimate genuine nonfraud non-fraud
    licit
    """
)
UNIQUE_REASON = "unique on every row"
BASIC_SCORE = 0.3
"""Score of a role that says no more than the type of the values."""

Proposal = tuple[str, float, str]
"""Role, score and reason."""


def roles_of_values(s: ColumnStats) -> list[Proposal]:
    """Return the roles that the values suggest, whatever the name."""
    found: list[Proposal] = []
    if s.kind == "time":
        found.append(("time", 0.5, "values are dates and times"))
    if s.pattern == "ip":
        found.append(("ip", 0.85, "values look like IP addresses"))
    if s.pattern == "email" and s.n_distinct > 2:
        found.append(("email", 0.85, "values look like e-mail addresses"))
    if s.pattern == "user_agent" and s.n_distinct > 2:
        found.append(("user_agent", 0.85, "values look like browser signatures"))
    if s.pattern in {"weekday", "month", "country", "currency"} and s.kind == "text" and s.n_distinct > 2:
        found.append((s.pattern, 0.6, f"values look like names or codes of a {s.pattern}"))
    if s.pattern == "state" and s.n_distinct > 5:
        found.append(("region", 0.72, "values look like codes of a state"))
    if s.pattern == "clock":
        found.append(("hour", 0.6, "values look like times of the day"))
    opposites = direction_of_opposites(s.values)
    if s.is_ordinal and opposites:
        found.append(
            ("risk_signal" if opposites > 0 else "trust_signal", 0.86, "values are opposites of risk")
        )
    if s.kind == "text" and len(s.values) <= 4 and s.values & _FRAUD_WORDS and s.values <= LABEL_WORDS:
        found.append(("leak", 0.95, "values are verdicts of fraud"))
    return found


def roles_of_unnamed_values(s: ColumnStats) -> list[Proposal]:
    """Return the roles that the values suggest where the name says nothing."""
    found = roles_of_values(s)
    if is_epoch(s) and s.n_distinct > 0.02 * s.n_rows:
        found.append(("time", 0.75, "values look like seconds since 1970"))
    if s.pattern == "card" and s.n_distinct > 12:
        found.append(("card", 0.8, "values have the check digit of card numbers"))
    if s.pattern == "zip" and s.n_distinct > 12:
        found.append(("zip", 0.35, "values look like postal codes"))
    if s.pattern == "phone" and s.n_distinct > 20:
        found.append(("phone", 0.6, "values look like phone numbers"))
    counts_from_start = is_integer(s) and s.min in (0.0, 1.0)
    is_code = counts_from_start or s.pattern in {"uuid", "hash", "code", "digits"}
    if s.distinct_share > 0.995 and s.n_rows > 20 and is_code:
        found.append(("row_id", 0.6, UNIQUE_REASON))
    if is_integer(s) and s.min == 0 and s.max == 23 and s.n_distinct >= 20:
        found.append(("hour", 0.5, "values are whole hours of a day"))
    return found


def basic_role(s: ColumnStats) -> Proposal:
    """Return the role that says no more than the type of the values."""
    if s.kind == "empty":
        return ("none", 1.0, "empty")
    if s.kind == "constant":
        return ("none", 1.0, "one value on every row")
    if s.kind == "time":
        return ("time", BASIC_SCORE, "values are dates and times")
    if s.is_binary:
        return ("flag", BASIC_SCORE, "two values")
    if s.kind == "number":
        return ("number", BASIC_SCORE, "values are numbers")
    if s.n_distinct <= 60 or s.distinct_share < 0.2:
        return ("category", BASIC_SCORE, "few texts, often repeated")
    return ("text", BASIC_SCORE, "values are texts")


def looks_like_money(s: ColumnStats) -> bool:
    """Return whether the values are positive, with at most two decimals, many of them, and a few much larger than most."""
    has_cents = s.cents_share > 0.98 and 1.0 - s.integer_share > 0.05
    has_many = s.n_distinct > min(100, 0.3 * s.n_rows) and s.zero_share < 0.05
    return s.kind == "number" and s.min >= 0 and has_cents and has_many and s.percentile_99 > 3 * s.median > 0


def looks_like_flows(s: ColumnStats) -> bool:
    """Return whether the values are of both signs, with decimals, and many."""
    return (
        s.kind == "number"
        and s.min < 0 < s.max
        and s.integer_share < 0.5
        and s.n_distinct > min(100, 0.3 * s.n_rows)
    )


def looks_like_entity(s: ColumnStats) -> bool:
    """Return whether the values are codes that repeat."""
    is_code = s.kind == "text" and s.pattern in {"code", "hash", "uuid", "digits", "handle"}
    return is_code and s.n_distinct > 30 and s.distinct_share < 0.9


def looks_like_step(s: ColumnStats) -> bool:
    """Return whether the values are a counter that never decreases."""
    return is_integer(s) and s.is_sorted and s.n_distinct > 20 and s.min >= 0
