"""Categories: rare values, values unusual for the actor, rare combinations, words that name risk."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import combinations

import numpy as np
import polars as pl

from vigie.arrays import Codes, Floats
from vigie.features.columns import ColumnView
from vigie.features.groups import Groups, pairs
from vigie.features.module import FeatureModule
from vigie.features.risk_lexicon import risk

_MAX_COLUMNS = 12
_MAX_PAIRED_COLUMNS = 7
_MAX_WORDED_VALUES = 501

Category = tuple[str, Codes]
"""Name and (rows,) codes of a column."""


def compute(view: ColumnView) -> dict[str, Floats]:
    """Return the features of categories; none where the table has no category."""
    actor = view.entities.groups("actor")
    if (actor is None and not view.has_row_features) or not view.categories:
        return {}
    columns = view.categories[:_MAX_COLUMNS]
    rarity = np.stack([category_rarity(view, category) for category in columns])
    out: dict[str, Floats] = {}
    if view.has_row_features:
        out |= {"category_rarity": rarity.mean(axis=0), "category_rarity_max": rarity.max(axis=0)}
        out |= _combinations(view, columns) | _words(view)
    if actor is not None and actor.repeats:
        out |= _within_actor(view, actor, columns, rarity)
    return out


def _within_actor(
    view: ColumnView, actor: Groups, columns: list[Category], rarity: Floats
) -> dict[str, Floats]:
    varying = [
        (codes, one)
        for (name, codes), one in zip(columns, rarity, strict=True)
        if view.state.columns[name].varies_within_actor.get(partial(_varies_within, actor, codes))
    ]
    if not varying:
        return {}
    out = {"category_habit": np.max([_rarity_within(actor, codes, one) for codes, one in varying], axis=0)}
    if view.times.values is not None:
        is_first = np.max([actor.first_seen(codes) for codes, _ in varying], axis=0)
        out["new_category"] = is_first * np.log1p(actor.position())
    return out


def _combinations(view: ColumnView, columns: list[Category]) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    if len(columns) > 1:
        rarities = [_rarity_of_pair(view, a, b) for a, b in combinations(columns[:_MAX_PAIRED_COLUMNS], 2)]
        out["category_pair"] = np.max(rarities, axis=0)
    hour = view.times.hour
    if hour is not None:
        hours = ("", np.where(np.isfinite(hour), hour // 3, -1).astype(np.int64))
        out["category_hour"] = np.max([_rarity_of_pair(view, one, hours) for one in columns], axis=0)
    return out


def category_rarity(view: ColumnView, category: Category) -> Floats:
    """Return (rows,) -log of the share of the table's rows with the same value, in nats."""
    counts, n_rows = _counts(view, category)
    return np.asarray(-np.log((counts + 0.5) / (n_rows + 1)))


def _counts(view: ColumnView, category: Category) -> tuple[Floats, float]:
    """Return (rows,) how many rows of the table have the same value, 0 for a new one, and the rows of the table."""
    name, codes = category
    known = view.state.columns[name].category_rows.get(lambda: np.bincount(codes + 1))
    n_rows = view.state.rows_counted.get(lambda: float(len(codes)))
    at = codes + 1
    return np.where(at < len(known), known[np.minimum(at, len(known) - 1)], 0).astype(float), n_rows


def _rarity_of_pair(view: ColumnView, one: Category, other: Category) -> Floats:
    """Return (rows,) how much rarer two values are together than if they were independent, in nats, shrunk."""
    (a_name, a), (b_name, b) = one, other
    width = view.state.columns[b_name].category_width.get(lambda: int(b.max(initial=-1)) + 2)
    # A value that the table never had makes a pair that it never had: counted once, as itself.
    pair = np.where(b + 1 < width, (a + 1) * width + b + 1, -1)
    together = view.state.value_counts.of(f"{a_name} with {b_name}", pair)
    (a_rows, n_rows), (b_rows, _) = _counts(view, one), _counts(view, other)
    expected = a_rows * b_rows / max(n_rows, 1.0)
    return np.asarray(np.log((expected + 1) / (together + 1)))


def _varies_within(actor: Groups, codes: Codes) -> bool:
    distinct = actor.distinct(codes)
    return bool(np.nanmean(distinct > 1) > 0.2)


def _rarity_within(actor: Groups, codes: Codes, rarity: Floats) -> Floats:
    """Return (rows,) rarity among the actor's other rows, shrunk towards the rarity in the table."""
    same = Groups(pairs(actor.group_of_row(), np.maximum(codes, -1) + 1)).count() - 1
    others = actor.count() - 1
    return np.asarray(-np.log((same + 2 * np.exp(-rarity)) / (others + 2)))


def _words(view: ColumnView) -> dict[str, Floats]:
    """Return (rows,) the risk of the riskiest category value plus that of the safest."""
    scores = []
    for name, _ in view.categories:
        cells, known = view.frame[name], view.state.columns[name].categories.require().values
        if cells.dtype != pl.String or len(known) > _MAX_WORDED_VALUES:
            continue
        if view.state.columns[name].has_risk_words.get(partial(_has_risk_words, known)):
            risks = {text: risk(text) for text in cells.unique().drop_nulls().to_list()}
            score = cells.replace_strict(risks, default=0.0, return_dtype=pl.Float64)
            scores.append(score.fill_null(0.0).to_numpy())
    return {"category_words": np.max(scores, axis=0) + np.min(scores, axis=0)} if scores else {}


def _has_risk_words(values: Iterable[str]) -> bool:
    return bool(np.ptp([*map(risk, values), 0.0]) > 0)


MODULE = FeatureModule(
    names=(
        "category_rarity", "category_rarity_max", "category_habit", "category_pair", "category_words", "category_hour",
        "new_category",
    ),
    compute=compute,
    groupings=frozenset({"row", "actor"}),
    needs_value_counts=True,
)  # fmt: skip
