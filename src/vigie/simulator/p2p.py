"""Payments between people by app: friends, flatmates, sellers; new payees, new phones, small sums."""

from vigie.simulator import SimulatedTable, engine
from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, loguniform
from vigie.simulator.engine.flow_schemes import (
    authorised_push,
    chain,
    collect_and_pass_on,
    fan_in,
    pass_through,
    peer_kinds,
    sim_swap,
    wash_pair,
)
from vigie.simulator.engine.hard_negatives import MONEY, travel
from vigie.simulator.engine.incidents import incidents, moments, sequence, style, sums
from vigie.simulator.engine.schemes import device_farm, impossible_travel, long_burst, takeover_drain
from vigie.simulator.engine.spec import Kind, Spec


def fake_seller(scene: Scene, budget: int) -> Events:
    """A new account advertises goods it does not have; unrelated people each pay it one similar, ordinary sum.

    Source: UK Finance on purchase scams.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 4, 40)
    who = scene.victims(len(runs))
    seller = scene.strangers(runs.count, rng.choice((0.5, 1.0)))[runs.of]
    kind = scene.pick(peer_kinds(scene), runs.count)[runs.of]
    level = sums(scene, who[:1].repeat(runs.count), kind[:1].repeat(runs.count), "typical")[runs.of]
    amount = level * rng.lognormal(0, rng.choice((0.0, 0.1, 0.5)), len(runs))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.5, 20) * DAY)
    return scene.make(who, t, kind=kind, other=seller, amount=amount, known=False)


def romance(scene: Scene, budget: int) -> Events:
    """The same victim pays the same stranger again and again, sums growing over weeks.

    Source: consumer-protection agencies on romance and investment scams.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 3, 12)
    who = scene.victims(runs.count)[runs.of]
    other = scene.strangers(runs.count, 0.7)[runs.of]
    kind = scene.pick(peer_kinds(scene), runs.count)[runs.of]
    grow = loguniform(rng, 1.0, 2.2) ** runs.step
    amount = sums(scene, who, kind, style(scene, ordinary=2, large=2, round=2)) * grow
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 3, 60) * DAY)
    return scene.make(who, t, kind=kind, other=other, amount=amount, known=False)


def promo_ring(scene: Scene, budget: int) -> Events:
    """Accounts of one owner send each other the smallest sum that earns a bonus, from few devices.

    Source: general knowledge of incentive abuse.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 5, 40)
    who = scene.strangers(len(runs), 0.9)
    other = scene.strangers(runs.count, 0.9)[runs.of]
    kind = scene.pick(peer_kinds(scene), runs.count)[runs.of]
    amount = sums(scene, who, kind, style(scene, small=3, round=2))[:1].repeat(len(runs))
    amount = amount * rng.lognormal(0, rng.choice((0.0, 0.1)), len(runs))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.05, 5) * DAY)
    rows = scene.make(who, t, kind=kind, other=other, amount=amount, known=False)
    if rng.random() < 0.7:
        rows.device = scene.new_devices(runs.count)[runs.of]
    return rows


SPEC = Spec(
    domain="p2p",
    kinds=(
        Kind("friends", 3.0, 20, 0.6, hours="evening", to="peer"),
        Kind("rent", 0.5, 350, 0.2, hours="morning", to="peer"),
        Kind("goods", 1.2, 45, 0.8, hours="day", to="peer"),
        Kind("gift", 0.5, 30, 0.4, hours="any", to="peer"),
        Kind("withdraw", 0.7, 80, 0.7, hours="day", shops=0.3, online=True),
        Kind("merchant_qr", 1.0, 12, 0.5, hours="day", shops=5),
    ),
    schemes={
        "account_takeover": (takeover_drain, 2.5),
        "push_payment": (authorised_push, 2.5),
        "fake_seller": (fake_seller, 2),
        "romance": (romance, 1.5),
        "mule_collection": (collect_and_pass_on, 2),
        "pass_through": (pass_through, 1.5),
        "fan_in": (fan_in, 1),
        "promo_ring": (promo_ring, 1.5),
        "device_farm": (device_farm, 1),
        "sim_swap": (sim_swap, 1.5),
        "long_burst": (long_burst, 1.5),
        "far_login": (impossible_travel, 1),
        "wash_pair": (wash_pair, 0.7),
        "chain": (chain, 1),
    },
    lookalikes=(*MONEY, (travel, 1.0)),
    channels=("app", "web", "qr", "contact"),
    round_share=(0.1, 0.9),
    per_customer=(1, 80),
    show={
        "both_sides": 0.4,
        "device": 0.4,
        "ip": 0.25,
        "account_age": 0.3,
        "new_payee": 0.15,
        "new_device": 0.12,
        "text": 0.18,
        "balances": 0.15,
        "home": 0.08,
        "there": 0.15,
        "phone": 0.12,
        "chip": 0,
        "cvv_match": 0,
        "brand": 0.03,
    },
    concepts={"kind": ("category", "type"), "pin": ("verified", "pin")},
)


def simulate(seed: int, rows: int | None = None) -> SimulatedTable:
    """One world of payments between people."""
    return engine.simulate(SPEC, seed, rows)
