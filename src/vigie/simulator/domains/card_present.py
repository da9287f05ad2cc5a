"""Card payments at terminals: merchants with places, chip and PIN, few or many rows per card."""

from __future__ import annotations

import numpy as np

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
)
from vigie.simulator.events.typologies import customer_fraud, merchant_fraud


def lost_card(env: Environment, budget: int) -> Events:
    """Lost card: small contactless payments near home in quick succession until the card is blocked.

    Source: UK Finance and card schemes on lost-and-stolen and contactless fraud.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 3, 12)
    customer = env.victims(runs.count)[runs.incident]
    event_type = env.pick(env.types_named("grocery", "fuel", "restaurant", "retail", "pharmacy"), len(runs))
    t = incident_times(env, runs, seconds=(1800, DAY))
    cap = float(np.quantile(env.events.amount, rng.uniform(0.4, 0.8)))
    amount = cap * rng.uniform(rng.uniform(0.2, 0.9), 1.0, len(runs))
    return env.make(customer, t, event_type, amount=amount, known=False, strong=False)


def resale_goods(env: Environment, budget: int) -> Events:
    """Goods for resale: stolen cards buy electronics, gift cards or jewellery at typical prices, a few payments per card.

    Source: general loss-prevention knowledge of resale fraud.
    """
    runs = draw_incidents(env, budget, 1, 5)
    customer = env.victims(runs.count)[runs.incident]
    event_type = env.pick(env.types_named("electronics", "gift_cards", "jewellery"), len(runs))
    t = incident_times(env, runs, seconds=(900, DAY))
    amount = draw_amounts(env, customer, event_type, typical=3, large=2, round=1)
    return env.make(customer, t, event_type, amount=amount, known=False)


EVENT_TYPES = (
    EventType("grocery", 3.5, 35, 0.3, shops=4),
    EventType("fuel", 1.5, 45, 0.1, hours="any", shops=2),
    EventType("restaurant", 2.0, 22, 0.3, hours="evening", shops=5),
    EventType("retail", 2.0, 40, 0.5, shops=5),
    EventType("pharmacy", 0.8, 18, 0.4, shops=2),
    EventType("electronics", 0.4, 180, 0.6, shops=1),
    EventType("gift_cards", 0.15, 60, 0.2, shops=0.5),
    EventType("jewellery", 0.1, 200, 0.7, shops=0.5),
    EventType("travel", 0.3, 220, 0.7, hours="any", shops=1),
    EventType("home", 0.6, 70, 0.7, shops=1.5),
    EventType("leisure", 0.7, 30, 0.5, hours="evening", shops=2),
    EventType("transport", 1.5, 6, 0.3, hours="morning", shops=0.5),
    EventType("online_misc", 0.8, 45, 0.7, hours="night", shops=1.5, online=True),
    EventType("online_grocery", 0.4, 60, 0.4, hours="evening", shops=0.5, online=True),
)

_COLUMN_RATES = {
    "home": 0.3, "there": 0.35, "event_type": 0.75, "strong": 0.12, "chip": 0.1, "brand": 0.12, "city": 0.3,
    "job": 0.15, "birth": 0.18, "gender": 0.2, "zip": 0.18, "city_population": 0.12, "device": 0.05,
    "ip": 0.02, "email": 0.03, "mixtures": 0.1, "distance": 0.16, "limit": 0.12,
}  # fmt: skip

DOMAIN = EventDomain(
    name="card_present",
    number=2,
    words="chip, contactless, magstripe, swipe, swiped, card present, keyed, cc num, grocery pos, gas transport",
    hints="pos, tpe, entry mode, mode saisie, terminal, pin, pharmacy, fuel, restaurant, card, carte, tarjeta, cartao, retailer, virtual card, @card, @counter_latitude, @distance",
    related={"atm": 0.6, "acquiring": 0.6, "card_not_present": 0.5},
    anonymisable=True,
    event_types=EVENT_TYPES,
    typologies={
        "long_burst": (customer_fraud.long_burst, 3),
        "compromised_terminal": (merchant_fraud.compromised_point, 2),
        "compromised_customer": (customer_fraud.compromised_customer, 2),
        "skimming": (merchant_fraud.skimmed_point, 2),
        "over_threshold": (customer_fraud.over_threshold, 1),
        "stolen_card": (customer_fraud.takeover_spend, 2),
        "lost_contactless": (lost_card, 1.5),
        "counterfeit_abroad": (customer_fraud.impossible_travel, 2),
        "single_unusual": (customer_fraud.single_unusual, 1.5),
        "resale_goods": (resale_goods, 1.5),
        "collusive_merchant": (merchant_fraud.collusive_merchant, 1),
    },
    hard_negatives=hard_negatives.CONSUMER_PAYMENTS,
    channels=("chip", "contactless", "magstripe", "keyed"),
    rows_per_customer=(1, 400),
    merchants_per_row=(0.01, 0.5),
    column_rates=_COLUMN_RATES,
    column_concepts={
        "event_type": ("merchant_category", "category", "product"),
        "customer": ("customer", "card"),
        "counterparty": ("counterparty", "terminal"),
    },
    strong_share=(0.4, 0.99),
)
