"""Tail probabilities of the features in their direction of risk, and their sums as detectors.

Source: tail probabilities as in ECOD, Z. Li et al., IEEE TKDE 2022; summing -log p as in Fisher's method. That each feature
counts only in its direction of risk is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats
from vigie.detectors.base import Arrays, DetectorInputs
from vigie.features import VOCABULARY
from vigie.parallel import ROWS_PER_THREAD, in_threads


def one_sided_tail_scores(
    ranks: npt.NDArray[np.float32], varying: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """Return (rows, features) -log of the share of rows at least as far out, in nats; 0 where unknown.

    Features without a direction count both tails; features without a weight are 0.

    Args:
        ranks: (rows, features) mid-ranks, NaN where unknown.
        varying: (features,) which features vary in the table.
    """
    out = np.zeros(ranks.shape, dtype=np.float32, order="F")
    weighted = np.array([feature.weight > 0 for feature in VOCABULARY])

    def fill(j: int) -> None:
        below = ranks[:, j].astype(float)
        above = 1 - below
        tail = {1: above, -1: below}.get(VOCABULARY[j].direction, 2 * np.minimum(above, below))
        out[:, j] = np.where(np.isfinite(tail), -np.log(tail + 1e-6), 0.0)

    in_threads(fill, np.flatnonzero(varying & weighted).tolist(), enough=len(ranks) >= ROWS_PER_THREAD)
    return out


@dataclass(frozen=True)
class SummedTailScores:
    """Sum of the tail scores of all features."""

    name: str = "tails_energy"
    weight: float = 0.2
    anonymous_weight: float = 0.2

    def fit(self, x: DetectorInputs, seed: int) -> Arrays:
        """Return nothing: the tail scores are already relative to the fitted table."""
        return {}

    def score(self, x: DetectorInputs, state: Arrays) -> Floats:
        """Return (rows,) sums in nats."""
        return x.family_tails[0]


@dataclass(frozen=True)
class StrongestTailScores:
    """Sum of the strongest tail score of each family of features."""

    name: str = "tails_best"
    weight: float = 0.2
    anonymous_weight: float = 0.2

    def fit(self, x: DetectorInputs, seed: int) -> Arrays:
        """Return nothing: the tail scores are already relative to the fitted table."""
        return {}

    def score(self, x: DetectorInputs, state: Arrays) -> Floats:
        """Return (rows,) sums in nats."""
        return x.family_tails[1]
