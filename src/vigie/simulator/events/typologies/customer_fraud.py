"""Frauds against one customer at a time: takeovers, bursts, card testing, distant places, thresholds.

Each scheme draws its own strength, from obvious to hardly visible, so that tables differ in difficulty. Sources are public
knowledge about the typology; nothing is fitted to any table.
"""

from __future__ import annotations

import numpy as np

from vigie.simulator.events import (
    DAY,
    Environment,
    Events,
    at_usual_hours,
    draw_amounts,
    draw_incidents,
    incident_times,
    loguniform,
    no_new_events,
    round_to_one_digit,
    start_times,
    times_within,
    use_new_devices,
)


def takeover_drain(env: Environment, budget: int) -> Events:
    """Account takeover: emptied in one or a few payments to new counterparties, often from a new device.

    Source: Europol, Internet Organised Crime Threat Assessment (account takeover after phishing); general industry knowledge.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 1, 6)
    customer = env.victims(runs.count)[runs.incident]
    event_type = env.choose_types(len(runs), env.outgoing_types)
    t = incident_times(env, runs, seconds=(300, DAY))
    share = np.clip(rng.normal(rng.choice((1.0, 0.95, 0.6)), rng.choice((0.0, 0.1)), len(runs)), 0.05, 1)
    left = (runs.size[runs.incident] - runs.step).astype(float)
    drain = share if rng.random() < 0.5 else share / left
    rows = env.make(customer, t, event_type, known=False, drain=drain)
    if rng.random() < 0.5:
        rows.counterparty = (
            env.fraud_accounts(runs.count)[runs.incident] if env.peer[event_type].all() else rows.counterparty
        )
    return use_new_devices(env, rows, runs, rng.choice((0, 0.7, 1)), rng.choice((0, 0.7, 1)))


def takeover_spend(env: Environment, budget: int) -> Events:
    """Stolen credentials: a few purchases within hours, larger than usual or as usual.

    Source: Nilson-style card loss reports and general card-fraud practice; Bolton and Hand, "Statistical fraud detection: a review" (2002).
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 1, 10)
    customer = env.victims(runs.count)[runs.incident]
    event_type = env.choose_types(len(runs), env.outgoing_types)
    t = incident_times(env, runs, seconds=(600, 2 * DAY))
    amount = draw_amounts(env, customer, event_type, large=4, huge=1, typical=2, ordinary=1, round=1)
    rows = env.make(customer, t, event_type, known=False, amount=amount)
    return use_new_devices(env, rows, runs, rng.choice((0, 0.7, 1)), rng.choice((0, 0.7, 1)))


