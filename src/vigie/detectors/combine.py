"""The scores of the detectors as one anomaly score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vigie.arrays import Floats, weighted_sum
from vigie.detectors.base import Detector
from vigie.fitted_state import ScoringState
from vigie.roles.inference import Roles


def anonymous_share(roles: Roles) -> float:
    """Return the share of the columns that have no known meaning, in [0, 1]."""
    used = [item.definition for item in roles.columns if not item.definition.ignored]
    return sum(role.anonymous for role in used) / len(used) if used else 0.0


def combine_detectors(
    detectors: Sequence[Detector], ranks: Floats, anonymous: float, state: ScoringState
) -> Floats:
    """Return (rows,) the detectors as one score in (0, 1): the mid-rank of their weighted tail scores.

    Tail scores rather than ranks: what one detector finds extreme must not drown in what another finds ordinary.

    Args:
        detectors: in the order of `ranks`.
        ranks: (rows, detectors) mid-ranks.
        anonymous: share of the columns without a known meaning; up to a third of them `weight` counts, from two thirds on
            `anonymous_weight`.
        state: of the table.
    """
    rows = state.rows.get(lambda: float(len(ranks)))
    shift = float(np.clip(3 * anonymous - 1, 0, 1))
    weights = [(1 - shift) * one.weight + shift * one.anonymous_weight for one in detectors]
    tail_scores = -np.log(1 - ranks + 0.5 / max(rows, 1))
    return state.ranks.of("together", weighted_sum(tail_scores.T, weights))
