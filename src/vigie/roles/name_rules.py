"""Rules that propose roles by the concepts of a column's name. The rules themselves are in the records of the roles.

One line a rule; the last two parts may be left out:

    weight | concepts it needs (a space is "and", a bar is "or") | concepts that forbid it | check of the values
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from vigie.roles.definitions import ROLES
from vigie.roles.role import Role


@dataclass(frozen=True)
class NameRule:
    """Proposes a role for the names that have its concepts.

    Attributes:
        role: the role it proposes.
        weight: score of the proposal, in (0, 1], where the values pass the check entirely.
        needs: groups of concepts; the name must have one of each.
        unless: concepts the name must not have.
        check: name of the check of the values.
    """

    role: str
    weight: float
    needs: tuple[frozenset[str], ...]
    unless: frozenset[str]
    check: str


@cache
def rules() -> tuple[NameRule, ...]:
    """Return the rules of all roles."""
    return tuple(_parse(role, line) for role in ROLES.values() for line in role.names.strip().splitlines())


def _parse(role: Role, line: str) -> NameRule:
    # A bar between concepts has no space around it, a bar between parts has.
    parts = [part.strip() for part in line.replace(" |", " ¦").split("¦")]
    weight, needs, unless, check = parts + [""] * (4 - len(parts))
    groups = tuple(frozenset(group.split("|")) for group in needs.split())
    return NameRule(role.name, float(weight), groups, frozenset(unless.split()), check or role.check)


@cache
def _rules_by_concept() -> dict[str, tuple[tuple[int, NameRule], ...]]:
    """Return, for each concept of a first group, the positions and rules that need it."""
    index: dict[str, list[tuple[int, NameRule]]] = {}
    for position, rule in enumerate(rules()):
        for concept in rule.needs[0]:
            index.setdefault(concept, []).append((position, rule))
    return {concept: tuple(entries) for concept, entries in index.items()}


@lru_cache(maxsize=8192)
def matching_rules(concepts: frozenset[str]) -> tuple[tuple[NameRule, str], ...]:
    """Return the rules that hold for the concepts of a name, each with the concepts that made it hold."""
    index = _rules_by_concept()
    candidates = dict(entry for concept in concepts for entry in index.get(concept, ()))
    return tuple(
        (rule, " ".join(sorted({min(group & concepts) for group in rule.needs})))
        for _, rule in sorted(candidates.items())
        if not rule.unless & concepts and all(group & concepts for group in rule.needs)
    )
