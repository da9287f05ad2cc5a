"""The scores of the detectors as one anomaly score: by their size, and by their ranks alone.

By size, a row that lies a hundred times farther out than the others stays a hundred times farther out. By ranks, the first
row of every detector counts the same; the calibrators of the reference models were fitted to scores made of these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vigie.arrays import Floats, weighted_sum
from vigie.detectors.base import Detector
from vigie.fitted_state import ScoringState
from vigie.roles.inference import Roles

MAX_EXCESS = 8.0
"""Standardised score beyond which a detector makes no difference."""

RANK_WEIGHTS: Mapping[str, tuple[float, float]] = {
    "tails_forest": (0.1, 0.1),
    "tails_energy": (0.4, 0.3),
    "tails_best": (0.25, 0.1),
    "raw_forest": (0.05, 0.25),
    "neighbours": (0.2, 0.25),
}
"""Weights of the built-in detectors in the anomaly score by ranks, where columns have a known meaning and where not.

Frozen, as the reference models are: their calibrators were fitted with these.
"""


def anonymous_share(roles: Roles) -> float:
    """Return the share of the columns that have no known meaning, in [0, 1]."""
    used = [item.definition for item in roles.columns if not item.definition.ignored]
    return sum(role.anonymous for role in used) / len(used) if used else 0.0


def combine_excesses(
    detectors: Sequence[Detector], scores: Mapping[str, Floats], anonymous: float, state: ScoringState
) -> Floats:
    """Return (rows,) the soft maximum of the standardised scores of the detectors, from 0 to `MAX_EXCESS`.

    The soft maximum is the logarithm of the weighted mean of the exponentials: one detector that finds a row extreme is
    enough, and several that find it unusual add up.

    Args:
        detectors: those with a weight of zero do not count.
        scores: (rows,) the scores of each detector, by its name.
        anonymous: share of the columns without a known meaning, as `combine_ranks` uses it.
        state: of the table.
    """
    shift = anonymity(anonymous)
    weights = {one.name: (1 - shift) * one.weight + shift * one.anonymous_weight for one in detectors}
    counted = [name for name, weight in weights.items() if weight > 0]
    total = sum(weights[name] for name in counted)
    parts = (np.exp(_excess(name, scores[name], state)) for name in counted)
    return np.asarray(np.log(weighted_sum(parts, (weights[name] / total for name in counted))))


def combine_ranks(
    detectors: Sequence[Detector], ranks: Floats, anonymous: float, state: ScoringState
) -> Floats:
    """Return (rows,) the detectors as one score in (0, 1): the mid-rank of their weighted tail scores.

    Tail scores rather than ranks: what one detector finds extreme must not drown in what another finds ordinary.

    Args:
        detectors: in the order of `ranks`; those of `RANK_WEIGHTS` and plugins.
        ranks: (rows, detectors) mid-ranks.
        anonymous: share of the columns without a known meaning; up to a third of them `weight` counts, from two thirds on
            `anonymous_weight`.
        state: of the table.
    """
    rows = state.rows.get(lambda: float(len(ranks)))
    shift = anonymity(anonymous)
    pairs = [RANK_WEIGHTS.get(one.name, (one.weight, one.anonymous_weight)) for one in detectors]
    weights = [(1 - shift) * known + shift * unknown for known, unknown in pairs]
    tail_scores = -np.log(1 - ranks + 0.5 / max(rows, 1))
    return state.ranks.of("together", weighted_sum(tail_scores.T, weights))


def anonymity(anonymous: float) -> float:
    """Return 0 where up to a third of the columns have no known meaning, 1 where two thirds or more have none."""
    return float(np.clip(3 * anonymous - 1, 0, 1))


def _excess(name: str, scores: Floats, state: ScoringState) -> Floats:
    """Return (rows,) the distance above the median in units of that of the ninth decile, from 0 to `MAX_EXCESS`."""
    median, unit = state.excess_scales[name].get(lambda: _scale(scores))
    return np.asarray(np.clip((scores - median) / unit, 0.0, MAX_EXCESS))


def _scale(scores: Floats) -> Floats:
    """Return (2,) the median, and how far above it the ninth decile lies; the standard deviation where that is nothing."""
    if not len(scores):
        return np.array([0.0, 1.0])
    median, decile = np.quantile(scores, [0.5, 0.9])
    unit = decile - median
    if unit <= 1e-9 * max(1.0, abs(median)):
        unit = float(scores.std()) or 1.0
    return np.array([median, unit])
