"""Array types, the length of a day, and random numbers, shared by all simulated tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DAY = 86400.0
"""Seconds."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def loguniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw one positive number whose logarithm is uniform between the bounds."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def hash_uniform(*keys: NDArray[Any]) -> Floats:
    """Return a number in [0, 1) for each combination of keys: equal for equal keys, otherwise as good as random.

    Source: the constants are those of SplitMix64 (Steele, Lea and Flood, 2014).
    """
    h = np.zeros(len(keys[0]), dtype=np.uint64)
    for key in keys:
        h = (h ^ (key.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xBF58476D1CE4E5B9)
        h ^= h >> np.uint64(29)
        h *= np.uint64(0x94D049BB133111EB)
        h ^= h >> np.uint64(32)
    return (h >> np.uint64(11)).astype(np.float64) / float(1 << 53)
