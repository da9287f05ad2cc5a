"""Which models the starter library holds: a domain, a view of it, and the roles that view leaves in."""

from __future__ import annotations

from dataclasses import dataclass

from vigie.roles.definitions import role_of
from vigie.simulator.registry import all_domains

FLAT = tuple(name for name, domain in all_domains().items() if not domain.has_history)
"""Domains of one row per case: without history, their bare view drops entities and time instead."""

TWO_ONLY = frozenset(name for name, domain in all_domains().items() if not domain.mixed_model)
"""Domains whose full and bare views are told apart so easily that a model of both adds little."""


@dataclass(frozen=True)
class Recipe:
    """One model of the library.

    Attributes:
        name: of the model, stable.
        domain: whose worlds it learns from.
        view: `full` keeps every column of a world, `bare` only those that nearly every table has, `both` mixes them.
        seed: of its trees and of the worlds it is shown.
    """

    name: str
    domain: str
    view: str
    seed: int


def recipes() -> tuple[Recipe, ...]:
    """The forty models: two for each domain, and a third for those with the most disguises."""
    out = []
    for number, domain in enumerate(all_domains()):
        out.append(Recipe(f"{domain}_full", domain, "full", 100 + number))
        out.append(Recipe(f"{domain}_bare", domain, "bare", 200 + number))
        if domain not in TWO_ONLY:
            out.append(Recipe(f"{domain}_any", domain, "both", 300 + number))
    return tuple(out)


def kept(roles: dict[str, str], domain: str, view: str) -> list[str]:
    """The columns of a world that a view leaves in, in the table's order."""
    if view == "full":
        return list(roles)
    if domain == "anonymised":
        return [column for column, role in roles.items() if role == "number"]
    if domain in FLAT:
        return [column for column, role in roles.items() if role_of(role).flat_core]
    return [column for column, role in roles.items() if role_of(role).core]
