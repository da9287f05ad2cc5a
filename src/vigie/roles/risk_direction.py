"""The direction of risk of a column: riskier when higher, safer when higher, or unknown."""

from __future__ import annotations

from vigie.roles.definitions import role_of
from vigie.roles.name_parser import ParsedName

_ALWAYS_RISKIER = frozenset(
    ["severity", "severite", "gravite", "gravedad", "gravidade", "severidad", "severidade"]
)
_ALWAYS_SAFER = frozenset({"witness", "witnesses", "temoin", "temoins", "testigo", "testigos", "testemunha"})


def direction(name: ParsedName, role: str) -> int:
    """Return +1 where higher values are riskier, -1 where they are safer, 0 where it is unknown."""
    record = role_of(role)
    return (_direction_of_words(name) if record.direction_from_name else 0) or record.direction


def _direction_of_words(name: ParsedName) -> int:
    concepts = name.concepts
    sign = -1 if "neg" in concepts else 1
    if "risk" in concepts or ("fraud" in concepts and "past" in concepts):
        return sign
    # A column that is called nothing but "history" counts what happened before.
    if _ALWAYS_RISKIER & set(name.words) or concepts.keys() == {"past"} or "debt" in concepts:
        return 1
    return -sign if "trust" in concepts or _ALWAYS_SAFER & set(name.words) else 0
