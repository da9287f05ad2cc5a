"""How well the values of a column fit a role its name suggests: one check a role, from 0 (never) to 1."""

from __future__ import annotations

from collections.abc import Callable

from vigie.roles.column_stats import Values
from vigie.roles.name_lexicon import bag

LABEL_WORDS = bag(
    """
    0 1 -1 2 0.0 1.0 yes no y n true false oui non si sí não nao sim fraud fraude fraudulent legit
    legitimate legitime légitime genuine normal licit illicit unknown bad good suspicious nonfraud
    non-fraud notfraud not_fraud legal clean frauduleux fraudulento legitimo legítimo anomaly outlier
    default paid_off positive negative confirmed
    """
)
_FROM, _TO = 946_684_800.0, 2_051_222_400.0  # 2000 to 2035
_DAY = 86_400.0
_CODES = bag("zip card code hash uuid digits email ip phone")


def is_whole(v: Values) -> bool:
    """Numbers without fractions."""
    return v.kind == "number" and v.whole > 0.999


def is_epoch(v: Values) -> bool:
    """Seconds, milliseconds, micro- or nanoseconds since 1970, between 2000 and 2035."""
    return (
        is_whole(v)
        and v.distinct > 10
        and any(_FROM * k <= v.low and v.high <= _TO * k for k in (1, 1e3, 1e6, 1e9))
    )


def is_hour(v: Values) -> bool:
    """Hours 0 to 24, with or without fractions."""
    return (
        v.kind == "number"
        and v.low >= 0
        and 2 < v.high <= 24
        and (v.distinct >= 8 or (v.high >= 12 and v.distinct >= 5))
    )


def is_day_seconds(v: Values) -> bool:
    """Seconds since midnight: all of the day is covered, nothing beyond it."""
    return (
        v.kind == "number" and 0 <= v.low < 0.05 * _DAY and 0.95 * _DAY < v.high <= _DAY and v.distinct > 24
    )


def is_within_day(v: Values) -> bool:
    """Whole seconds, more than any hour or minute is written with, and no more than a day has."""
    return is_whole(v) and v.low >= 0 and 2400 < v.high <= _DAY and v.distinct > 24


def is_month(v: Values) -> bool:
    """Months 1 to 12, or their names; all rows may be of one."""
    return v.shape == "month" or (_is_part(v) and v.low >= 1 and v.high <= 12)


def is_year(v: Values) -> bool:
    """Years of our time; all rows may be of one."""
    return _is_part(v) and v.low >= 1950 and v.high <= 2100


def _is_part(v: Values) -> bool:
    return v.kind in {"number", "constant"} and v.whole > 0.999


def _time(v: Values) -> float:
    if v.kind == "time":
        return 1.0 if v.distinct > 4 else 0.3
    if is_epoch(v):
        return 1.0
    if (
        v.kind != "number"
        or v.low < 0
        or v.distinct < 12
        or is_hour(v)
        or is_day_seconds(v)
        or v.shape == "clock"
    ):
        return 0.0
    return 0.95


def _hour(v: Values) -> float:
    if v.shape == "clock":
        return 1.0
    clock = is_whole(v) and v.low >= 0 and 24 < v.high <= 2359 and v.distinct > 24
    if is_hour(v) or is_day_seconds(v):
        return 1.0
    return 0.9 if is_within_day(v) else 0.5 * clock


def _date(v: Values) -> float:
    return float(v.kind == "time" or is_epoch(v))


def _entity(v: Values) -> float:
    if v.kind == "number" and v.whole < 0.999:
        return 0.0
    if v.kind not in {"number", "text"} or v.shape in {"prose", "clock", "weekday", "month", "user_agent"}:
        return 0.0
    if v.binary or (v.shape in {"country", "currency"} and v.distinct < 200):
        return 0.0
    if v.kind == "text" and v.shape in {"code", "hash", "uuid", "digits", "card", "email", "phone"}:
        return 1.0 if v.distinct > 20 else 0.88
    if v.distinct <= 6:
        return 0.0
    return 1.0 if v.distinct > 40 or v.unique > 0.2 else 0.3 if v.distinct <= 12 else 0.85


