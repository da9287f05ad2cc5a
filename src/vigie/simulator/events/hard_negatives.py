"""Hard negatives: legitimate behaviour that looks like fraud; each adds legitimate rows or changes some."""

from __future__ import annotations

import numpy as np

from vigie.simulator.events import (
    DAY,
    Environment,
    Events,
    draw_amounts,
    draw_incidents,
    incident_times,
    loguniform,
    no_new_events,
    round_to_one_digit,
    start_times,
    times_within,
)


def travel(env: Environment, budget: int) -> Events:
    """Travel: distant places, new merchants, more and larger payments for some days."""
    rng = env.rng
    runs = draw_incidents(env, budget, 3, 15)
    customer = env.victims(runs.count)[runs.incident]
    t = times_within(env, runs, start_times(env, runs.count), rng.uniform(1, 12) * DAY)
    rows = env.make(customer, t, known=False)
    rows.amount *= rng.lognormal(rng.uniform(0, 0.8), 0.3, len(rows))
    far = loguniform(rng, 1, 30)
    rows.lat = np.clip(rows.lat + rng.normal(0, far, runs.count)[runs.incident], -85, 85)
    rows.lon = rows.lon + rng.normal(0, far, runs.count)[runs.incident]
    if rng.random() < 0.5:
        rows.country = rng.integers(1, env.places.countries, runs.count)[runs.incident]
    return rows


