"""How the features of a table are spread, as 21 quantiles each, and how close two tables are by that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Small = npt.NDArray[np.float32]

LEVELS = 21
"""Quantiles kept of a feature: 0, 5, …, 100 %."""

_EVERY = 2
"""Deciles are enough to compare, and four times as fast."""

CLOSE = 0.4
"""A gap up to this is called close in words."""

FEWEST = 5
"""With fewer shared features two tables are not compared by their spread."""

_SAMPLE = 20_000


class FeatureTable(Protocol):
    """What `features.build` returns, as far as it matters here."""

    @property
    def names(self) -> tuple[str, ...]:
        """(features,) names."""

    @property
    def values(self) -> npt.NDArray[np.float32]:
        """(rows, features), NaN where unknown."""


@dataclass(frozen=True, eq=False)
class Quantiles:
    """The spread of features: `values` is (features, LEVELS), each row ascending."""

    names: tuple[str, ...]
    values: Floats

    @classmethod
    def from_json(cls, data: Mapping[str, Sequence[float]]) -> Quantiles:
        """Reads the `quantiles` of a profile; a feature that is not LEVELS finite numbers is left out."""
        kept = {name: row for name, row in data.items() if len(row) == LEVELS and None not in row}
        values = np.array(list(kept.values()), dtype=np.float64).reshape(len(kept), LEVELS)
        good = np.flatnonzero(np.isfinite(values).all(axis=1))
        names = tuple(kept)
        return cls(tuple(names[i] for i in good), np.sort(values[good], axis=1))

    def to_json(self) -> dict[str, list[float]]:
        """The `quantiles` of a profile, to six significant digits."""
        return {
            name: [float(f"{v:.6g}") for v in row] for name, row in zip(self.names, self.values, strict=True)
        }

    @cached_property
    def steps(self) -> tuple[tuple[Small, npt.NDArray[np.int8]], ...]:
        """Points at and just before each step, (levels, 1, features), and how many levels are at or below each."""
        values = self.values[:, ::_EVERY].astype(np.float32).T[:, None, :]
        # Features are computed in float32 and stored with six digits: equal values may differ in the last.
        slack = 1e-5 * np.abs(values).max(axis=0, initial=0.0)
        return tuple((points, _below(values, points)) for points in (values + slack, values - slack))

    def to_bytes(self) -> bytes:
        """The same, packed: the names, a zero byte, then float32 values."""
        return "\n".join(self.names).encode() + b"\0" + self.values.astype("<f4").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Quantiles:
        """Reads what `to_bytes` packed."""
        head, _, body = data.partition(b"\0")
        names = tuple(head.decode().split("\n")) if head else ()
        return cls(names, np.frombuffer(body, dtype="<f4").reshape(len(names), LEVELS).astype(np.float64))


def measure(features: FeatureTable) -> Quantiles:
    """The spread of each feature that is known for at least one row in fifty, from an even sample of rows."""
    step = max(1, len(features.values) // _SAMPLE)
    sample = features.values[::step]
    names, rows = [], []
    for position, name in enumerate(features.names):
        known = sample[:, position][np.isfinite(sample[:, position])]
        if len(known) and len(known) * 50 >= len(sample):
            names.append(name)
            rows.append(np.quantile(known.astype(np.float64), np.linspace(0, 1, LEVELS)))
    return Quantiles(tuple(names), np.array(rows, dtype=np.float64).reshape(len(rows), LEVELS))


def gaps(table: Quantiles, models: Sequence[Quantiles]) -> Floats:
    """(models, features of the table) largest gap between two cumulative distributions; NaN where a model lacks it.

    Unlike differences of quantiles it does not change with the scale of a feature, nor with one huge value.
    Source: the Kolmogorov–Smirnov statistic, here between two summaries of a few quantiles.
    """
    # (levels, models, features): the long axis last, numpy walks along it.
    levels = len(range(0, LEVELS, _EVERY))
    theirs = np.full((levels, len(models), len(table.names)), np.nan, dtype=np.float32)
    for position, model in enumerate(models):
        here, there = _shared(table.names, model.names)
        theirs[:, position, here] = model.values[there, ::_EVERY].T
    # Both are step functions: the largest gap is just before or at a step of the table's.
    gap = np.zeros(theirs.shape[1:], dtype=np.int8)
    for points, own in table.steps:
        np.maximum(gap, np.abs(_below(theirs, points) - own).max(axis=0), out=gap)
    return np.where(np.isnan(theirs[0]), np.nan, gap / levels)


def closeness(found: Floats) -> Floats:
    """(models,) how close each is to the table, in [0, 1], from `gaps`.

    What the model never met counts as far; with fewer than `FEWEST` features to compare it is half.
    """
    missing = np.isnan(found)
    shared = found.shape[1] - missing.sum(axis=1)
    points = np.where(missing, 0.0, np.clip((0.8 - found) / 0.6, 0.0, 1.0)).sum(axis=1)
    return np.asarray(np.where(shared < FEWEST, 0.5, points / max(1, found.shape[1])))


def _below(values: Small, points: Small) -> npt.NDArray[np.int8]:
    """(levels, models, features) how many of the values of a feature are at or below each point."""
    points = np.ascontiguousarray(np.broadcast_to(points, values.shape))
    count = np.zeros(values.shape, dtype=np.int8)
    for one in values:
        count += one <= points
    return count


@lru_cache(maxsize=256)
def _shared(
    mine: tuple[str, ...], theirs: tuple[str, ...]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    at = {name: position for position, name in enumerate(theirs)}
    pairs = [(i, at[name]) for i, name in enumerate(mine) if name in at]
    return np.array([i for i, _ in pairs], dtype=np.intp), np.array([j for _, j in pairs], dtype=np.intp)
