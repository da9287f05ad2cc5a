"""Building blocks of schemes: how many incidents, how long each, when, and for how much."""

from dataclasses import dataclass

import numpy as np

from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, Floats, Ints, loguniform, scatter


@dataclass(frozen=True)
class Incidents:
    """Several runs of rows.

    Attributes:
        count: how many incidents.
        of: incident of each row, ascending.
        step: position of each row within its incident, from 0.
        size: rows of each incident.
    """

    count: int
    of: Ints
    step: Ints
    size: Ints

    def __len__(self) -> int:
        return len(self.of)


def incidents(scene: Scene, budget: int, low: float, high: float) -> Incidents:
    """Incidents whose sizes share one random typical size between the bounds and add up to about the budget."""
    rng = scene.rng
    typical = loguniform(rng, low, max(low, min(high, 1.2 * budget)))
    size = np.maximum(round(low), rng.poisson(typical, max(1, int(2 * budget / typical) + 1)))
    count = int(np.searchsorted(np.cumsum(size), 0.8 * budget)) + 1
    size = size[:count]
    of = np.repeat(np.arange(len(size)), size)
    step = np.arange(len(of)) - np.repeat(np.cumsum(size) - size, size)
    return Incidents(len(size), of, step, size)


def moments(scene: Scene, n: int) -> Floats:
    """Moments to begin: like honest ones, at dead of night, or any hour, one of these for all."""
    rng = scene.rng
    style = rng.choice(("honest", "night", "any"), p=(0.5, 0.25, 0.25))
    if style == "honest":
        return scene.events.t[rng.integers(0, len(scene.events), n)]
    t = rng.uniform(0, scene.span, n)
    if style == "night":
        t = t // DAY * DAY + rng.normal(loguniform(rng, 1, 5), 1.5, n) % 24 * 3600
    return t


def sequence(scene: Scene, runs: Incidents, start: Floats, duration: float) -> Floats:
    """Ordered moments within each incident, spread over about this many seconds from its start."""
    length = np.minimum(duration * scene.rng.lognormal(0, 0.4, runs.count), scene.span * 0.5)
    start = np.minimum(start, scene.span - length)
    offset = scene.rng.random(len(runs))
    offset = offset[np.lexsort((offset, runs.of))]
    offset[runs.step == 0] = 0.0
    return np.maximum(start, 0)[runs.of] + offset * length[runs.of]


def humanly(scene: Scene, t: Floats, who: Ints, kind: Ints) -> Floats:
    """The same days, at hours the customer would honestly keep."""
    people = scene.people
    return t // DAY * DAY + scene.clock.hours_of(people.peak[who], people.regularity[who], kind) * 3600


def sums(scene: Scene, who: Ints, kind: Ints, style: str) -> Floats:
    """Amounts a criminal takes.

    Args:
        scene: the world.
        who: customer of each row.
        kind: kind of each row.
        style: "ordinary" as the customer spends; "typical" as anyone spends on that kind; "small" a fraction, "large" some times, "huge"
            many times the habit; "tiny" tests; "absolute" above a level of the whole table; "round" large and round.
    """
    rng, n = scene.rng, len(who)
    habit = np.exp(scene.price[kind] + scene.people.habit[who])
    noise = rng.lognormal(0, rng.uniform(0.1, 0.7), n)
    match style:
        case "ordinary":
            return scene.amounts(who, kind, np.zeros(n, np.int64))
        case "typical":
            return np.exp(scene.price[kind]) * noise * loguniform(rng, 0.8, 4)
        case "small":
            return habit * noise * loguniform(rng, 0.05, 0.6)
        case "tiny":
            return rng.uniform(0.5, 1.5, n) * (
                float(np.exp(scene.price.mean())) * loguniform(rng, 0.005, 0.1)
            )
        case "huge":
            return habit * noise * loguniform(rng, 8, 60)
        case "absolute":
            high = np.quantile(scene.events.amount, rng.uniform(0.9, 0.995))
            return float(high) * (1 + rng.exponential(rng.uniform(0.1, 1), n))
        case "round":
            return nice(scene, habit * noise * loguniform(rng, 1, 8))
        case _:
            return habit * noise * loguniform(rng, 1.5, 10)


def style(scene: Scene, **weights: float) -> str:
    """One style of amount for a whole scheme."""
    p = np.array(list(weights.values()))
    return str(scene.rng.choice(list(weights), p=p / p.sum()))


def nice(scene: Scene, amount: Floats) -> Floats:
    """To one significant figure of the world's currency, as people say sums."""
    power = 10.0 ** np.floor(np.log10(np.maximum(amount * scene.scale, 1e-9)))
    return np.maximum(np.round(amount * scene.scale / power), 1) * power / scene.scale


def rounded(scene: Scene, amount: Floats) -> Floats:
    """Some sums to half a digit more than one significant figure; equal sums stay equal."""
    chosen = scatter(amount.view(np.int64), np.full(len(amount), scene.salt)) < scene.roundness
    half = 10.0 ** np.floor(np.log10(np.maximum(amount * scene.scale, 1e-9))) / 2
    return np.where(chosen, np.maximum(np.round(amount * scene.scale / half), 1) * half / scene.scale, amount)


def disguise(scene: Scene, rows: Events, runs: Incidents, new_device: float, new_ip: float) -> Events:
    """Give incidents a criminal's device and address, with these chances, and weaker authentication."""
    rng = scene.rng
    hit = (rng.random(runs.count) < new_device)[runs.of]
    rows.device = np.where(hit, scene.new_devices(runs.count)[runs.of], rows.device)
    hit = (rng.random(runs.count) < new_ip)[runs.of]
    rows.ip = np.where(hit, scene.new_ips(runs.count)[runs.of], rows.ip)
    rows.strong &= rng.random(len(rows)) > rng.choice((0.0, 0.5, 0.95))
    return rows


def nothing(scene: Scene) -> Events:
    """No new row."""
    return scene.events.take(np.zeros(0, np.int64))


__all__ = [
    "Incidents",
    "disguise",
    "humanly",
    "incidents",
    "moments",
    "nice",
    "nothing",
    "rounded",
    "sequence",
    "style",
    "sums",
]
