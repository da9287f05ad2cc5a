"""Label-free outlier detectors that Vigie is measured beside, on a generic numeric encoding of the columns.

IsolationForest is scikit-learn's; HBOS, ECOD and COPOD are written here as in PyOD, at its defaults.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.stats import rankdata, skew
from sklearn.ensemble import IsolationForest

NAMES = ("IsolationForest", "HBOS", "ECOD", "COPOD")


def encode(frame: pl.DataFrame) -> np.ndarray:
    """Return (rows, columns): numbers as they are, dates as seconds and hour, anything else by how often it occurs."""
    columns = []
    for series in frame:
        if series.dtype.is_numeric() or series.dtype == pl.Boolean:
            columns.append(_filled(series))
        elif series.dtype.is_temporal():
            when = series.cast(pl.Datetime("us"))
            columns += [_filled(when.dt.epoch("s")), _filled(when.dt.hour())]
        else:
            counted = (
                series.cast(pl.String).fill_null("").to_frame("cell").with_columns(n=pl.len().over("cell"))
            )
            columns.append(counted["n"].to_numpy() / max(len(series), 1))
    x = np.stack(columns, axis=1).astype(float)
    return x[:, x.std(axis=0) > 0]


def scores(x: np.ndarray) -> dict[str, np.ndarray]:
    """Return the (rows,) scores of each detector, higher is more unusual."""
    left = -np.log(np.stack([rankdata(column, "max") for column in x.T], axis=1) / len(x))
    right = -np.log(np.stack([rankdata(-column, "max") for column in x.T], axis=1) / len(x))
    sign = np.sign(np.nan_to_num(skew(x, axis=0)))
    skewed = np.where(sign < 0, left, np.where(sign > 0, right, left + right))
    forest = IsolationForest(n_estimators=100, random_state=0).fit(x)
    return {
        "IsolationForest": -forest.score_samples(x),
        "HBOS": hbos(x),
        "ECOD": np.maximum(np.maximum(left, right), skewed).sum(axis=1),
        "COPOD": np.maximum(skewed, (left + right) / 2).sum(axis=1),
    }


def hbos(x: np.ndarray, bins: int = 10, alpha: float = 0.1) -> np.ndarray:
    """Return (rows,) -log densities of equal-width histograms, summed."""
    total = np.zeros(len(x))
    for column in x.T:
        density, edges = np.histogram(column, bins=bins, density=True)
        at = np.clip(np.searchsorted(edges, column, side="right") - 1, 0, bins - 1)
        total -= np.log(density[at] + alpha)
    return total


def _filled(series: pl.Series) -> np.ndarray:
    values = series.cast(pl.Float64).to_numpy().copy()
    known = np.isfinite(values)
    values[~known] = np.median(values[known]) if known.any() else 0.0
    return values
