"""First times and rarities: a pair, a device, a place or a kind of transaction not seen before."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from vigie.scoring.facts import Facts
from vigie.scoring.groups import Codes, Floats, Groups, dense_codes


def compute(facts: Facts) -> dict[str, Floats]:
    """Novelty and rarity features."""
    return {**_entities(facts), **_first_times(facts), **_categories(facts)}


def _entities(facts: Facts) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    for name in ("actor", "counterpart"):
        groups = facts.groups(name)
        if groups is not None and groups.repeats:
            out[f"rows_{name}"] = np.log(groups.count())
            if facts.time is not None:
                out[f"position_{name}"] = np.log1p(groups.position())
    return out


def _first_times(facts: Facts) -> dict[str, Floats]:
    actor = facts.groups("actor")
    if actor is None or not actor.repeats:
        return {}
    out: dict[str, Floats] = {}
    history = np.log1p(actor.position()) if facts.time is not None else np.log(actor.count())
    for name, roles in (
        ("pair_new", ("counterpart",)),
        ("new_device", ("device", "user_agent")),
        ("new_ip", ("ip",)),
        ("new_place", ("counter_country", "country", "counter_city", "city", "region", "zip")),
    ):
        for role in roles:
            codes = facts.counterpart if role == "counterpart" else facts.codes(role)
            if codes is None or facts.roles.first(role) == facts.roles.actor() or codes.max(initial=-1) < 1:
                continue
            first = actor.first_seen(codes) if facts.time is not None else _only_once(actor, codes)
            # A first time says more the longer the history without it, and nothing when all are first times.
            if 0 < first.mean() < 0.98:
                out[name] = first * history
                break
    if facts.counterpart is not None:
        pair = Groups(dense_codes(actor.group_of_row(), facts.counterpart))
        if pair.repeats:
            out["pair_rows"] = np.log(pair.count())
    return out


def _only_once(actor: Groups, codes: Codes) -> Floats:
    """1 where the customer's other rows never show the code: without a time nobody knows which came first."""
    return np.where(Groups(dense_codes(actor.group_of_row(), codes)).count() == 1, 1.0, 0.0)


def _categories(facts: Facts) -> dict[str, Floats]:
    if not facts.categories:
        return {}
    columns = [codes for _, codes in facts.categories][:12]
    surprise = np.stack([_surprise(codes) for codes in columns])
    out: dict[str, Floats] = {
        "category_rarity": surprise.mean(axis=0),
        "category_rarity_max": surprise.max(axis=0),
    }
    actor = facts.groups("actor")
    if actor is not None and actor.repeats:
        own = [_own_surprise(actor, codes) for codes in columns if _varies_within(actor, codes)]
        if own:
            out["category_habit"] = np.max(own, axis=0)
            if facts.time is not None:
                first = [actor.first_seen(codes) for codes in columns if _varies_within(actor, codes)]
                out["new_category"] = np.max(first, axis=0) * np.log1p(actor.position())
    if len(columns) > 1:
        pairs = [_mutual_surprise(a, b) for a, b in combinations(columns[:7], 2)]
        out["category_pair"] = np.max(pairs, axis=0)
    if facts.hour is not None:
        hours = np.where(np.isfinite(facts.hour), facts.hour // 3, -1).astype(np.int64)
        out["category_hour"] = np.max([_mutual_surprise(codes, hours) for codes in columns], axis=0)
    return out


def _surprise(codes: Codes) -> Floats:
    counts = np.bincount(codes + 1)
    return np.asarray(-np.log((counts[codes + 1] + 0.5) / (len(codes) + 1)))


def _mutual_surprise(a: Codes, b: Codes) -> Floats:
    """How much rarer a pair of values is than independence would have it, in nats, shrunk for small counts."""
    together = np.bincount((a + 1) * (int(b.max(initial=-1)) + 2) + b + 1)[
        (a + 1) * (int(b.max(initial=-1)) + 2) + b + 1
    ]
    expected = np.bincount(a + 1)[a + 1] * np.bincount(b + 1)[b + 1] / max(len(a), 1)
    return np.asarray(np.log((expected + 1) / (together + 1)))


def _varies_within(actor: Groups, codes: Codes) -> bool:
    distinct = actor.distinct(codes)
    return bool(np.nanmean(distinct > 1) > 0.2)


def _own_surprise(actor: Groups, codes: Codes) -> Floats:
    """Surprise of a value against the customer's other rows, shrunk towards the table's shares."""
    same = Groups(dense_codes(actor.group_of_row(), np.maximum(codes, -1) + 1)).count() - 1
    others = actor.count() - 1
    share = np.exp(-_surprise(codes))
    return np.asarray(-np.log((same + 2 * share) / (others + 2)))
