"""Amounts compared with the actor's other amounts, the counterparty's and the whole table's; balances."""

from __future__ import annotations

import numpy as np

from vigie.arrays import Codes, Floats, factorize
from vigie.features.columns import ColumnView
from vigie.features.groups import Groups, pairs
from vigie.features.module import FeatureModule
from vigie.features.number_columns import positive_median

_MAX_CENTS = 2.0**53
"""Beyond, float64 has no single cents."""


def compute(view: ColumnView) -> dict[str, Floats]:
    """Return the features of amounts; none where the table has no amount."""
    amount, log_amount = view.numbers.amount, view.numbers.log_amount
    if amount is None or log_amount is None:
        return {}
    out = _within_actor(view, log_amount) | _within_counterpart(view, log_amount) | _repeats(view, amount)
    if view.has_row_features:
        out["amount"] = amount
        out |= _within_table(view, log_amount) | _digits(view, amount) | _ratios(view, amount)
        out |= _balances(view, amount) | _counter_balances(view, amount)
    return out


def _within_actor(view: ColumnView, log_amount: Floats) -> dict[str, Floats]:
    actor = view.entities.repeating("actor")
    if actor is None:
        return {}
    variance, filled = view.state.pooled_variance, _fill(view, log_amount)
    zscore = actor.leave_one_out_zscore(log_amount, variance["amount_habit"].get)
    total = actor.sum(np.exp(filled))
    out = {
        "amount_habit": zscore,
        "amount_low_habit": -zscore,
        "amount_rank_actor": actor.rank_within(filled),
        "amount_share_actor": np.where(actor.count() > 1, np.exp(filled) / total, np.nan),
    }
    if view.times.values is not None:
        out["amount_jump"] = np.abs(filled - actor.previous(filled))
        out["amount_over_max"] = np.round(filled - actor.previous_max(filled), 6)
    if view.categories:
        by_category = Groups(pairs(actor.group_of_row(), _price_category(view, filled)))
        out["amount_actor_category"] = by_category.leave_one_out_zscore(
            log_amount, variance["amount_actor_category"].get
        )
    return out


def _within_counterpart(view: ColumnView, log_amount: Floats) -> dict[str, Floats]:
    counterpart = view.entities.repeating("counterpart")
    if counterpart is None:
        return {}
    pool = view.state.pooled_variance["amount_counterpart"].get
    return {"amount_counterpart": counterpart.leave_one_out_zscore(log_amount, pool)}


def _within_table(view: ColumnView, log_amount: Floats) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    if view.categories:
        codes = _price_category(view, _fill(view, log_amount))
        out["amount_category"] = view.state.zscores("amount_category", codes, log_amount)
    hour = view.times.hour
    if hour is not None:
        hours = np.floor(np.where(np.isfinite(hour), hour, -1.0)).astype(np.int64)
        out["amount_hour"] = view.state.zscores("amount_hour", hours, log_amount)
    return out


def _fill(view: ColumnView, log_amount: Floats) -> Floats:
    """Return (rows,) log amounts with the median where unknown."""
    known = np.isfinite(log_amount)
    median = view.state.amounts.median_log.get(
        lambda: float(np.nanmedian(log_amount)) if known.any() else 0.0
    )
    return np.where(known, log_amount, median)


def _price_category(view: ColumnView, filled: Floats) -> Codes:
    """Return (rows,) codes of the category that explains most of the variance of the amounts."""
    column = view.state.amounts.price_category.get(
        lambda: max(view.categories, key=lambda category: _explained_variance(category[1], filled))[0]
    )
    return dict(view.categories)[column]


def _explained_variance(codes: Codes, x: Floats) -> float:
    """Return the share of the variance of `x` between groups, less what groups of one row explain."""
    groups = Groups(codes)
    n = groups.count()
    mean = groups.sum(x) / n
    return float(np.nanvar(mean) / (np.var(x) + 1e-12) - np.nanmean(1 / n))


