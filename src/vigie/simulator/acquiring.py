"""The merchant's side: an acquirer's table of sales, refunds and chargebacks, where the merchant may be the fraud."""

from vigie.simulator import SimulatedTable, engine
from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, loguniform
from vigie.simulator.engine.hard_negatives import EVERYDAY, salary_day
from vigie.simulator.engine.incidents import incidents, moments, nice, sequence, style, sums
from vigie.simulator.engine.point_schemes import (
    collusive_merchant,
    compromised_point,
    fake_merchant,
    new_points,
    number_attack,
    refund_abuse,
    skimmed_point,
)
from vigie.simulator.engine.schemes import bust_out, card_testing, takeover_spend
from vigie.simulator.engine.spec import Kind, Spec


def merchant_bust_out(scene: Scene, budget: int) -> Events:
    """A quiet merchant multiplies its turnover for a few days with dear sales, takes the payout and disappears.

    Source: acquirers' general knowledge of merchant bust-out.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 8, 80)
    who = scene.strangers(len(runs), rng.choice((0.2, 0.8)))
    kind = scene.pick(scene.kinds(), runs.count)
    other = scene.merchant_of(kind) if rng.random() < 0.6 else new_points(scene, runs.count)
    t = sequence(scene, runs, rng.uniform(0.3, 0.97, runs.count) * scene.span, loguniform(rng, 0.5, 6) * DAY)
    amount = sums(scene, who, kind[runs.of], style(scene, large=3, huge=1, absolute=1, ordinary=1))
    return scene.make(who, t, kind=kind[runs.of], other=other[runs.of], amount=amount, known=False)


def friendly_chargeback(scene: Scene, budget: int) -> Events:
    """A few card holders dispute what they did buy: own device, ordinary baskets, again and again, digital or dear goods.

    Source: card schemes on first-party ("friendly") fraud.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 2, 15)
    who = scene.victims(runs.count)[runs.of]
    kind = scene.pick(scene.kinds("digital", "electronics", "travel"), len(runs))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 5, 90) * DAY)
    amount = sums(scene, who, kind, style(scene, ordinary=3, large=2))
    return scene.make(who, t, kind=kind, amount=amount)


def laundering_through_shop(scene: Scene, budget: int) -> Events:
    """A front shop processes sales of another, hidden trade: round sums, odd hours, cards from abroad.

    Source: card schemes on transaction laundering.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 10, 100)
    who = scene.victims(len(runs)) if rng.random() < 0.5 else scene.strangers(len(runs))
    kind = scene.pick(scene.kinds(), runs.count)
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 2, 60) * DAY)
    if rng.random() < 0.6:
        t = t // DAY * DAY + rng.normal(2, 2, len(t)) % 24 * 3600
    amount = nice(scene, sums(scene, who, kind[runs.of], style(scene, typical=2, large=2)))
    rows = scene.make(
        who, t, kind=kind[runs.of], other=scene.merchant_of(kind)[runs.of], amount=amount, known=False
    )
    if rng.random() < 0.5:
        rows.country = rng.integers(1, scene.places.countries, len(rows))
    return rows


SPEC = Spec(
    domain="acquiring",
    kinds=(
        Kind("retail", 3.0, 40, 0.5, shops=5),
        Kind("restaurant", 2.0, 25, 0.3, hours="evening", shops=5),
        Kind("digital", 1.5, 12, 0.5, hours="night", online=True, shops=2),
        Kind("electronics", 0.7, 160, 0.6, shops=1.5),
        Kind("travel", 0.4, 260, 0.7, hours="any", online=True, shops=1),
        Kind("services", 1.0, 80, 0.7, hours="morning", shops=3),
        Kind("refund", 0.4, 45, 0.6, flow=1, shops=2),
    ),
    schemes={
        "merchant_bust_out": (merchant_bust_out, 2.5),
        "collusive_merchant": (collusive_merchant, 2),
        "friendly_chargeback": (friendly_chargeback, 2),
        "front_shop": (laundering_through_shop, 2),
        "fake_shop": (fake_merchant, 2),
        "card_testing": (card_testing, 1.5),
        "bin_attack": (number_attack, 1.5),
        "compromised_terminal": (compromised_point, 1.5),
        "common_point": (skimmed_point, 1),
        "refund_abuse": (refund_abuse, 1.5),
        "stolen_card": (takeover_spend, 1.5),
        "cardholder_bust_out": (bust_out, 1),
    },
    lookalikes=(*EVERYDAY, (salary_day, 0.5)),
    channels=("pos", "ecommerce", "moto", "link"),
    per_customer=(1, 20),
    merchants=(0.004, 0.1),
    show={
        "chargebacks": 0.25,
        "declined": 0.18,
        "high_risk_country": 0.15,
        "foreign": 0.2,
        "brand": 0.2,
        "card": 0.15,
        "account_age": 0.1,
        "device": 0.15,
        "usual": 0.15,
        "home": 0.04,
        "currency": 0.15,
        "chip": 0.08,
    },
    concepts={
        "kind": ("merchant_category", "category"),
        "customer": ("card", "customer"),
        "counterparty": ("seller", "terminal"),
    },
)


def simulate(seed: int, rows: int | None = None) -> SimulatedTable:
    """One world of an acquirer."""
    return engine.simulate(SPEC, seed, rows)
