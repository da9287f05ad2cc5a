"""What each role is worth to find fraud, and which role does part of the work of another.

Set by hand from what fraud features need: who, to whom, how much, when; then where and with what.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vigie.roles.inference import ROLES

Shares = npt.NDArray[np.float32]

WORTH = {
    **dict.fromkeys(ROLES, 1.0),
    **dict.fromkeys(("row_id", "text", "leak", "none"), 0.0),
    **dict.fromkeys(("amount", "customer", "counterparty"), 3.0),
    "time": 2.5,
    **dict.fromkeys(("balance_before", "balance_after", "device", "ip", "card"), 2.0),
    **dict.fromkeys(("counter_balance_before", "counter_balance_after", "account", "email", "category"), 1.5),
    **dict.fromkeys(("velocity", "amount_usual", "amount_ratio", "risk_signal", "distance"), 1.5),
    **dict.fromkeys(("number", "currency", "zip", "region"), 0.5),
    **dict.fromkeys(("flag", "weekday", "month", "day", "year"), 0.25),
}
# (missing, present, share): a column of the second role does part of the work of the first.
_STANDS_IN = (
    ("customer", "card", 0.8),
    ("customer", "account", 0.8),
    ("customer", "email", 0.6),
    ("card", "customer", 0.6),
    ("card", "account", 0.7),
    ("account", "customer", 0.7),
    ("account", "card", 0.7),
    ("hour", "time", 1.0),
    ("weekday", "time", 1.0),
    ("month", "time", 1.0),
    ("day", "time", 1.0),
    ("year", "time", 1.0),
    ("time", "day", 1.0),
    ("time", "hour", 0.4),
    ("age", "birth", 1.0),
    ("birth", "age", 1.0),
    ("account_age", "opened", 0.9),
    ("opened", "account_age", 0.9),
    ("amount_usual", "amount_ratio", 0.7),
    ("amount_ratio", "amount_usual", 0.7),
    ("balance_before", "balance_after", 0.6),
    ("balance_after", "balance_before", 0.6),
    ("country", "region", 0.4),
    ("region", "city", 0.5),
    ("city", "zip", 0.6),
    ("zip", "city", 0.6),
    ("counter_country", "counter_city", 0.5),
    ("distance", "counter_latitude", 0.7),
    ("category", "channel", 0.5),
    ("channel", "category", 0.5),
    ("device", "user_agent", 0.5),
    ("user_agent", "device", 0.5),
)
# What identifies is compared, never computed with: its type says nothing.
ANY_TYPE = frozenset(("customer", "counterparty", "card", "account", "device", "ip", "email", "phone", "zip"))
ANY_TYPE |= {"category", "channel", "weekday", "month", "day", "year"}

NAMES = tuple(ROLES)
POSITION = {name: position for position, name in enumerate(NAMES)}
WORTHS = np.array([WORTH[name] for name in NAMES], dtype=np.float32)


_MATRIX = np.eye(len(NAMES), dtype=np.float32)
for _missing, _present, _share in _STANDS_IN:
    _MATRIX[POSITION[_missing], POSITION[_present]] = _share


def stand_in(shares: Shares) -> Shares:
    """(roles,) or (n, roles) shares, raised where a role that is there does part of the work of another."""
    if shares.ndim == 1:
        return np.asarray((_MATRIX * shares).max(axis=1))
    spread = shares.copy()
    for missing, present, share in _STANDS_IN:
        at = POSITION[missing]
        np.maximum(spread[:, at], share * shares[:, POSITION[present]], out=spread[:, at])
    return spread
