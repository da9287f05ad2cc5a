"""What a single column says of the label, alone: what says nearly everything is rarely known in time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.features.cells import as_codes, as_numbers
from vigie.features.time_units import as_seconds

BINS = 64
STRENGTH = 5.0


def alone(series: pl.Series, label: npt.NDArray[np.bool_], seed: int) -> tuple[float, float]:
    """ROC AUC and average precision of the best rule on one column, each half of the rows judged by the other.

    Args:
        series: (rows,) typed.
        label: (rows,) true is fraud; both classes occur.
        seed: of the halves.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    codes = _levels(series)
    half = np.random.default_rng([seed, 23]).integers(0, 2, len(codes))
    share = float(label.mean())
    size = int(codes.max(initial=0)) + 1
    score = np.zeros(len(codes))
    for part in (0, 1):
        away, here = half != part, half == part
        rows = np.bincount(codes[away], minlength=size)
        frauds = np.bincount(codes[away], weights=label[away], minlength=size)
        score[here] = ((frauds + STRENGTH * share) / (rows + STRENGTH))[codes[here]]
    return float(roc_auc_score(label, score)), float(average_precision_score(label, score))


def emptiness(series: pl.Series, label: npt.NDArray[np.bool_]) -> float:
    """How well being empty tells fraud from the rest, or being filled: 0.5 is not at all, 1 is exactly."""
    empty = series.is_null().to_numpy()
    if empty.all() or not empty.any():
        return 0.5
    gap = float(empty[label].mean() - empty[~label].mean())
    return 0.5 + abs(gap) / 2


def _levels(series: pl.Series) -> npt.NDArray[np.int64]:
    """(rows,) codes from 0: bins of numbers and dates, values of everything else; 0 is empty."""
    values = as_seconds(series) if series.dtype.is_temporal() else as_numbers(series)
    if values is None or series.n_unique() <= BINS:
        return as_codes(series) + 1
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(len(values), dtype=np.int64)
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.where(known, np.searchsorted(edges, np.nan_to_num(values), side="right") + 1, 0)
