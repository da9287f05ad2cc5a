"""First times and rarities: a pair, a device, a place or a kind of transaction not seen before."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import combinations

import numpy as np

from vigie.arrays import Codes, Floats
from vigie.features.columns import ColumnView
from vigie.features.groups import Groups, pairs


def compute(view: ColumnView) -> dict[str, Floats]:
    """Novelty and rarity features."""
    return {**_entities(view), **_first_times(view), **_categories(view)}


def _entities(view: ColumnView) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    for name in ("actor", "counterpart"):
        groups = view.groups(name)
        if groups is not None and groups.repeats:
            out[f"rows_{name}"] = np.log(groups.count())
            if view.time is not None:
                out[f"position_{name}"] = np.log1p(groups.position())
    return out


def _first_times(view: ColumnView) -> dict[str, Floats]:
    actor = view.groups("actor")
    if actor is None or not actor.repeats:
        return {}
    out: dict[str, Floats] = {}
    history = np.log1p(actor.position()) if view.time is not None else np.log(actor.count())
    for name, roles in (
        ("pair_new", ("counterpart",)),
        ("new_device", ("device", "user_agent")),
        ("new_ip", ("ip",)),
        ("new_place", ("counter_country", "country", "counter_city", "city", "region", "zip")),
    ):
        first: dict[str, Floats] = {}
        choose = partial(_first_time_role, view, actor, roles, first)
        role = view.state.entities.first_time_role[name].get(choose)
        codes = _codes_beside_actor(view, role) if role else None
        if codes is not None:
            # A first time says more the longer the history without it.
            out[name] = (first[role] if role in first else _first_times_of(view, actor, codes)) * history
    if view.counterpart is not None:
        pair = Groups(pairs(actor.group_of_row(), view.counterpart))
        if view.state.entities.pair_repeats.get(lambda: pair.repeats):
            out["pair_rows"] = np.log(pair.count())
    return out


def _first_time_role(view: ColumnView, actor: Groups, roles: Sequence[str], first: dict[str, Floats]) -> str:
    """The first role whose first times say something; empty without one. What was computed is left in `first`."""
    for role in roles:
        codes = _codes_beside_actor(view, role)
        if codes is None:
            continue
        first[role] = _first_times_of(view, actor, codes)
        # First times mean nothing where all are first times.
        if codes.max(initial=-1) >= 1 and 0 < first[role].mean() < 0.98:
            return role
    return ""


def _codes_beside_actor(view: ColumnView, role: str) -> Codes | None:
    """(rows,) codes of a role; None where the table has none, or where it is the actor."""
    codes = view.counterpart if role == "counterpart" else view.codes(role)
    return None if view.roles.first(role) == view.roles.actor() else codes


def _first_times_of(view: ColumnView, actor: Groups, codes: Codes) -> Floats:
    """(rows,) 1 where the actor shows the code for the first time; without a time, where it does so only once."""
    if view.time is not None:
        return actor.first_seen(codes)
    return np.where(Groups(pairs(actor.group_of_row(), codes)).count() == 1, 1.0, 0.0)


def _categories(view: ColumnView) -> dict[str, Floats]:
    actor = view.groups("actor")
    if (actor is None and not view.has_all_rows_of("row")) or not view.categories:
        return {}
    columns = view.categories[:12]
    surprise = np.stack([_surprise(view, name, codes) for name, codes in columns])
    out: dict[str, Floats] = {}
    if view.has_all_rows_of("row"):
        out |= {"category_rarity": surprise.mean(axis=0), "category_rarity_max": surprise.max(axis=0)}
        out |= _together(view, columns)
    if actor is not None and actor.repeats:
        varying = [
            (name, codes, one)
            for (name, codes), one in zip(columns, surprise, strict=True)
            if view.state.columns[name].varies_within_actor.get(partial(_varies_within, actor, codes))
        ]
        if varying:
            own = [_own_surprise(actor, codes, one) for _, codes, one in varying]
            out["category_habit"] = np.max(own, axis=0)
            if view.time is not None:
                first = [actor.first_seen(codes) for _, codes, _ in varying]
                out["new_category"] = np.max(first, axis=0) * np.log1p(actor.position())
    return out


def _together(view: ColumnView, columns: list[tuple[str, Codes]]) -> dict[str, Floats]:
    """Values that rarely come together."""
    out: dict[str, Floats] = {}
    if len(columns) > 1:
        rare = [_mutual_surprise(view, a, b) for a, b in combinations(columns[:7], 2)]
        out["category_pair"] = np.max(rare, axis=0)
    if view.hour is not None:
        hours = ("", np.where(np.isfinite(view.hour), view.hour // 3, -1).astype(np.int64))
        out["category_hour"] = np.max([_mutual_surprise(view, one, hours) for one in columns], axis=0)
    return out


def _surprise(view: ColumnView, name: str, codes: Codes) -> Floats:
    counts, rows = _shares(view, name, codes)
    return np.asarray(-np.log((counts + 0.5) / (rows + 1)))


def _shares(view: ColumnView, name: str, codes: Codes) -> tuple[Floats, float]:
    """(rows,) rows of the whole table with the code of each row, 0 for a new one, and the rows of the table."""
    known = view.state.columns[name].category_rows.get(lambda: np.bincount(codes + 1))
    rows = view.state.rows_counted.get(lambda: float(len(codes)))
    at = codes + 1
    return np.where(at < len(known), known[np.minimum(at, len(known) - 1)], 0).astype(float), rows


def _mutual_surprise(view: ColumnView, one: tuple[str, Codes], other: tuple[str, Codes]) -> Floats:
    """How much rarer a pair of values is than independence would have it, in nats, shrunk for small counts."""
    (a_name, a), (b_name, b) = one, other
    width = view.state.columns[b_name].category_width.get(lambda: int(b.max(initial=-1)) + 2)
    # A value the table never had makes a pair it never had: counted once, as itself.
    pair = np.where(b + 1 < width, (a + 1) * width + b + 1, -1)
    together = view.state.value_counts.of(f"{a_name} with {b_name}", pair)
    (a_rows, rows), (b_rows, _) = _shares(view, a_name, a), _shares(view, b_name, b)
    expected = a_rows * b_rows / max(rows, 1.0)
    return np.asarray(np.log((expected + 1) / (together + 1)))


def _varies_within(actor: Groups, codes: Codes) -> bool:
    distinct = actor.distinct(codes)
    return bool(np.nanmean(distinct > 1) > 0.2)


def _own_surprise(actor: Groups, codes: Codes, surprise: Floats) -> Floats:
    """Surprise of a value against the customer's other rows, shrunk towards the table's shares."""
    same = Groups(pairs(actor.group_of_row(), np.maximum(codes, -1) + 1)).count() - 1
    others = actor.count() - 1
    return np.asarray(-np.log((same + 2 * np.exp(-surprise)) / (others + 2)))
