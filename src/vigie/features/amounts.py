"""Amounts against the customer's own habit, the counterparty's and the whole table's; balances that empty."""

from __future__ import annotations

import numpy as np

from vigie.arrays import Codes, Floats
from vigie.features.columns import ColumnView, middle
from vigie.features.groups import Groups, pairs

MOST_CENTS = 2.0**53
"""Beyond, float64 no longer tells one cent from the next."""


def compute(view: ColumnView) -> dict[str, Floats]:
    """Amount features of a table that has an amount; nothing otherwise."""
    amount, log = view.amount, view.log_amount
    if amount is None or log is None:
        return {}
    out = {**_against_groups(view, log), **_repeats(view, amount)}
    if view.has_all_rows_of("row"):
        out["amount"] = amount
        out |= _against_kinds(view, log) | _patterns(view, amount)
        out |= _against_columns(view, amount) | _balances(view, amount)
    return out


def _against_groups(view: ColumnView, log: Floats) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    finite = _filled(view, log)
    actor = view.groups("actor")
    if actor is not None and actor.repeats:
        out["amount_habit"] = actor.leave_one_out_zscore(log, view.state.pooled_variance["amount_habit"].get)
        out["amount_low_habit"] = -out["amount_habit"]
        out["amount_rank_actor"] = actor.rank_within(finite)
        total = actor.sum(np.exp(finite))
        out["amount_share_actor"] = np.where(actor.count() > 1, np.exp(finite) / total, np.nan)
        if view.time is not None:
            out["amount_jump"] = np.abs(finite - actor.previous(finite))
            out["amount_over_max"] = np.round(finite - actor.previous_max(finite), 6)
    counterpart = view.groups("counterpart")
    if counterpart is not None and counterpart.repeats:
        out["amount_counterpart"] = counterpart.leave_one_out_zscore(
            log, view.state.pooled_variance["amount_counterpart"].get
        )
    if actor is not None and actor.repeats and view.categories:
        own = Groups(pairs(actor.group_of_row(), _price_codes(view, finite)))
        out["amount_actor_category"] = own.leave_one_out_zscore(
            log, view.state.pooled_variance["amount_actor_category"].get
        )
    return out


def _against_kinds(view: ColumnView, log: Floats) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    if view.categories:
        codes = _price_codes(view, _filled(view, log))
        out["amount_category"] = view.state.zscores("amount_category", codes, log)
    if view.hour is not None:
        hours = np.where(np.isfinite(view.hour), view.hour, -1.0)
        out["amount_hour"] = view.state.zscores("amount_hour", np.floor(hours).astype(np.int64), log)
    return out


def _filled(view: ColumnView, log: Floats) -> Floats:
    usual = view.state.amounts.median_log.get(
        lambda: float(np.nanmedian(log)) if np.isfinite(log).any() else 0.0
    )
    return np.where(np.isfinite(log), log, usual)


def _price_codes(view: ColumnView, finite: Floats) -> Codes:
    """(rows,) codes of the category that sets the price."""
    best = view.state.amounts.price_category.get(lambda: _pricing(view.categories, finite))
    return dict(view.categories)[best]


def _pricing(categories: list[tuple[str, Codes]], log: Floats) -> str:
    """The category that sets the price."""
    return max(categories, key=lambda item: _explained(item[1], log))[0]


def _explained(codes: np.ndarray, x: Floats) -> float:
    """Share of the variance of `x` that lies between the groups: which category sets the price."""
    groups = Groups(codes)
    n = groups.count()
    mean = groups.sum(x) / n
    return float(np.nanvar(mean) / (np.var(x) + 1e-12) - np.nanmean(1 / n))


