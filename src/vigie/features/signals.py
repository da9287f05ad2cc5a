"""Columns that already measure something: risk and trust signals, activity counters, ages, numbers without a meaning."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.features.columns import ColumnView
from vigie.features.module import FeatureModule

_MAX_NUMBERS = 60
_MIN_SKEWNESS, _MIN_VALUES = 0.5, 13
"""Skewness by quantiles, from 0 to 1, and number of distinct values from which only the long tail of a column is unusual."""
_SKEWNESS_ROWS = 10_000
"""Rows these are measured on, the first in an order that does not depend on their values."""

_SIGNALS: tuple[tuple[str, str, str, Callable[[Floats], Floats]], ...] = (
    ("risk_signal", "signal_risk", "signal_risk_max", np.fmax.reduce),
    ("trust_signal", "signal_trust", "signal_trust_min", np.fmin.reduce),
    ("velocity", "signal_velocity", "signal_velocity_max", np.fmax.reduce),
)
"""Role, feature of the mean of its columns, feature of the extreme one, and which that is."""


def compute(view: ColumnView) -> dict[str, Floats]:
    """Return the features of columns that measure something, by their ranks within the table."""
    if not view.has_row_features:
        return {}
    return _signals(view) | _ages(view) | _numbers(view) | _missing_values(view)


def _signals(view: ColumnView) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    for role, mean, extreme, most_extreme in _SIGNALS:
        ranks = [view.state.column_ranks.of(column, x) for column, x in _varying(view, role)]
        if ranks:
            out[mean], out[extreme] = _mean(np.stack(ranks)), most_extreme(np.stack(ranks))
    ratio = _one_of(view, "amount_ratio", np.fmax.reduce)
    if ratio is not None:
        out["signal_ratio"] = ratio
    directed = _directed_ranks(view)
    if len(directed) > 1:
        # Fisher's method: logarithms of tail probabilities add up.
        out["signal_joint"] = np.nansum([-np.log(1.0 - ranks + 1e-6) for ranks in directed], axis=0)
    return out


def _directed_ranks(view: ColumnView) -> list[Floats]:
    """Return (rows,) ranks, higher riskier, of each column with a known direction of risk."""
    out = []
    for item in view.roles.columns:
        x = view.numbers.of(item.column) if item.direction else None
        if x is not None and view.state.columns[item.column].has_two_values.get(partial(_has_two_values, x)):
            out.append(view.state.directed_ranks.of(item.column, item.direction * x))
    return out


def _one_of(view: ColumnView, role: str, most_extreme: Callable[[list[Floats]], Floats]) -> Floats | None:
    """Return (rows,) the column of a role, or the most extreme rank of several."""
    columns = view.numbers.all(role)
    if len(columns) > 1:
        return most_extreme([view.state.column_ranks.of(column, x) for column, x in columns])
    return columns[0][1] if columns else None


def _ages(view: ColumnView) -> dict[str, Floats]:
    times = view.times.values if view.times.is_epoch else None
    opened, age = view.times.date("opened"), view.numbers.best("age")
    birth = view.times.date("birth") if age is None else None
    if birth is not None:
        latest = birth if times is None else times
        age = view.state.time.latest.get(lambda: float(np.nanmax(latest))) - birth
    found = {
        "account_age": _one_of(view, "account_age", np.fmin.reduce),
        "opened_age": None if opened is None or times is None else times - opened,
        "age": age,
        "limit": view.numbers.best("limit"),
        "income": view.numbers.best("income"),
    }
    return {name: values for name, values in found.items() if values is not None}


def _numbers(view: ColumnView) -> dict[str, Floats]:
    columns = _varying(view, "number")[:_MAX_NUMBERS]
    if not columns:
        return {}
    tails = np.stack([_tail_scores(view, column, x) for column, x in columns])
    out = {"number_tail": _mean(tails), "number_tail_max": np.fmax.reduce(tails)}
    if len(columns) > 2:
        out["number_joint"] = _mahalanobis(view, np.stack([x for _, x in columns], axis=1))
    return out


def _tail_scores(view: ColumnView, column: str, x: Floats) -> Floats:
    """Return (rows,) -log of the share of values at least as far out, in nats: in the long tail of a skewed column, else in both.

    Most values of a skewed column, such as an amount or a count with many zeros, lie at its short end: the least is not unusual.

    Source: ECOD, Z. Li et al., IEEE TKDE 2022, which takes the tail by the sign of the skewness.
    """
    ranks = view.state.column_ranks.of(column, x)
    side = view.state.columns[column].long_tail.get(partial(_long_tail, x), default=0)
    return -np.log({1: 1 - ranks, -1: ranks}.get(side, 2 * np.minimum(ranks, 1 - ranks)) + 1e-4)


def _long_tail(x: Floats) -> int:
    """Return +1 where the upper tail of many values is much longer than the lower one, -1 where it is much shorter, else 0.

    Source: D. V. Hinkley, "On power transformations to symmetry", Biometrika 62, 1975, for skewness by quantiles.
    """
    known = x[:_SKEWNESS_ROWS][np.isfinite(x[:_SKEWNESS_ROWS])]
    if len(np.unique(known)) < _MIN_VALUES:
        return 0
    low, middle, high = np.quantile(known, (0.05, 0.5, 0.95))
    skewness = (high + low - 2 * middle) / (high - low) if high > low else 0.0
    return int(np.sign(skewness)) if abs(skewness) > _MIN_SKEWNESS else 0


def _mahalanobis(view: ColumnView, x: Floats) -> Floats:
    """Return (rows,) log of the distance from the centre, in units of the shrunk covariance of robustly scaled columns.

    Source: P. C. Mahalanobis, "On the generalised distance in statistics", 1936.
    """
    fitted = view.state.numbers
    centre = fitted.centre.get(lambda: np.nanmedian(x, axis=0))
    scale = fitted.scale.get(lambda: _robust_scale(x))
    z = np.clip(np.nan_to_num((x - centre) / scale), -50, 50)
    inverse = fitted.inverse_covariance.get(lambda: _inverse(np.cov(np.clip(z, -5, 5), rowvar=False)))
    # Rounded: the last bits of a product of matrices depend on the number of rows.
    return np.asarray(np.round(np.log1p(np.einsum("ij,ij->i", z @ inverse, z)), 9))


def _robust_scale(x: Floats) -> Floats:
    low, high = np.nanpercentile(x, (25, 75), axis=0)
    quartiles: Floats = high - low
    return np.where(quartiles > 0, quartiles, np.nanstd(x, axis=0) + 1e-12)


def _inverse(covariance: Floats) -> Floats:
    size = len(covariance)
    return np.asarray(np.linalg.inv(covariance + 0.1 * np.eye(size) * np.trace(covariance) / size))


def _has_two_values(x: Floats) -> bool:
    return len(np.unique(x[np.isfinite(x)][:10_000])) > 1


def _varying(view: ColumnView, role: str) -> list[tuple[str, Floats]]:
    """Return the columns of a role that are not constant."""
    return [
        (column, x)
        for column, x in view.numbers.all(role)
        if view.state.columns[column].is_spread.get(partial(_is_spread, x))
    ]


def _is_spread(x: Floats) -> bool:
    return bool(np.nanstd(x) > 0)


def _missing_values(view: ColumnView) -> dict[str, Floats]:
    columns = [item.column for item in view.roles.columns if not item.definition.excluded]
    nulls = [pl.col(column).is_null().cast(pl.Int32) for column in columns] or [pl.lit(0)]
    empty = view.frame.width == 0
    counts = np.zeros(0) if empty else view.frame.select(pl.sum_horizontal(nulls)).to_series().to_numpy()
    counts = counts.astype(float)
    vary = view.state.numbers.missing_varies.get(lambda: len(counts) > 0 and bool(counts.std() > 0))
    return {"missing_values": counts} if vary else {}


def _mean(stack: Floats) -> Floats:
    """Return (rows,) means of the known values of (columns, rows); NaN where none is known."""
    known = np.isfinite(stack)
    n_known = np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    return np.asarray(np.where(known, stack, 0).sum(axis=0) / n_known)


MODULE = FeatureModule(
    names=(
        "account_age", "age", "opened_age", "limit", "income", "signal_risk", "signal_risk_max", "signal_trust",
        "signal_trust_min", "signal_velocity", "signal_velocity_max", "signal_ratio", "signal_joint", "number_tail",
        "number_tail_max", "number_joint", "missing_values",
    ),
    compute=compute,
    groupings=frozenset({"row"}),
)  # fmt: skip