def long_burst(env: Environment, budget: int) -> Events:
    """Long burst: up to 16 purchases over one to three days that look ordinary one by one, some at night.

    Source: the shape of fraud profiles in public card simulators and of lost-card use in the literature (Whitrow et al., "Transaction
    aggregation as a strategy for credit card fraud detection", 2009).
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 4, 16)
    customer = env.victims(runs.count)[runs.incident]
    event_type = env.choose_types(len(runs), env.outgoing_types)
    t = times_within(env, runs, start_times(env, runs.count), rng.uniform(0.7, 3) * DAY)
    if rng.random() < 0.5:
        late = loguniform(rng, 0.5, 5)
        t = np.where(
            rng.random(len(t)) < 0.8, t // DAY * DAY + (22 + rng.normal(late / 2, 1.5, len(t))) % 24 * 3600, t
        )
    else:
        t = at_usual_hours(env, t, customer, event_type) if rng.random() < 0.5 else t
    amount = draw_amounts(env, customer, event_type, large=3, typical=4, ordinary=2)
    return env.make(customer, t, event_type, amount=amount, known=False)


def compromised_customer(env: Environment, budget: int) -> Events:
    """Compromised customer: part of the customer's own payments are fraudulent for days or weeks, with multiplied amounts.

    Source: the leaked-credentials scenario of Le Borgne et al., "Reproducible machine learning for credit card fraud detection" (2022).
    """
    rng, e = env.rng, env.events
    part = rng.uniform(0.25, 1)
    factor = loguniform(rng, 1.3, 8)
    days = loguniform(rng, 2, 21)
    done = 0
    for customer in env.victims(min(env.customers.active, 4 * budget)):
        mine = np.flatnonzero((e.customer == customer) & (e.typology == 0))
        if len(mine) == 0:
            continue
        begin = e.t[rng.choice(mine)]
        hit = mine[(e.t[mine] >= begin) & (e.t[mine] < begin + days * DAY)]
        hit = hit[rng.random(len(hit)) < part]
        e.amount[hit] *= factor * rng.lognormal(0, 0.2, len(hit))
        env.mark_existing(hit)
        done += len(hit)
        if done >= budget:
            break
    return no_new_events(env)


def card_testing(env: Environment, budget: int) -> Events:
    """Card testing: many tiny payments to find stolen numbers that work, sometimes followed by large ones.

    Source: card schemes' public advice on card testing (also called enumeration or account testing).
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 3, 40)
    event_type = np.repeat(env.choose_types(runs.count, env.outgoing_types), runs.size)
    many = rng.random() < 0.5
    customer = env.victims(len(runs)) if many else env.victims(runs.count)[runs.incident]
    t = incident_times(env, runs, seconds=(60, 0.5 * DAY))
    amount = draw_amounts(env, customer, event_type, tiny=1)
    if rng.random() < 0.6:
        last = runs.step >= runs.size[runs.incident] * rng.uniform(0.6, 0.95)
        amount = np.where(last, draw_amounts(env, customer, event_type, large=1), amount)
    fields = (
        {"counterparty": env.merchants_of(event_type[runs.last])[runs.incident]} if rng.random() < 0.7 else {}
    )
    rows = env.make(customer, t, event_type, amount=amount, known=False, **fields)
    return use_new_devices(env, rows, runs, rng.choice((0, 1)), rng.choice((0, 1)))


def impossible_travel(env: Environment, budget: int) -> Events:
    """Impossible travel: a cloned card used far away or abroad, shortly after its owner used it near home.

    Source: Europol reports on skimming and counterfeit card use overseas; general practice of geographic rules.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 1, 5)
    anchor = rng.integers(0, len(env.events), runs.count)
    customer = env.events.customer[anchor][runs.incident]
    t = times_within(
        env, runs, env.events.t[anchor] + rng.exponential(3 * 3600, runs.count), loguniform(rng, 600, DAY)
    )
    event_type = env.choose_types(len(runs), env.outgoing_types)
    amount = draw_amounts(env, customer, event_type, large=2, ordinary=3, typical=2, round=1)
    rows = env.make(customer, t, event_type, amount=amount, known=False)
    far = loguniform(rng, 0.5, 40)
    rows.lat = np.clip(rows.lat + rng.normal(0, far, runs.count)[runs.incident], -85, 85)
    rows.lon = rows.lon + rng.normal(0, far, runs.count)[runs.incident]
    if rng.random() < 0.6:
        rows.country = rng.integers(1, env.places.countries, runs.count)[runs.incident]
    return use_new_devices(env, rows, runs, rng.choice((0, 0.5)), rng.choice((0, 1)))


def single_unusual(env: Environment, budget: int) -> Events:
    """Single unusual payment: large, of a rare event type, to a new counterparty.

    Source: general knowledge of authorised and unauthorised purchase fraud.
    """
    customer = env.victims(budget)
    rare = np.argsort(env.type_shares)[: max(1, len(env.type_shares) // 2)]
    rare = np.intersect1d(rare, env.outgoing_types)
    event_type = env.pick(rare if len(rare) else env.outgoing_types, budget)
    amount = draw_amounts(env, customer, event_type, large=4, huge=2, absolute=2, typical=1)
    return env.make(customer, start_times(env, budget), event_type=event_type, amount=amount, known=False)


def over_threshold(env: Environment, budget: int) -> Events:
    """Payments above an amount that hardly any legitimate payment reaches, otherwise ordinary.

    Source: the simplest scenario of public card simulators (Le Borgne et al., 2022).
    """
    rng = env.rng
    customer = env.victims(budget)
    event_type = env.choose_types(budget, env.outgoing_types)
    t = at_usual_hours(env, start_times(env, budget), customer, event_type)
    loyal = rng.random(budget) < rng.choice((0.0, 0.5, 1.0))
    return env.make(
        customer,
        t,
        event_type=event_type,
        amount=draw_amounts(env, customer, event_type, absolute=1),
        known=loyal,
    )


def under_threshold(env: Environment, budget: int) -> Events:
    """Structuring: repeated amounts just below a reporting or approval limit, within hours or days.

    Source: FATF guidance on structuring; known to every anti-money-laundering rule book.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 2, 15)
    level = float(round_to_one_digit(env, np.quantile(env.events.amount, [rng.uniform(0.8, 0.995)]))[0])
    customer = (env.fraud_accounts(runs.count) if rng.random() < 0.5 else env.victims(runs.count))[
        runs.incident
    ]
    event_type = np.repeat(env.choose_types(runs.count), runs.size)
    amount = level * (1 - rng.exponential(loguniform(rng, 0.003, 0.06), len(runs)))
    t = incident_times(env, runs, seconds=(3600, 7 * DAY))
    rows = env.make(customer, t, event_type, amount=np.maximum(amount, level * 0.3), known=rng.random() < 0.3)
    if rng.random() < 0.5:
        rows.counterparty = rows.counterparty[runs.last][runs.incident]
    return rows


