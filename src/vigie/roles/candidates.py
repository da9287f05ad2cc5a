"""The candidate roles of one column, from its values and its name."""

from __future__ import annotations

from dataclasses import dataclass

from vigie.roles.column_stats import ColumnStats
from vigie.roles.fallbacks import BASIC_SCORE, basic_role, roles_of_unnamed_values, roles_of_values
from vigie.roles.name_parser import ParsedName
from vigie.roles.name_rules import matching_rules
from vigie.roles.value_checks import CHECKS

NAME_REASON = "name says "
_NUMBERED = frozenset({"account", "card", "customer", "phone", "policy"})
"""Concepts of which a table holds numbers rather than counts: `num_account` is an account number."""


@dataclass(frozen=True)
class Candidate:
    """A role proposed for a column.

    Attributes:
        role: key of `ROLES`.
        score: in [0, 1]; orders candidates, no probability.
        reasons: short, in English.
    """

    role: str
    score: float
    reasons: tuple[str, ...]


Candidates = dict[str, Candidate]
"""Role -> its best candidate, for one column."""


def candidates_of(stats: ColumnStats, name: ParsedName) -> Candidates:
    """Return the candidate roles of a column; there is always one."""
    role, score, reason = basic_role(stats)
    found: Candidates = {role: Candidate(role, score, (reason,))}
    if stats.kind == "empty":
        return found
    for role, score, reason in roles_of_values(stats) if name.concepts else roles_of_unnamed_values(stats):
        _add(found, Candidate(role, score, (reason,)))
    for rule, concepts in matching_rules(_concepts(stats, name)):
        fit = CHECKS[rule.check](stats)
        if fit and (stats.kind != "constant" or rule.role == "leak"):
            _add(found, Candidate(rule.role, rule.weight * fit, (NAME_REASON + concepts,)))
    return found


def _concepts(stats: ColumnStats, name: ParsedName) -> frozenset[str]:
    """Return the concepts of a name; values decide whether `nombre` is a number (French) or a name (Spanish)."""
    found, words = frozenset(name.concepts), name.concepts
    for other in ("name", "num"):
        if "count" in found and words["count"] == words.get(other):
            is_number_of = other == "num" and found & _NUMBERED and "many" not in found
            found -= {other if stats.kind == "number" and not is_number_of else "count"}
    if "count" in found and words["count"] == words.get("amount"):
        found -= {"amount" if stats.integer_share > 0.99 else "count"}
    return found


def _add(candidates: Candidates, candidate: Candidate) -> None:
    """Keep the stronger of two candidates for one role; name and values together are stronger than either."""
    known = candidates.get(candidate.role)
    if known is None:
        candidates[candidate.role] = candidate
        return
    best, other = (known, candidate) if known.score >= candidate.score else (candidate, known)
    same_source = best.reasons[0].startswith("name") == other.reasons[0].startswith("name")
    if same_source or other.score <= BASIC_SCORE:
        candidates[candidate.role] = best
    else:
        score = 1.0 - (1.0 - best.score) * (1.0 - 0.5 * other.score)
        candidates[candidate.role] = Candidate(candidate.role, score, best.reasons + other.reasons)
