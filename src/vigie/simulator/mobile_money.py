"""Mobile money: wallets, agents, merchants; cash in and out, transfers, bills, airtime."""

import numpy as np

from vigie.simulator import SimulatedTable, engine
from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, join, loguniform
from vigie.simulator.engine.flow_schemes import (
    authorised_push,
    collect_and_pass_on,
    fan_in,
    pass_through,
    sim_swap,
    smurfing,
)
from vigie.simulator.engine.hard_negatives import MONEY
from vigie.simulator.engine.incidents import incidents, moments, sequence, style, sums
from vigie.simulator.engine.point_schemes import split_operations
from vigie.simulator.engine.schemes import device_farm, takeover_drain, under_threshold
from vigie.simulator.engine.spec import Kind, Spec


def fake_deposit(scene: Scene, budget: int) -> Events:
    """An agent books deposits nobody paid in, then the wallet is emptied elsewhere within hours.

    Source: CGAP and GSMA publications on agent fraud.
    """
    rng = scene.rng
    runs = incidents(scene, budget // 2 + 1, 2, 10)
    who = scene.strangers(runs.count, rng.choice((0.3, 1.0)))[runs.of]
    kind = scene.pick(scene.kinds("CASH_IN"), len(runs))
    agent = scene.merchant_of(kind[:1]).repeat(len(runs))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 600, 3 * DAY))
    amount = sums(scene, who, kind, style(scene, large=2, round=2, ordinary=1))
    put_in = scene.make(who, t, kind=kind, other=agent, amount=amount, known=False)
    out_kind = scene.pick(scene.kinds("CASH_OUT", "TRANSFER"), len(runs))
    later = t + rng.exponential(loguniform(rng, 300, DAY), len(runs))
    return join([put_in, scene.make(who, later, kind=out_kind, drain=0.97, known=False)])


def double_cash(scene: Scene, budget: int) -> Events:
    """Cash goes in and comes out at once, again and again, only to earn an agent's or a promotion's commission.

    Source: CGAP on commission abuse ("direct deposits" and circular operations).
    """
    rng = scene.rng
    runs = incidents(scene, budget, 4, 20)
    who = scene.strangers(runs.count, 0.4)[runs.of]
    inward, outward = scene.kinds("CASH_IN")[0], scene.kinds("CASH_OUT")[0]
    kind = (runs.step % 2 == 0) * (inward - outward) + outward
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.05, 10) * DAY)
    amount = sums(scene, who, kind, style(scene, ordinary=3, round=2))[np.arange(len(runs)) - runs.step % 2]
    other = scene.merchant_of(kind[:1]).repeat(len(runs))
    return scene.make(who, t, kind=kind, other=other, amount=amount)


SPEC = Spec(
    domain="mobile_money",
    kinds=(
        Kind("CASH_IN", 2.2, 50, 0.6, to="merchant", flow=1, shops=3),
        Kind("CASH_OUT", 2.5, 60, 0.7, to="merchant", flow=-1, shops=3),
        Kind("TRANSFER", 1.5, 40, 1.0, hours="evening", to="peer"),
        Kind("PAYMENT", 3.0, 12, 0.6, shops=6),
        Kind("AIRTIME", 1.0, 2, 0.3, hours="any", shops=0.2, online=True),
        Kind("BILL", 0.5, 20, 0.4, hours="morning", shops=0.3, online=True),
        Kind("DEBIT", 0.2, 15, 0.5, shops=0.3),
    ),
    schemes={
        "account_takeover": (takeover_drain, 3),
        "sim_swap": (sim_swap, 2),
        "transfer_then_cash_out": (pass_through, 3),
        "fake_deposit": (fake_deposit, 1.5),
        "commission_splitting": (split_operations, 1.5),
        "circular_cash": (double_cash, 1),
        "mule_collection": (collect_and_pass_on, 1.5),
        "scam_collection": (fan_in, 1),
        "social_engineering": (authorised_push, 1.5),
        "smurfing": (smurfing, 1),
        "structuring": (under_threshold, 0.7),
        "device_farm": (device_farm, 1),
    },
    lookalikes=MONEY,
    channels=("ussd", "app", "agent", "api"),
    round_share=(0.0, 0.8),
    per_customer=(1, 60),
    show={
        "balances": 0.55,
        "kind": 0.9,
        "device": 0.3,
        "both_sides": 0.15,
        "sim_change": 0.12,
        "home": 0.05,
        "there": 0.07,
        "phone": 0.12,
        "region": 0.15,
        "chip": 0,
        "cvv_match": 0,
        "brand": 0,
        "three_ds": 0,
    },
    concepts={"kind": ("type",), "counterparty": ("counterparty", "agent", "counter_account")},
)


def simulate(seed: int, rows: int | None = None) -> SimulatedTable:
    """One world of mobile money."""
    return engine.simulate(SPEC, seed, rows)
