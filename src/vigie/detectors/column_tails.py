"""How far out a row lies in the table's own columns, whatever they mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vigie.arrays import Floats
from vigie.detectors.base import USUAL_TAIL, Arrays, DetectorInputs
from vigie.detectors.pareto import FIT_ROWS, fit_pareto_tail, pareto_tail_scores
from vigie.parallel import ROWS_PER_THREAD, in_threads

KNOTS = 257
"""Points at which the distribution of a column is kept between its tails."""


@dataclass(frozen=True)
class ColumnTails:
    """Sum of two-sided tail scores of the columns, by Pareto tails on a robust logarithmic scale.

    Source: tail probabilities per column as in ECOD, Z. Li et al., IEEE TKDE 2022; the extrapolation is ours.
    """

    name: str = "column_tails"
    weight: float = 0.2
    anonymous_weight: float = 0.2

    def fit(self, x: DetectorInputs, seed: int) -> Arrays:
        """Return `scales` (columns, 2) centre and unit, `knots` and `ranks` (columns, KNOTS), `tails` (columns, 2, 4)."""
        width = x.columns.shape[1]
        scales, tails = np.zeros((width, 2)), np.zeros((width, 2, 4))
        knots, ranks = np.zeros((width, KNOTS)), np.full((width, KNOTS), 0.5)
        for j in range(width):
            values = x.columns[:FIT_ROWS, j]
            scales[j] = robust_scale(values)
            if not scales[j, 1] > 0:
                continue
            z = np.sort(log_scaled(values, scales[j]))
            knots[j] = z[np.linspace(0, len(z) - 1, KNOTS).astype(int)]
            ranks[j] = (np.searchsorted(z, knots[j], "left") + np.searchsorted(z, knots[j], "right")) / (2 * len(z))  # fmt: skip
            tails[j] = fit_pareto_tail(z), fit_pareto_tail(-z)
        return {"scales": scales, "knots": knots, "ranks": ranks, "tails": tails}

    def score(self, x: DetectorInputs, state: Arrays) -> Floats:
        """Return (rows,) sums in nats."""
        out = np.zeros(x.rows)

        def add(start: int) -> None:
            rows = slice(start, start + ROWS_PER_THREAD)
            for j, scale in enumerate(state["scales"]):
                if scale[1] > 0:
                    z = log_scaled(x.columns[rows, j], scale)
                    out[rows] += _tail_scores(z, *(state[part][j] for part in ("knots", "ranks", "tails")))

        in_threads(add, range(0, x.rows, ROWS_PER_THREAD))
        return out


def robust_scale(x: Floats) -> tuple[float, float]:
    """Return the median, and the distance from it that three quarters of the values do not exceed; 0 where none differs.

    Where three quarters of the values are equal, the unit is the mean distance.
    """
    if not len(x):
        return 0.0, 0.0
    centre = float(np.median(x))
    distance = np.abs(x - centre)
    return centre, float(np.quantile(distance, 0.75)) or float(distance.mean())


def log_scaled(x: Floats, scale: Floats | tuple[float, float]) -> Floats:
    """Return (rows,) signed logarithms of the distance from the centre in units of the scale."""
    z = (x - scale[0]) / scale[1]
    return np.asarray(np.sign(z) * np.log1p(np.abs(z)))


def _tail_scores(z: Floats, knots: Floats, ranks: Floats, tails: Floats) -> Floats:
    """Return (rows,) two-sided tail scores above the usual one: by rank, and beyond the thresholds by the Pareto tails."""
    # Of equal knots, which a value of many rows has, np.interp takes the last; all of them have the same rank.
    below = np.interp(z, knots, ranks)
    least = 0.5 / FIT_ROWS
    out = -np.log(np.maximum(2 * np.minimum(below, 1 - below), least))
    for sign, parameters in zip((1.0, -1.0), tails, strict=True):
        beyond = sign * z > parameters[0]
        if beyond.any():
            out[beyond] = pareto_tail_scores(sign * z[beyond], parameters) - np.log(2)
    return np.asarray(np.maximum(out - USUAL_TAIL, 0.0))
