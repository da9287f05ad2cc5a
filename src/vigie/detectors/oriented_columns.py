"""The table's own columns so that higher is riskier: what each says by itself, before any feature is made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from vigie.arrays import Floats
from vigie.features.categories import category_rarity
from vigie.features.columns import CATEGORY_ROLES, ColumnView
from vigie.features.temporal import is_night
from vigie.roles.fallbacks import UNIQUE_REASON
from vigie.roles.inference import ColumnRole

TWO_SIDED_ROLES = frozenset(
    [
        "number", "age", "limit", "income", "amount_usual", "balance_before", "balance_after", "counter_balance_before",
        "counter_balance_after",
    ]
)  # fmt: skip
"""Roles of quantities of which neither direction is known to be riskier."""

MAX_VALUES = 200
"""Values of a category at most: the rarity of one of more says nothing of it."""


class Kind(Enum):
    """How the values of a column tell of risk."""

    DIRECTED = "higher is riskier"
    TWO_SIDED = "low values may be as risky as high ones"
    RARITY = "-log of the share of rows with the same category, in nats"


@dataclass(frozen=True)
class OrientedColumns:
    """Columns of some rows.

    Attributes:
        values: (rows, columns) NaN where unknown.
        kinds: (columns,) what the values are.
    """

    values: Floats
    kinds: Sequence[Kind] = ()


def oriented_columns(view: ColumnView) -> OrientedColumns:
    """Return amounts, directed numbers, rarities of categories, nights, and numbers whose direction is unknown.

    None where rows have a customer, counterparty, device or the like in common: what is unusual then is unusual for these.

    Args:
        view: the rows.
    """
    has_history = any(map(_identifies, view.roles.columns))
    found = [] if has_history else list(_columns(view))
    values = np.stack([x for x, _ in found], axis=1) if found else np.zeros((view.n_rows, 0))
    return OrientedColumns(values, [kind for _, kind in found])


def _identifies(item: ColumnRole) -> bool:
    """Return whether a column tells whose a row is, and some rows are of the same one."""
    role = item.definition
    return (role.is_party or role.shared) and UNIQUE_REASON not in item.reasons


def _columns(view: ColumnView) -> Iterator[tuple[Floats, Kind]]:
    hour = view.times.hour
    if hour is not None:
        yield is_night(hour), Kind.DIRECTED
    amount = view.numbers.amount
    if amount is not None:
        yield amount, Kind.DIRECTED
    codes = dict(view.categories)
    for item in view.roles.columns:
        quantity = _quantity(view, item)
        if quantity is not None:
            yield quantity
        elif item.role in CATEGORY_ROLES and item.column in codes:
            known = view.state.columns[item.column].categories.require().values
            if len(known) <= MAX_VALUES:
                yield category_rarity(view, (item.column, codes[item.column])), Kind.RARITY


def _quantity(view: ColumnView, item: ColumnRole) -> tuple[Floats, Kind] | None:
    """Return a column as numbers with a direction of risk or without; None where it is neither."""
    two_sided = not item.direction and item.role in TWO_SIDED_ROLES
    if item.definition.ignored or item.definition.identifier or not (item.direction or two_sided):
        return None
    x = view.numbers.of(item.column)
    if x is None:
        return None
    return (x, Kind.TWO_SIDED) if two_sided else (item.direction * x, Kind.DIRECTED)
