"""One-to-one assignment of a model's columns to those of a table, by the names, roles and values of each pair.

Equal names decide; without names the values do. How values are compared depends on what the model keeps of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Protocol, TypeVar

import numpy as np

from vigie.roles.definitions import role_of
from vigie.roles.name_parser import parse_name, split_words

SAME_NAME = 0.7
"""Score of a pair for equal names alone."""

SIMILARITY_WEIGHT, ROLE_WEIGHT, NAME_WEIGHT = 0.5, 0.3, 0.2
"""Weights of values, role and name where the names differ."""

NAMELESS_WEIGHT = 0.8
"""Weight of the values where the table's name is generic; the role, inferred without a name, has the rest."""

MIN_SIMILARITY = 0.72
"""Similarity of values that is enough where neither name nor role agrees."""


class KnownColumn(Protocol):
    """A column with a name and a role."""

    @property
    def name(self) -> str:
        """Name of the column."""

    @property
    def role(self) -> str:
        """Role of the column."""


M = TypeVar("M", bound=KnownColumn)
T = TypeVar("T", bound=KnownColumn)


@dataclass(frozen=True)
class ColumnMatch:
    """The match of a model's column.

    Attributes:
        column: of the table.
        score: of the pair, from 0 to 1.
        similarity: of the values, from 0 to 1.
    """

    column: str
    score: float
    similarity: float


def assign_columns(
    model: Sequence[M], table: Sequence[T], compare: Callable[[M, T], tuple[float, bool]]
) -> dict[str, ColumnMatch]:
    """Return column of the model -> its match; without those that are not found.

    Source: one-to-one assignment by the Hungarian method, H. W. Kuhn, 1955.

    Args:
        model: columns of the model.
        table: columns of the table.
        compare: returns the similarity of the values of a pair, from 0 to 1, and whether other than equal names are possible.
    """
    if not model or not table:
        return {}
    from scipy.optimize import linear_sum_assignment

    scores, alike = np.zeros((len(model), len(table))), np.zeros((len(model), len(table)))
    for i, known in enumerate(model):
        for j, column in enumerate(table):
            alike[i, j], possible = compare(known, column)
            scores[i, j] = score_pair(known, column, alike[i, j], possible=possible)
    rows, columns = linear_sum_assignment(-scores)
    return {
        model[i].name: ColumnMatch(table[j].name, round(float(scores[i, j]), 4), round(float(alike[i, j]), 4))
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        if scores[i, j] > 0
    }


def score_pair(known: KnownColumn, column: KnownColumn, alike: float, *, possible: bool) -> float:
    """Return the score of a pair, from 0 to 1; 0 where it is impossible.

    Args:
        known: column of the model.
        column: column of the table.
        alike: similarity of their values, from 0 to 1.
        possible: whether they may be the same column where their names differ.
    """
    name = name_similarity(known.name, column.name)
    if name == 1.0:
        return SAME_NAME + (1 - SAME_NAME) * alike
    role = role_of(known.role).same_role_score if known.role == column.role else 0.0
    likely = role == 1.0 or alike >= MIN_SIMILARITY or (name >= 0.6 and alike > 0.3)
    if not possible or not likely:
        return 0.0
    if parse_name(column.name).generic:
        return NAMELESS_WEIGHT * alike + (1 - NAMELESS_WEIGHT) * role
    return SIMILARITY_WEIGHT * alike + ROLE_WEIGHT * role + NAME_WEIGHT * name


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
