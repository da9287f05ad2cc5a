"""Frauds that are a path of money between accounts: fans, chains, cycles, pass-through, wash trades."""

from __future__ import annotations

import numpy as np

from vigie.simulator.events import (
    DAY,
    Environment,
    Events,
    concatenate,
    draw_amounts,
    draw_incidents,
    incident_times,
    loguniform,
    start_times,
    use_new_devices,
)
from vigie.simulator.sampling import Floats


def _usual(env: Environment, n: int) -> Floats:
    """Draw amounts around one quantile of the table's amounts."""
    rng = env.rng
    level = np.quantile(env.events.amount, rng.uniform(0.2, 0.99))
    return float(level) * rng.lognormal(0, rng.choice((0.02, 0.3, 0.8)), n)


def fan_in(env: Environment, budget: int) -> Events:
    """Fan-in: many accounts pay one mule within hours or days.

    Source: FATF and Europol (European Money Mule Action) descriptions of collection accounts.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 4, 40)
    customer = env.victims(len(runs)) if rng.random() < 0.6 else env.fraud_accounts(len(runs))
    mule = env.fraud_accounts(runs.count, rng.choice((0.2, 1.0)))[runs.incident]
    event_type = np.repeat(env.choose_types(runs.count, env.peer_types), runs.size)
    t = incident_times(env, runs, days=(0.1, 20))
    return env.make(customer, t, event_type, counterparty=mule, amount=_usual(env, len(runs)), known=False)


def fan_out(env: Environment, budget: int) -> Events:
    """Fan-out: one account pays many others similar amounts within hours or days.

    Source: FATF descriptions of layering; the fan-out pattern of public laundering simulators (Weber et al. and Altman et al., 2018–2023).
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 4, 40)
    mule = env.fraud_accounts(runs.count, rng.choice((0.2, 1.0)))[runs.incident]
    counterparty = env.fraud_accounts(len(runs), rng.choice((0.1, 0.8)))
    event_type = np.repeat(env.choose_types(runs.count, env.peer_types), runs.size)
    t = incident_times(env, runs, days=(0.1, 20))
    return env.make(
        mule, t, event_type, counterparty=counterparty, amount=_usual(env, len(runs)), known=False
    )


def collect_and_pass_on(env: Environment, budget: int) -> Events:
    """Mule account: money arrives from many accounts and leaves within hours in a few large payments or cash.

    Source: Europol, money mules; FATF, professional money laundering (2018).
    """
    rng = env.rng
    inward = fan_in(env, max(3, int(budget * 0.7)))
    mule, first = np.unique(inward.counterparty, return_index=True)
    last = np.array([inward.t[inward.counterparty == m].max() for m in mule])
    total = np.array([inward.amount[inward.counterparty == m].sum() for m in mule])
    parts = int(rng.integers(1, 4))
    customer = np.repeat(mule, parts)
    event_type = env.pick(env.exit_types if rng.random() < 0.5 else env.peer_types, len(customer))
    t = np.repeat(last, parts) + rng.exponential(loguniform(rng, 600, 2 * DAY), len(customer))
    amount = np.repeat(total, parts) / parts * rng.uniform(0.85, 1.0, len(customer))
    customer = np.where(customer < len(env.customers), customer, inward.customer[first].repeat(parts))
    return concatenate([inward, env.make(customer, t, event_type, amount=amount, known=False)])


def chain(env: Environment, budget: int) -> Events:
    """Layering chain: an amount passes through several accounts, losing a little at each step.

    Source: FATF on layering; chain patterns of public laundering simulators.
    """
    return _path(env, budget, closed=False)


def cycle(env: Environment, budget: int) -> Events:
    """Cycle: an amount returns to its first account after several steps.

    Source: FATF on round-tripping; cycle patterns of public laundering simulators.
    """
    return _path(env, budget, closed=True)


def _path(env: Environment, budget: int, *, closed: bool) -> Events:
    rng = env.rng
    runs = draw_incidents(env, budget, 3, 10)
    account = env.fraud_accounts(len(runs), rng.choice((0.0, 0.5, 1.0)))
    following = np.roll(account, -1)
    last = runs.step == runs.size[runs.incident] - 1
    first = account[np.cumsum(runs.size) - runs.size][runs.incident]
    beyond = first if closed else env.fraud_accounts(len(runs))
    counterparty = np.where(last, beyond, following)
    t = incident_times(env, runs, days=(0.02, 15))
    loss = rng.choice((0.0, 0.02, 0.1))
    amount = _usual(env, runs.count)[runs.incident] * (1 - loss) ** runs.step
    event_type = np.repeat(env.choose_types(runs.count, env.peer_types), runs.size)
    return env.make(account, t, event_type, counterparty=counterparty, amount=amount, known=False)


