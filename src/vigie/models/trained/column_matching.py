"""Matching of a model's training columns to those of a table where they may be renamed, reordered, missing or new.

Each pair of columns has a score for its names, its roles and the similarity of its distributions; a one-to-one assignment
takes the pairs with the best total. Equal names decide; without names the distributions do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.models.trained.column_sketch import Sketch, sketch_column, with_salt
from vigie.roles.definitions import role_of
from vigie.roles.inference import Roles
from vigie.roles.name_parser import parse_name, split_words

SAME_NAME = 0.7
"""Score of a pair for equal names alone."""

SIMILARITY_WEIGHT, ROLE_WEIGHT, NAME_WEIGHT = 0.5, 0.3, 0.2
"""Weights of distribution, role and name where the names differ."""

NAMELESS_WEIGHT = 0.8
"""Weight of the distribution where the table's name is generic; the role, inferred without a name, has the rest."""

MIN_SIMILARITY = 0.72
"""Similarity of distributions that is enough where neither name nor role agrees."""


@dataclass(frozen=True)
class ColumnMatch:
    """The match of a training column.

    Attributes:
        column: of the table.
        score: of the pair, from 0 to 1.
        similarity: of the distributions, from 0 to 1.
    """

    column: str
    score: float
    similarity: float


def sketch_columns(frame: pl.DataFrame, roles: Roles) -> list[Sketch]:
    """Return a sketch of each column of a table, to be matched with any model."""
    return [sketch_column(frame[item.column], item.role) for item in roles.columns]


def match_columns(model: Sequence[Sketch], table: Sequence[Sketch], salt: str) -> dict[str, ColumnMatch]:
    """Return training column -> its match; without those that are not found.

    Source: one-to-one assignment by the Hungarian method, H. W. Kuhn, 1955.

    Args:
        model: sketches of the training columns.
        table: sketches of the columns of the table.
        salt: of the model.
    """
    here = [with_salt(item, salt) for item in table]
    if not model or not here:
        return {}
    from scipy.optimize import linear_sum_assignment

    scores, alike = np.zeros((len(model), len(here))), np.zeros((len(model), len(here)))
    for i, trained in enumerate(model):
        for j, column in enumerate(here):
            scores[i, j], alike[i, j] = score_pair(trained, column)
    rows, columns = linear_sum_assignment(-scores)
    return {
        model[i].name: ColumnMatch(here[j].name, round(float(scores[i, j]), 4), round(float(alike[i, j]), 4))
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        if scores[i, j] > 0
    }


def score_pair(trained: Sketch, column: Sketch) -> tuple[float, float]:
    """Return the score of a pair, 0 where it is impossible, and the similarity of its distributions."""
    name = name_similarity(trained.name, column.name)
    alike = distribution_similarity(trained, column)
    if name == 1.0:
        return SAME_NAME + (1 - SAME_NAME) * alike, alike
    role = role_of(trained.role).same_role_score if trained.role == column.role else 0.0
    likely = role == 1.0 or alike >= MIN_SIMILARITY or (name >= 0.6 and alike > 0.3)
    if trained.kind != column.kind or not likely:
        return 0.0, alike
    if parse_name(column.name).generic:
        return NAMELESS_WEIGHT * alike + (1 - NAMELESS_WEIGHT) * role, alike
    return SIMILARITY_WEIGHT * alike + ROLE_WEIGHT * role + NAME_WEIGHT * name, alike


def distribution_similarity(a: Sketch, b: Sketch) -> float:
    """Return the similarity of two distributions, from 0 to 1; 0.5 where there is nothing to compare."""
    if a.kind != b.kind:
        return 0.0
    parts = []
    if a.shares and b.shares:
        common = sum(min(share, b.shares.get(key, 0.0)) for key, share in a.shares.items())
        parts.append(common / max(min(sum(a.shares.values()), sum(b.shares.values())), 1e-9))
    if a.spread and b.spread:
        parts.append(_quantile_similarity(a.spread, b.spread))
    if not parts and a.lengths and b.lengths:
        # Of identifiers only lengths and the share of distinct values are kept.
        apart = abs(float(np.log((a.distinct + 1e-4) / (b.distinct + 1e-4))))
        parts += [_quantile_similarity(a.lengths, b.lengths), max(0.0, 1 - apart / 3)]
        if not role_of(a.role).private and bool(a.shares) != bool(b.shares):
            parts.append(0.2)
    if not parts:
        return 0.5
    return float(np.mean(parts)) * (1 - abs(a.missing - b.missing))


def _quantile_similarity(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return max(0.0, 1 - ks_distance(np.array(a), np.array(b)) / 0.3)


def ks_distance(a: Floats, b: Floats) -> float:
    """Return the Kolmogorov-Smirnov distance of two distributions given by equally many quantiles, from 0 to 1."""
    points = np.r_[a, b]
    slack = 1e-6 * (np.abs(points) + 1e-9)
    worst = 0.0
    for shift in (slack, -slack):
        at = points + shift
        below = (np.searchsorted(x, at, side="right") / len(x) for x in (a, b))
        worst = max(worst, float(np.abs(np.subtract(*below)).max()))
    return worst


@lru_cache(maxsize=65_536)
def name_similarity(one: str, other: str) -> float:
    """Return 1 where two names are the same words, else the similarity of their meaning or spelling, below 1."""
    a, b = "".join(split_words(one)), "".join(split_words(other))
    if (a or one) == (b or other):
        return 1.0
    first, second = parse_name(one), parse_name(other)
    if first.generic or second.generic:
        return 0.0
    concepts, others = set(first.concepts), set(second.concepts)
    shared = len(concepts & others) / len(concepts | others) if concepts | others else 0.0
    spelled = SequenceMatcher(None, a, b, autojunk=False).ratio()
    return min(0.95, max(shared, 1.5 * (spelled - 0.4)))


def renamed_columns(found: Mapping[str, ColumnMatch]) -> dict[str, str]:
    """Return training column -> column of the table, where the names differ."""
    return {name: match.column for name, match in found.items() if match.column != name}
