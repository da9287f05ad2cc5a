"""Matching of a model's training columns to those of a table where they may be renamed, reordered, missing or new.

The values of a pair are compared by their distributions: shares of values, quantiles, lengths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.models.column_assignment import ColumnMatch, assign_columns, name_similarity
from vigie.models.trained.column_sketch import Sketch, sketch_column, with_salt
from vigie.roles.definitions import role_of
from vigie.roles.inference import Roles

KNOWN_RAMP = (0.25, 0.4)
"""Share of a table's columns that a model knows, from which its trust begins, and from which it is full."""


def sketch_columns(frame: pl.DataFrame, roles: Roles) -> list[Sketch]:
    """Return a sketch of each column of a table, to be matched with any model."""
    return [sketch_column(frame[item.column], item.role) for item in roles.columns]


def match_columns(model: Sequence[Sketch], table: Sequence[Sketch], salt: str) -> dict[str, ColumnMatch]:
    """Return training column -> its match; without those that are not found.

    Args:
        model: sketches of the training columns.
        table: sketches of the columns of the table.
        salt: of the model.
    """
    return assign_columns(model, [with_salt(item, salt) for item in table], _compare)


def _compare(trained: Sketch, column: Sketch) -> tuple[float, bool]:
    return distribution_similarity(trained, column), trained.kind == column.kind


def share_known(found: Mapping[str, ColumnMatch], width: int) -> float:
    """Return the share of a table's columns that a model knows; or, if that is more, of the found ones that kept their names.

    A table of the same owner may have more columns than that of training. One of another kind has many more, and those that are
    like some of the training columns, as amounts and flags are everywhere, have other names.

    Args:
        found: training column -> its match.
        width: number of columns of the table.
    """
    named = sum(name_similarity(name, match.column) == 1.0 for name, match in found.items())
    return max(len(found) / max(width, 1), named / max(len(found), 1))


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
