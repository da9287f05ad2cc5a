"""Cards in shops: terminals, trades, chip and code, places; few or many rows a card."""

import numpy as np

from vigie.simulator import SimulatedTable, engine
from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, loguniform
from vigie.simulator.engine.hard_negatives import EVERYDAY
from vigie.simulator.engine.incidents import incidents, moments, sequence, style, sums
from vigie.simulator.engine.point_schemes import collusive_merchant, compromised_point, skimmed_point
from vigie.simulator.engine.schemes import (
    compromised_customer,
    impossible_travel,
    long_burst,
    over_threshold,
    single_unusual,
    takeover_spend,
)
from vigie.simulator.engine.spec import Kind, Spec


def lost_card(scene: Scene, budget: int) -> Events:
    """A found or pickpocketed card is used contactless near home, small sums in quick succession until it is blocked.

    Source: UK Finance and card schemes on lost-and-stolen and contactless fraud.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 3, 12)
    who = scene.victims(runs.count)[runs.of]
    kind = scene.pick(scene.kinds("grocery", "fuel", "restaurant", "retail", "pharmacy"), len(runs))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 1800, DAY))
    cap = float(np.quantile(scene.events.amount, rng.uniform(0.4, 0.8)))
    amount = cap * rng.uniform(rng.uniform(0.2, 0.9), 1.0, len(runs))
    return scene.make(who, t, kind=kind, amount=amount, known=False, strong=False)


def resale_goods(scene: Scene, budget: int) -> Events:
    """Stolen cards buy what sells again: electronics, gift cards, jewellery; one to a few sales a card, at typical prices.

    Source: general loss-prevention knowledge of resale fraud.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 1, 5)
    who = scene.victims(runs.count)[runs.of]
    kind = scene.pick(scene.kinds("electronics", "gift_cards", "jewellery"), len(runs))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 900, DAY))
    amount = sums(scene, who, kind, style(scene, typical=3, large=2, round=1))
    return scene.make(who, t, kind=kind, amount=amount, known=False)


KINDS = (
    Kind("grocery", 3.5, 35, 0.3, shops=4),
    Kind("fuel", 1.5, 45, 0.1, hours="any", shops=2),
    Kind("restaurant", 2.0, 22, 0.3, hours="evening", shops=5),
    Kind("retail", 2.0, 40, 0.5, shops=5),
    Kind("pharmacy", 0.8, 18, 0.4, shops=2),
    Kind("electronics", 0.4, 180, 0.6, shops=1),
    Kind("gift_cards", 0.15, 60, 0.2, shops=0.5),
    Kind("jewellery", 0.1, 200, 0.7, shops=0.5),
    Kind("travel", 0.3, 220, 0.7, hours="any", shops=1),
    Kind("home", 0.6, 70, 0.7, shops=1.5),
    Kind("leisure", 0.7, 30, 0.5, hours="evening", shops=2),
    Kind("transport", 1.5, 6, 0.3, hours="morning", shops=0.5),
    Kind("online_misc", 0.8, 45, 0.7, hours="night", shops=1.5, online=True),
    Kind("online_grocery", 0.4, 60, 0.4, hours="evening", shops=0.5, online=True),
)

SPEC = Spec(
    domain="card_present",
    kinds=KINDS,
    schemes={
        "long_burst": (long_burst, 3),
        "compromised_terminal": (compromised_point, 2),
        "compromised_customer": (compromised_customer, 2),
        "skimming": (skimmed_point, 2),
        "over_threshold": (over_threshold, 1),
        "stolen_card": (takeover_spend, 2),
        "lost_contactless": (lost_card, 1.5),
        "counterfeit_abroad": (impossible_travel, 2),
        "single_unusual": (single_unusual, 1.5),
        "resale_goods": (resale_goods, 1.5),
        "collusive_merchant": (collusive_merchant, 1),
    },
    lookalikes=EVERYDAY,
    channels=("chip", "contactless", "magstripe", "keyed"),
    per_customer=(1, 400),
    merchants=(0.01, 0.5),
    show={
        "home": 0.3,
        "there": 0.35,
        "kind": 0.75,
        "strong": 0.12,
        "chip": 0.1,
        "brand": 0.12,
        "city": 0.3,
        "job": 0.15,
        "birth": 0.18,
        "gender": 0.2,
        "zip": 0.18,
        "city_population": 0.12,
        "device": 0.05,
        "ip": 0.02,
        "email": 0.03,
        "mixtures": 0.1,
        "distance": 0.16,
        "limit": 0.12,
    },
    concepts={
        "kind": ("merchant_category", "category", "product"),
        "customer": ("customer", "card"),
        "counterparty": ("counterparty", "terminal"),
    },
    strong=(0.4, 0.99),
)


def simulate(seed: int, rows: int | None = None) -> SimulatedTable:
    """One world of cards in shops."""
    return engine.simulate(SPEC, seed, rows)
