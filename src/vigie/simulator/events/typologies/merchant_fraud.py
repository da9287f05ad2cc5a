"""Frauds around one merchant, terminal or agent."""

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
    times_within,
    use_new_devices,
)
from vigie.simulator.sampling import Bools, Floats, Ints


def _busy_points(env: Environment, n: int) -> Ints:
    """Draw counterparties of legitimate events."""
    e = env.events
    return np.unique(e.counterparty[env.rng.integers(0, len(e), 3 * n)])


def compromised_point(env: Environment, budget: int) -> Events:
    """Compromised terminal: most payments at one terminal or merchant during some days, with ordinary amounts.

    Source: the compromised-terminal scenario of Le Borgne et al., "Reproducible machine learning for credit card fraud detection" (2022).
    """
    rng, e = env.rng, env.events
    days, part = loguniform(rng, 1, 30), rng.uniform(0.6, 1)
    points = rng.permutation(_busy_points(env, 200))
    size = np.bincount(e.counterparty, minlength=int(e.counterparty.max()) + 1)
    points = points[size[points] <= max(3 * budget, 3)]
    done = 0
    for point in points:
        here = np.flatnonzero((e.counterparty == point) & (e.typology == 0))
        if len(here) == 0:
            continue
        begin = rng.choice(e.t[here]) - rng.random() * DAY
        hit = here[(e.t[here] >= begin) & (e.t[here] < begin + days * DAY)]
        hit = hit[rng.random(len(hit)) < part][: 2 * budget]
        env.mark_existing(hit)
        done += len(hit)
        if done >= budget:
            break
    return no_new_events(env)


def skimmed_point(env: Environment, budget: int) -> Events:
    """Skimming: cards used at one common point of purchase are misused elsewhere in the following weeks.

    Source: Europol and card schemes on skimming; the notion of a common point of purchase.
    """
    rng, e = env.rng, env.events
    points = _busy_points(env, 30)
    point = points[np.argmax(np.bincount(e.counterparty)[points] * rng.random(len(points)))]
    seen = np.flatnonzero(e.counterparty == point)
    runs = draw_incidents(env, budget, 1, 5)
    source = rng.choice(seen, runs.count)
    customer = e.customer[source][runs.incident]
    start = e.t[source] + rng.exponential(loguniform(rng, 1, 20) * DAY, runs.count)
    t = times_within(env, runs, start % env.span, loguniform(rng, 1800, 2 * DAY))
    event_type = env.choose_types(len(runs), env.outgoing_types)
    amount = draw_amounts(env, customer, event_type, large=2, ordinary=2, typical=2, round=1)
    return env.make(customer, t, event_type, amount=amount, known=False, strong=False)