def new_phone(env: Environment, budget: int) -> Events:
    """New phone: customers change their device."""
    rng, e = env.rng, env.events
    customer = env.victims(min(env.customers.active, max(1, budget // 2)))
    device = np.full(len(env.customers), -1)
    device[customer] = env.new_devices(len(customer))
    since = rng.uniform(0, env.span, len(env.customers))
    changed = (device[e.customer] >= 0) & (e.t >= since[e.customer])
    e.device = np.where(changed, device[e.customer], e.device)
    return no_new_events(env)


def big_purchase(env: Environment, budget: int) -> Events:
    """Large one-off purchases: furniture, a car, a deposit."""
    rng = env.rng
    customer = env.victims(budget)
    event_type = env.choose_types(budget, env.outgoing_types)
    rows = env.make(customer, start_times(env, budget), event_type=event_type, known=rng.random(budget) < 0.3)
    style = str(rng.choice(("large", "huge", "absolute", "round")))
    rows.amount = draw_amounts(env, customer, event_type, **{style: 1.0})
    rows.strong = rng.random(budget) < 0.9
    return rows


def tiny_payments(env: Environment, budget: int) -> Events:
    """Tiny payments: tips, parking, tests."""
    customer = env.victims(budget)
    event_type = env.choose_types(budget, env.outgoing_types)
    amount = draw_amounts(env, customer, event_type, tiny=1)
    return env.make(
        customer,
        start_times(env, budget),
        event_type=event_type,
        amount=np.maximum(round_to_one_digit(env, amount), 1e-6),
    )


def shopping_day(env: Environment, budget: int) -> Events:
    """Shopping day: several purchases within hours at several merchants."""
    rng = env.rng
    runs = draw_incidents(env, budget, 4, 14)
    customer = env.victims(runs.count)[runs.incident]
    t = incident_times(env, runs, days=(0.1, 2))
    rows = env.make(customer, t, env.choose_types(len(runs), env.outgoing_types), known=rng.random() < 0.5)
    rows.amount *= rng.lognormal(rng.uniform(0, 0.5), 0.2, len(rows))
    return rows


def subscription(env: Environment, budget: int) -> Events:
    """Subscription: the same amount to the same merchant at regular intervals."""
    rng = env.rng
    runs = draw_incidents(env, budget, 3, 12)
    rows = env.make(env.victims(runs.count), np.zeros(runs.count), known=True)
    period = env.span / np.maximum(runs.size[runs.incident], 1)
    t = runs.step * period + rng.random(runs.count)[runs.incident] * 0.2 * period
    again = rows.take(runs.incident)
    again.t = np.minimum(t // DAY * DAY + rng.integers(0, 24) * 3600.0, env.span - 1)
    return again


def salary_day(env: Environment, budget: int) -> Events:
    """Pay day: one payer pays many persons at once, often round amounts."""
    rng = env.rng
    runs = draw_incidents(env, budget, 6, 60)
    payer = env.victims(runs.count, business=True)[runs.incident]
    event_type = np.repeat(env.choose_types(runs.count), runs.size)
    day = rng.integers(0, env.calendar.days, runs.count)[runs.incident]
    t = day * DAY + 9 * 3600 + rng.exponential(1200, len(runs))
    rows = env.make(payer, t, event_type, known=True)
    if rng.random() < 0.7:
        rows.amount = round_to_one_digit(env, rows.amount)
    return rows


def popular_receiver(env: Environment, budget: int) -> Events:
    """Popular receiver: many customers pay one counterparty, such as a landlord, a charity or a ticket sale."""
    rng = env.rng
    runs = draw_incidents(env, budget, 5, 50)
    customer = env.victims(len(runs))
    event_type = np.repeat(env.choose_types(runs.count, env.outgoing_types), runs.size)
    one = env.counterparties(customer, event_type, np.ones(len(customer), dtype=bool))
    t = incident_times(env, runs, days=(0.3, 30))
    rows = env.make(customer, t, event_type, counterparty=one[runs.last][runs.incident])
    if rng.random() < 0.5:
        rows.amount = round_to_one_digit(env, rows.amount[runs.last])[runs.incident]
    return rows


def treasury(env: Environment, budget: int) -> Events:
    """Account sweeps: accounts regularly emptied to one counterparty."""
    rng = env.rng
    runs = draw_incidents(env, budget, 3, 25)
    customer = env.victims(runs.count)[runs.incident]
    event_type = np.repeat(env.choose_types(runs.count, env.outgoing_types), runs.size)
    drain = np.clip(rng.normal(rng.uniform(0.8, 1.0), 0.05, len(runs)), 0.1, 1)
    t = times_within(env, runs, start_times(env, runs.count), env.span * 0.9)
    rows = env.make(customer, t, event_type, drain=drain, known=True)
    rows.counterparty = rows.counterparty[runs.last][runs.incident]
    return rows


def moving(env: Environment, budget: int) -> Events:
    """Moving house: customers live in another city from some day on."""
    rng, e, customers = env.rng, env.events, env.customers
    customer = env.victims(min(customers.active, max(1, budget // 4)))
    target = rng.integers(0, len(env.places.lat), len(customers))
    mover = np.zeros(len(customers), dtype=bool)
    mover[customer] = True
    since = rng.uniform(0, env.span, len(customers))
    gone = mover[e.customer] & (e.t >= since[e.customer])
    e.lat = np.where(gone, env.places.lat[target[e.customer]] + rng.normal(0, 0.1, len(e)), e.lat)
    e.lon = np.where(gone, env.places.lon[target[e.customer]] + rng.normal(0, 0.1, len(e)), e.lon)
    return no_new_events(env)


def busy_point(env: Environment, budget: int) -> Events:
    """Busy merchant: many new customers within hours, as at an event or a promotion."""
    rng = env.rng
    runs = draw_incidents(env, budget, 8, 60)
    customer = env.victims(len(runs)) if rng.random() < 0.7 else env.fraud_accounts(len(runs))
    event_type = np.repeat(env.choose_types(runs.count, env.outgoing_types), runs.size)
    counterparty = env.counterparties(customer, event_type, np.zeros(len(customer), dtype=bool))
    t = incident_times(env, runs, days=(0.05, 3))
    return env.make(customer, t, event_type, counterparty=counterparty[runs.last][runs.incident])


CONSUMER_PAYMENTS = (
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

ACCOUNT_TRANSFERS = (
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
