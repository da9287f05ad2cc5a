"""The starter models: the domain of each, and which columns of the domain's tables it is trained on."""

from __future__ import annotations

from dataclasses import dataclass

from vigie.roles.definitions import role_of
from vigie.simulator.registry import all_domains

DOMAINS_WITHOUT_HISTORY = tuple(name for name, domain in all_domains().items() if not domain.has_history)
"""Domains with one row per entity; their bare view has no entities and no time."""

DOMAINS_WITHOUT_MIXED_MODEL = frozenset(
    name for name, domain in all_domains().items() if not domain.mixed_model
)
"""Domains whose full and bare views differ so much that a model of both adds little."""


@dataclass(frozen=True)
class ModelSpec:
    """One starter model.

    Attributes:
        name: name of the model, stable.
        domain: domain of its training tables.
        view: columns of its training tables: `full` for all, `bare` for those that nearly every table has, `both` for a mix.
        seed: seed of its trees and of the choice of out-of-domain tables.
    """

    name: str
    domain: str
    view: str
    seed: int


def model_specs() -> tuple[ModelSpec, ...]:
    """Return the specs of all models: two for each domain, and a mixed one for most."""
    specs = []
    for number, domain in enumerate(all_domains()):
        specs.append(ModelSpec(f"{domain}_full", domain, "full", 100 + number))
        specs.append(ModelSpec(f"{domain}_bare", domain, "bare", 200 + number))
        if domain not in DOMAINS_WITHOUT_MIXED_MODEL:
            specs.append(ModelSpec(f"{domain}_any", domain, "both", 300 + number))
    return tuple(specs)


def columns_of_view(roles: dict[str, str], domain: str, view: str) -> list[str]:
    """Return the columns that a view of a table has, in their order."""
    if view == "full":
        return list(roles)
    if domain == "anonymised":
        return [column for column, role in roles.items() if role == "number"]
    if domain in DOMAINS_WITHOUT_HISTORY:
        return [column for column, role in roles.items() if role_of(role).flat_core]
    return [column for column, role in roles.items() if role_of(role).core]
