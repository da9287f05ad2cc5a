"""Association of the columns of a table.

Where every column is independent of all others there is no habit to break and no pattern to deviate from, so a fraud score is
chance, or a rule that the table does not show. Then there should be no probability.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl

from vigie.arrays import Floats, mid_ranks
from vigie.features.cells import as_codes, as_numbers
from vigie.features.groups import Groups
from vigie.roles.inference import Roles

SAMPLE = 20_000
MAX_VALUES = 6
"""Most frequent values of a category that are compared."""

MIN_ASSOCIATION = 0.06
"""Correlation below which the columns of a table count as independent."""


def column_association(frame: pl.DataFrame, roles: Roles) -> float:
    """Return the strongest association of two columns, from 0 to 1, less what chance shows in so many rows.

    Numbers are compared by rank correlation, categories value by value, and entities by the intraclass correlation of the
    numbers of their rows.

    Args:
        frame: (rows, columns) typed.
        roles: the role of each column.
    """
    sample = frame.head(SAMPLE)
    columns = [item.column for item in roles.columns if not item.definition.ignored]
    numbers, values = {}, {}
    for name in columns:
        x = as_numbers(sample[name])
        if x is not None and np.isfinite(x).sum() > 30:
            numbers[name] = _standard(mid_ranks(x))
        elif x is None:
            values[name] = as_codes(sample[name])
    blocks = {**{n: x[:, None] for n, x in numbers.items()}, **{n: _levels(c) for n, c in values.items()}}
    found = [0.0]
    for one, other in combinations(sorted(n for n, b in blocks.items() if b.shape[1]), 2):
        found.append(float(np.abs(blocks[one].T @ blocks[other]).max()) / sample.height)
    entities = [name for name in (roles.actor(), roles.counterpart()) if name is not None]
    for name in entities:
        found += [
            _intraclass_correlation(as_codes(sample[name]), x)
            for other, x in numbers.items()
            if other != name
        ]
    tested = max(len(blocks) ** 2 * MAX_VALUES, 2)
    chance = np.sqrt(2 * np.log(tested) / max(sample.height, 1))
    return max(0.0, max(found) - float(chance))


def _standard(x: Floats) -> Floats:
    centred = np.nan_to_num(x - np.nanmean(x))
    return np.asarray(centred / (centred.std() + 1e-12))


def _levels(codes: np.ndarray) -> Floats:
    counts = np.bincount(codes[codes >= 0]) if (codes >= 0).any() else np.zeros(0, dtype=int)
    common = [c for c in np.argsort(-counts, kind="stable")[:MAX_VALUES] if counts[c] >= 30]
    if not common or len(counts) < 2:
        return np.zeros((len(codes), 0))
    return np.stack([_standard((codes == c).astype(float)) for c in common], axis=1)


def _intraclass_correlation(codes: np.ndarray, x: Floats) -> float:
    """Return the square root of the share of variance between groups; 0 where it is not significant."""
    groups = Groups(codes)
    n = groups.count()
    paired = n > 1
    if paired.sum() < 100:
        return 0.0
    others = (groups.sum(x) - x) / np.maximum(n - 1, 1)
    keep = paired & np.isfinite(others)
    covariance = float(np.mean(x[keep] * others[keep]))
    return float(np.sqrt(max(covariance, 0.0))) if covariance > 4 / np.sqrt(keep.sum()) else 0.0
