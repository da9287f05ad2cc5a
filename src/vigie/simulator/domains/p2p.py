"""Payments between persons by app: friends, rent, sellers; small amounts."""

from __future__ import annotations

from vigie.simulator.events import (
    Environment,
    EventDomain,
    Events,
    EventType,
    draw_amounts,
    draw_incidents,
    hard_negatives,
    incident_times,
    loguniform,
)
from vigie.simulator.events.typologies import customer_fraud, money_flows


def fake_seller(env: Environment, budget: int) -> Events:
    """Purchase scam: unrelated customers each pay a new account one similar amount.

    Source: UK Finance on purchase scams.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 4, 40)
    customer = env.victims(len(runs))
    seller = env.fraud_accounts(runs.count, rng.choice((0.5, 1.0)))[runs.incident]
    event_type = env.pick(env.peer_types, runs.count)[runs.incident]
    level = draw_amounts(env, customer[:1].repeat(runs.count), event_type[:1].repeat(runs.count), typical=1)[
        runs.incident
    ]
    amount = level * rng.lognormal(0, rng.choice((0.0, 0.1, 0.5)), len(runs))
    t = incident_times(env, runs, days=(0.5, 20))
    return env.make(customer, t, event_type, counterparty=seller, amount=amount, known=False)


def romance(env: Environment, budget: int) -> Events:
    """Romance scam: the victim pays one stranger repeatedly, amounts growing over weeks.

    Source: consumer-protection agencies on romance and investment scams.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 3, 12)
    customer = env.victims(runs.count)[runs.incident]
    counterparty = env.fraud_accounts(runs.count, 0.7)[runs.incident]
    event_type = env.pick(env.peer_types, runs.count)[runs.incident]
    grow = loguniform(rng, 1.0, 2.2) ** runs.step
    amount = draw_amounts(env, customer, event_type, ordinary=2, large=2, round=2) * grow
    t = incident_times(env, runs, days=(3, 60))
    return env.make(customer, t, event_type, counterparty=counterparty, amount=amount, known=False)


def promo_ring(env: Environment, budget: int) -> Events:
    """Promotion abuse: accounts of one owner pay each other the smallest amount that earns a bonus.

    Source: general knowledge of incentive abuse.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 5, 40)
    customer = env.fraud_accounts(len(runs), 0.9)
    counterparty = env.fraud_accounts(runs.count, 0.9)[runs.incident]
    event_type = env.pick(env.peer_types, runs.count)[runs.incident]
    amount = draw_amounts(env, customer, event_type, small=3, round=2)[:1].repeat(len(runs))
    amount = amount * rng.lognormal(0, rng.choice((0.0, 0.1)), len(runs))
    t = incident_times(env, runs, days=(0.05, 5))
    rows = env.make(customer, t, event_type, counterparty=counterparty, amount=amount, known=False)
    if rng.random() < 0.7:
        rows.device = env.new_devices(runs.count)[runs.incident]
    return rows


_COLUMN_RATES = {
    "both_sides": 0.4, "device": 0.4, "ip": 0.25, "account_age": 0.3, "new_payee": 0.15, "new_device": 0.12,
    "text": 0.18, "balances": 0.15, "home": 0.08, "there": 0.15, "phone": 0.12, "chip": 0, "cvv_match": 0,
    "brand": 0.03,
}  # fmt: skip

DOMAIN = EventDomain(
    name="p2p",
    number=5,
    words="p2p, peer, friend, zelle, venmo, cash app, request money, split bill, merchant qr",
    hints="recipient, contact, rent, gift, good, payee, note",
    related={"transfers": 0.7, "crypto": 0.4},
    anonymisable=True,
    event_types=(
        EventType("friends", 3.0, 20, 0.6, hours="evening", to="peer"),
        EventType("rent", 0.5, 350, 0.2, hours="morning", to="peer"),
        EventType("goods", 1.2, 45, 0.8, hours="day", to="peer"),
        EventType("gift", 0.5, 30, 0.4, hours="any", to="peer"),
        EventType("withdraw", 0.7, 80, 0.7, hours="day", shops=0.3, online=True),
        EventType("merchant_qr", 1.0, 12, 0.5, hours="day", shops=5),
    ),
    typologies={
        "account_takeover": (customer_fraud.takeover_drain, 2.5),
        "push_payment": (money_flows.authorised_push, 2.5),
        "fake_seller": (fake_seller, 2),
        "romance": (romance, 1.5),
        "mule_collection": (money_flows.collect_and_pass_on, 2),
        "pass_through": (money_flows.pass_through, 1.5),
        "fan_in": (money_flows.fan_in, 1),
        "promo_ring": (promo_ring, 1.5),
        "device_farm": (customer_fraud.device_farm, 1),
        "sim_swap": (money_flows.sim_swap, 1.5),
        "long_burst": (customer_fraud.long_burst, 1.5),
        "far_login": (customer_fraud.impossible_travel, 1),
        "wash_pair": (money_flows.wash_pair, 0.7),
        "chain": (money_flows.chain, 1),
    },
    hard_negatives=(*hard_negatives.ACCOUNT_TRANSFERS, (hard_negatives.travel, 1.0)),
    channels=("app", "web", "qr", "contact"),
    round_share=(0.1, 0.9),
    rows_per_customer=(1, 80),
    column_rates=_COLUMN_RATES,
    column_concepts={"event_type": ("category", "type"), "pin": ("verified", "pin")},
)
