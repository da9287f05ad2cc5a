"""Simulated worlds of fraud: many small tables whose truth is known, to train reference models on.

A world is one table as an owner would upload it, with the truth beside it. Every parameter of a world is drawn
at random, so that a model meets the typology in a thousand dresses and learns the typology, not the dress.
Nothing here reads a file, a network or a real table, and nothing here knows of scoring.
"""

from dataclasses import dataclass, field
from importlib import import_module

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["DOMAINS", "SimulatedTable", "generate"]

DOMAINS: tuple[str, ...] = (
    "mobile_money",
    "card_present",
    "card_not_present",
    "transfers",
    "p2p",
    "atm",
    "acquiring",
    "crypto",
    "loyalty_refunds",
    "corporate_payments",
    "account_opening",
    "lending",
    "insurance",
    "orders",
    "anonymised",
)


@dataclass(frozen=True)
class SimulatedTable:
    """One simulated table and its truth.

    Attributes:
        domain: one of ``DOMAINS``.
        seed: what the world was drawn from.
        frame: the table, typed as an uploaded table is once parsed, with an owner's column names.
        label: one truth a row, True where the row is recorded as fraud (label noise included).
        typology: one name a row, "" where the row is recorded as legitimate.
        roles: what each column of ``frame`` means, by column name.
        parameters: what was drawn for this world, for whoever inspects it.
    """

    domain: str
    seed: int
    frame: pl.DataFrame
    label: NDArray[np.bool_]
    typology: NDArray[np.str_]
    roles: dict[str, str]
    parameters: dict[str, float | str] = field(default_factory=dict)


def generate(domain: str, seed: int, rows: int | None = None) -> SimulatedTable:
    """Simulate one world; the same three arguments always give the same world.

    Args:
        domain: one of ``DOMAINS``.
        seed: non-negative.
        rows: about how many rows the table has; drawn at random when not given.

    Raises:
        ValueError: when the domain is unknown.
    """
    if domain not in DOMAINS:
        raise ValueError(f"unknown domain {domain!r}; known: {', '.join(DOMAINS)}")
    world: SimulatedTable = import_module(f"vigie.simulator.{domain}").simulate(seed, rows)
    return world