def device_farm(env: Environment, budget: int) -> Events:
    """Device farm: one device or address for many accounts, old or new, with modest amounts.

    Source: general knowledge of device farms and bot networks in payment and promotion abuse.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 5, 60)
    customer = env.fraud_accounts(len(runs), new_share=rng.choice((0.0, 0.5, 1.0)))
    event_type = np.repeat(env.choose_types(runs.count, env.outgoing_types), runs.size)
    t = incident_times(env, runs, seconds=(3600, 10 * DAY))
    amount = draw_amounts(env, customer, event_type, ordinary=4, small=2, large=2, round=1)
    fields = (
        {"counterparty": env.merchants_of(event_type[runs.last])[runs.incident]} if rng.random() < 0.4 else {}
    )
    rows = env.make(customer, t, event_type, amount=amount, known=False, **fields)
    if rng.random() < 0.75:
        rows.device = env.new_devices(runs.count)[runs.incident]
    else:
        rows.ip = env.new_ips(runs.count)[runs.incident]
    return rows


def bust_out(env: Environment, budget: int) -> Events:
    """Bust-out: an account with ordinary behaviour spends rising amounts within days and then stops.

    Source: general credit-industry knowledge of bust-out and sleeper fraud.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 5, 25)
    fresh = rng.random() < 0.5
    customer = (env.fraud_accounts(runs.count, 1.0) if fresh else env.victims(runs.count))[runs.incident]
    start = rng.uniform(0.4, 0.95, runs.count) * env.span
    e = env.events
    gone = np.isin(e.customer, customer) & (e.t > start.min())
    e.t[gone] *= rng.uniform(0.3, 0.9)
    t = times_within(env, runs, start, rng.uniform(1, 10) * DAY)
    event_type = env.choose_types(len(runs), env.outgoing_types)
    ramp = 1 + runs.step / np.maximum(runs.size[runs.incident], 1) * rng.uniform(0, 5)
    amount = draw_amounts(env, customer, event_type, large=3, typical=2, round=1) * ramp
    return env.make(customer, t, event_type, amount=amount, known=False)
