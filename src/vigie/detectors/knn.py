"""Distance to the nearest rows of a sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vigie.arrays import Codes, Floats
from vigie.detectors.base import Arrays, DetectorInputs
from vigie.parallel import in_threads

CHUNK = 250
"""Rows measured at a time: their distances to the sample should stay in the processor's cache."""


@dataclass(frozen=True)
class KnnDistance:
    """Mean distance to the k nearest rows of a sample, on standardised columns.

    Source: F. Angiulli, C. Pizzuti, "Fast Outlier Detection in High Dimensional Spaces", PKDD 2002.

    Attributes:
        k: neighbours.
        sample_size: rows of the sample at most.
    """

    name: str = "neighbours"
    weight: float = 0.0
    anonymous_weight: float = 0.0
    k: int = 8
    sample_size: int = 2000

    def fit(self, x: DetectorInputs, seed: int) -> Arrays:
        """Return `scale` (columns,), and `sample` (samples, columns that vary) in units of it; empty for few rows."""
        scale = x.columns.std(axis=0)
        if len(x.columns) < 3 * self.k or not (scale > 0).any():
            return {"scale": scale, "sample": np.zeros((0, 0))}
        size = min(self.sample_size, len(x.columns))
        rows = np.random.default_rng(seed).choice(len(x.columns), size=size, replace=False)
        return {"scale": scale, "sample": _standardised(x.columns[np.sort(rows)], scale)}

    def score(self, x: DetectorInputs, state: Arrays) -> Floats:
        """Return (rows,) distances; 0 where there is no sample."""
        if not len(state["sample"]):
            return np.zeros(x.rows)
        return knn_distances(x.columns, state["scale"], state["sample"], self.k)


def _standardised(x: Floats, scale: Floats) -> Floats:
    return np.asarray(x[:, scale > 0] / scale[scale > 0])


def knn_distances(x: Floats, scale: Floats, sample: Floats, k: int) -> Floats:
    """Return (rows,) mean distance to the second to (k + 1)-th nearest of a sample; the nearest may be the row itself.

    Distances in single precision, all at once, select the rows of the sample that may be the nearest, however rounding went;
    those few are measured again exactly. So the result for a row does not depend on the rows beside it.

    Args:
        x: (rows, columns).
        scale: (columns,) unit of each column; zero for one that is left out.
        sample: (samples, columns with a scale) in these units.
        k: neighbours.
    """
    wanted, width = min(k + 4, len(sample) - 1), sample.shape[1]
    fold = 16 if len(sample) > 16 * 4 * wanted else 1
    missing = -len(sample) % fold
    # What rounding can do to a product of rows of such lengths, and to their squares.
    error = 2 * (width + 3) * 2.0**-24
    centre = sample.mean(axis=0)
    near = sample - centre
    far = np.sqrt((near**2).sum(axis=1))
    small = np.column_stack([-2 * near, -2 * error * far, (1 - error) * far**2]).astype(np.float32)
    small = np.pad(small, ((0, missing), (0, 0)))
    # Not infinite: products of it with the zeros that BLAS pads with are invalid, of which numpy warns.
    small[len(sample) :, -1] = np.finfo(np.float32).max
    out = np.empty(len(x))

    def measure(start: int) -> None:
        rows = _standardised(x[start : start + CHUNK], scale)
        centred = rows - centre
        length = np.sqrt(np.einsum("ij,ij->i", centred, centred))
        # A column for each row: what is done to all distances runs along the rows, and is not interrupted by short folds.
        turned = np.ones((width + 2, len(rows)), dtype=np.float32)
        turned[:width], turned[width] = centred.T, length
        least_possible = small @ turned
        # The least of each fold: `wanted` of them lie at or below the bound, so all the nearest rows do.
        folds = least_possible.reshape(fold, -1).min(axis=0).reshape(-1, len(rows))
        least = np.ascontiguousarray(folds.T)
        least.partition(wanted, axis=1)
        bound = least[:, wanted].astype(float)
        reach = length + np.sqrt(np.maximum(bound + length**2, 0.0))
        bound += 2 * error * (2 * length + reach) * reach
        column, row = np.divmod(np.flatnonzero(least_possible <= bound.astype(np.float32)), len(rows))
        order = np.argsort(row.astype(np.uint16), kind="stable")
        row, column = row[order], column[order]
        apart = rows[row]
        apart -= sample[column]
        exact = np.sqrt(np.einsum("ij,ij->i", apart, apart))
        out[start : start + CHUNK] = _mean_of_nearest(row, exact, len(rows), k)

    in_threads(measure, range(0, len(x), CHUNK))
    return out


def _mean_of_nearest(row: Codes, distance: Floats, rows: int, k: int) -> Floats:
    """Return (rows,) mean of the second to (k + 1)-th smallest distance of each row; the distances are in the order of rows."""
    starts = np.searchsorted(row, np.arange(rows))
    position = np.arange(len(row)) - starts[row]
    nearest = np.full((rows, int(position.max()) + 1), np.inf)
    nearest[row, position] = distance
    nearest.partition(k, axis=1)
    nearest[:, : k + 1].sort(axis=1)
    return np.asarray(nearest[:, 1 : k + 1].mean(axis=1))
