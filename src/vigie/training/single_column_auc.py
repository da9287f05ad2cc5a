"""How well a single column, or the emptiness of its cells, separates fraud from the rest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.features.cells import as_codes, as_numbers
from vigie.features.time_units import as_seconds

BINS = 64
PRIOR_ROWS = 5.0


def best_rule_auc(series: pl.Series, label: npt.NDArray[np.bool_], seed: int) -> tuple[float, float]:
    """Return ROC AUC and average precision of the best rule on one column, cross-fitted on two halves of the rows.

    Args:
        series: (rows,) typed.
        label: (rows,) true is fraud; both classes occur.
        seed: of the halves.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    codes = _bins(series)
    half = np.random.default_rng([seed, 23]).integers(0, 2, len(codes))
    share = float(label.mean())
    size = int(codes.max(initial=0)) + 1
    score = np.zeros(len(codes))
    for part in (0, 1):
        other, here = half != part, half == part
        rows = np.bincount(codes[other], minlength=size)
        frauds = np.bincount(codes[other], weights=label[other], minlength=size)
        score[here] = ((frauds + PRIOR_ROWS * share) / (rows + PRIOR_ROWS))[codes[here]]
    return float(roc_auc_score(label, score)), float(average_precision_score(label, score))


def emptiness_auc(series: pl.Series, label: npt.NDArray[np.bool_]) -> float:
    """Return how well empty, or filled, cells separate fraud from the rest: 0.5 is not at all, 1 is exactly."""
    empty = series.is_null().to_numpy()
    if empty.all() or not empty.any():
        return 0.5
    gap = float(empty[label].mean() - empty[~label].mean())
    return 0.5 + abs(gap) / 2


def _bins(series: pl.Series) -> npt.NDArray[np.int64]:
    """Return (rows,) codes from 0: bins of numbers and dates, values of everything else; 0 is empty."""
    values = as_seconds(series) if series.dtype.is_temporal() else as_numbers(series)
    if values is None or series.n_unique() <= BINS:
        return as_codes(series) + 1
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(len(values), dtype=np.int64)
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.where(known, np.searchsorted(edges, np.nan_to_num(values), side="right") + 1, 0)
