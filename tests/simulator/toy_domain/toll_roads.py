"""Toll roads: a domain of a distribution of its own, in one file."""

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
)
from vigie.simulator.events.typologies import customer_fraud


def cloned_badge(env: Environment, budget: int) -> Events:
    """Cloned badge: a copied badge passes several stations within a day."""
    runs = draw_incidents(env, budget, 3, 12)
    customer = env.victims(runs.count)[runs.incident]
    event_type = env.types_named("motorway")[:1].repeat(len(runs))
    t = incident_times(env, runs, days=(0.1, 1))
    return env.make(
        customer, t, event_type, amount=draw_amounts(env, customer, event_type, ordinary=1), known=False
    )


DOMAIN = EventDomain(
    name="toll_roads",
    labels={"en": "toll roads", "fr": "péages"},
    words="toll, peage, badge number",
    hints="motorway, bridge",
    related={"card_present": 0.4},
    event_types=(EventType("motorway", 3, 8, 0.4, shops=3), EventType("bridge", 1, 4, 0.1, shops=1)),
    typologies={"cloned_badge": (cloned_badge, 2), "stolen_badge": (customer_fraud.takeover_spend, 1)},
    hard_negatives=hard_negatives.CONSUMER_PAYMENTS,
)
