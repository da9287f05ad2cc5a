"""Columns that already measure something: risk and trust signals, activity counters, ages, anonymous numbers."""

from __future__ import annotations

from functools import partial

import numpy as np

from vigie.arrays import Floats
from vigie.features.columns import ColumnView


def compute(view: ColumnView) -> dict[str, Floats]:
    """Features of the given signals; each column counts by its rank within the table."""
    if not view.has_all_rows_of("row"):
        return {}
    return {**_signals(view), **_ages(view), **_numbers(view), **_missing(view)}


def directed(view: ColumnView) -> list[tuple[str, Floats]]:
    """Every column whose direction of risk is known from its meaning, as ranks with higher riskier, by column."""
    out = []
    for item in view.roles.columns:
        if item.direction == 0:
            continue
        values = view.as_numbers(item.column)
        if values is not None and view.state.columns[item.column].has_two_values.get(
            partial(_differs, values)
        ):
            out.append((item.column, view.state.directed_ranks.of(item.column, item.direction * values)))
    return out


def _signals(view: ColumnView) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    for name, role, least in (
        ("signal_risk", "risk_signal", False),
        ("signal_trust", "trust_signal", True),
        ("signal_velocity", "velocity", False),
    ):
        varying = [(c, x) for c, x in view.numbers(role) if _spread(view, c, x)]
        ranks = [view.state.column_ranks.of(column, values) for column, values in varying]
        if ranks:
            stack = np.stack(ranks)
            out[name] = _mean(stack)
            out[f"{name}_{'min' if least else 'max'}"] = (
                np.fmin.reduce(stack) if least else np.fmax.reduce(stack)
            )
    ratios = view.numbers("amount_ratio")
    if len(ratios) == 1:
        out["signal_ratio"] = ratios[0][1]
    elif ratios:
        out["signal_ratio"] = np.fmax.reduce([view.state.column_ranks.of(c, x) for c, x in ratios])
    together = [ranks for _, ranks in directed(view)]
    if len(together) > 1:
        # Evidence adds up in logarithms of tail probabilities, as in Fisher's method.
        out["signal_joint"] = np.nansum([-np.log(1.0 - ranks + 1e-6) for ranks in together], axis=0)
    return out


def _ages(view: ColumnView) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    ages = view.numbers("account_age")
    if len(ages) == 1:
        out["account_age"] = ages[0][1]
    elif ages:
        out["account_age"] = np.fmin.reduce([view.state.column_ranks.of(c, x) for c, x in ages])
    opened = view.date("opened")
    if opened is not None and view.time is not None and view.has_clock:
        out["opened_age"] = view.time - opened
    age = view.number("age")
    if age is None and (birth := view.date("birth")) is not None:
        latest = view.time if view.has_clock and view.time is not None else birth
        age = view.state.time.latest.get(lambda: float(np.nanmax(latest))) - birth
    if age is not None:
        out["age"] = age
    for role in ("limit", "income"):
        values = view.number(role)
        if values is not None:
            out[role] = values
    return out


def _numbers(view: ColumnView) -> dict[str, Floats]:
    columns = [(c, x) for c, x in view.numbers("number") if _spread(view, c, x)][:60]
    if not columns:
        return {}
    ranks = (view.state.column_ranks.of(column, values) for column, values in columns)
    tails = np.stack([-np.log(2 * np.minimum(r, 1 - r) + 1e-4) for r in ranks])
    out = {"number_tail": _mean(tails), "number_tail_max": np.fmax.reduce(tails)}
    if len(columns) > 2:
        out["number_joint"] = _mahalanobis(view, np.stack([values for _, values in columns], axis=1))
    return out


def _mahalanobis(view: ColumnView, x: Floats) -> Floats:
    """Distance from the centre in units of the table's own (shrunk) covariance, on robustly scaled columns."""
    centre = view.state.numbers.centre.get(lambda: np.nanmedian(x, axis=0))
    spread = view.state.numbers.scale.get(lambda: _robust(x))
    z = np.clip(np.nan_to_num((x - centre) / spread), -50, 50)
    inverse = view.state.numbers.inverse_covariance.get(
        lambda: _inverse(np.cov(np.clip(z, -5, 5), rowvar=False))
    )
    # Rounded: the last bits of a product of matrices depend on how many rows there are.
    return np.asarray(np.round(np.log1p(np.einsum("ij,ij->i", z @ inverse, z)), 9))


def _robust(x: Floats) -> Floats:
    low, high = np.nanpercentile(x, (25, 75), axis=0)
    quarters: Floats = high - low
    return np.where(quarters > 0, quarters, np.nanstd(x, axis=0) + 1e-12)


def _inverse(covariance: Floats) -> Floats:
    size = len(covariance)
    return np.asarray(np.linalg.inv(covariance + 0.1 * np.eye(size) * np.trace(covariance) / size))


def _differs(values: Floats) -> bool:
    return len(np.unique(values[np.isfinite(values)][:10_000])) > 1


def _spread(view: ColumnView, column: str, values: Floats) -> bool:
    return view.state.columns[column].is_spread.get(lambda: bool(np.nanstd(values) > 0))


def _missing(view: ColumnView) -> dict[str, Floats]:
    nulls = (
        view.frame.select(pl_null_counts(view)).to_series().to_numpy().astype(float)
        if view.frame.width
        else np.zeros(0)
    )
    gaps = view.state.numbers.missing_varies.get(lambda: len(nulls) > 0 and bool(nulls.std() > 0))
    return {"missing_values": nulls} if gaps else {}


def pl_null_counts(view: ColumnView):  # type: ignore[no-untyped-def]
    """Expression that counts the empty cells of each row over the columns that mean something."""
    import polars as pl

    columns = [c.column for c in view.roles.columns if not c.definition.excluded]
    return pl.sum_horizontal([pl.col(c).is_null().cast(pl.Int32) for c in columns] or [pl.lit(0)])


def _mean(stack: Floats) -> Floats:
    known = np.isfinite(stack)
    return np.asarray(
        np.where(known, stack, 0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    )
