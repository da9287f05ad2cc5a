"""Transfers between accounts, as seen for anti-money-laundering: both sides are accounts of the same table."""

import numpy as np

from vigie.simulator import SimulatedTable, engine
from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, join, loguniform
from vigie.simulator.engine.flow_schemes import (
    authorised_push,
    chain,
    collect_and_pass_on,
    cycle,
    fan_in,
    fan_out,
    pass_through,
    smurfing,
    wash_pair,
)
from vigie.simulator.engine.hard_negatives import MONEY
from vigie.simulator.engine.incidents import incidents, moments, sequence
from vigie.simulator.engine.schemes import takeover_drain, under_threshold
from vigie.simulator.engine.spec import Kind, Spec


def scatter_gather(scene: Scene, budget: int) -> Events:
    """One account splits a sum over several, which all pay it on to one other account.

    Source: the scatter-gather pattern of public laundering simulators (Altman et al., "Realistic synthetic financial transactions for
    anti-money laundering models", 2023).
    """
    rng = scene.rng
    runs = incidents(scene, max(2, budget // 2), 2, 15)
    middle = scene.strangers(len(runs), rng.choice((0.1, 0.8)))
    source, sink = (scene.strangers(runs.count, rng.choice((0.1, 0.8)))[runs.of] for _ in range(2))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.1, 10) * DAY)
    amount = scene.pick(scene.events.amount, runs.count)[runs.of] * rng.lognormal(0, 0.1, len(runs))
    kind = scene.pick(scene.kinds("transfer", "wire"), runs.count)[runs.of]
    given = {"kind": kind, "known": False}
    out = scene.make(source, t, other=middle, amount=amount, **given)
    delay = rng.exponential(loguniform(rng, 0.05, 4) * DAY, len(runs))
    back = scene.make(middle, t + delay, other=sink, amount=amount * rng.uniform(0.9, 1.0), **given)
    return join([out, back])


def dormant_account(scene: Scene, budget: int) -> Events:
    """An account asleep for most of the period wakes, moves unusual sums for a few days, and sleeps again.

    Source: FATF red-flag indicators on dormant accounts.
    """
    rng, e = scene.rng, scene.events
    runs = incidents(scene, budget, 2, 15)
    sleepers = scene.victims(runs.count)
    asleep = np.isin(e.who, sleepers)
    e.t[asleep] *= rng.uniform(0.05, 0.5)
    t = sequence(scene, runs, rng.uniform(0.6, 0.97, runs.count) * scene.span, rng.uniform(0.5, 6) * DAY)
    who = sleepers[runs.of]
    rows = scene.make(who, t, known=False)
    rows.amount *= loguniform(rng, 1, 12)
    return rows


SPEC = Spec(
    domain="transfers",
    kinds=(
        Kind("transfer", 4.0, 120, 0.6, hours="day", to="peer"),
        Kind("wire", 0.6, 900, 0.9, hours="morning", to="peer"),
        Kind("instant", 1.5, 60, 0.6, hours="evening", to="peer"),
        Kind("standing_order", 1.0, 250, 0.1, hours="morning", to="peer"),
        Kind("cheque", 0.3, 300, 0.5, hours="day", to="peer"),
    ),
    schemes={
        "fan_in": (fan_in, 2.5),
        "fan_out": (fan_out, 2),
        "cycle": (cycle, 2),
        "chain": (chain, 2),
        "scatter_gather": (scatter_gather, 1.5),
        "mule_pass_on": (collect_and_pass_on, 2),
        "pass_through": (pass_through, 1.5),
        "structuring": (under_threshold, 1.5),
        "smurfing": (smurfing, 1.5),
        "wash_pair": (wash_pair, 1),
        "account_takeover": (takeover_drain, 1),
        "push_payment": (authorised_push, 1),
        "dormant_account": (dormant_account, 1),
    },
    lookalikes=MONEY,
    channels=("web", "app", "branch", "api"),
    per_customer=(1, 60),
    show={
        "both_sides": 0.7,
        "kind": 0.5,
        "balances": 0.15,
        "home": 0.02,
        "there": 0.02,
        "distance": 0.03,
        "city": 0.08,
        "currency": 0.2,
        "counter_country": 0.25,
        "country": 0.15,
        "segment": 0.15,
        "text": 0.15,
        "brand": 0,
        "chip": 0,
        "cvv_match": 0,
        "items": 0,
        "high_risk_country": 0.12,
    },
    concepts={
        "kind": ("type", "payment_method"),
        "customer": ("customer", "account"),
        "counterparty": ("counterparty", "counter_account"),
    },
)


def simulate(seed: int, rows: int | None = None) -> SimulatedTable:
    """One world of transfers between accounts."""
    return engine.simulate(SPEC, seed, rows)
