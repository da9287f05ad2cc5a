"""Honest life that looks like fraud. Each adds honest rows, or changes some, and is as random as the frauds are."""

import numpy as np

from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, loguniform
from vigie.simulator.engine.incidents import incidents, moments, nice, nothing, sequence, sums
from vigie.simulator.engine.schemes import kind_choice, outgoing


def travel(scene: Scene, budget: int) -> Events:
    """A customer goes away for days: far places, unknown shops, more and larger payments, odd hours."""
    rng = scene.rng
    runs = incidents(scene, budget, 3, 15)
    who = scene.victims(runs.count)[runs.of]
    t = sequence(scene, runs, moments(scene, runs.count), rng.uniform(1, 12) * DAY)
    rows = scene.make(who, t, known=False)
    rows.amount *= rng.lognormal(rng.uniform(0, 0.8), 0.3, len(rows))
    far = loguniform(rng, 1, 30)
    rows.lat = np.clip(rows.lat + rng.normal(0, far, runs.count)[runs.of], -85, 85)
    rows.lon = rows.lon + rng.normal(0, far, runs.count)[runs.of]
    if rng.random() < 0.5:
        rows.country = rng.integers(1, scene.places.countries, runs.count)[runs.of]
    return rows


def new_phone(scene: Scene, budget: int) -> Events:
    """Customers change their phone and go on as before."""
    rng, e = scene.rng, scene.events
    who = scene.victims(min(scene.people.active, max(1, budget // 2)))
    device = np.full(len(scene.people), -1)
    device[who] = scene.new_devices(len(who))
    since = rng.uniform(0, scene.span, len(scene.people))
    changed = (device[e.who] >= 0) & (e.t >= since[e.who])
    e.device = np.where(changed, device[e.who], e.device)
    return nothing(scene)


def big_purchase(scene: Scene, budget: int) -> Events:
    """One-off purchases many times the habit: furniture, a car, a deposit."""
    rng = scene.rng
    who = scene.victims(budget)
    kind = kind_choice(scene, budget, outgoing(scene))
    rows = scene.make(who, moments(scene, budget), kind=kind, known=rng.random(budget) < 0.3)
    rows.amount = sums(scene, who, kind, str(rng.choice(("large", "huge", "absolute", "round"))))
    rows.strong = rng.random(budget) < 0.9
    return rows


def tiny_payments(scene: Scene, budget: int) -> Events:
    """Test purchases of one unit, tips, parking: tiny sums at any time."""
    who = scene.victims(budget)
    kind = kind_choice(scene, budget, outgoing(scene))
    amount = sums(scene, who, kind, "tiny")
    return scene.make(who, moments(scene, budget), kind=kind, amount=np.maximum(nice(scene, amount), 1e-6))


def shopping_day(scene: Scene, budget: int) -> Events:
    """Several purchases within hours at several shops: sales, markets, moving house."""
    rng = scene.rng
    runs = incidents(scene, budget, 4, 14)
    who = scene.victims(runs.count)[runs.of]
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.1, 2) * DAY)
    rows = scene.make(who, t, kind=kind_choice(scene, len(runs), outgoing(scene)), known=rng.random() < 0.5)
    rows.amount *= rng.lognormal(rng.uniform(0, 0.5), 0.2, len(rows))
    return rows


def subscription(scene: Scene, budget: int) -> Events:
    """The same sum to the same party again and again, machines' hours."""
    rng = scene.rng
    runs = incidents(scene, budget, 3, 12)
    rows = scene.make(scene.victims(runs.count), np.zeros(runs.count), known=True)
    period = scene.span / np.maximum(runs.size[runs.of], 1)
    t = runs.step * period + rng.random(runs.count)[runs.of] * 0.2 * period
    again = rows.take(runs.of)
    again.t = np.minimum(t // DAY * DAY + rng.integers(0, 24) * 3600.0, scene.span - 1)
    return again


def salary_day(scene: Scene, budget: int) -> Events:
    """One payer pays many people at once, round or equal sums: wages, pensions, winnings."""
    rng = scene.rng
    runs = incidents(scene, budget, 6, 60)
    payer = scene.victims(runs.count, business=True)[runs.of]
    kind = np.repeat(kind_choice(scene, runs.count), runs.size)
    day = rng.integers(0, scene.clock.days, runs.count)[runs.of]
    t = day * DAY + 9 * 3600 + rng.exponential(1200, len(runs))
    rows = scene.make(payer, t, kind=kind, known=True)
    if rng.random() < 0.7:
        rows.amount = nice(scene, rows.amount)
    return rows


def popular_receiver(scene: Scene, budget: int) -> Events:
    """Many people pay one party: a landlord, a charity drive, a gig worker, a ticket sale."""
    rng = scene.rng
    runs = incidents(scene, budget, 5, 50)
    who = scene.victims(len(runs))
    kind = np.repeat(kind_choice(scene, runs.count, outgoing(scene)), runs.size)
    one = scene.others(who, kind, np.ones(len(who), dtype=bool))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.3, 30) * DAY)
    rows = scene.make(who, t, kind=kind, other=one[np.cumsum(runs.size) - 1][runs.of])
    if rng.random() < 0.5:
        rows.amount = nice(scene, rows.amount[np.cumsum(runs.size) - 1])[runs.of]
    return rows


