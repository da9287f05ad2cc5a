"""Cards at a distance: web shops, subscriptions, digital goods; devices, addresses, verified or not."""

from vigie.simulator import SimulatedTable, engine
from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, loguniform
from vigie.simulator.engine.hard_negatives import EVERYDAY
from vigie.simulator.engine.incidents import disguise, incidents, moments, sequence, style, sums
from vigie.simulator.engine.point_schemes import fake_merchant, number_attack
from vigie.simulator.engine.schemes import (
    card_testing,
    compromised_customer,
    device_farm,
    impossible_travel,
    long_burst,
    over_threshold,
    single_unusual,
    takeover_spend,
)
from vigie.simulator.engine.spec import Kind, Spec


def gift_cards(scene: Scene, budget: int) -> Events:
    """Gift cards and vouchers in round sums, several within minutes, often from accounts just opened.

    Source: general e-commerce knowledge; consumer-protection warnings on gift-card fraud.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 2, 12)
    fresh = rng.random() < 0.5
    who = (scene.strangers(runs.count, 1.0) if fresh else scene.victims(runs.count))[runs.of]
    kind = scene.pick(scene.kinds("gift_card", "digital", "gaming"), len(runs))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 120, DAY))
    amount = sums(scene, who, kind, style(scene, round=4, typical=1))
    rows = scene.make(who, t, kind=kind, amount=amount, known=False)
    return disguise(scene, rows, runs, rng.choice((0, 1)), rng.choice((0, 1)))


def triangulation(scene: Scene, budget: int) -> Events:
    """A crooked shop serves its buyers by ordering elsewhere with stolen cards: many cards, one device, ordinary baskets at one merchant.

    Source: Europol on triangulation fraud.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 5, 50)
    who = scene.victims(len(runs))
    kind = scene.pick(scene.kinds("fashion", "electronics", "home", "toys"), runs.count)
    other = scene.merchant_of(kind)[runs.of]
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 1, 30) * DAY)
    amount = sums(scene, who, kind[runs.of], style(scene, ordinary=3, typical=3))
    rows = scene.make(who, t, kind=kind[runs.of], other=other, amount=amount, known=False)
    return disguise(scene, rows, runs, rng.choice((0.5, 1)), rng.choice((0.3, 1)))


def new_account_order(scene: Scene, budget: int) -> Events:
    """An account opened minutes ago orders something dear, once, and is gone.

    Source: general e-commerce knowledge of first-order fraud.
    """
    rng = scene.rng
    who = scene.strangers(budget, 1.0)
    scene.people.age_days[who] = rng.exponential(loguniform(rng, 0.05, 10), budget)
    kind = scene.pick(scene.kinds("electronics", "fashion", "luxury", "travel"), budget)
    amount = sums(scene, who, kind, style(scene, large=3, typical=3, absolute=1, ordinary=1))
    return scene.make(who, moments(scene, budget), kind=kind, amount=amount, known=False)


SPEC = Spec(
    domain="card_not_present",
    kinds=(
        Kind("fashion", 2.0, 45, 0.4, hours="evening", online=True, shops=3),
        Kind("electronics", 0.9, 150, 0.7, hours="evening", online=True, shops=2),
        Kind("food", 1.5, 25, 0.2, hours="evening", online=True, shops=3),
        Kind("digital", 1.8, 9, 0.3, hours="night", online=True, shops=1),
        Kind("gaming", 0.9, 15, 0.5, hours="night", online=True, shops=0.5),
        Kind("gift_card", 0.25, 50, 0.1, hours="any", online=True, shops=0.4),
        Kind("travel", 0.4, 260, 0.6, hours="any", online=True, shops=1),
        Kind("home", 0.9, 65, 0.6, online=True, shops=2),
        Kind("toys", 0.5, 28, 0.3, online=True, shops=1),
        Kind("luxury", 0.1, 400, 0.6, hours="any", online=True, shops=0.4),
        Kind("subscription", 1.2, 12, 0.05, hours="any", online=True, shops=0.6),
        Kind("health", 0.5, 30, 0.4, online=True, shops=1),
    ),
    schemes={
        "card_testing": (card_testing, 2.5),
        "account_takeover": (takeover_spend, 2.5),
        "bin_attack": (number_attack, 1.5),
        "gift_cards": (gift_cards, 1.5),
        "triangulation": (triangulation, 1),
        "new_account_order": (new_account_order, 2),
        "device_farm": (device_farm, 1.5),
        "long_burst": (long_burst, 2),
        "foreign_use": (impossible_travel, 1.5),
        "compromised_customer": (compromised_customer, 1),
        "single_unusual": (single_unusual, 1.5),
        "over_threshold": (over_threshold, 0.7),
        "fake_shop": (fake_merchant, 1),
    },
    lookalikes=EVERYDAY,
    channels=("desktop", "mobile_web", "app", "call_center"),
    per_customer=(1, 60),
    show={
        "device": 0.45,
        "ip": 0.45,
        "email": 0.3,
        "phone": 0.1,
        "user_agent": 0.2,
        "account_age": 0.3,
        "items": 0.15,
        "address_mismatch": 0.12,
        "cvv_match": 0.12,
        "three_ds": 0.12,
        "proxy": 0.12,
        "distinct_emails": 0.08,
        "currency": 0.15,
        "home": 0.12,
        "there": 0.05,
        "address": 0.12,
        "person": 0.12,
        "country": 0.25,
        "brand": 0.2,
        "mixtures": 0.1,
        "chip": 0,
    },
    concepts={
        "kind": ("product", "merchant_category", "payment_method", "category"),
        "counterparty": ("seller", "counterparty"),
        "pin": ("three_ds", "verified"),
    },
)


def simulate(seed: int, rows: int | None = None) -> SimulatedTable:
    """One world of cards at a distance."""
    return engine.simulate(SPEC, seed, rows)