def _row_id(v: Values) -> float:
    if v.kind == "number" and v.whole < 0.999:
        return 0.0
    # Every row has a number of its own.
    if v.kind not in {"number", "text"} or v.nulls > 0.05:
        return 0.0
    return 1.0 if v.unique > 0.995 else 0.85 if v.unique > 0.9 else 0.0


def _money(v: Values) -> float:
    if v.ordered:
        return 0.95
    if v.kind != "number" or v.distinct <= 6 or is_epoch(v):
        return 0.0
    return 1.0 if v.distinct > 30 or v.unique > 0.5 else 0.8


def _number(v: Values) -> float:
    return float(v.kind == "number" and not v.binary)


def _count(v: Values) -> float:
    if v.ordered:
        return 0.9
    return 0.0 if v.kind != "number" or (v.distinct == 2 and v.high <= 1) else 1.0


def _signal(v: Values) -> float:
    if v.kind in {"bool", "number"} or v.binary:
        return 1.0
    return 0.95 if v.ordered else 0.3 if v.kind == "text" and v.distinct <= 12 else 0.0


def _range(low: float, high: float) -> Callable[[Values], float]:
    return lambda v: float(v.kind == "number" and v.low >= low and v.high <= high and not v.binary)


def _age(v: Values) -> float:
    if v.kind == "text":
        return 0.95 if v.ordered or v.distinct <= 20 else 0.0
    return float(v.kind == "number" and v.low >= -1 and v.high <= 125 and v.distinct > 2)


def _ago(v: Values) -> float:
    if v.kind == "text":
        return 0.97 if v.ordered else 0.0
    return float(v.kind == "number" and v.distinct > 2 and not is_epoch(v))


def _few_text(v: Values) -> float:
    if v.kind in {"bool", "time"} or (v.kind == "number" and v.whole < 0.999):
        return 0.0
    if v.kind == "text":
        return 1.0 if v.distinct <= 60 or v.unique < 0.2 else 0.6
    return 0.9 if v.distinct <= 60 or v.unique < 0.2 else 0.2


def _text(v: Values) -> float:
    return float(v.kind == "text")


def _place(v: Values) -> float:
    if v.binary:
        return 0.0
    if v.kind == "number":
        return 0.6 * _entity(v)
    return float(v.kind == "text")


def _shape(*shapes: str, numbers: bool = False) -> Callable[[Values], float]:
    def check(v: Values) -> float:
        if v.shape in shapes:
            return 1.0
        # Hashed, masked or otherwise protected values keep the name's meaning.
        protected = (
            v.kind == "text"
            and v.shape in {"code", "hash", "uuid", "digits", "card", "zip"}
            and v.distinct > 12
        )
        return 0.9 if protected or (numbers and is_whole(v) and v.distinct > 12) else 0.0

    return check


def _name(v: Values) -> float:
    return 1.0 if v.kind == "text" and v.shape not in _CODES and v.distinct > 6 else 0.0


def _label(v: Values) -> float:
    if v.kind == "bool":
        return 1.0
    few = v.few and len(v.few) <= 3
    return float(bool(few and v.few <= LABEL_WORDS))


def _leak(v: Values) -> float:
    if v.kind in {"bool", "time", "constant"} or v.distinct <= 5:
        return 1.0
    return 0.9 if v.kind == "text" and v.distinct <= 12 else 0.7 if is_epoch(v) else 0.0


def _channel(v: Values) -> float:
    return float(v.kind == "text" and v.distinct <= 60) or 0.9 * (v.kind == "number" and v.distinct <= 30)


