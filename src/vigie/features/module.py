"""The record of a module of features, which `registry.MODULES` lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vigie.arrays import Floats
from vigie.features.columns import ColumnView


@dataclass(frozen=True)
class FeatureModule:
    """Features that are computed together.

    Attributes:
        names: the features, as `vocabulary` has them.
        compute: returns (rows,) each feature that the view of a table allows, by name.
        groupings: what must be complete for some of the features: `row`, `actor`, `counterpart`, `shared` (a device, an IP
            address, a contact) or `account`.
        needs_value_counts: whether it counts how often values occur in the whole table.
    """

    names: tuple[str, ...]
    compute: Callable[[ColumnView], Mapping[str, Floats]]
    groupings: frozenset[str]
    needs_value_counts: bool = False
