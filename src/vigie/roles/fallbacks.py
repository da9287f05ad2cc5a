"""What the values of a column say for themselves: safe guesses whatever the name, more where it says nothing."""

from __future__ import annotations

from vigie.roles.column_stats import Values
from vigie.roles.name_lexicon import bag
from vigie.roles.value_checks import LABEL_WORDS, is_epoch, is_whole

_VERDICTS = bag(
    """
    fraud fraude fraudulent frauduleux fraudulento illicit legit legitimate genuine nonfraud non-fraud
    licit
    """
)

Guess = tuple[str, float, str]


def guesses(v: Values) -> list[Guess]:
    """Roles the values alone speak for, safe whatever the name: (role, score, evidence)."""
    found: list[Guess] = []
    if v.kind == "time":
        found.append(("time", 0.5, "values are dates and times"))
    if v.shape == "ip":
        found.append(("ip", 0.85, "values look like IP addresses"))
    if v.shape == "email" and v.distinct > 2:
        found.append(("email", 0.85, "values look like e-mail addresses"))
    if v.shape == "user_agent" and v.distinct > 2:
        found.append(("user_agent", 0.85, "values look like browser signatures"))
    if v.shape in {"weekday", "month", "country", "currency"} and v.kind == "text" and v.distinct > 2:
        found.append((v.shape, 0.6, f"values look like names or codes of a {v.shape}"))
    if v.shape == "state" and v.distinct > 5:
        found.append(("region", 0.72, "values look like codes of a state"))
    if v.shape == "clock":
        found.append(("hour", 0.6, "values look like times of the day"))
    if v.kind == "text" and v.few and v.few & _VERDICTS and len(v.few) <= 4 and v.few <= LABEL_WORDS:
        found.append(("leak", 0.95, "values are verdicts of fraud"))
    return found


def silent_guesses(v: Values) -> list[Guess]:
    """What values suggest for a column whose name says nothing at all."""
    found = guesses(v)
    if is_epoch(v) and v.distinct > 0.02 * v.rows:
        found.append(("time", 0.75, "values look like seconds since 1970"))
    if v.shape == "card" and v.distinct > 12:
        found.append(("card", 0.8, "values have the check digit of card numbers"))
    if v.shape == "zip" and v.distinct > 12:
        found.append(("zip", 0.35, "values look like postal codes"))
    if v.shape == "phone" and v.distinct > 20:
        found.append(("phone", 0.6, "values look like phone numbers"))
    if v.unique > 0.995 and v.rows > 20 and (v.shape in {"uuid", "hash", "code", "digits"} or _counter(v)):
        found.append(("row_id", 0.6, "unique on every row"))
    if is_whole(v) and v.low == 0 and v.high == 23 and v.distinct >= 20:
        found.append(("hour", 0.5, "values are whole hours of a day"))
    return found


def _counter(v: Values) -> bool:
    return is_whole(v) and v.low in (0.0, 1.0) and v.unique > 0.995


def looks_like_money(v: Values) -> bool:
    """Positive, at most two decimals, some cents, many values, a few much larger than most."""
    return (
        v.kind == "number"
        and v.low >= 0
        and v.cents > 0.98
        and 1.0 - v.whole > 0.05
        and v.distinct > min(100, 0.3 * v.rows)
        and v.tail > 3 * v.middle > 0
        and v.zeros < 0.05
    )


def looks_like_entity(v: Values) -> bool:
    """Codes that come back on several rows."""
    return (
        v.kind == "text"
        and v.shape in {"code", "hash", "uuid", "digits"}
        and v.distinct > 30
        and v.unique < 0.9
    )


def looks_like_step(v: Values) -> bool:
    """A whole counter that never goes back and stays on one value for several rows."""
    return is_whole(v) and v.rising and v.distinct > 20 and v.low >= 0


def fallback(v: Values) -> Guess:
    """The plain kind of a column nothing else speaks for."""
    if v.kind == "empty":
        return ("none", 1.0, "empty")
    if v.kind == "constant":
        return ("none", 1.0, "one value on every row")
    if v.kind == "time":
        return ("time", 0.3, "values are dates and times")
    if v.binary:
        return ("flag", 0.3, "two values")
    if v.kind == "number":
        return ("number", 0.3, "values are numbers")
    repeated = v.distinct <= 60 or v.unique < 0.2
    return ("category", 0.3, "few texts, often repeated") if repeated else ("text", 0.3, "values are texts")
