"""Which way a column points: riskier when higher, safer when higher, or unknown."""

from __future__ import annotations

from vigie.roles.name_parser import Reading

_BY_ROLE = {
    "risk_signal": 1,
    "trust_signal": -1,
    "velocity": 1,
    "distance": 1,
    "amount_ratio": 1,
    "account_age": -1,
}
_BY_NAME = frozenset({"number", "flag", "velocity", "category", "income", "limit"})
_ALWAYS_SAFER = frozenset({"witness", "witnesses", "temoin", "temoins", "testigo", "testigos", "testemunha"})


def direction(reading: Reading, role: str) -> int:
    """+1 riskier when higher, -1 safer when higher, 0 unknown; from the role, then from the words of the name."""
    found = _BY_ROLE.get(role, 0)
    if role not in _BY_NAME:
        return found
    return _words(reading) or found


def _words(reading: Reading) -> int:
    concepts = reading.concepts
    turn = -1 if "neg" in concepts else 1
    if "risk" in concepts or ("fraud" in concepts and "past" in concepts):
        return turn
    return -turn if "trust" in concepts or _ALWAYS_SAFER & set(reading.words) else 0