def pass_through(env: Environment, budget: int) -> Events:
    """Pass-through: an amount arrives and leaves shortly after, by a transfer or a withdrawal.

    Source: GSMA on mobile-money cash-out after fraud; Europol on mules.
    """
    rng = env.rng
    n = max(1, budget // 2)
    victim, mule = env.victims(n), env.fraud_accounts(n, rng.choice((0.2, 1.0)))
    t = start_times(env, n)
    event_type = env.pick(env.peer_types, n)
    drained = rng.random() < 0.6
    drain = np.full(n, 1.0 if drained else 0.0)
    first = env.make(victim, t, event_type, counterparty=mule, drain=drain, known=False)
    if not drained:
        first.amount = draw_amounts(env, victim, event_type, large=3, ordinary=2, round=1)
    later = t + rng.exponential(loguniform(rng, 60, DAY), n)
    exit_type = env.pick(env.exit_types, n)
    second = env.make(mule, later, exit_type, amount=first.amount, known=False)
    second.drain = np.full(n, rng.choice((1.0, 0.98))) if drained else np.zeros(n)
    return concatenate([first, second])


def wash_pair(env: Environment, budget: int) -> Events:
    """Wash trades: two accounts of one owner pay each other back and forth.

    Source: general knowledge of wash trading and of fake turnover.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 4, 30)
    a, b = (
        env.fraud_accounts(runs.count, 0.5)[runs.incident],
        env.fraud_accounts(runs.count, 0.5)[runs.incident],
    )
    forth = runs.step % 2 == 0
    event_type = np.repeat(env.choose_types(runs.count, env.peer_types), runs.size)
    t = incident_times(env, runs, days=(0.05, 30))
    amount = _usual(env, runs.count)[runs.incident] * rng.lognormal(0, rng.choice((0.0, 0.05)), len(runs))
    return env.make(
        np.where(forth, a, b),
        t,
        event_type=event_type,
        counterparty=np.where(forth, b, a),
        amount=amount,
        known=False,
    )


def authorised_push(env: Environment, budget: int) -> Events:
    """Authorised push payment: the customer is persuaded to pay a stranger; own device, usual hours, larger amounts.

    Source: UK Finance and Europol on authorised push payment fraud.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 1, 5)
    customer = env.victims(runs.count)[runs.incident]
    fraudsters = env.fraud_accounts(int(rng.integers(1, runs.count + 1)), rng.choice((0.3, 1.0)))
    event_type = np.repeat(env.choose_types(runs.count, env.peer_types), runs.size)
    t = incident_times(env, runs, seconds=(1800, 10 * DAY))
    amount = draw_amounts(env, customer, event_type, large=3, huge=1, round=2, ordinary=1)
    counterparty = env.pick(fraudsters, runs.count)[runs.incident]
    return env.make(
        customer, t, event_type, counterparty=counterparty, amount=amount, known=False, strong=True
    )


def smurfing(env: Environment, budget: int) -> Events:
    """Smurfing: many accounts each pay one account small amounts.

    Source: FATF on smurfing.
    """
    runs = draw_incidents(env, budget, 6, 60)
    customer = env.fraud_accounts(len(runs), 0.4)
    target = env.fraud_accounts(runs.count, 0.7)[runs.incident]
    event_type = np.repeat(env.choose_types(runs.count, env.peer_types), runs.size)
    amount = draw_amounts(env, customer, event_type, small=2, ordinary=3, round=2)
    t = incident_times(env, runs, days=(0.5, 20))
    return env.make(customer, t, event_type, counterparty=target, amount=amount, known=False)


def sim_swap(env: Environment, budget: int) -> Events:
    """SIM swap: the account is emptied from a new device within minutes or hours.

    Source: GSMA on SIM-swap fraud; Europol operations against SIM swappers.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 1, 4)
    customer = env.victims(runs.count)[runs.incident]
    event_type = env.pick(np.concatenate((env.exit_types, env.peer_types)), len(runs))
    t = incident_times(env, runs, seconds=(120, 5400))
    left = (runs.size[runs.incident] - runs.step).astype(float)
    rows = env.make(customer, t, event_type, drain=np.minimum(rng.uniform(0.8, 1.0) / left, 1), known=False)
    return use_new_devices(env, rows, runs, rng.choice((0.8, 1.0)), rng.choice((0.0, 1.0)))
