"""The detectors of Vigie, and those that other distributions add by the entry points `vigie.detectors`.

A plugin votes in the anomaly score. It is never an input of the reference models: those were trained on the built-in
detectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint

import numpy as np

from vigie import plugins
from vigie.arrays import Floats
from vigie.detectors.base import Detector, DetectorInputs
from vigie.detectors.column_density import ColumnDensity
from vigie.detectors.column_risk import ColumnRisk
from vigie.detectors.column_tails import ColumnTails
from vigie.detectors.extrapolated_tails import ExtrapolatedTailScores
from vigie.detectors.isolation_forest import IsolationForestRaw, IsolationForestTails
from vigie.detectors.knn import KnnDistance
from vigie.detectors.tail_scores import StrongestTailScores, SummedTailScores
from vigie.errors import Unavailable, UsageRefused
from vigie.fitted_state import ScoringState
from vigie.i18n.messages import msg

ROW_DETECTORS: tuple[Detector, ...] = (SummedTailScores(), StrongestTailScores())
"""Those that make up the anomaly score of a row by itself, which its related rows are compared by."""

COLUMN_DETECTORS: tuple[Detector, ...] = (IsolationForestRaw(), KnnDistance())
"""Those that see all columns of the table together, whatever they mean."""

MODEL_INPUTS: tuple[Detector, ...] = (IsolationForestTails(), *ROW_DETECTORS, *COLUMN_DETECTORS)
"""Those whose ranks are inputs of the reference models, in their order there; never changed without training these again."""

EXTRAPOLATED = ExtrapolatedTailScores()
"""Computed where the features are known, of which only the ranks are kept between two passes over a large table."""

COLUMN_RISK = ColumnRisk()
"""Counts beside all others together, see `vigie.ensemble.combination`; it is no input of a model."""

BY_SIZE: tuple[Detector, ...] = (EXTRAPOLATED, ColumnTails(), ColumnDensity(), COLUMN_RISK)
"""Those that count by the size of their scores alone."""

BUILT_IN: tuple[Detector, ...] = (*MODEL_INPUTS, *BY_SIZE)


@dataclass(frozen=True)
class Plugin:
    """A detector of another distribution.

    Attributes:
        detector: the detector.
        distribution: name of the distribution.
    """

    detector: Detector
    distribution: str


@cache
def installed() -> Mapping[str, Plugin]:
    """Return the detectors of other distributions by name.

    Raises:
        UsageRefused: an entry point is no detector, or has the name of a built-in one.
    """
    return {name: _loaded(name, point) for name, point in plugins.find("detectors").items()}


def _loaded(name: str, point: EntryPoint) -> Plugin:
    distribution = point.dist.name if point.dist else point.value
    found = point.load()
    detector = found() if isinstance(found, type) else found
    known = {one.name for one in BUILT_IN}
    if (
        not isinstance(detector, Detector)
        or detector.name != name
        or name in known
        or not name.isidentifier()
    ):
        raise UsageRefused(
            msg(
                "detector plugin {name!r} of {distribution}: found no detector of that name, expected the methods and attributes of vigie.detectors.base.Detector",
                name=name,
                distribution=distribution,
            ),
            hint=msg("uninstall or upgrade {distribution}", distribution=distribution),
        )
    return Plugin(detector, distribution)


def detectors_of(state: ScoringState) -> tuple[Detector, ...]:
    """Return the detectors of a table: those it was fitted with or, while it is fitted, all that are installed.

    Raises:
        Unavailable: the table was fitted with a plugin that is not installed.
    """
    fitted = state.plugins.get(
        lambda: {name: one.distribution for name, one in installed().items()}, default={}
    )
    for name, distribution in fitted.items():
        if name not in installed():
            raise Unavailable(
                msg(
                    "detector {name!r}: the distribution {distribution} is not installed, and the table was fitted with it",
                    name=name,
                    distribution=distribution,
                ),
                hint=msg(
                    "install {distribution}, or fit the table again without it", distribution=distribution
                ),
            )
    # A scorer stored before detectors counted by size has none of those that only do so, and none added since it was stored.
    built_in = BUILT_IN if state.by_size.get(lambda: True, default=False) else MODEL_INPUTS
    if not state.column_risk.get(lambda: True, default=False):
        built_in = tuple(one for one in built_in if one is not COLUMN_RISK)
    return (*built_in, *(installed()[name].detector for name in sorted(fitted)))


def detector_scores(detector: Detector, x: DetectorInputs, state: ScoringState, seed: int) -> Floats:
    """Return (rows,) the scores of a detector, which is fitted first while the table is.

    Args:
        detector: built in, or a plugin.
        x: the rows.
        state: of the table.
        seed: of what is drawn.

    Raises:
        UsageRefused: a plugin returned what cannot be stored, or no finite score for each row.
    """
    fitted = state.detectors[detector.name].get(lambda: dict(detector.fit(x, seed)))
    for part, array in fitted.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
            raise UsageRefused(
                msg(
                    "detector {name!r}: found {kind} as {part!r} of its fitted state, expected an array of numbers",
                    name=detector.name,
                    part=str(part),
                    kind=type(array).__name__,
                ),
                hint="a stored scorer holds arrays of numbers and nothing that can be executed",
            )
    scores = np.asarray(detector.score(x, fitted), dtype=np.float64) if x.rows else np.zeros(0)
    if scores.shape != (x.rows,) or not np.isfinite(scores).all():
        raise UsageRefused(
            msg(
                "detector {name!r}: found {found} finite scores of shape {shape}, expected {rows} in one column",
                name=detector.name,
                found=int(np.isfinite(scores).sum()),
                shape=str(scores.shape),
                rows=x.rows,
            )
        )
    return scores
