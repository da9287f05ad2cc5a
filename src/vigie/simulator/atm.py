"""Cash machines: withdrawals, deposits and enquiries; machines with places, cards with habits of round sums."""

import numpy as np

from vigie.simulator import SimulatedTable, engine
from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, loguniform
from vigie.simulator.engine.hard_negatives import (
    big_purchase,
    busy_point,
    moving,
    salary_day,
    shopping_day,
    travel,
    treasury,
)
from vigie.simulator.engine.incidents import incidents, moments, nice, sequence, sums
from vigie.simulator.engine.point_schemes import compromised_point, skimmed_point
from vigie.simulator.engine.schemes import (
    compromised_customer,
    impossible_travel,
    over_threshold,
    takeover_drain,
)
from vigie.simulator.engine.spec import Kind, Spec


def cash_out_wave(scene: Scene, budget: int) -> Events:
    """Cloned cards of one issuer are emptied at a few machines within an hour, equal maximal sums, often at night.

    Source: Europol and public reports on unlimited cash-out operations.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 6, 60)
    who = scene.victims(len(runs))
    kind = scene.kinds("withdrawal")[:1].repeat(len(runs))
    few = scene.merchant_of(kind[: int(rng.integers(1, 5))])
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 600, 0.5 * DAY))
    amount = nice(scene, sums(scene, who[:1], kind[:1], "large")).repeat(len(runs))
    other = scene.pick(few, len(runs))
    return scene.make(who, t, kind=kind, other=other, amount=amount, known=False, strong=rng.random() < 0.5)


def repeated_withdrawals(scene: Scene, budget: int) -> Events:
    """A stolen card and code: withdrawals at the limit, one after the other at several machines, and again after midnight.

    Source: general knowledge of lost-and-stolen card use with a shoulder-surfed code.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 2, 9)
    who = scene.victims(runs.count)[runs.of]
    kind = scene.kinds("withdrawal")[:1].repeat(len(runs))
    start = moments(scene, runs.count)
    if rng.random() < 0.4:
        start = start // DAY * DAY + 23.6 * 3600
    t = sequence(scene, runs, start, loguniform(rng, 300, 6 * 3600))
    amount = nice(scene, sums(scene, who, kind, "large"))[runs.of]
    return scene.make(who, t, kind=kind, amount=amount, known=False)


def balance_probe(scene: Scene, budget: int) -> Events:
    """Enquiries on many cards at one machine, then withdrawals from those with money.

    Source: general knowledge of how cloned cards are tested.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 4, 20)
    ask = runs.step % 2 == 0
    who = scene.victims(len(runs))[np.arange(len(runs)) - ~ask]
    kind = (scene.kinds("enquiry")[0] * ask + scene.kinds("withdrawal")[0] * ~ask).astype(int)
    machine = scene.merchant_of(scene.kinds("withdrawal")[:1].repeat(runs.count))[runs.of]
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 600, 6 * 3600))
    return scene.make(who, t, kind=kind, other=machine, known=False)


def jackpotting(scene: Scene, budget: int) -> Events:
    """A machine made to pay out: a run of equal maximal withdrawals at short, even intervals under few cards.

    Source: Europol guidance on logical attacks on cash machines.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 8, 50)
    who = scene.strangers(runs.count)[runs.of]
    kind = scene.kinds("withdrawal")[:1].repeat(len(runs))
    machine = scene.merchant_of(kind[: runs.count])[runs.of]
    t = moments(scene, runs.count)[runs.of] + runs.step * loguniform(rng, 20, 600)
    amount = nice(scene, sums(scene, who[:1], kind[:1], "large")).repeat(len(runs))
    return scene.make(who, t, kind=kind, other=machine, amount=amount, known=False)


SPEC = Spec(
    domain="atm",
    kinds=(
        Kind("withdrawal", 6.0, 60, 0.3, hours="any", shops=6),
        Kind("deposit", 0.8, 150, 0.8, flow=1, shops=2),
        Kind("enquiry", 0.9, 0.5, 0.05, shops=4),
        Kind("transfer", 0.3, 100, 0.6, to="peer"),
    ),
    schemes={
        "skimming": (skimmed_point, 2.5),
        "repeated_withdrawals": (repeated_withdrawals, 2.5),
        "cash_out_wave": (cash_out_wave, 1.5),
        "foreign_clone": (impossible_travel, 2),
        "compromised_machine": (compromised_point, 1.5),
        "balance_probe": (balance_probe, 1),
        "jackpotting": (jackpotting, 1),
        "account_emptied": (takeover_drain, 1.5),
        "compromised_customer": (compromised_customer, 1),
        "over_threshold": (over_threshold, 0.5),
    },
    lookalikes=(
        (travel, 3.0),
        (big_purchase, 2.0),
        (shopping_day, 1.0),
        (salary_day, 1.0),
        (treasury, 1.0),
        (busy_point, 2.0),
        (moving, 1.0),
    ),
    channels=("chip", "contactless", "magstripe", "app_code"),
    round_share=(0.85, 1.0),
    per_customer=(1, 120),
    merchants=(0.004, 0.1),
    show={
        "there": 0.3,
        "home": 0.2,
        "balances": 0.25,
        "counter_city": 0.3,
        "distance": 0.15,
        "distance_last": 0.1,
        "device": 0.02,
        "ip": 0.01,
        "email": 0.01,
        "user_agent": 0,
        "items": 0,
        "fee": 0.12,
        "limit": 0.15,
        "declined": 0.15,
        "strong": 0.1,
        "chip": 0.1,
        "cvv_match": 0,
        "three_ds": 0,
    },
    concepts={"kind": ("type",), "customer": ("card", "customer"), "counterparty": ("terminal",)},
    strong=(0.6, 1.0),
)


def simulate(seed: int, rows: int | None = None) -> SimulatedTable:
    """One world of cash machines."""
    return engine.simulate(SPEC, seed, rows)