def treasury(scene: Scene, budget: int) -> Events:
    """Accounts that empty themselves on purpose: daily sweeps of a shop, students drawing all of an allowance."""
    rng = scene.rng
    runs = incidents(scene, budget, 3, 25)
    who = scene.victims(runs.count)[runs.of]
    kind = np.repeat(kind_choice(scene, runs.count, outgoing(scene)), runs.size)
    drain = np.clip(rng.normal(rng.uniform(0.8, 1.0), 0.05, len(runs)), 0.1, 1)
    t = sequence(scene, runs, moments(scene, runs.count), scene.span * 0.9)
    rows = scene.make(who, t, kind=kind, drain=drain, known=True)
    rows.other = rows.other[np.cumsum(runs.size) - 1][runs.of]
    return rows


def moving(scene: Scene, budget: int) -> Events:
    """Students and workers move to another city and live there from then on."""
    rng, e, people = scene.rng, scene.events, scene.people
    who = scene.victims(min(people.active, max(1, budget // 4)))
    target = rng.integers(0, len(scene.places.lat), len(people))
    mover = np.zeros(len(people), dtype=bool)
    mover[who] = True
    since = rng.uniform(0, scene.span, len(people))
    gone = mover[e.who] & (e.t >= since[e.who])
    e.lat = np.where(gone, scene.places.lat[target[e.who]] + rng.normal(0, 0.1, len(e)), e.lat)
    e.lon = np.where(gone, scene.places.lon[target[e.who]] + rng.normal(0, 0.1, len(e)), e.lon)
    return nothing(scene)


def busy_point(scene: Scene, budget: int) -> Events:
    """A merchant or terminal with a rush: an event, a promotion, many unknown customers within hours."""
    rng = scene.rng
    runs = incidents(scene, budget, 8, 60)
    who = scene.victims(len(runs)) if rng.random() < 0.7 else scene.strangers(len(runs))
    kind = np.repeat(kind_choice(scene, runs.count, outgoing(scene)), runs.size)
    other = scene.others(who, kind, np.zeros(len(who), dtype=bool))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.05, 3) * DAY)
    return scene.make(who, t, kind=kind, other=other[np.cumsum(runs.size) - 1][runs.of])


EVERYDAY = (
    (travel, 2.0),
    (new_phone, 1.0),
    (big_purchase, 3.0),
    (tiny_payments, 1.5),
    (shopping_day, 3.0),
    (subscription, 1.5),
    (popular_receiver, 1.0),
    (moving, 1.0),
    (busy_point, 1.0),
)

MONEY = (
    (new_phone, 1.0),
    (big_purchase, 3.0),
    (tiny_payments, 1.0),
    (shopping_day, 1.0),
    (subscription, 1.5),
    (salary_day, 2.0),
    (popular_receiver, 2.0),
    (treasury, 2.0),
    (busy_point, 1.0),
)
