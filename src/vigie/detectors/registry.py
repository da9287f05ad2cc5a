"""The detectors of Vigie, and those that other distributions add."""

from __future__ import annotations

from vigie.detectors.base import Detector
from vigie.detectors.isolation_forest import IsolationForestRaw, IsolationForestTails
from vigie.detectors.knn import KnnDistance
from vigie.detectors.tail_scores import StrongestTailScores, SummedTailScores

ROW_DETECTORS: tuple[Detector, ...] = (SummedTailScores(), StrongestTailScores())
"""Those that make up the anomaly score of a row by itself, which its related rows are compared by."""

BUILT_IN: tuple[Detector, ...] = (
    IsolationForestTails(),
    *ROW_DETECTORS,
    IsolationForestRaw(),
    KnnDistance(),
)
"""In the order in which the reference models have them as inputs."""
