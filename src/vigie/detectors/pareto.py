"""Upper tails of a sample as generalised Pareto distributions: how improbable a value is beyond all that were seen.

Source: J. Pickands, "Statistical Inference Using Extreme Order Statistics", Annals of Statistics 1975: the shape from two
quantiles of the exceedances. Quantiles rather than likelihood, so that the frauds in the tail do not set its shape.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats

THRESHOLD_QUANTILE = 0.9
"""Quantile above which values are exceedances."""

MIN_EXCEEDANCES = 20

SHAPES = (-0.2, 2.0)
"""Range of the shape: beyond it the estimate from few exceedances is noise."""

MAX_TAIL = 60.0
"""Largest tail score, in nats."""

FIT_ROWS = 60_000
"""Rows a distribution is fitted on at most, the first in an order that does not depend on their values."""

NO_TAIL = (np.inf, 0.0, 1.0, 1.0)
"""Parameters where there are too few different exceedances: no value is beyond the threshold."""


def fit_pareto_tail(x: npt.NDArray[np.floating[Any]]) -> tuple[float, float, float, float]:
    """Return threshold, -log of the share beyond it in nats, scale and shape.

    Args:
        x: (rows,) finite values; the upper tail is fitted.
    """
    if not len(x):
        return NO_TAIL
    threshold = float(np.quantile(x, THRESHOLD_QUANTILE))
    exceedances = x[x > threshold].astype(float) - threshold
    if len(exceedances) < MIN_EXCEEDANCES or exceedances.min() == exceedances.max():
        return NO_TAIL
    half, three_quarters = np.quantile(exceedances, [0.5, 0.75])
    if not half > 0:
        return NO_TAIL
    shape = float(np.clip(np.log2(max(three_quarters / half - 1, 1e-3)), *SHAPES))
    if abs(shape) < 1e-6:
        shape = 1e-6
    scale = float(half) * shape / (2.0**shape - 1)
    return threshold, -float(np.log(len(exceedances) / len(x))), scale, shape


def pareto_tail_scores(x: Floats, parameters: npt.NDArray[np.float64]) -> Floats:
    """Return (rows,) -log of the probability of a value at least as large, in nats, at most `MAX_TAIL`.

    Args:
        x: (rows,) values beyond the threshold.
        parameters: (4,) as `fit_pareto_tail` returns them.
    """
    threshold, share, scale, shape = parameters
    # With a negative shape the distribution ends; what lies beyond its end counts as just below it.
    steps = np.maximum(shape * ((x - threshold) / scale), -1 + 1e-6)
    return np.asarray(np.minimum(share + np.log1p(steps) / shape, MAX_TAIL))
