"""Money through accounts: in and out again, passed on, back and forth. Only where receivers also send."""

from __future__ import annotations

import numpy as np

from vigie.arrays import Codes, Floats
from vigie.features.columns import ColumnView
from vigie.features.groups import Groups
from vigie.features.module import FeatureModule

SENDER_FEATURES = ("flow_through", "flow_match", "flow_in_out_balance", "flow_reciprocal")
RECEIVER_FEATURES = ("flow_received_day", "flow_receiver_sends", "flow_receiver_match")
"""Features of the account that sends, and of the one that receives."""

_NEVER_SENDS = -20.0


def compute(view: ColumnView) -> dict[str, Floats]:
    """Return the features of accounts that send and receive.

    Source: layering and mule typologies of the FATF reports on money laundering; the arithmetic is ours.
    """
    shared_ids, times = view.entities.shared_ids, view.times.values
    if not view.entities.has_all_rows_of("account") or shared_ids is None or times is None:
        return {}
    source, target = shared_ids
    n = view.n_rows
    amount = view.numbers.summable_amount
    amount = np.ones(n) if amount is None else amount
    _, day, week = view.times.windows
    # Each row twice: out of the source, into the target. What is simultaneous comes in before it goes out.
    moves, is_incoming = np.r_[amount, amount], np.r_[np.zeros(n, bool), np.ones(n, bool)]
    shifted = np.r_[times + 1e-6 * day, times]
    ledger = Groups(np.r_[source, target], shifted)
    received = np.where(is_incoming, moves, 0.0)
    received_day, received_week = (ledger.window(width, 0, received)[:n] for width in (day, week))
    last_in, last_in_time = (ledger.last_where(is_incoming, x)[:n] for x in (moves, shifted))
    next_out, next_out_time = (ledger.next_where(~is_incoming, x)[n:] for x in (moves, shifted))
    total_in, total_out = ledger.sum(received), ledger.sum(np.where(is_incoming, 0.0, moves))
    with np.errstate(divide="ignore", invalid="ignore"):
        delay = -np.log1p((next_out_time - times) / day)
        return {
            "flow_through": np.minimum(received_week, 3 * amount) / amount * (received_day > 0),
            "flow_match": _similarity(amount, last_in, times - last_in_time, week),
            "flow_received_day": np.log1p(ledger.window(day, 0, is_incoming.astype(float))[n:]),
            "flow_receiver_sends": np.where(np.isfinite(delay), delay, _NEVER_SENDS),
            "flow_receiver_match": _similarity(next_out, amount, next_out_time - times, week),
            "flow_in_out_balance": -np.round(np.abs(np.log((total_in + 1e-9) / (total_out + 1e-9))), 6)[:n],
            "flow_reciprocal": _is_reciprocal(source, target),
        }


def _is_reciprocal(source: Codes, target: Codes) -> Floats:
    """Return (rows,) 1 where the target also sends to the source; unknown accounts never do."""
    width, known = int(max(source.max(), target.max())) + 1, (source >= 0) & (target >= 0)
    there, back = source * width + target, target * width + source
    return (known & np.isin(there, back[known])).astype(float)


def _similarity(passed: Floats, received: Floats, delay: Floats, week: float) -> Floats:
    """Return (rows,) 1 where `passed` equals `received` without delay, falling to 0 with either difference."""
    log_ratio = np.abs(np.log((passed + 1e-9) / (received + 1e-9)))
    return np.nan_to_num(np.exp(-3 * log_ratio - delay / week))


MODULE = FeatureModule(
    names=(*SENDER_FEATURES, *RECEIVER_FEATURES), compute=compute, groupings=frozenset({"account"})
)
