"""Distributions of features as 21 quantiles each, and how similar those of two tables are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats

LEVELS = 21
"""Quantiles kept of a feature: 0, 5, …, 100 %."""
SIMILAR_DISTANCE = 0.4
"""Distance up to which an explanation calls two distributions similar."""
MIN_FEATURES = 5
"""With fewer shared features the distributions of two tables are not compared."""

_STEP = 2
"""Only deciles are compared: nearly as good, and four times as fast."""
_SAMPLE_ROWS = 20_000

Floats32 = npt.NDArray[np.float32]


class FeatureTable(Protocol):
    """Features of a table, as `features.build` returns them."""

    @property
    def names(self) -> tuple[str, ...]:
        """(features,) names."""

    @property
    def values(self) -> Floats32:
        """(rows, features), NaN where unknown."""


@dataclass(frozen=True, eq=False)
class Quantiles:
    """Quantiles of features.

    Attributes:
        names: (features,) names.
        values: (features, LEVELS), each row ascending.
    """

    names: tuple[str, ...]
    values: Floats

    @classmethod
    def from_json(cls, data: Mapping[str, Sequence[float]]) -> Quantiles:
        """Read what `to_json` returned; features without LEVELS finite numbers are left out."""
        kept = {name: row for name, row in data.items() if len(row) == LEVELS and None not in row}
        values = np.array(list(kept.values()), dtype=np.float64).reshape(len(kept), LEVELS)
        good = np.flatnonzero(np.isfinite(values).all(axis=1))
        names = tuple(kept)
        return cls(tuple(names[i] for i in good), np.sort(values[good], axis=1))

    def to_json(self) -> dict[str, list[float]]:
        """Return name -> quantiles, to six significant digits."""
        return {
            name: [float(f"{v:.6g}") for v in row] for name, row in zip(self.names, self.values, strict=True)
        }

    @cached_property
    def steps(self) -> tuple[tuple[Floats32, npt.NDArray[np.int8]], ...]:
        """(levels, 1, features) points at and just before each decile, and how many deciles are at or below each."""
        values = self.values[:, ::_STEP].astype(np.float32).T[:, None, :]
        # Features are float32 and stored with six digits: equal values may differ in the last.
        slack = 1e-5 * np.abs(values).max(axis=0, initial=0.0)
        return tuple((points, _below(values, points)) for points in (values + slack, values - slack))

    def to_bytes(self) -> bytes:
        """Return the names, a zero byte, and the values as float32."""
        return "\n".join(self.names).encode() + b"\0" + self.values.astype("<f4").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Quantiles:
        """Read what `to_bytes` returned."""
        head, _, body = data.partition(b"\0")
        names = tuple(head.decode().split("\n")) if head else ()
        return cls(names, np.frombuffer(body, dtype="<f4").reshape(len(names), LEVELS).astype(np.float64))


def quantiles_of(features: FeatureTable) -> Quantiles:
    """Return the quantiles of each feature that is known for at least 2 % of the rows, from an even sample of rows."""
    step = max(1, len(features.values) // _SAMPLE_ROWS)
    sample = features.values[::step]
    names, rows = [], []
    for position, name in enumerate(features.names):
        known = sample[:, position][np.isfinite(sample[:, position])]
        if len(known) and len(known) * 50 >= len(sample):
            names.append(name)
            rows.append(np.quantile(known.astype(np.float64), np.linspace(0, 1, LEVELS)))
    return Quantiles(tuple(names), np.array(rows, dtype=np.float64).reshape(len(rows), LEVELS))


def distances(table: Quantiles, models: Sequence[Quantiles]) -> Floats:
    """Return (models, features of the table) distances of distributions, 0 to 1; NaN where a model lacks the feature.

    Unlike differences of quantiles they depend neither on the scale of a feature nor on single huge values.

    Source: the Kolmogorov–Smirnov statistic, here between two summaries of a few quantiles.
    """
    # (levels, models, features): numpy is fastest along the last axis, which is the longest.
    levels = len(range(0, LEVELS, _STEP))
    of_models = np.full((levels, len(models), len(table.names)), np.nan, dtype=np.float32)
    for position, model in enumerate(models):
        here, there = _shared(table.names, model.names)
        of_models[:, position, here] = model.values[there, ::_STEP].T
    # Both are step functions: they differ most at a step of the table's, or just before it.
    gap = np.zeros(of_models.shape[1:], dtype=np.int8)
    for points, own in table.steps:
        np.maximum(gap, np.abs(_below(of_models, points) - own).max(axis=0), out=gap)
    return np.where(np.isnan(of_models[0]), np.nan, gap / levels)


def distribution_similarity(distance: Floats) -> Floats:
    """Return (models,) how similar the distributions of each model are to the table's, in [0, 1].

    A feature that a model lacks counts as different; with fewer than `MIN_FEATURES` shared features it is 0.5.

    Args:
        distance: (models, features) as `distances` returns them.
    """
    missing = np.isnan(distance)
    n_shared = distance.shape[1] - missing.sum(axis=1)
    points = np.where(missing, 0.0, np.clip((0.8 - distance) / 0.6, 0.0, 1.0)).sum(axis=1)
    return np.asarray(np.where(n_shared < MIN_FEATURES, 0.5, points / max(1, distance.shape[1])))


def _below(values: Floats32, points: Floats32) -> npt.NDArray[np.int8]:
    """Return (levels, models, features) how many values of a feature are at or below each point."""
    points = np.ascontiguousarray(np.broadcast_to(points, values.shape))
    count = np.zeros(values.shape, dtype=np.int8)
    for one in values:
        count += one <= points
    return count


@lru_cache(maxsize=256)
def _shared(
    ours: tuple[str, ...], theirs: tuple[str, ...]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    at = {name: position for position, name in enumerate(theirs)}
    pairs = [(i, at[name]) for i, name in enumerate(ours) if name in at]
    return np.array([i for i, _ in pairs], dtype=np.intp), np.array([j for _, j in pairs], dtype=np.intp)
