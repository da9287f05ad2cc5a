"""Hours and rhythm: unusual hours, bursts, gaps, counts and sums over an hour, a day and a week."""

from __future__ import annotations

import numpy as np

from vigie.arrays import Codes, Floats
from vigie.features.columns import ColumnView
from vigie.features.groups import Groups, pairs
from vigie.features.module import FeatureModule
from vigie.features.time_columns import Windows


def compute(view: ColumnView) -> dict[str, Floats]:
    """Return the features of the time of a row, in whatever unit the table has."""
    out = _hours(view)
    if view.times.values is None:
        return out
    windows = view.times.windows
    actor = view.entities.repeating("actor")
    if actor is not None:
        out |= _actor(view, actor, windows)
    counterpart = view.entities.repeating("counterpart")
    if counterpart is not None:
        out |= _counterpart(counterpart, windows)
        if view.entities.has_repeats("actor"):
            first = counterpart.window(windows.hour, windows.hour, view.entities.is_first_of_actor)
            out["newcomers_counterpart"] = first / np.sqrt(counterpart.count())
    if view.entities.has_all_rows_of("counterpart") and view.entities.has_repeats("actor"):
        out |= _fan_in(view, windows.day)
    if view.has_row_features:
        n_hour, n_days = (_rows_around(view, width) for width in (windows.hour, 3 * windows.day))
        out["table_burst"] = n_hour / np.maximum(n_days, 1)
    return out


def _rows_around(view: ColumnView, width: float) -> Floats:
    """Return (rows,) how many rows of the table lie within `width` of each."""
    times, ranks = _times(view), view.times.ranks
    # In order of time each search begins where the last one ended.
    in_order = np.empty_like(times)
    in_order[ranks] = times
    ascending = view.state.time.ascending.get(lambda: np.sort(times))
    low = np.searchsorted(ascending, in_order - width, "left")
    high = np.searchsorted(ascending, in_order + width, "right")
    return np.asarray((high - low)[ranks], dtype=float)


def _hours(view: ColumnView) -> dict[str, Floats]:
    hour = view.times.hour
    if hour is None:
        return {}
    known = np.isfinite(hour)
    out: dict[str, Floats] = {}
    if view.has_row_features:
        out["hour_rarity"] = -np.log(_hour_density(view, hour))
        out["hour_night"] = is_night(hour)
    actor = view.entities.repeating("actor")
    if actor is not None:
        angle = hour / 24 * 2 * np.pi
        cos, sin = np.nan_to_num(np.cos(angle)), np.nan_to_num(np.sin(angle))
        x = actor.leave_one_out_mean(cos, view.state.time.mean_cosine.get(lambda: float(cos.mean())), 2.0)
        y = actor.leave_one_out_mean(sin, view.state.time.mean_sine.get(lambda: float(sin.mean())), 2.0)
        out["hour_habit"] = np.where(known, -(cos * x + sin * y), np.nan)
    return out


def is_night(hour: Floats) -> Floats:
    """Return (rows,) 1 for an hour of the night, else 0; NaN where the hour is unknown."""
    return np.where(np.isfinite(hour), ((hour < 5.5) | (hour >= 23)).astype(float), np.nan)


def _hour_density(view: ColumnView, hour: Floats) -> Floats:
    """Return (rows,) smoothed share of the table's rows around each hour, on a circle of 48 half hours."""
    known = np.isfinite(hour)
    bins = np.zeros(len(hour), dtype=np.int64)
    bins[known] = np.clip((hour[known] * 2).astype(np.int64), 0, 47)
    counts = view.state.time.half_hours.get(lambda: np.bincount(bins[known], minlength=48).astype(float))
    smooth = counts + 0.5 * (np.roll(counts, 1) + np.roll(counts, -1))
    share = (smooth + 1) / (smooth.sum() + 48)
    return np.where(known, share[bins], np.nan)


