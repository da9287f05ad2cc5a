"""Building blocks of schemes: how many incidents there are, how long each takes, when, and for how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vigie.simulator.events.environment import Environment
from vigie.simulator.events.event_rows import Events
from vigie.simulator.sampling import DAY, Floats, Ints, hash_uniform, loguniform


@dataclass(frozen=True)
class Incidents:
    """Runs of rows, one run per incident.

    Attributes:
        count: number of incidents.
        incident: (rows,) incident of each row, ascending.
        step: (rows,) position of each row within its incident, from 0.
        size: (incidents,) rows of each.
    """

    count: int
    incident: Ints
    step: Ints
    size: Ints

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.incident)

    @property
    def last(self) -> Ints:
        """(incidents,) position of the last row of each."""
        return np.cumsum(self.size) - 1


def draw_incidents(env: Environment, budget: int, low: float, high: float) -> Incidents:
    """Draw incidents around one typical size between the bounds that add up to about `budget` rows."""
    rng = env.rng
    typical = loguniform(rng, low, max(low, min(high, 1.2 * budget)))
    size = np.maximum(round(low), rng.poisson(typical, max(1, int(2 * budget / typical) + 1)))
    size = size[: int(np.searchsorted(np.cumsum(size), 0.8 * budget)) + 1]
    incident = np.repeat(np.arange(len(size)), size)
    step = np.arange(len(incident)) - np.repeat(np.cumsum(size) - size, size)
    return Incidents(len(size), incident, step, size)


def start_times(env: Environment, n: int) -> Floats:
    """Draw (n,) times: all as legitimate events have them, all at night, or all at any hour."""
    rng = env.rng
    style = rng.choice(("usual", "night", "any"), p=(0.5, 0.25, 0.25))
    if style == "usual":
        return env.events.t[rng.integers(0, len(env.events), n)]
    t = rng.uniform(0, env.span, n)
    if style == "night":
        t = t // DAY * DAY + rng.normal(loguniform(rng, 1, 5), 1.5, n) % 24 * 3600
    return t


def times_within(env: Environment, runs: Incidents, start: Floats, duration: float) -> Floats:
    """Draw (rows,) ordered times within each incident, spread over about `duration` seconds from its start."""
    length = np.minimum(duration * env.rng.lognormal(0, 0.4, runs.count), env.span * 0.5)
    start = np.minimum(start, env.span - length)
    offset = env.rng.random(len(runs))
    offset = offset[np.lexsort((offset, runs.incident))]
    offset[runs.step == 0] = 0.0
    return np.maximum(start, 0)[runs.incident] + offset * length[runs.incident]


def incident_times(
    env: Environment,
    runs: Incidents,
    *,
    days: tuple[float, float] | None = None,
    seconds: tuple[float, float] | None = None,
) -> Floats:
    """Draw (rows,) ordered times; incidents start at `start_times` and last a random duration between the bounds.

    Args:
        env: the environment.
        runs: the incidents.
        days: bounds of the duration in days.
        seconds: the same in seconds, where `days` is None.
    """
    start = start_times(env, runs.count)
    duration = loguniform(env.rng, *days) * DAY if days else loguniform(env.rng, *(seconds or (1, DAY)))
    return times_within(env, runs, start, duration)


def at_usual_hours(env: Environment, t: Floats, customer: Ints, event_type: Ints) -> Floats:
    """Return the same days at hours the customers usually keep."""
    customers = env.customers
    hours = env.calendar.hours_of(customers.peak[customer], customers.regularity[customer], event_type)
    return t // DAY * DAY + hours * 3600


def draw_amounts(env: Environment, customer: Ints, event_type: Ints, **styles: float) -> Floats:
    """Draw the amounts a fraudster takes, all in one style.

    Args:
        env: the environment.
        customer: (rows,) customer indices.
        event_type: (rows,) event types.
        styles: weights of the styles, one of which is drawn. `ordinary`: as the customer spends; `typical`: as anyone spends
            on the event type; `small`, `large`, `huge`: a fraction, some times, many times the customer's level; `tiny`: test
            amounts; `absolute`: above a high quantile of the table; `round`: large and round.
    """
    rng, n = env.rng, len(customer)
    style = next(iter(styles))
    if len(styles) > 1:
        weights = np.array(list(styles.values()))
        style = str(rng.choice(list(styles), p=weights / weights.sum()))
    level = np.exp(env.log_amount[event_type] + env.customers.habit[customer])
    noise = rng.lognormal(0, rng.uniform(0.1, 0.7), n)
    match style:
        case "ordinary":
            return env.usual_amounts(customer, event_type, np.zeros(n, np.int64))
        case "typical":
            return np.exp(env.log_amount[event_type]) * noise * loguniform(rng, 0.8, 4)
        case "small":
            return level * noise * loguniform(rng, 0.05, 0.6)
        case "tiny":
            base = rng.uniform(0.5, 1.5, n)
            return base * (float(np.exp(env.log_amount.mean())) * loguniform(rng, 0.005, 0.1))
        case "huge":
            return level * noise * loguniform(rng, 8, 60)
        case "absolute":
            high = np.quantile(env.events.amount, rng.uniform(0.9, 0.995))
            return float(high) * (1 + rng.exponential(rng.uniform(0.1, 1), n))
        case "round":
            return round_to_one_digit(env, level * noise * loguniform(rng, 1, 8))
        case "large":
            return level * noise * loguniform(rng, 1.5, 10)
        case _:
            raise ValueError(f"unknown style of amounts {style!r}")


def round_to_one_digit(env: Environment, amount: Floats) -> Floats:
    """Round to one significant digit of the table's currency."""
    power = 10.0 ** np.floor(np.log10(np.maximum(amount * env.currency_scale, 1e-9)))
    return np.maximum(np.round(amount * env.currency_scale / power), 1) * power / env.currency_scale


def round_some(env: Environment, amount: Floats) -> Floats:
    """Round the table's share of round amounts to one significant digit or half of it; equal amounts stay equal."""
    chosen = hash_uniform(amount.view(np.int64), np.full(len(amount), env.salt)) < env.round_share
    scaled = amount * env.currency_scale
    half = 10.0 ** np.floor(np.log10(np.maximum(scaled, 1e-9))) / 2
    return np.where(chosen, np.maximum(np.round(scaled / half), 1) * half / env.currency_scale, amount)


def use_new_devices(env: Environment, rows: Events, runs: Incidents, device: float, ip: float) -> Events:
    """Give incidents a fraudster's device and address, with these probabilities, and weaker authentication."""
    rng = env.rng
    hit = (rng.random(runs.count) < device)[runs.incident]
    rows.device = np.where(hit, env.new_devices(runs.count)[runs.incident], rows.device)
    hit = (rng.random(runs.count) < ip)[runs.incident]
    rows.ip = np.where(hit, env.new_ips(runs.count)[runs.incident], rows.ip)
    rows.strong &= rng.random(len(rows)) > rng.choice((0.0, 0.5, 0.95))
    return rows


def no_new_events(env: Environment) -> Events:
    """Return no event: the scheme has only changed events that exist."""
    return env.events.take(np.zeros(0, np.int64))
