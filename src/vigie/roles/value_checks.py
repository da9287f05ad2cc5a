"""Checks of how well the values of a column suit a role that its name suggests, from 0 (never) to 1."""

from __future__ import annotations

from collections.abc import Callable

from vigie.roles.column_stats import ColumnStats
from vigie.roles.name_lexicon import word_set
from vigie.roles.ordinal import direction_of_opposites

Check = Callable[[ColumnStats], float]

LABEL_WORDS = word_set(
    """
    0 1 -1 2 0.0 1.0 yes no y n true false oui non si sí não nao sim fraud fraude fraudulent legit
    legitimate legitime légitime genuine normal licit illicit unknown bad good suspicious nonfraud
    non-fraud notfraud not_fraud legal clean frauduleux fraudulento legitimo legítimo anomaly outlier
    default paid_off positive negative confirmed
    """
)
"""Values of columns that say which rows are fraud."""

_YEAR_2000, _YEAR_2035 = 946_684_800.0, 2_051_222_400.0
_DAY = 86_400.0
_CODE_PATTERNS = word_set("zip card code hash uuid digits email handle ip phone")


def is_integer(s: ColumnStats) -> bool:
    """Return whether the values are numbers without fractions."""
    return s.kind == "number" and s.integer_share > 0.999


def is_epoch(s: ColumnStats) -> bool:
    """Return whether the values are seconds, milliseconds, micro- or nanoseconds since 1970, between 2000 and 2035."""
    units = (1, 1e3, 1e6, 1e9)
    in_range = any(_YEAR_2000 * unit <= s.min and s.max <= _YEAR_2035 * unit for unit in units)
    return is_integer(s) and s.n_distinct > 10 and in_range


def is_hour(s: ColumnStats) -> bool:
    """Return whether the values are hours from 0 to 24, with or without fractions."""
    many = s.n_distinct >= 8 or (s.max >= 12 and s.n_distinct >= 5)
    return s.kind == "number" and s.min >= 0 and 2 < s.max <= 24 and many


def is_day_seconds(s: ColumnStats) -> bool:
    """Return whether the values are seconds since midnight that cover the whole day."""
    covers_day = 0 <= s.min < 0.05 * _DAY and 0.95 * _DAY < s.max <= _DAY
    return s.kind == "number" and covers_day and s.n_distinct > 24


def is_within_day(s: ColumnStats) -> bool:
    """Return whether the values are whole seconds of a day, beyond what hours and minutes are written with."""
    return is_integer(s) and s.min >= 0 and 2400 < s.max <= _DAY and s.n_distinct > 24


def is_month(s: ColumnStats) -> bool:
    """Return whether the values are months 1 to 12 or their names; all rows may have the same."""
    return s.pattern == "month" or (_is_date_part(s) and s.min >= 1 and s.max <= 12)


def is_year(s: ColumnStats) -> bool:
    """Return whether the values are years from 1950 to 2100; all rows may have the same."""
    return _is_date_part(s) and s.min >= 1950 and s.max <= 2100


def _is_calendar_year(s: ColumnStats) -> bool:
    return is_integer(s) and s.min >= 1900 and s.max <= 2100 and s.n_distinct > 5


def _is_date_part(s: ColumnStats) -> bool:
    return s.kind in {"number", "constant"} and s.integer_share > 0.999


def _is_repeated(s: ColumnStats, max_distinct_share: float = 0.2) -> bool:
    return s.n_distinct <= 60 or s.distinct_share < max_distinct_share


def _time(s: ColumnStats) -> float:
    if s.kind == "time":
        return 1.0 if s.n_distinct > 4 else 0.3
    if is_epoch(s):
        return 1.0
    is_clock = is_hour(s) or is_day_seconds(s) or s.pattern == "clock"
    return 0.0 if s.kind != "number" or s.min < 0 or s.n_distinct < 12 or is_clock else 0.95


def _hour(s: ColumnStats) -> float:
    if s.pattern in {"clock", "day_part"} or is_hour(s) or is_day_seconds(s):
        return 1.0
    as_clock_number = is_integer(s) and s.min >= 0 and 24 < s.max <= 2359 and s.n_distinct > 24
    return 0.9 if is_within_day(s) else 0.5 * as_clock_number


def _date(s: ColumnStats) -> float:
    return float(s.kind == "time" or is_epoch(s))


def _birth(s: ColumnStats) -> float:
    return 1.0 if _date(s) else 0.9 * (is_integer(s) and s.min >= 1900 and s.max <= 2020)