def _actor(view: ColumnView, actor: Groups, windows: Windows) -> dict[str, Floats]:
    hour, day, week = windows
    times = _times(view)
    n, span, gap = actor.count(), actor.max(times) + actor.max(-times), actor.gap_before()
    expected = n * np.minimum(2 * day / (span + 2 * day), 1.0)
    out = {
        "gap_before_actor": np.log1p(gap / hour),
        "gap_after_actor": np.log1p(actor.gap_after() / hour),
        "dormant_actor": np.log1p(gap / hour) - np.log1p((span / np.maximum(n - 1, 1)) / hour),
        "count_hour_actor": actor.window(hour, 0),
        "count_day_actor": actor.window(day, 0),
        "count_week_actor": actor.window(week, 0),
        "burst_actor": np.log(actor.window(day, day) / np.maximum(expected, 0.1)),
    }
    counterpart = view.entities.counterpart
    if counterpart is not None:
        out["fan_out_day"] = _distinct_in_day(view, actor.group_of_row(), counterpart, day)
    return out | _actor_sums(view, actor, windows, span)


def _actor_sums(view: ColumnView, actor: Groups, windows: Windows, span: Floats) -> dict[str, Floats]:
    amount = view.numbers.summable_amount
    if amount is None:
        return {}
    _, day, week = windows
    expected = actor.sum(amount) * np.minimum(2 * day / (span + 2 * day), 1.0)
    spent = np.maximum(actor.window(day, day, amount), 0.0)
    epsilon = 1e-9 * (view.state.amounts.mean.get(lambda: float(amount.mean())) or 1.0)
    return {
        "sum_day_actor": actor.window(day, 0, amount),
        "sum_week_actor": actor.window(week, 0, amount),
        # Rounded: actors who spend all in one day are at exactly 0, and rounding errors must not rank them.
        "spend_burst_actor": np.asarray(np.round(np.log((spent + epsilon) / (expected + epsilon)), 6)),
    }


def _times(view: ColumnView) -> Floats:
    times = view.times.values
    if times is None:
        raise ValueError("the table has no time")
    return times


def _fan_in(view: ColumnView, day: float) -> dict[str, Floats]:
    receiver, sender = view.entities.counterpart, view.entities.actor
    if receiver is None or sender is None:
        return {}
    return {"fan_in_day": _distinct_in_day(view, receiver, sender, day)}


def _distinct_in_day(view: ColumnView, one: Codes, other: Codes, day: float) -> Floats:
    """Return (rows,) how many different `other` each `one` had within the last day."""
    times, ranks = view.times.values, view.times.ranks
    pair = Groups(pairs(one, other), times, ranks)
    # A pair counts at its first row for a day.
    is_new = np.where(np.nan_to_num(pair.gap_before(), nan=np.inf) > day, 1.0, 0.0)
    return Groups(one, times, ranks).window(day, 0, is_new)


def _counterpart(counterpart: Groups, windows: Windows) -> dict[str, Floats]:
    hour, day, _ = windows
    n = counterpart.count()
    around, month = counterpart.window(day, day), counterpart.window(30 * day, 30 * day)
    return {
        "gap_before_counterpart": np.log1p(counterpart.gap_before() / hour),
        "count_hour_counterpart": counterpart.window(hour, 0) / np.sqrt(n),
        "count_day_counterpart": counterpart.window(day, 0) / np.sqrt(n),
        "burst_counterpart": np.log(around / np.maximum(month / 20, 0.2)),
    }


MODULE = FeatureModule(
    names=(
        "hour_rarity", "hour_night", "hour_habit", "gap_before_actor", "gap_after_actor", "count_hour_actor",
        "count_day_actor", "count_week_actor", "sum_day_actor", "sum_week_actor", "burst_actor", "spend_burst_actor",
        "dormant_actor", "gap_before_counterpart", "count_hour_counterpart", "count_day_counterpart", "burst_counterpart",
        "newcomers_counterpart", "fan_in_day", "fan_out_day", "table_burst",
    ),
    compute=compute,
    groupings=frozenset({"row", "actor", "counterpart"}),
)  # fmt: skip
