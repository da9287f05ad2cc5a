"""Simulator of labelled fraud tables, which the starter models are trained on.

    domain      the record that describes a domain, and the simulated table
    domains/    one file per domain
    registry    finds them, and the domains of other distributions (entry-point group `vigie.domains`)
    events/     tables of events: customers with a history, merchants, transfers
    cases/      tables of cases: one independent row per application, claim or order
    column_names, column_vocabulary, cell_formats    how an owner writes names and cells

Parameters are randomised per table so that models generalise beyond surface variation. Uses no file, network or real
table, and nothing of the scoring.
"""

from __future__ import annotations

from typing import Any

from vigie.simulator.domain import Domain, SimulatedTable

__all__ = ["DOMAINS", "Domain", "SimulatedTable", "generate"]

DOMAINS: tuple[str, ...]
"""Names of all domains; found when first asked for, since a domain of another distribution imports this package."""


def __getattr__(name: str) -> Any:
    if name == "DOMAINS":
        from vigie.simulator.registry import all_domains

        return tuple(all_domains())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def generate(domain: str, seed: int, rows: int | None = None) -> SimulatedTable:
    """Simulate one table; equal arguments give equal tables.

    Args:
        domain: one of `DOMAINS`.
        seed: non-negative.
        rows: about how many rows; drawn at random when None.

    Raises:
        ValueError: the domain is unknown.
    """
    from vigie.simulator.registry import all_domains

    found = all_domains().get(domain)
    if found is None:
        raise ValueError(f"unknown domain {domain!r}, expected one of {', '.join(all_domains())}")
    return found.simulate(seed, rows)
