"""Finds the columns of a model in an upload where they may be renamed, translated, reordered, missing or new.

Every pair of a model's column and an upload's gets points for its name, its role and how alike the values are
spread; a one-to-one assignment takes the best pairs together. A name that is the same decides; without names the
spread does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.models.trained.column_sketch import Sketch, salted, sketch
from vigie.roles.definitions import role_of
from vigie.roles.inference import Roles
from vigie.roles.name_parser import parse_name, split_words

SURE = 0.7
"""Points a pair gets for the same name alone."""

CLOSENESS, MEANING, NAME = 0.5, 0.3, 0.2
"""Points for the spread, the role and the name where the names differ."""

NAMELESS = 0.8
"""Points for the spread where the upload's name says nothing at all; the role, guessed without a name, gets the rest."""

CLOSE = 0.72
"""Closeness that is enough without any help of name or role."""


@dataclass(frozen=True)
class ColumnMatch:
    """A model's column in an upload.

    Attributes:
        column: in the upload.
        points: of the pair, 0 to 1.
        closeness: of the spreads, 0 to 1.
    """

    column: str
    points: float
    closeness: float


def upload(frame: pl.DataFrame, roles: Roles) -> list[Sketch]:
    """Sketches of every column of an upload, for any model."""
    return [sketch(frame[item.column], item.role) for item in roles.columns]


def find(model: Sequence[Sketch], uploaded: Sequence[Sketch], salt: str) -> dict[str, ColumnMatch]:
    """Model column -> where it is; columns that are nowhere are left out.

    Source: one-to-one assignment by the Hungarian method, H. W. Kuhn, 1955.

    Args:
        model: the columns to find.
        uploaded: those of the upload.
        salt: of the model.
    """
    here = [salted(item, salt) for item in uploaded]
    if not model or not here:
        return {}
    from scipy.optimize import linear_sum_assignment

    points, alike = np.zeros((len(model), len(here))), np.zeros((len(model), len(here)))
    for i, wanted in enumerate(model):
        for j, given in enumerate(here):
            points[i, j], alike[i, j] = pair(wanted, given)
    rows, columns = linear_sum_assignment(-points)
    return {
        model[i].name: ColumnMatch(here[j].name, round(float(points[i, j]), 4), round(float(alike[i, j]), 4))
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        if points[i, j] > 0
    }


def pair(wanted: Sketch, given: Sketch) -> tuple[float, float]:
    """Points of one pair, 0 where it cannot be, and how alike the values are spread."""
    name = named_alike(wanted.name, given.name)
    alike = closeness(wanted, given)
    if name == 1.0:
        return SURE + (1 - SURE) * alike, alike
    same = wanted.role == given.role
    meaning = role_of(wanted.role).same_role_score if same else 0.0
    if wanted.kind != given.kind or not ((meaning == 1.0) or alike >= CLOSE or (name >= 0.6 and alike > 0.3)):
        return 0.0, alike
    if parse_name(given.name).generic:
        return NAMELESS * alike + (1 - NAMELESS) * meaning, alike
    return CLOSENESS * alike + MEANING * meaning + NAME * name, alike


def closeness(a: Sketch, b: Sketch) -> float:
    """How alike two columns are spread, 0 to 1; half where there is nothing to compare."""
    if a.kind != b.kind:
        return 0.0
    parts = []
    if a.shares and b.shares:
        common = sum(min(share, b.shares.get(key, 0.0)) for key, share in a.shares.items())
        parts.append(common / max(min(sum(a.shares.values()), sum(b.shares.values())), 1e-9))
    if a.spread and b.spread:
        parts.append(_same_spread(a.spread, b.spread))
    if not parts and a.lengths and b.lengths:
        # What names somebody is known by how long it is and how often it comes back.
        apart = abs(float(np.log((a.distinct + 1e-4) / (b.distinct + 1e-4))))
        parts += [_same_spread(a.lengths, b.lengths), max(0.0, 1 - apart / 3)]
        if not role_of(a.role).private and bool(a.shares) != bool(b.shares):
            parts.append(0.2)
    if not parts:
        return 0.5
    return float(np.mean(parts)) * (1 - abs(a.missing - b.missing))


def _same_spread(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return max(0.0, 1 - gap(np.array(a), np.array(b)) / 0.3)


def gap(a: Floats, b: Floats) -> float:
    """Largest gap between two distributions given by equally many quantiles (Kolmogorov–Smirnov), 0 to 1."""
    points = np.r_[a, b]
    slack = 1e-6 * (np.abs(points) + 1e-9)
    worst = 0.0
    for shift in (slack, -slack):
        at = points + shift
        below = (np.searchsorted(x, at, side="right") / len(x) for x in (a, b))
        worst = max(worst, float(np.abs(np.subtract(*below)).max()))
    return worst


@lru_cache(maxsize=65_536)
def named_alike(one: str, other: str) -> float:
    """1 where two names are the same words, else how much they mean or are spelled the same, below 1."""
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


def renamed(found: Mapping[str, ColumnMatch]) -> dict[str, str]:
    """Model column -> its other name, of those that have one."""
    return {name: there.column for name, there in found.items() if there.column != name}
