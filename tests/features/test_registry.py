"""The modules of features declare what they compute, from which rows, and whether they count values."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.helpers.tables import busy_table, roles_of

from vigie.features import NAMES
from vigie.features.columns import ColumnView
from vigie.features.module import FeatureModule
from vigie.features.registry import MODULES
from vigie.fitted_state import FeatureState, ObservedCounts
from vigie.roles.definitions import role_names

FRAME = busy_table(0, flows=True)
ROLES = roles_of(dict.fromkeys(FRAME.columns))
GROUPINGS = {
    "row": ("row",),
    "actor": ("actor",),
    "counterpart": ("counterpart",),
    "shared": role_names(lambda role: role.shared),
    "account": ("account",),
}


def test_every_feature_is_computed_by_one_module() -> None:
    assert sorted(name for module in MODULES for name in module.names) == sorted(NAMES)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.names[0])
def test_a_module_computes_its_own_features(module: FeatureModule) -> None:
    assert module.compute(ColumnView(FRAME, ROLES)).keys() <= set(module.names)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.names[0])
def test_a_module_needs_its_groupings_and_no_others(module: FeatureModule) -> None:
    """Where only the rows of other entities are complete, it computes nothing."""
    whole = FeatureState()
    for other in MODULES:
        other.compute(ColumnView(FRAME, ROLES, whole))
    for grouping, complete in GROUPINGS.items():
        view = ColumnView(
            FRAME, ROLES, whole, frozenset(complete), ColumnView(FRAME, ROLES).entities.is_first_of_actor
        )
        assert bool(module.compute(view)) == (grouping in module.groupings), grouping


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.names[0])
def test_a_module_that_counts_values_declares_it(module: FeatureModule) -> None:
    counted: list[str] = []
    state = FeatureState()
    observed = replace(
        state, value_counts=ObservedCounts(state.value_counts, lambda name, _: counted.append(name))
    )
    module.compute(ColumnView(FRAME, ROLES, observed))
    assert bool(counted) == module.needs_value_counts