def collusive_merchant(env: Environment, budget: int) -> Events:
    """Collusive merchant: invented sales with many cards and round or repeated amounts.

    Source: acquirers' general knowledge of collusive and bust-out merchants.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 6, 80)
    event_type = np.repeat(env.choose_types(runs.count, env.outgoing_types), runs.size)
    customer = env.fraud_accounts(len(runs), new_share=rng.choice((0.0, 0.5, 0.9)))
    if rng.random() < 0.5:
        customer = np.repeat(customer[runs.last], runs.size) if rng.random() < 0.3 else customer
    counterparty = env.merchants_of(event_type[runs.last])[runs.incident]
    t = incident_times(env, runs, days=(0.1, 15))
    amount = _repeated(env, draw_amounts(env, customer, event_type, typical=2, large=2, round=2, ordinary=1))
    return env.make(customer, t, event_type, counterparty=counterparty, amount=amount, known=False)


def fake_merchant(env: Environment, budget: int) -> Events:
    """Fake shop: a new merchant sells to many legitimate customers, never delivers and disappears.

    Source: Europol on fake web shops and triangulation fraud.
    """
    runs = draw_incidents(env, budget, 6, 80)
    customer = env.victims(len(runs))
    event_type = np.repeat(env.choose_types(runs.count, env.outgoing_types), runs.size)
    t = incident_times(env, runs, days=(0.5, 20))
    counterparty = env.new_merchants(runs.count)[runs.incident]
    amount = draw_amounts(env, customer, event_type, ordinary=3, typical=2, large=1, round=1)
    return env.make(customer, t, event_type, counterparty=counterparty, amount=amount, known=False)


def number_attack(env: Environment, budget: int) -> Events:
    """BIN attack: guessed card numbers tried at one merchant within minutes; new cards, equal amounts, few devices.

    Source: card schemes' public warnings on BIN and enumeration attacks.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 8, 120)
    event_type = np.repeat(env.choose_types(runs.count, env.outgoing_types), runs.size)
    customer = env.fraud_accounts(len(runs), new_share=rng.choice((0.3, 1.0)))
    counterparty = env.merchants_of(event_type[runs.last])[runs.incident]
    t = incident_times(env, runs, seconds=(120, 6 * 3600))
    amount = draw_amounts(env, customer, event_type, tiny=3, typical=1, ordinary=1)
    amount = amount[runs.last][runs.incident] if rng.random() < 0.6 else amount
    rows = env.make(
        customer,
        t,
        event_type=event_type,
        counterparty=counterparty,
        amount=amount,
        known=False,
        strong=False,
    )
    return use_new_devices(env, rows, runs, rng.choice((0, 1)), rng.choice((0, 1)))


def split_operations(env: Environment, budget: int) -> Events:
    """Commission splitting: an agent splits one operation into several within hours, to earn the commission of each.

    Source: GSMA and CGAP publications on mobile-money agent fraud.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 3, 10)
    customer = env.victims(runs.count)[runs.incident]
    event_type = np.repeat(env.choose_types(runs.count), runs.size)
    few = env.merchants_of(event_type[runs.last])
    few = few[: max(1, int(rng.integers(1, 4)))] if rng.random() < 0.7 else few
    counterparty = few[np.arange(runs.count) % len(few)][runs.incident]
    t = incident_times(env, runs, seconds=(60, 4 * 3600))
    whole = draw_amounts(env, customer, event_type, ordinary=2, large=2, round=1)
    part = whole[runs.last][runs.incident] / runs.size[runs.incident]
    part = part * (1.0 if rng.random() < 0.5 else rng.lognormal(0, 0.1, len(runs)))
    return env.make(customer, t, event_type, counterparty=counterparty, amount=part)


def refund_abuse(env: Environment, budget: int) -> Events:
    """Refund abuse: refunds to the same few customers, or through the same clerk.

    Source: retail loss-prevention literature on refund and return fraud.
    """
    rng = env.rng
    back = np.flatnonzero(env.flow > 0)
    runs = draw_incidents(env, budget, 3, 25)
    customer = (env.victims(runs.count) if rng.random() < 0.6 else env.fraud_accounts(runs.count))[
        runs.incident
    ]
    event_type = env.pick(back if len(back) else env.outgoing_types, runs.count)[runs.incident]
    t = incident_times(env, runs, days=(0.05, 30))
    amount = _repeated(env, draw_amounts(env, customer, event_type, ordinary=3, large=2, round=1, small=1))
    fields = (
        {"counterparty": env.merchants_of(event_type[runs.last])[runs.incident]} if rng.random() < 0.6 else {}
    )
    return env.make(customer, t, event_type, amount=amount, known=rng.random() < 0.5, **fields)


def _repeated(env: Environment, amount: Floats) -> Floats:
    """Repeat some of the amounts, in some tables."""
    if env.rng.random() < 0.6:
        return amount
    same: Bools = env.rng.random(len(amount)) < env.rng.uniform(0.3, 1)
    return np.where(same, env.pick(amount[: max(1, len(amount) // 8)], len(amount)), amount)