def _digits(view: ColumnView, amount: Floats) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    cents = _cents(amount)
    zeros = np.zeros(view.n_rows)
    for power in range(1, 9):
        zeros += (cents > 0) & (cents % 10**power == 0)
    if view.state.amounts.has_round.get(lambda: bool(zeros.max(initial=0) > zeros.min(initial=0))):
        out["amount_round"] = zeros
    out["amount_repeat_table"] = np.log1p(view.state.value_counts.of("cents", cents, cents >= 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        magnitude = 10 ** np.floor(np.log10(np.maximum(amount, 1e-9)))
        below = np.ceil(amount / magnitude + 1e-9) * magnitude - amount
        out["amount_under_threshold"] = -below / magnitude
    return out


def _cents(amount: Floats) -> Codes:
    """Return (rows,) amounts in hundredths; -1 where they are too large to be exact."""
    is_exact = amount < _MAX_CENTS / 100
    return np.where(is_exact, np.round(np.where(is_exact, amount, 0.0) * 100), -1).astype(np.int64)


def _repeats(view: ColumnView, amount: Floats) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    actor, entities, times = view.entities.repeating("actor"), view.entities, view.times
    counterpart = entities.counterpart if entities.has_all_rows_of("counterpart") else None
    has_counterpart = counterpart is not None and times.values is not None
    if actor is None and not has_counterpart:
        return out
    cents = factorize(_cents(amount))[1]
    if actor is not None:
        same = Groups(pairs(actor.group_of_row(), cents))
        out["amount_repeat_actor"] = same.count() / actor.count() * np.log(same.count())
    if counterpart is not None and has_counterpart:
        same = Groups(pairs(counterpart, cents), times.values, times.ranks)
        if view.state.entities.amount_repeats.get(lambda: same.repeats):
            day = times.windows.day
            out["amount_repeat_counterpart"] = np.log(same.window(day, day))
    return out


def _ratios(view: ColumnView, amount: Floats) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    references = {"amount_to_usual": "amount_usual", "amount_to_limit": "limit", "amount_to_income": "income"}
    for name, role in references.items():
        reference = view.numbers.best(role)
        if reference is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                out[name] = np.where(reference > 0, amount / reference, np.nan)
    parts = [np.abs(values) for _, values in view.numbers.all("amount")]
    if len(parts) > 1 and not view.numbers.has_amount_sides:
        ranks = np.stack([view.state.amount_ranks.of(str(i), part) for i, part in enumerate(parts)])
        with np.errstate(invalid="ignore"):
            out["amount_parts"] = np.nanmax(ranks, axis=0) - np.nanmedian(ranks, axis=0)
    return out


def _balances(view: ColumnView, amount: Floats) -> dict[str, Floats]:
    before, after = view.numbers.best("balance_before"), view.numbers.best("balance_after")
    if before is None:
        return {}
    median_balance = view.state.amounts.median_balance.get(lambda: positive_median(before))
    out: dict[str, Floats] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Floats = np.where(before > 0, amount / before, np.nan)
        out["balance_share"] = np.where(share > 1.001, np.where(share > 1e3, np.nan, 0.5), share)
        left = after if after is not None else before - amount
        is_emptied = (before > 0) & (np.abs(left) <= 0.01 * before) & (amount > 0)
        out["balance_emptied"] = is_emptied.astype(float) * np.log1p(np.maximum(before, 0) / median_balance)
        if after is not None:
            gap = np.minimum(_difference(before - amount, after), _difference(before + amount, after))
            out["balance_mismatch"] = gap / _denominator(view, amount)
    return out


def _counter_balances(view: ColumnView, amount: Floats) -> dict[str, Floats]:
    before = view.numbers.best("counter_balance_before")
    after = view.numbers.best("counter_balance_after")
    if before is None:
        return {}
    out = {"counter_empty": (before == 0).astype(float)}
    if after is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            gap = _difference(before + amount, after)
            out["counter_mismatch"] = np.minimum(gap / _denominator(view, amount), 10)
    return out


def _denominator(view: ColumnView, amount: Floats) -> Floats:
    """Return (rows,) amounts that are never 0."""
    return amount + 1e-9 * view.state.amounts.median.get(lambda: positive_median(amount))


def _difference(expected: Floats, found: Floats) -> Floats:
    """Return (rows,) absolute differences; 0 where only rounding differs, which ranks would otherwise magnify."""
    gap = np.abs(expected - found)
    return np.where(gap <= 1e-9 * np.maximum(np.abs(expected), np.abs(found)), 0.0, gap)


MODULE = FeatureModule(
    names=(
        "amount", "amount_habit", "amount_rank_actor", "amount_over_max", "amount_low_habit", "amount_counterpart",
        "amount_category", "amount_actor_category", "amount_hour", "amount_round", "amount_repeat_actor",
        "amount_repeat_table", "amount_repeat_counterpart", "amount_jump", "amount_under_threshold", "amount_to_usual",
        "amount_to_limit", "amount_to_income", "amount_share_actor", "amount_parts", "balance_emptied", "balance_share",
        "balance_mismatch", "counter_mismatch", "counter_empty",
    ),
    compute=compute,
    groupings=frozenset({"row", "actor", "counterpart"}),
    needs_value_counts=True,
)  # fmt: skip