def _patterns(view: ColumnView, amount: Floats) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    cents = _cents(amount)
    whole = cents > 0
    zeros = np.zeros(view.rows)
    for power in range(1, 9):
        zeros += whole & (cents % 10**power == 0)
    if view.state.amounts.has_round.get(lambda: bool(zeros.max(initial=0) > zeros.min(initial=0))):
        out["amount_round"] = zeros
    # What cannot be counted in cents is nobody's repeat.
    out["amount_repeat_table"] = np.log1p(view.state.value_counts.of("cents", cents, cents >= 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10 ** np.floor(np.log10(np.maximum(amount, 1e-9)))
        gap = np.ceil(amount / scale + 1e-9) * scale - amount
        out["amount_under_threshold"] = -gap / scale
    return out


def _cents(amount: Floats) -> Codes:
    """(rows,) the amount in hundredths; -1 where they cannot be counted."""
    countable = amount < MOST_CENTS / 100
    return np.where(countable, np.round(np.where(countable, amount, 0.0) * 100), -1).astype(np.int64)


def _repeats(view: ColumnView, amount: Floats) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    actor = view.groups("actor")
    comes_back = actor is not None and actor.repeats
    at_receiver = (
        view.counterpart is not None and view.time is not None and view.has_all_rows_of("counterpart")
    )
    if not comes_back and not at_receiver:
        return out
    dense = np.unique(_cents(amount), return_inverse=True)[1].astype(np.int64)
    if actor is not None and comes_back:
        same = Groups(pairs(actor.group_of_row(), dense))
        out["amount_repeat_actor"] = same.count() / actor.count() * np.log(same.count())
    if view.counterpart is not None and at_receiver:
        here = Groups(pairs(view.counterpart, dense), view.time, view.time_ranks)
        if view.state.entities.amount_repeats.get(lambda: here.repeats):
            out["amount_repeat_counterpart"] = np.log(here.window(view.windows[1], view.windows[1]))
    return out


def _against_columns(view: ColumnView, amount: Floats) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    for name, role in (
        ("amount_to_usual", "amount_usual"),
        ("amount_to_limit", "limit"),
        ("amount_to_income", "income"),
    ):
        reference = view.number(role)
        if reference is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                out[name] = np.where(reference > 0, amount / reference, np.nan)
    parts = [np.abs(values) for _, values in view.numbers("amount")]
    if len(parts) > 1:
        ranks = np.stack([view.state.amount_ranks.of(str(i), part) for i, part in enumerate(parts)])
        with np.errstate(invalid="ignore"):
            out["amount_parts"] = np.nanmax(ranks, axis=0) - np.nanmedian(ranks, axis=0)
    return out


def _balances(view: ColumnView, amount: Floats) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    before, after = view.number("balance_before"), view.number("balance_after")
    of_amount = view.state.amounts.median.get(lambda: middle(amount))
    with np.errstate(divide="ignore", invalid="ignore"):
        if before is not None:
            share: Floats = np.where(before > 0, amount / before, np.nan)
            out["balance_share"] = np.where(share > 1.001, np.where(share > 1e3, np.nan, 0.5), share)
            of_balance = view.state.amounts.median_balance.get(lambda: middle(before))
            left = after if after is not None else before - amount
            emptied = (before > 0) & (np.abs(left) <= 0.01 * before) & (amount > 0)
            out["balance_emptied"] = emptied.astype(float) * np.log1p(np.maximum(before, 0) / of_balance)
            if after is not None:
                moved = np.minimum(_apart(before - amount, after), _apart(before + amount, after))
                out["balance_mismatch"] = moved / (amount + 1e-9 * of_amount)
        counter_before, counter_after = (
            view.number("counter_balance_before"),
            view.number("counter_balance_after"),
        )
        if counter_before is not None:
            out["counter_empty"] = (counter_before == 0).astype(float)
            if counter_after is not None:
                moved = _apart(counter_before + amount, counter_after)
                out["counter_mismatch"] = np.minimum(moved / (amount + 1e-9 * of_amount), 10)
    return out


def _apart(expected: Floats, found: Floats) -> Floats:
    """How far two numbers are apart; nothing where only rounding tells them apart, or ranks would be made of it."""
    gap = np.abs(expected - found)
    return np.where(gap <= 1e-9 * np.maximum(np.abs(expected), np.abs(found)), 0.0, gap)