def entity(s: ColumnStats) -> float:
    """Return how well the values name entities: codes or texts, not too few of them."""
    if s.kind == "number" and s.integer_share < 0.999:
        return 0.0
    if s.kind not in {"number", "text"} or s.pattern in {
        "prose",
        "clock",
        "day_part",
        "weekday",
        "month",
        "user_agent",
    }:
        return 0.0
    if s.is_binary or (s.pattern in {"country", "currency"} and s.n_distinct < 200):
        return 0.0
    codes = {"code", "hash", "uuid", "digits", "card", "email", "handle", "phone"}
    if s.kind == "text" and s.pattern in codes:
        return 1.0 if s.n_distinct > 20 else 0.88
    if s.n_distinct <= 6:
        return 0.0
    return 1.0 if s.n_distinct > 40 or s.distinct_share > 0.2 else 0.3 if s.n_distinct <= 12 else 0.85


def _unique(s: ColumnStats) -> float:
    if (s.kind == "number" and s.integer_share < 0.999) or s.kind not in {"number", "text"}:
        return 0.0
    if s.null_share > 0.05:
        return 0.0
    return 1.0 if s.distinct_share > 0.995 else 0.85 if s.distinct_share > 0.9 else 0.0


def _money(s: ColumnStats) -> float:
    if s.is_ordinal:
        return 0.95
    if s.kind != "number" or s.n_distinct <= 6 or is_epoch(s):
        return 0.0
    return 1.0 if s.n_distinct > 30 or s.distinct_share > 0.5 else 0.8


def _is_share(s: ColumnStats) -> bool:
    """Whether the values are fractions between 0 and 1, as scores are and sums of money are not."""
    return s.kind == "number" and s.min >= 0 and s.max <= 1 and s.integer_share < 0.9


def _number(s: ColumnStats) -> float:
    return float(s.kind == "number" and not s.is_binary)


def _count(s: ColumnStats) -> float:
    if s.is_ordinal:
        return 0.9
    return 0.0 if s.kind != "number" or (s.n_distinct == 2 and s.max <= 1) else 1.0


def _signal(s: ColumnStats) -> float:
    if s.kind in {"bool", "number"}:
        return 1.0
    if s.is_ordinal:
        return 1.0 if s.is_binary else 0.95
    return 0.3 if s.kind == "text" and s.n_distinct <= 12 else 0.0


def _risk(s: ColumnStats) -> float:
    return _signal(s) if direction_of_opposites(s.values) >= 0 else 0.2


def _trust(s: ColumnStats) -> float:
    return _signal(s) if direction_of_opposites(s.values) <= 0 else 0.2


def _between(low: float, high: float, *, integers: bool = False) -> Check:
    def check(s: ColumnStats) -> float:
        inside = s.kind == "number" and s.min >= low and s.max <= high and not s.is_binary
        return float(inside and (not integers or s.integer_share > 0.999))

    return check


def _age(s: ColumnStats) -> float:
    if s.kind == "text":
        return 0.95 if s.is_ordinal or s.n_distinct <= 20 else 0.0
    return float(s.kind == "number" and s.min >= -1 and s.max <= 125 and s.n_distinct > 2)


def _duration(s: ColumnStats) -> float:
    if s.kind == "text":
        return 0.97 if s.is_ordinal else 0.0
    return float(s.kind == "number" and s.n_distinct > 2 and not is_epoch(s) and not _is_calendar_year(s))


def _category(s: ColumnStats) -> float:
    if s.kind in {"bool", "time"} or (s.kind == "number" and s.integer_share < 0.999):
        return 0.0
    if s.kind == "text":
        return 1.0 if _is_repeated(s) else 0.6
    return 0.9 if _is_repeated(s) else 0.2


def _text(s: ColumnStats) -> float:
    return float(s.kind == "text")


def _place(s: ColumnStats) -> float:
    if s.is_binary:
        return 0.0
    return 0.6 * entity(s) if s.kind == "number" else _text(s)


def _country(s: ColumnStats) -> float:
    is_relative = bool(direction_of_opposites(s.values))  # domestic or foreign
    return 0.0 if is_relative else _text(s) or 0.9 * (is_integer(s) and 2 < s.n_distinct < 300)


def _pattern(*patterns: str, numbers: bool = False) -> Check:
    def check(s: ColumnStats) -> float:
        if s.pattern in patterns:
            return 1.0
        # Hashed, masked or otherwise protected values keep the name's meaning.
        is_code = s.pattern in {"code", "hash", "uuid", "digits", "card", "zip"}
        is_protected = s.kind == "text" and is_code and s.n_distinct > 12
        return 0.9 if is_protected or (numbers and is_integer(s) and s.n_distinct > 12) else 0.0

    return check


