"""Shared entities: customers per device, IP address and contact; devices, IP addresses and cards per customer."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from vigie.arrays import Floats
from vigie.features.columns import ColumnView
from vigie.features.module import FeatureModule
from vigie.roles.definitions import role_names


def compute(view: ColumnView) -> dict[str, Floats]:
    """Return the features of shared entities."""
    out = _of_shared(view, "device", ["device"]) | _of_shared(view, "ip", ["ip"])
    out |= _of_shared(view, "contact", role_names(lambda role: role.contact))
    return out | _per_actor(view) | _per_counterpart(view) | _bursts(view)


def _of_shared(view: ColumnView, name: str, roles: Iterable[str]) -> dict[str, Floats]:
    """Return rows and actors per shared entity, the most of several roles."""
    rows, actors = [], []
    for role in roles:
        groups = view.entities.groups(role)
        if groups is None or view.roles.actor() == view.roles.first(role):
            continue
        rows.append(np.log(groups.count()))
        if view.entities.actor is not None:
            actors.append(np.log(groups.distinct(view.entities.actor)))
    found = {f"rows_{name}": rows, f"actors_per_{name}": actors}
    return {feature: np.fmax.reduce(values) for feature, values in found.items() if values}


def _per_actor(view: ColumnView) -> dict[str, Floats]:
    actor = view.entities.repeating("actor")
    if actor is None:
        return {}
    out: dict[str, Floats] = {}
    for name, roles in (
        ("devices_per_actor", ("device", "user_agent")),
        ("ips_per_actor", ("ip",)),
        ("cards_per_actor", ("card", "account")),
    ):
        for role in roles:
            codes = view.entities.codes(role)
            if codes is not None and view.roles.first(role) != view.roles.actor():
                out[name] = np.log(actor.distinct(codes))
                break
    if view.entities.counterpart is not None:
        out["counterparts_per_actor"] = np.log(actor.distinct(view.entities.counterpart))
    return out


def _per_counterpart(view: ColumnView) -> dict[str, Floats]:
    counterpart, actor = view.entities.groups("counterpart"), view.entities.actor
    if counterpart is None or actor is None or not view.entities.has_repeats("actor"):
        return {}
    return {"actors_per_counterpart": np.log(counterpart.distinct(actor))}


def _bursts(view: ColumnView) -> dict[str, Floats]:
    if view.times.values is None:
        return {}
    day = view.times.windows.day
    groups = [view.entities.repeating(role) for role in role_names(lambda role: role.shared)]
    counts = [one.window(day, day) for one in groups if one is not None]
    if not counts:
        return {}
    with np.errstate(invalid="ignore"):
        return {"burst_shared": np.log(np.fmax.reduce(counts))}


MODULE = FeatureModule(
    names=(
        "actors_per_device", "actors_per_ip", "actors_per_contact", "rows_device", "rows_ip", "rows_contact",
        "devices_per_actor", "ips_per_actor", "cards_per_actor", "counterparts_per_actor", "actors_per_counterpart",
        "burst_shared",
    ),
    compute=compute,
    groupings=frozenset({"actor", "counterpart", "shared"}),
)  # fmt: skip
