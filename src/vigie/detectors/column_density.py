"""Histograms of the table's own columns: rows whose values are rare, also between the frequent ones.

Source: M. Goldstein, A. Dengel, "Histogram-based Outlier Score (HBOS)", KI 2012. Values that many rows share are bins of
their own, so that zero-inflated columns keep their shape; the others are binned on a robust logarithmic scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vigie.arrays import Floats, factorize
from vigie.detectors.base import Arrays, DetectorInputs
from vigie.detectors.column_tails import log_scaled, robust_scale
from vigie.detectors.pareto import FIT_ROWS
from vigie.parallel import ROWS_PER_THREAD, in_threads

BINS = 30
STRONGEST = 3
"""Columns that count for a row: those in which it is rarest."""

MIN_SHARE, MIN_ROWS = 0.01, 5
"""Least share and number of rows of a value that is a bin of its own."""


@dataclass(frozen=True)
class ColumnDensity:
    """Sum of the -log densities of the columns in which a row is rarest, each relative to its mean in the column."""

    name: str = "column_density"
    weight: float = 0.2
    anonymous_weight: float = 0.2

    def fit(self, x: DetectorInputs, seed: int) -> Arrays:
        """Return the histograms.

        `frequent` and `frequent_scores` (columns, values) in ascending order, padded with infinity; `scales`
        (columns, 2) of the other values; `edges` (columns, 2) of their bins; `scores` (columns, BINS + 1), the last
        that of values outside.
        """
        width = x.columns.shape[1]
        most = int(1 / MIN_SHARE)
        frequent, frequent_scores = np.full((width, most), np.inf), np.zeros((width, most))
        scales, edges = np.zeros((width, 2)), np.zeros((width, 2))
        scores = np.zeros((width, BINS + 1))
        for j in range(width):
            values = x.columns[:FIT_ROWS, j]
            if not len(values):
                continue
            distinct, codes, counts = factorize(values)
            often = counts >= max(MIN_SHARE * len(values), MIN_ROWS)
            chosen = distinct[often]
            frequent[j, : len(chosen)] = chosen
            frequent_scores[j, : len(chosen)] = -np.log(counts[often] / len(values))
            rest = values[~often[codes]]
            scales[j], edges[j], scores[j] = _histogram(rest, len(values))
            mean = _scores(values, frequent[j], frequent_scores[j], scales[j], edges[j], scores[j]).mean()
            frequent_scores[j] -= mean
            scores[j] -= mean
        parts = ("frequent", "frequent_scores", "scales", "edges", "scores")
        return dict(zip(parts, (frequent, frequent_scores, scales, edges, scores), strict=True))

    def score(self, x: DetectorInputs, state: Arrays) -> Floats:
        """Return (rows,) sums in nats."""
        parts = [state[part] for part in ("frequent", "frequent_scores", "scales", "edges", "scores")]
        width, out = x.columns.shape[1], np.zeros(x.rows)
        if not width:
            return out

        def add(start: int) -> None:
            rows = slice(start, start + ROWS_PER_THREAD)
            found = np.stack(
                [_scores(x.columns[rows, j], *(part[j] for part in parts)) for j in range(width)]
            )
            found.partition(max(width - STRONGEST, 0), axis=0)
            strongest = np.sort(found[-STRONGEST:], axis=0)
            out[rows] = strongest.sum(axis=0)

        in_threads(add, range(0, x.rows, ROWS_PER_THREAD))
        return out


def _histogram(x: Floats, rows: int) -> tuple[tuple[float, float], tuple[float, float], Floats]:
    """Return scale, edges and (BINS + 1,) -log shares of values among `rows` rows; half a row is added to each bin."""
    empty = float(np.log(rows) - np.log(0.5))
    scale = robust_scale(x)
    if not scale[1] > 0:
        scale = (scale[0], 1.0)
    if not len(x):
        return scale, (0.0, 0.0), np.full(BINS + 1, empty)
    z = log_scaled(x, scale)
    counts, edges = np.histogram(z, bins=BINS)
    return scale, (float(edges[0]), float(edges[-1])), np.r_[-np.log((counts + 0.5) / rows), empty]


def _scores(
    x: Floats, frequent: Floats, frequent_scores: Floats, scale: Floats, edges: Floats, scores: Floats
) -> Floats:
    """Return (rows,) -log density of the values of a column."""
    at = np.minimum(np.searchsorted(frequent, x), len(frequent) - 1)
    is_frequent = frequent[at] == x
    z = log_scaled(x, scale)
    span = edges[1] - edges[0]
    place = (z - edges[0]) / span * BINS if span > 0 else np.where(z == edges[0], 0.0, BINS)
    bin_of = np.clip(np.floor(np.nan_to_num(place, posinf=BINS, neginf=-1)), -1, BINS).astype(np.int64)
    # The last bin has both its edges.
    bin_of = np.where(z == edges[1], BINS - 1, bin_of)
    return np.asarray(np.where(is_frequent, frequent_scores[at], scores[bin_of]))
