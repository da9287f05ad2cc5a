"""Online card payments: web shops, subscriptions, digital goods, with devices and addresses."""

from __future__ import annotations

from vigie.simulator.events import (
    DAY,
    Environment,
    EventDomain,
    Events,
    EventType,
    draw_amounts,
    draw_incidents,
    hard_negatives,
    incident_times,
    loguniform,
    start_times,
    use_new_devices,
)
from vigie.simulator.events.typologies import customer_fraud, merchant_fraud


def gift_cards(env: Environment, budget: int) -> Events:
    """Gift cards: several of round amounts within minutes, often by new accounts.

    Source: general e-commerce knowledge; consumer-protection warnings on gift-card fraud.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 2, 12)
    fresh = rng.random() < 0.5
    customer = (env.fraud_accounts(runs.count, 1.0) if fresh else env.victims(runs.count))[runs.incident]
    event_type = env.pick(env.types_named("gift_card", "digital", "gaming"), len(runs))
    t = incident_times(env, runs, seconds=(120, DAY))
    amount = draw_amounts(env, customer, event_type, round=4, typical=1)
    rows = env.make(customer, t, event_type, amount=amount, known=False)
    return use_new_devices(env, rows, runs, rng.choice((0, 1)), rng.choice((0, 1)))


def triangulation(env: Environment, budget: int) -> Events:
    """Triangulation: a fraudulent shop orders elsewhere with stolen cards; many cards, one device, ordinary amounts at one merchant.

    Source: Europol on triangulation fraud.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 5, 50)
    customer = env.victims(len(runs))
    event_type = env.pick(env.types_named("fashion", "electronics", "home", "toys"), runs.count)
    counterparty = env.merchants_of(event_type)[runs.incident]
    t = incident_times(env, runs, days=(1, 30))
    amount = draw_amounts(env, customer, event_type[runs.incident], ordinary=3, typical=3)
    rows = env.make(
        customer,
        t,
        event_type=event_type[runs.incident],
        counterparty=counterparty,
        amount=amount,
        known=False,
    )
    return use_new_devices(env, rows, runs, rng.choice((0.5, 1)), rng.choice((0.3, 1)))


def new_account_order(env: Environment, budget: int) -> Events:
    """First-order fraud: a new account places one expensive order.

    Source: general e-commerce knowledge of first-order fraud.
    """
    rng = env.rng
    customer = env.fraud_accounts(budget, 1.0)
    env.customers.age_days[customer] = rng.exponential(loguniform(rng, 0.05, 10), budget)
    event_type = env.pick(env.types_named("electronics", "fashion", "luxury", "travel"), budget)
    amount = draw_amounts(env, customer, event_type, large=3, typical=3, absolute=1, ordinary=1)
    return env.make(customer, start_times(env, budget), event_type=event_type, amount=amount, known=False)


_COLUMN_RATES = {
    "device": 0.45, "ip": 0.45, "email": 0.3, "phone": 0.1, "user_agent": 0.2, "account_age": 0.3,
    "items": 0.15, "address_mismatch": 0.12, "cvv_match": 0.12, "three_ds": 0.12, "proxy": 0.12,
    "distinct_emails": 0.08, "currency": 0.15, "home": 0.12, "there": 0.05, "address": 0.12, "person": 0.12,
    "country": 0.25, "brand": 0.2, "mixtures": 0.1, "chip": 0,
}  # fmt: skip

DOMAIN = EventDomain(
    name="card_not_present",
    number=3,
    words="cnp, card not present, cvv match, avs match, 3ds, sca, strong auth, authentification forte, shopping net, misc net, subscription, gaming",
    hints="ecommerce, online, internet, checkout, billing, shipping, facturation, livraison, browser, user agent, navigateur, toy, fashion, luxury, digital, food, mobile web, cvv, paypal, card, carte, tarjeta, cartao, @user_agent, @email, @ip",
    related={"acquiring": 0.6, "loyalty_refunds": 0.5},
    anonymisable=True,
    event_types=(
        EventType("fashion", 2.0, 45, 0.4, hours="evening", online=True, shops=3),
        EventType("electronics", 0.9, 150, 0.7, hours="evening", online=True, shops=2),
        EventType("food", 1.5, 25, 0.2, hours="evening", online=True, shops=3),
        EventType("digital", 1.8, 9, 0.3, hours="night", online=True, shops=1),
        EventType("gaming", 0.9, 15, 0.5, hours="night", online=True, shops=0.5),
        EventType("gift_card", 0.25, 50, 0.1, hours="any", online=True, shops=0.4),
        EventType("travel", 0.4, 260, 0.6, hours="any", online=True, shops=1),
        EventType("home", 0.9, 65, 0.6, online=True, shops=2),
        EventType("toys", 0.5, 28, 0.3, online=True, shops=1),
        EventType("luxury", 0.1, 400, 0.6, hours="any", online=True, shops=0.4),
        EventType("subscription", 1.2, 12, 0.05, hours="any", online=True, shops=0.6),
        EventType("health", 0.5, 30, 0.4, online=True, shops=1),
    ),
    typologies={
        "card_testing": (customer_fraud.card_testing, 2.5),
        "account_takeover": (customer_fraud.takeover_spend, 2.5),
        "bin_attack": (merchant_fraud.number_attack, 1.5),
        "gift_cards": (gift_cards, 1.5),
        "triangulation": (triangulation, 1),
        "new_account_order": (new_account_order, 2),
        "device_farm": (customer_fraud.device_farm, 1.5),
        "long_burst": (customer_fraud.long_burst, 2),
        "foreign_use": (customer_fraud.impossible_travel, 1.5),
        "compromised_customer": (customer_fraud.compromised_customer, 1),
        "single_unusual": (customer_fraud.single_unusual, 1.5),
        "over_threshold": (customer_fraud.over_threshold, 0.7),
        "fake_shop": (merchant_fraud.fake_merchant, 1),
    },
    hard_negatives=hard_negatives.CONSUMER_PAYMENTS,
    channels=("desktop", "mobile_web", "app", "call_center"),
    rows_per_customer=(1, 60),
    column_rates=_COLUMN_RATES,
    column_concepts={
        "event_type": ("product", "merchant_category", "payment_method", "category"),
        "counterparty": ("seller", "counterparty"),
        "pin": ("three_ds", "verified"),
    },
)
