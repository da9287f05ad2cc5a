"""Hours and rhythm: unusual hours, bursts, silences; counts and sums over an hour, a day and a week."""

from __future__ import annotations

import numpy as np

from vigie.arrays import Codes, Floats
from vigie.features.columns import ColumnView
from vigie.features.groups import Groups, pairs


def compute(view: ColumnView) -> dict[str, Floats]:
    """Features of when a row happens, of whatever notion of time the table has."""
    out = _hours(view)
    if view.time is None:
        return out
    hour, day, week = view.windows
    actor = view.groups("actor")
    if actor is not None and actor.repeats:
        out |= _actor(view, actor, hour, day, week)
    counterpart = view.groups("counterpart")
    if counterpart is not None and counterpart.repeats:
        out |= _counterpart(counterpart, hour, day)
        if view.has_repeats("actor"):
            newcomers = counterpart.window(hour, hour, view.is_first_of_actor)
            out["newcomers_counterpart"] = newcomers / np.sqrt(counterpart.count())
    who, whom = view.counterpart, view.actor
    if (
        who is not None
        and whom is not None
        and view.has_all_rows_of("counterpart")
        and view.has_repeats("actor")
    ):
        out["fan_in_day"] = _distinct_in_day(view, who, whom, day)
    if view.has_all_rows_of("row"):
        out["table_burst"] = _around(view, hour) / np.maximum(_around(view, day * 3), 1)
    return out


def _around(view: ColumnView, width: float) -> Floats:
    """Rows of the whole table within `width` of each row."""
    time = time_of(view)
    times = view.state.time.ascending.get(lambda: np.sort(time))
    low = np.searchsorted(times, time - width, "left")
    high = np.searchsorted(times, time + width, "right")
    return np.asarray(high - low, dtype=float)


def _hours(view: ColumnView) -> dict[str, Floats]:
    hour = view.hour
    if hour is None:
        return {}
    out: dict[str, Floats] = {}
    if view.has_all_rows_of("row"):
        out["hour_rarity"] = -np.log(_hour_density(view, hour))
        night = ((hour < 5.5) | (hour >= 23)).astype(float)
        out["hour_night"] = np.where(np.isfinite(hour), night, np.nan)
    actor = view.groups("actor")
    if actor is not None and actor.repeats:
        angle = hour / 24 * 2 * np.pi
        cos, sin = np.nan_to_num(np.cos(angle)), np.nan_to_num(np.sin(angle))
        x = actor.leave_one_out_mean(cos, view.state.time.mean_cosine.get(lambda: float(cos.mean())), 2.0)
        y = actor.leave_one_out_mean(sin, view.state.time.mean_sine.get(lambda: float(sin.mean())), 2.0)
        out["hour_habit"] = np.where(np.isfinite(hour), -(cos * x + sin * y), np.nan)
    return out


def _hour_density(view: ColumnView, hour: Floats) -> Floats:
    """Smoothed share of the rows around each row's hour, on a circle of 48 half hours."""
    ok = np.isfinite(hour)
    bins = np.zeros(len(hour), dtype=np.int64)
    bins[ok] = np.clip((hour[ok] * 2).astype(np.int64), 0, 47)
    counts = view.state.time.half_hours.get(lambda: np.bincount(bins[ok], minlength=48).astype(float))
    smooth = counts + 0.5 * (np.roll(counts, 1) + np.roll(counts, -1))
    share = (smooth + 1) / (smooth.sum() + 48)
    return np.where(ok, share[bins], np.nan)


def _actor(view: ColumnView, actor: Groups, hour: float, day: float, week: float) -> dict[str, Floats]:
    n = actor.count()
    counts_day, counts_week = actor.window(day, 0), actor.window(week, 0)
    around = actor.window(day, day)
    span = actor.max(time_of(view)) + actor.max(-time_of(view))
    expected = n * np.minimum(2 * day / (span + 2 * day), 1.0)
    before = actor.gap_before()
    out = {
        "gap_before_actor": np.log1p(before / hour),
        "gap_after_actor": np.log1p(actor.gap_after() / hour),
        "dormant_actor": np.log1p(before / hour) - np.log1p((span / np.maximum(n - 1, 1)) / hour),
        "count_hour_actor": actor.window(hour, 0),
        "count_day_actor": counts_day,
        "count_week_actor": counts_week,
        "burst_actor": np.log(around / np.maximum(expected, 0.1)),
    }
    if view.summable_amount is not None:
        amount = view.summable_amount
        total = actor.sum(amount)
        share = np.minimum(2 * day / (span + 2 * day), 1.0)
        out["sum_day_actor"] = actor.window(day, 0, amount)
        out["sum_week_actor"] = actor.window(week, 0, amount)
        least = 1e-9 * (view.state.amounts.mean.get(lambda: float(amount.mean())) or 1.0)
        spent = np.maximum(actor.window(day, day, amount), 0.0)
        # Rounded: who spent all of it here is exactly at 0, and the rounding of sums must not rank them.
        out["spend_burst_actor"] = np.round(np.log((spent + least) / (total * share + least)), 6)
    if view.counterpart is not None:
        out["fan_out_day"] = _distinct_in_day(view, actor.group_of_row(), view.counterpart, day)
    return out


def time_of(view: ColumnView) -> Floats:
    """The time of a table that is known to have one."""
    if view.time is None:
        raise ValueError("this table has no time")
    return view.time


def _distinct_in_day(view: ColumnView, who: Codes, whom: Codes, day: float) -> Floats:
    """Different `whom` of each `who` within the last day: a pair counts once, at its latest row before."""
    pair = Groups(pairs(who, whom), view.time, view.time_ranks)
    fresh = np.where(np.nan_to_num(pair.gap_before(), nan=np.inf) > day, 1.0, 0.0)
    return Groups(who, view.time, view.time_ranks).window(day, 0, fresh)


def _counterpart(counterpart: Groups, hour: float, day: float) -> dict[str, Floats]:
    n = counterpart.count()
    around_hour, around_day = counterpart.window(hour, 0), counterpart.window(day, 0)
    both, long = counterpart.window(day, day), counterpart.window(30 * day, 30 * day)
    return {
        "gap_before_counterpart": np.log1p(counterpart.gap_before() / hour),
        "count_hour_counterpart": around_hour / np.sqrt(n),
        "count_day_counterpart": around_day / np.sqrt(n),
        "burst_counterpart": np.log(both / np.maximum(long / 20, 0.2)),
    }
