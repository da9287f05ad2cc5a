"""Columns that already measure something: risk and trust signals, activity counters, ages, anonymous numbers."""

from __future__ import annotations

from functools import partial

import numpy as np

from vigie.arrays import Floats
from vigie.features.columns import ColumnView


def compute(facts: ColumnView) -> dict[str, Floats]:
    """Features of the given signals; each column counts by its rank within the table."""
    if not facts.tells("row"):
        return {}
    return {**_signals(facts), **_ages(facts), **_numbers(facts), **_missing(facts)}


def directed(facts: ColumnView) -> list[tuple[str, Floats]]:
    """Every column whose direction of risk is known from its meaning, as ranks with higher riskier, by column."""
    out = []
    for item in facts.roles.columns:
        if item.direction == 0 or item.role in {"leak", "none", "row_id", "time"}:
            continue
        values = facts.as_numbers(item.column)
        if values is not None and facts.state.columns[item.column].has_two_values.get(
            partial(_differs, values)
        ):
            out.append((item.column, facts.state.directed_ranks.of(item.column, item.direction * values)))
    return out


def _signals(facts: ColumnView) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    for name, role, least in (
        ("signal_risk", "risk_signal", False),
        ("signal_trust", "trust_signal", True),
        ("signal_velocity", "velocity", False),
    ):
        varying = [(c, x) for c, x in facts.numbers(role) if _spread(facts, c, x)]
        ranks = [facts.state.column_ranks.of(column, values) for column, values in varying]
        if ranks:
            stack = np.stack(ranks)
            out[name] = _mean(stack)
            out[f"{name}_{'min' if least else 'max'}"] = (
                np.fmin.reduce(stack) if least else np.fmax.reduce(stack)
            )
    ratios = facts.numbers("amount_ratio")
    if len(ratios) == 1:
        out["signal_ratio"] = ratios[0][1]
    elif ratios:
        out["signal_ratio"] = np.fmax.reduce([facts.state.column_ranks.of(c, x) for c, x in ratios])
    together = [ranks for _, ranks in directed(facts)]
    if len(together) > 1:
        # Evidence adds up in logarithms of tail probabilities, as in Fisher's method.
        out["signal_joint"] = np.nansum([-np.log(1.0 - ranks + 1e-6) for ranks in together], axis=0)
    return out


def _ages(facts: ColumnView) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    ages = facts.numbers("account_age")
    if len(ages) == 1:
        out["account_age"] = ages[0][1]
    elif ages:
        out["account_age"] = np.fmin.reduce([facts.state.column_ranks.of(c, x) for c, x in ages])
    opened = facts.moment("opened")
    if opened is not None and facts.time is not None and facts.has_clock:
        out["opened_age"] = facts.time - opened
    age = facts.number("age")
    if age is None and (birth := facts.moment("birth")) is not None:
        latest = facts.time if facts.has_clock and facts.time is not None else birth
        age = facts.state.time.latest.get(lambda: float(np.nanmax(latest))) - birth
    if age is not None:
        out["age"] = age
    for role in ("limit", "income"):
        values = facts.number(role)
        if values is not None:
            out[role] = values
    return out


def _numbers(facts: ColumnView) -> dict[str, Floats]:
    columns = [(c, x) for c, x in facts.numbers("number") if _spread(facts, c, x)][:60]
    if not columns:
        return {}
    ranks = (facts.state.column_ranks.of(column, values) for column, values in columns)
    tails = np.stack([-np.log(2 * np.minimum(r, 1 - r) + 1e-4) for r in ranks])
    out = {"number_tail": _mean(tails), "number_tail_max": np.fmax.reduce(tails)}
    if len(columns) > 2:
        out["number_joint"] = _mahalanobis(facts, np.stack([values for _, values in columns], axis=1))
    return out


def _mahalanobis(facts: ColumnView, x: Floats) -> Floats:
    """Distance from the centre in units of the table's own (shrunk) covariance, on robustly scaled columns."""
    centre = facts.state.numbers.centre.get(lambda: np.nanmedian(x, axis=0))
    spread = facts.state.numbers.scale.get(lambda: _robust(x))
    z = np.clip(np.nan_to_num((x - centre) / spread), -50, 50)
    inverse = facts.state.numbers.inverse_covariance.get(
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


def _spread(facts: ColumnView, column: str, values: Floats) -> bool:
    return facts.state.columns[column].is_spread.get(lambda: bool(np.nanstd(values) > 0))


def _missing(facts: ColumnView) -> dict[str, Floats]:
    nulls = (
        facts.frame.select(pl_null_counts(facts)).to_series().to_numpy().astype(float)
        if facts.frame.width
        else np.zeros(0)
    )
    gaps = facts.state.numbers.missing_varies.get(lambda: len(nulls) > 0 and bool(nulls.std() > 0))
    return {"missing_values": nulls} if gaps else {}


def pl_null_counts(facts: ColumnView):  # type: ignore[no-untyped-def]
    """Expression that counts the empty cells of each row over the columns that mean something."""
    import polars as pl

    columns = [c.column for c in facts.roles.columns if c.role not in {"leak", "none"}]
    return pl.sum_horizontal([pl.col(c).is_null().cast(pl.Int32) for c in columns] or [pl.lit(0)])


def _mean(stack: Floats) -> Floats:
    known = np.isfinite(stack)
    return np.asarray(
        np.where(known, stack, 0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    )
