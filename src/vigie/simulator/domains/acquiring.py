"""Acquiring: sales, refunds and chargebacks of merchants, where the merchant may be the fraudster."""

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
    round_to_one_digit,
    times_within,
)
from vigie.simulator.events.typologies import customer_fraud, merchant_fraud


def merchant_bust_out(env: Environment, budget: int) -> Events:
    """Merchant bust-out: turnover multiplied for a few days with expensive sales before the merchant disappears.

    Source: acquirers' general knowledge of merchant bust-out.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 8, 80)
    customer = env.fraud_accounts(len(runs), rng.choice((0.2, 0.8)))
    event_type = env.pick(env.types_named(), runs.count)
    counterparty = env.merchants_of(event_type) if rng.random() < 0.6 else env.new_merchants(runs.count)
    t = times_within(env, runs, rng.uniform(0.3, 0.97, runs.count) * env.span, loguniform(rng, 0.5, 6) * DAY)
    amount = draw_amounts(env, customer, event_type[runs.incident], large=3, huge=1, absolute=1, ordinary=1)
    return env.make(
        customer,
        t,
        event_type=event_type[runs.incident],
        counterparty=counterparty[runs.incident],
        amount=amount,
        known=False,
    )


def friendly_chargeback(env: Environment, budget: int) -> Events:
    """Friendly fraud: card holders repeatedly dispute their own purchases; own device, ordinary amounts, digital or expensive goods.

    Source: card schemes on first-party ("friendly") fraud.
    """
    runs = draw_incidents(env, budget, 2, 15)
    customer = env.victims(runs.count)[runs.incident]
    event_type = env.pick(env.types_named("digital", "electronics", "travel"), len(runs))
    t = incident_times(env, runs, days=(5, 90))
    amount = draw_amounts(env, customer, event_type, ordinary=3, large=2)
    return env.make(customer, t, event_type, amount=amount)


def laundering_through_shop(env: Environment, budget: int) -> Events:
    """Transaction laundering: a front shop processes the sales of a hidden business; round amounts, night hours, foreign cards.

    Source: card schemes on transaction laundering.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 10, 100)
    customer = env.victims(len(runs)) if rng.random() < 0.5 else env.fraud_accounts(len(runs))
    event_type = env.pick(env.types_named(), runs.count)
    t = incident_times(env, runs, days=(2, 60))
    if rng.random() < 0.6:
        t = t // DAY * DAY + rng.normal(2, 2, len(t)) % 24 * 3600
    amount = round_to_one_digit(
        env, draw_amounts(env, customer, event_type[runs.incident], typical=2, large=2)
    )
    rows = env.make(
        customer,
        t,
        event_type=event_type[runs.incident],
        counterparty=env.merchants_of(event_type)[runs.incident],
        amount=amount,
        known=False,
    )
    if rng.random() < 0.5:
        rows.country = rng.integers(1, env.places.countries, len(rows))
    return rows


_COLUMN_RATES = {
    "chargebacks": 0.25, "declined": 0.18, "high_risk_country": 0.15, "foreign": 0.2, "brand": 0.2,
    "card": 0.15, "account_age": 0.1, "device": 0.15, "usual": 0.15, "home": 0.04, "currency": 0.15,
    "chip": 0.08,
}  # fmt: skip

DOMAIN = EventDomain(
    name="acquiring",
    number=7,
    words="acquirer, settlement, mcc, moto, payment link, high risk country, is declined, foreign transaction, refund purchase, authorization",
    hints="merchant, marchand, mrch, commercant, comercio, lojista, chargeback, chbk, impaye, contracargo, dispute, litige, disputa, decline, declined, decl, refus, refuse, rechazo, rechazado, refund, store, boutique, tienda, seller, vendeur, vendedor",
    anonymisable=True,
    event_types=(
        EventType("retail", 3.0, 40, 0.5, shops=5),
        EventType("restaurant", 2.0, 25, 0.3, hours="evening", shops=5),
        EventType("digital", 1.5, 12, 0.5, hours="night", online=True, shops=2),
        EventType("electronics", 0.7, 160, 0.6, shops=1.5),
        EventType("travel", 0.4, 260, 0.7, hours="any", online=True, shops=1),
        EventType("services", 1.0, 80, 0.7, hours="morning", shops=3),
        EventType("refund", 0.4, 45, 0.6, flow=1, shops=2),
    ),
    typologies={
        "merchant_bust_out": (merchant_bust_out, 2.5),
        "collusive_merchant": (merchant_fraud.collusive_merchant, 2),
        "friendly_chargeback": (friendly_chargeback, 2),
        "front_shop": (laundering_through_shop, 2),
        "fake_shop": (merchant_fraud.fake_merchant, 2),
        "card_testing": (customer_fraud.card_testing, 1.5),
        "bin_attack": (merchant_fraud.number_attack, 1.5),
        "compromised_terminal": (merchant_fraud.compromised_point, 1.5),
        "common_point": (merchant_fraud.skimmed_point, 1),
        "refund_abuse": (merchant_fraud.refund_abuse, 1.5),
        "stolen_card": (customer_fraud.takeover_spend, 1.5),
        "cardholder_bust_out": (customer_fraud.bust_out, 1),
    },
    hard_negatives=(*hard_negatives.CONSUMER_PAYMENTS, (hard_negatives.salary_day, 0.5)),
    channels=("pos", "ecommerce", "moto", "link"),
    rows_per_customer=(1, 20),
    merchants_per_row=(0.004, 0.1),
    column_rates=_COLUMN_RATES,
    column_concepts={
        "event_type": ("merchant_category", "category"),
        "customer": ("card", "customer"),
        "counterparty": ("seller", "terminal"),
    },
)