def _few(v: Values) -> float:
    if v.kind == "text":
        return 1.0 if v.distinct <= 60 or v.unique < 0.1 else 0.0
    return 0.8 * (is_whole(v) and 2 < v.distinct <= 60)


FITS: dict[str, Callable[[Values], float]] = {
    "row_id": _row_id,
    "single": lambda v: _row_id(v) if v.unique > 0.995 else 0.0,
    "coded": lambda v: _entity(v) if v.kind == "number" or v.shape in _CODES else 0.0,
    "dozen": lambda v: _few(v) if v.distinct <= 12 else 0.0,
    "repeated": lambda v: float(v.kind == "text" and v.unique < 0.1 and v.distinct <= 60),
    "spans": lambda v: float(v.spans),
    "changed": lambda v: float(v.spans or (v.kind == "number" and v.distinct > 12)),
    "ordered": lambda v: float(v.ordered),
    "sized": lambda v: float(_number(v) or v.ordered),
    "time": _time,
    "hour": _hour,
    "weekday": lambda v: float(v.shape == "weekday" or (_range(0, 7)(v) > 0 and v.whole > 0.999)),
    "day": lambda v: float(is_whole(v) and v.low >= 0 and v.high <= 366 and v.distinct > 4),
    "month": lambda v: float(v.shape == "month" or (_range(0, 12)(v) > 0 and v.whole > 0.999)),
    "date": _date,
    "opened": _date,
    "birth": lambda v: 1.0 if _date(v) else 0.9 * (is_whole(v) and v.low >= 1900 and v.high <= 2020),
    "account_age": _ago,
    "duration": _ago,
    "age": _age,
    "amount": _money,
    "amount_usual": _money,
    "amount_ratio": _number,
    "limit": lambda v: max(_money(v), 0.95 * _number(v)),
    "sums": lambda v: _money(v) if v.distinct > 25 or v.ordered else 0.0,
    "coded_or_few": lambda v: max(_few_text(v), 0.9 * is_whole(v)),
    "stepped": lambda v: float(is_whole(v) and v.low >= 0 and v.distinct > 4),
    "moneyed": lambda v: float(v.kind == "number" and v.whole < 0.95 and v.cents > 0.98 and v.distinct > 30),
    "income": lambda v: float(v.kind == "number" and v.distinct > 4) or 0.9 * v.ordered,
    "balance_before": _money,
    "balance_after": _money,
    "counter_balance_before": _money,
    "counter_balance_after": _money,
    "entity": _entity,
    "device": _entity,
    "ip": _shape("ip", numbers=True),
    "email": _shape("email"),
    "phone": _shape("phone", "digits", numbers=True),
    "user_agent": lambda v: float(v.kind == "text" and v.distinct > 1),
    "address": _name,
    "person_name": _name,
    "name": _name,
    "country": lambda v: (
        float(v.kind == "text") or 0.9 * (is_whole(v) and v.distinct < 300 and v.distinct > 2)
    ),
    "counter_country": lambda v: float(v.kind == "text") or 0.9 * (is_whole(v) and 2 < v.distinct < 300),
    "region": _place,
    "city": _place,
    "place": _place,
    "counter_city": _place,
    "zip": _entity,
    "code": lambda v: 0.9 * (is_whole(v) and v.distinct > 6),
    "latitude": _range(-90, 90),
    "longitude": _range(-180, 180),
    "counter_latitude": _range(-90, 90),
    "counter_longitude": _range(-180, 180),
    "distance": lambda v: float(v.kind == "number" and not v.binary and v.low >= -1),
    "channel": _channel,
    "category": _few_text,
    "few": _few,
    "currency": lambda v: float(v.kind == "text") or 0.8 * (is_whole(v) and v.distinct < 200),
    "velocity": _count,
    "risk_signal": _signal,
    "trust_signal": _signal,
    "binary": lambda v: float(v.binary),
    "label": _label,
    "leak": _leak,
    "number": _number,
    "flag": lambda v: float(v.binary),
    "text": _text,
}