def _proper_name(s: ColumnStats) -> float:
    return float(s.kind == "text" and s.pattern not in _CODE_PATTERNS and s.n_distinct > 6)


def _label(s: ColumnStats) -> float:
    few = bool(s.values) and len(s.values) <= 3
    return float(s.kind == "bool" or (few and s.values <= LABEL_WORDS))


def _outcome(s: ColumnStats) -> float:
    if s.kind in {"bool", "time", "constant"} or s.n_distinct <= 5:
        return 1.0
    return 0.9 if s.kind == "text" and s.n_distinct <= 12 else 0.7 if is_epoch(s) else 0.0


def _channel(s: ColumnStats) -> float:
    return float(s.kind == "text" and s.n_distinct <= 60) or 0.9 * (s.kind == "number" and s.n_distinct <= 30)


def _few_values(s: ColumnStats) -> float:
    if s.kind == "text":
        return float(_is_repeated(s, 0.1))
    return 0.8 * (is_integer(s) and 2 < s.n_distinct <= 60)


CHECKS: dict[str, Check] = {
    "time": _time,
    "hour": _hour,
    "weekday": lambda s: 1.0 if s.pattern == "weekday" else _between(0, 7, integers=True)(s),
    "day": lambda s: float(is_integer(s) and s.min >= 0 and s.max <= 366 and s.n_distinct > 4),
    "month": lambda s: 1.0 if s.pattern == "month" else _between(0, 12, integers=True)(s),
    "date": _date,
    "birth": _birth,
    "start_year": lambda s: float(_is_calendar_year(s)),
    "duration": _duration,
    "not_negative": lambda s: 0.0 if s.kind == "number" and s.min < -1 else _duration(s),
    "time_span_or_number": lambda s: float(s.is_duration or (s.kind == "number" and s.n_distinct > 12)),
    "age": _age,
    "money": _money,
    "money_or_number": lambda s: max(_money(s), 0.95 * _number(s)),
    "money_of_many_values": lambda s: (
        _money(s) if (s.n_distinct > 25 or s.is_ordinal) and not _is_share(s) else 0.0
    ),
    "cents": lambda s: float(
        s.kind == "number" and s.integer_share < 0.95 and s.cents_share > 0.98 and s.n_distinct > 30
    ),
    "income": lambda s: float(s.kind == "number" and s.n_distinct > 4) or 0.9 * s.is_ordinal,
    "unique": _unique,
    "strictly_unique": lambda s: _unique(s) if s.distinct_share > 0.995 else 0.0,
    "entity": entity,
    "codes": lambda s: entity(s) if s.kind == "number" or s.pattern in _CODE_PATTERNS else 0.0,
    "whole_numbers": lambda s: 0.9 * (is_integer(s) and s.n_distinct > 6),
    "ip": _pattern("ip", numbers=True),
    "email": _pattern("email"),
    "phone": _pattern("phone", "digits", numbers=True),
    "user_agent": lambda s: float(s.kind == "text" and s.n_distinct > 1),
    "proper_name": _proper_name,
    "country": _country,
    "country_names": lambda s: float(s.pattern == "country"),
    "place": _place,
    "latitude": _between(-90, 90),
    "longitude": _between(-180, 180),
    "distance": lambda s: float(s.kind == "number" and not s.is_binary and s.min >= -1),
    "channel": _channel,
    "category": _category,
    "category_or_code": lambda s: max(_category(s), 0.9 * is_integer(s)),
    "few_values": _few_values,
    "at_most_12_values": lambda s: _few_values(s) if s.n_distinct <= 12 else 0.0,
    "repeated_text": lambda s: float(s.kind == "text" and s.distinct_share < 0.1 and s.n_distinct <= 60),
    "currency": lambda s: _text(s) or 0.8 * (is_integer(s) and s.n_distinct < 200),
    "count": _count,
    "counter": lambda s: float(is_integer(s) and s.min >= 0 and s.n_distinct > 4),
    "risk": _risk,
    "trust": _trust,
    "number": _number,
    "number_or_ordered_text": lambda s: float(_number(s) or s.is_ordinal),
    "ordered_text": lambda s: float(s.is_ordinal),
    "binary": lambda s: float(s.is_binary),
    "text": _text,
    "label": _label,
    "outcome": _outcome,
}
"""Check of values by name; roles and name rules refer to these names."""
