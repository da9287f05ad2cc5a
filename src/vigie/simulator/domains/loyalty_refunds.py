"""Loyalty points and refunds: earning, redeeming, returns, vouchers."""

from __future__ import annotations

from vigie.simulator.events import (
    DAY,
    Environment,
    EventDomain,
    Events,
    EventType,
    concatenate,
    draw_amounts,
    draw_incidents,
    hard_negatives,
    incident_times,
    loguniform,
    use_new_devices,
)
from vigie.simulator.events.typologies import customer_fraud, merchant_fraud


def points_theft(env: Environment, budget: int) -> Events:
    """Points theft: the points of many members are redeemed from one device.

    Source: general knowledge of loyalty account takeover (credential stuffing).
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 4, 40)
    customer = env.victims(len(runs))
    event_type = env.pick(env.types_named("redeem", "voucher", "points_transfer"), len(runs))
    t = incident_times(env, runs, seconds=(1800, 3 * DAY))
    rows = env.make(customer, t, event_type, drain=rng.uniform(0.7, 1.0), known=False)
    return use_new_devices(env, rows, runs, rng.choice((0, 1)), rng.choice((0.3, 1)))


def clerk_points(env: Environment, budget: int) -> Events:
    """Clerk fraud: purchases of others booked on the clerk's own card at one till, then redeemed.

    Source: retail loss-prevention literature on employee loyalty fraud.
    """
    runs = draw_incidents(env, budget, 4, 40)
    customer = env.fraud_accounts(runs.count, 0.5)[runs.incident]
    event_type = env.types_named("earn")[:1].repeat(len(runs))
    till = env.merchants_of(event_type[: runs.count])[runs.incident]
    t = incident_times(env, runs, days=(0.2, 20))
    earn = env.make(customer, t, event_type, counterparty=till, known=False)
    last = runs.last
    burn = env.make(
        customer[last], t[last] + 3600, env.pick(env.types_named("redeem"), runs.count), drain=0.95
    )
    return concatenate([earn, burn])


def return_without_purchase(env: Environment, budget: int) -> Events:
    """Return fraud: large returns at shops where the customer bought nothing.

    Source: retail loss-prevention literature on return fraud.
    """
    runs = draw_incidents(env, budget, 1, 8)
    customer = env.victims(runs.count)[runs.incident]
    event_type = env.types_named("return")[:1].repeat(len(runs))
    t = incident_times(env, runs, days=(0.2, 30))
    amount = draw_amounts(env, customer, event_type, large=3, round=1, typical=2)
    return env.make(customer, t, event_type, amount=amount, known=False)


def voucher_stacking(env: Environment, budget: int) -> Events:
    """Voucher stacking: new members with one device each use the welcome voucher.

    Source: general knowledge of promotion abuse.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 5, 40)
    customer = env.fraud_accounts(len(runs), 1.0)
    env.customers.age_days[customer] = rng.exponential(loguniform(rng, 0.1, 10), len(runs))
    event_type = env.types_named("voucher")[:1].repeat(len(runs))
    t = incident_times(env, runs, days=(0.1, 30))
    amount = draw_amounts(env, customer[:1], event_type[:1], typical=1).repeat(len(runs))
    rows = env.make(customer, t, event_type, amount=amount, known=False)
    return use_new_devices(env, rows, runs, rng.choice((0.6, 1)), rng.choice((0.3, 1)))


_COLUMN_RATES = {
    "balances": 0.3, "device": 0.25, "email": 0.15, "items": 0.2, "account_age": 0.3, "opened": 0.15,
    "home": 0.04, "there": 0.08, "income": 0.02, "limit": 0.02, "segment": 0.2, "chip": 0,
}  # fmt: skip

DOMAIN = EventDomain(
    name="loyalty_refunds",
    number=9,
    words="loyalty, redeem, redemption, earn, point transfer, mile, reward, reembolso, devolucion, devolucao, remboursement, puntos",
    hints="point, refund, return, retour, fidelite, voucher, coupon, gift card, promo, bonus, purchase, call center",
    mixed_model=False,
    event_types=(
        EventType("earn", 4.0, 30, 0.6, flow=1, shops=5),
        EventType("redeem", 1.0, 40, 0.5, shops=3),
        EventType("purchase", 3.0, 35, 0.6, shops=5),
        EventType("return", 0.6, 30, 0.6, flow=1, shops=4),
        EventType("voucher", 0.4, 10, 0.2, hours="evening", shops=0.5, online=True),
        EventType("points_transfer", 0.2, 50, 0.6, hours="evening", to="peer"),
    ),
    typologies={
        "points_theft": (points_theft, 2.5),
        "account_takeover": (customer_fraud.takeover_drain, 2),
        "refund_abuse": (merchant_fraud.refund_abuse, 2.5),
        "return_fraud": (return_without_purchase, 2),
        "clerk_points": (clerk_points, 1.5),
        "voucher_stacking": (voucher_stacking, 1.5),
        "sliced_refunds": (merchant_fraud.split_operations, 1),
        "collusive_till": (merchant_fraud.collusive_merchant, 1.5),
        "compromised_till": (merchant_fraud.compromised_point, 1),
        "compromised_member": (customer_fraud.compromised_customer, 1),
        "device_farm": (customer_fraud.device_farm, 1),
        "member_spree": (customer_fraud.takeover_spend, 1),
    },
    hard_negatives=(*hard_negatives.CONSUMER_PAYMENTS, (hard_negatives.treasury, 1.0)),
    channels=("store", "web", "app", "call_center"),
    round_share=(0.0, 0.6),
    rows_per_customer=(1, 50),
    merchants_per_row=(0.004, 0.15),
    column_rates=_COLUMN_RATES,
    column_concepts={
        "event_type": ("type", "category"),
        "customer": ("customer", "card"),
        "counterparty": ("seller", "terminal", "agent"),
    },
)
