"""Who shares what: customers per device, ip, contact; devices, ips and cards per customer."""

from __future__ import annotations

import numpy as np

from vigie.arrays import Floats
from vigie.features.columns import ColumnView
from vigie.roles.definitions import role_names


def compute(view: ColumnView) -> dict[str, Floats]:
    """Sharing features; a shared entity counts customers where they are known, rows otherwise."""
    out: dict[str, Floats] = {}
    for role in ("device", "ip"):
        groups = view.groups(role)
        if groups is None or view.roles.actor() == view.roles.first(role):
            continue
        out[f"rows_{role}"] = np.log(groups.count())
        if view.actor is not None:
            out[f"actors_per_{role}"] = np.log(groups.distinct(view.actor))
    out |= _contacts(view)
    out |= _per_actor(view)
    counterpart = view.groups("counterpart")
    if counterpart is not None and view.actor is not None and view.has_repeats("actor"):
        out["actors_per_counterpart"] = np.log(counterpart.distinct(view.actor))
    if view.time is not None:
        day = view.windows[1]
        shared = [
            g.window(day, day)
            for role in role_names(lambda role: role.shared)
            if (g := view.groups(role)) is not None and g.repeats
        ]
        if shared:
            with np.errstate(invalid="ignore"):
                out["burst_shared"] = np.log(np.fmax.reduce(shared))
    return out


def _contacts(view: ColumnView) -> dict[str, Floats]:
    rows, people = [], []
    for role in role_names(lambda role: role.contact):
        groups = view.groups(role)
        if groups is None or view.roles.actor() == view.roles.first(role):
            continue
        rows.append(np.log(groups.count()))
        if view.actor is not None:
            people.append(np.log(groups.distinct(view.actor)))
    out = {}
    if rows:
        out["rows_contact"] = np.fmax.reduce(rows)
    if people:
        out["actors_per_contact"] = np.fmax.reduce(people)
    return out


def _per_actor(view: ColumnView) -> dict[str, Floats]:
    actor = view.groups("actor")
    if actor is None or not actor.repeats:
        return {}
    out: dict[str, Floats] = {}
    for name, roles in (
        ("devices_per_actor", ("device", "user_agent")),
        ("ips_per_actor", ("ip",)),
        ("cards_per_actor", ("card", "account")),
    ):
        for role in roles:
            codes = view.codes(role)
            if codes is not None and view.roles.first(role) != view.roles.actor():
                out[name] = np.log(actor.distinct(codes))
                break
    if view.counterpart is not None:
        out["counterparts_per_actor"] = np.log(actor.distinct(view.counterpart))
    return out
