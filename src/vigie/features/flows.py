"""Money through accounts: in and out again, passed on, back and forth. Only where both sides share their names."""

from __future__ import annotations

import numpy as np

from vigie.arrays import Floats
from vigie.features.columns import ColumnView
from vigie.features.groups import Groups


def compute(view: ColumnView) -> dict[str, Floats]:
    """Flow features of tables whose receivers also send.

    Source: layering and mule typologies of the FATF reports on money laundering; the arithmetic is ours.
    """
    if not view.has_all_rows_of("account") or view.shared_ids is None or view.time is None:
        return {}
    source, target = view.shared_ids
    n = view.rows
    amount = view.summable_amount if view.summable_amount is not None else np.ones(n)
    _, day, week = view.windows
    moves = np.r_[amount, amount]
    incoming = np.r_[np.zeros(n, bool), np.ones(n, bool)]
    # Within one instant money comes in before it goes out, hence the small shift.
    clock = np.r_[view.time + 1e-6 * day, view.time]
    ledger = Groups(np.r_[source, target], clock)
    received = np.where(incoming, moves, 0.0)
    got_day, got_week = ledger.window(day, 0, received)[:n], ledger.window(week, 0, received)[:n]
    last_in, last_in_time = ledger.last_where(incoming, moves)[:n], ledger.last_where(incoming, clock)[:n]
    next_out, next_out_time = ledger.next_where(~incoming, moves)[n:], ledger.next_where(~incoming, clock)[n:]
    total_in, total_out = ledger.sum(received), ledger.sum(np.where(incoming, 0.0, moves))
    with np.errstate(divide="ignore", invalid="ignore"):
        out = {
            "flow_through": np.minimum(got_week, 3 * amount) / amount * (got_day > 0),
            "flow_match": _closeness(amount, last_in, view.time - last_in_time, week),
            "flow_received_day": np.log1p(ledger.window(day, 0, incoming.astype(float))[n:]),
            "flow_receiver_sends": -np.log1p((next_out_time - view.time) / day),
            "flow_receiver_match": _closeness(next_out, amount, next_out_time - view.time, week),
            "flow_in_out_balance": -np.round(np.abs(np.log((total_in + 1e-9) / (total_out + 1e-9))), 6)[:n],
        }
    out["flow_receiver_sends"] = np.where(
        np.isfinite(out["flow_receiver_sends"]), out["flow_receiver_sends"], -20.0
    )
    width, known = int(max(source.max(), target.max())) + 1, (source >= 0) & (target >= 0)
    there, back = source * width + target, target * width + source
    # An unknown account gives nothing back.
    out["flow_reciprocal"] = (known & np.isin(there, back[known])).astype(float)
    return out


def _closeness(passed: Floats, received: Floats, delay: Floats, week: float) -> Floats:
    """1 when `passed` is nearly what was `received` and follows at once; falls to 0 with either difference."""
    ratio = np.abs(np.log((passed + 1e-9) / (received + 1e-9)))
    return np.nan_to_num(np.exp(-3 * ratio - delay / week))
