"""First times of an actor with a counterparty, a device, an IP address or a place; how often actors and pairs occur."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from vigie.arrays import Codes, Floats
from vigie.features.columns import ColumnView
from vigie.features.groups import Groups, pairs
from vigie.features.module import FeatureModule

_FIRST_TIMES = {
    "pair_new": ("counterpart",),
    "new_device": ("device", "user_agent"),
    "new_ip": ("ip",),
    "new_place": ("counter_country", "country", "counter_city", "city", "region", "zip"),
}
"""Feature -> the entities among which the first that says something is taken."""
_MAX_FIRST_TIMES = 0.98
"""Share of the rows from which on first times say nothing."""


def compute(view: ColumnView) -> dict[str, Floats]:
    """Return the features of novelty."""
    return _histories(view) | _first_times(view)


def _histories(view: ColumnView) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    for entity in ("actor", "counterpart"):
        groups = view.entities.repeating(entity)
        if groups is not None:
            out[f"rows_{entity}"] = np.log(groups.count())
            if view.times.values is not None:
                out[f"position_{entity}"] = np.log1p(groups.position())
    return out


def _first_times(view: ColumnView) -> dict[str, Floats]:
    actor = view.entities.repeating("actor")
    if actor is None:
        return {}
    out: dict[str, Floats] = {}
    history = np.log1p(actor.position()) if view.times.values is not None else np.log(actor.count())
    for name, entities in _FIRST_TIMES.items():
        computed: dict[str, Floats] = {}
        choose = partial(_choose_entity, view, actor, entities, computed)
        entity = view.state.entities.first_time_role[name].get(choose)
        codes = _codes_beside_actor(view, entity) if entity else None
        if codes is not None:
            is_first = computed[entity] if entity in computed else _is_first(view, actor, codes)
            # A first time says more the longer the history without it.
            out[name] = is_first * history
    counterpart = view.entities.counterpart
    if counterpart is not None:
        pair = Groups(pairs(actor.group_of_row(), counterpart))
        if view.state.entities.pair_repeats.get(lambda: pair.repeats):
            out["pair_rows"] = np.log(pair.count())
    return out


def _choose_entity(
    view: ColumnView, actor: Groups, entities: Sequence[str], computed: dict[str, Floats]
) -> str:
    """Return the first entity whose first times say something, empty without one; fill `computed` by entity."""
    for entity in entities:
        codes = _codes_beside_actor(view, entity)
        if codes is None:
            continue
        computed[entity] = _is_first(view, actor, codes)
        if codes.max(initial=-1) >= 1 and 0 < computed[entity].mean() < _MAX_FIRST_TIMES:
            return entity
    return ""


def _codes_beside_actor(view: ColumnView, entity: str) -> Codes | None:
    """Return (rows,) codes of an entity; None where the table has none, or where its column is the actor's."""
    return None if view.roles.first(entity) == view.roles.actor() else view.entities.codes(entity)


def _is_first(view: ColumnView, actor: Groups, codes: Codes) -> Floats:
    """Return (rows,) 1 where the actor has the code for the first time; without a time, where only once."""
    if view.times.values is not None:
        return actor.first_seen(codes)
    return np.where(Groups(pairs(actor.group_of_row(), codes)).count() == 1, 1.0, 0.0)


MODULE = FeatureModule(
    names=(
        "rows_actor", "position_actor", "rows_counterpart", "position_counterpart", "pair_new", "pair_rows", "new_device",
        "new_ip", "new_place",
    ),
    compute=compute,
    groupings=frozenset({"actor", "counterpart"}),
)  # fmt: skip
