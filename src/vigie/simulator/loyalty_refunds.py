"""Loyalty points and refunds: earning, burning, returns, vouchers; members, shops and clerks."""

from vigie.simulator import SimulatedTable, engine
from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, join, loguniform
from vigie.simulator.engine.hard_negatives import EVERYDAY, treasury
from vigie.simulator.engine.incidents import disguise, incidents, moments, sequence, style, sums
from vigie.simulator.engine.point_schemes import (
    collusive_merchant,
    compromised_point,
    refund_abuse,
    split_operations,
)
from vigie.simulator.engine.schemes import compromised_customer, device_farm, takeover_drain, takeover_spend
from vigie.simulator.engine.spec import Kind, Spec


def points_theft(scene: Scene, budget: int) -> Events:
    """Points of many members are redeemed from one device for vouchers, all that the accounts hold.

    Source: general knowledge of loyalty account takeover (credential stuffing).
    """
    rng = scene.rng
    runs = incidents(scene, budget, 4, 40)
    who = scene.victims(len(runs))
    kind = scene.pick(scene.kinds("redeem", "voucher", "points_transfer"), len(runs))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 1800, 3 * DAY))
    rows = scene.make(who, t, kind=kind, drain=rng.uniform(0.7, 1.0), known=False)
    return disguise(scene, rows, runs, rng.choice((0, 1)), rng.choice((0.3, 1)))


def clerk_points(scene: Scene, budget: int) -> Events:
    """A clerk books strangers' purchases on an own card: many earnings at one till in a short time, then a redemption.

    Source: retail loss-prevention literature on employee loyalty fraud.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 4, 40)
    who = scene.strangers(runs.count, 0.5)[runs.of]
    kind = scene.kinds("earn")[:1].repeat(len(runs))
    till = scene.merchant_of(kind[: runs.count])[runs.of]
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.2, 20) * DAY)
    earn = scene.make(who, t, kind=kind, other=till, known=False)
    last = runs.size.cumsum() - 1
    burn = scene.make(
        who[last], t[last] + 3600, kind=scene.pick(scene.kinds("redeem"), runs.count), drain=0.95
    )
    return join([earn, burn])


def return_without_purchase(scene: Scene, budget: int) -> Events:
    """Returns without a receipt at shops never bought from, just under the level that asks for approval.

    Source: retail loss-prevention literature on return fraud.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 1, 8)
    who = scene.victims(runs.count)[runs.of]
    kind = scene.kinds("return")[:1].repeat(len(runs))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.2, 30) * DAY)
    amount = sums(scene, who, kind, style(scene, large=3, round=1, typical=2))
    return scene.make(who, t, kind=kind, amount=amount, known=False)


def voucher_stacking(scene: Scene, budget: int) -> Events:
    """New members of one household or device each take the welcome voucher and never come back.

    Source: general knowledge of promotion abuse.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 5, 40)
    who = scene.strangers(len(runs), 1.0)
    scene.people.age_days[who] = rng.exponential(loguniform(rng, 0.1, 10), len(runs))
    kind = scene.kinds("voucher")[:1].repeat(len(runs))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.1, 30) * DAY)
    amount = sums(scene, who[:1], kind[:1], "typical").repeat(len(runs))
    rows = scene.make(who, t, kind=kind, amount=amount, known=False)
    return disguise(scene, rows, runs, rng.choice((0.6, 1)), rng.choice((0.3, 1)))


SPEC = Spec(
    domain="loyalty_refunds",
    kinds=(
        Kind("earn", 4.0, 30, 0.6, flow=1, shops=5),
        Kind("redeem", 1.0, 40, 0.5, shops=3),
        Kind("purchase", 3.0, 35, 0.6, shops=5),
        Kind("return", 0.6, 30, 0.6, flow=1, shops=4),
        Kind("voucher", 0.4, 10, 0.2, hours="evening", shops=0.5, online=True),
        Kind("points_transfer", 0.2, 50, 0.6, hours="evening", to="peer"),
    ),
    schemes={
        "points_theft": (points_theft, 2.5),
        "account_takeover": (takeover_drain, 2),
        "refund_abuse": (refund_abuse, 2.5),
        "return_fraud": (return_without_purchase, 2),
        "clerk_points": (clerk_points, 1.5),
        "voucher_stacking": (voucher_stacking, 1.5),
        "sliced_refunds": (split_operations, 1),
        "collusive_till": (collusive_merchant, 1.5),
        "compromised_till": (compromised_point, 1),
        "compromised_member": (compromised_customer, 1),
        "device_farm": (device_farm, 1),
        "member_spree": (takeover_spend, 1),
    },
    lookalikes=(*EVERYDAY, (treasury, 1.0)),
    channels=("store", "web", "app", "call_center"),
    round_share=(0.0, 0.6),
    per_customer=(1, 50),
    merchants=(0.004, 0.15),
    show={
        "balances": 0.3,
        "device": 0.25,
        "email": 0.15,
        "items": 0.2,
        "account_age": 0.3,
        "opened": 0.15,
        "home": 0.04,
        "there": 0.08,
        "income": 0.02,
        "limit": 0.02,
        "segment": 0.2,
        "chip": 0,
    },
    concepts={
        "kind": ("type", "category"),
        "customer": ("customer", "card"),
        "counterparty": ("seller", "terminal", "agent"),
    },
)


def simulate(seed: int, rows: int | None = None) -> SimulatedTable:
    """One world of loyalty points and refunds."""
    return engine.simulate(SPEC, seed, rows)
