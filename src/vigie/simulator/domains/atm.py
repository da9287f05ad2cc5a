"""Cash machines: withdrawals, deposits and enquiries, mostly of round amounts."""

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
    loguniform,
    round_to_one_digit,
    start_times,
    times_within,
)
from vigie.simulator.events.typologies import customer_fraud, merchant_fraud


def cash_out_wave(env: Environment, budget: int) -> Events:
    """Cash-out wave: cloned cards of one issuer withdraw the same maximum at a few machines within hours.

    Source: Europol and public reports on unlimited cash-out operations.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 6, 60)
    customer = env.victims(len(runs))
    event_type = env.types_named("withdrawal")[:1].repeat(len(runs))
    few = env.merchants_of(event_type[: int(rng.integers(1, 5))])
    t = incident_times(env, runs, seconds=(600, 0.5 * DAY))
    amount = round_to_one_digit(env, draw_amounts(env, customer[:1], event_type[:1], large=1)).repeat(
        len(runs)
    )
    counterparty = env.pick(few, len(runs))
    return env.make(
        customer,
        t,
        event_type=event_type,
        counterparty=counterparty,
        amount=amount,
        known=False,
        strong=rng.random() < 0.5,
    )


def repeated_withdrawals(env: Environment, budget: int) -> Events:
    """Stolen card and PIN: successive withdrawals of the limit at several machines, some again after midnight.

    Source: general knowledge of lost-and-stolen card use with a shoulder-surfed code.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 2, 9)
    customer = env.victims(runs.count)[runs.incident]
    event_type = env.types_named("withdrawal")[:1].repeat(len(runs))
    start = start_times(env, runs.count)
    if rng.random() < 0.4:
        start = start // DAY * DAY + 23.6 * 3600
    t = times_within(env, runs, start, loguniform(rng, 300, 6 * 3600))
    amount = round_to_one_digit(env, draw_amounts(env, customer, event_type, large=1))[runs.incident]
    return env.make(customer, t, event_type, amount=amount, known=False)


def balance_probe(env: Environment, budget: int) -> Events:
    """Balance probing: enquiries with many cards at one machine, each followed by a withdrawal.

    Source: general knowledge of how cloned cards are tested.
    """
    runs = draw_incidents(env, budget, 4, 20)
    ask = runs.step % 2 == 0
    customer = env.victims(len(runs))[np.arange(len(runs)) - ~ask]
    event_type = (env.types_named("enquiry")[0] * ask + env.types_named("withdrawal")[0] * ~ask).astype(int)
    machine = env.merchants_of(env.types_named("withdrawal")[:1].repeat(runs.count))[runs.incident]
    t = incident_times(env, runs, seconds=(600, 6 * 3600))
    return env.make(customer, t, event_type, counterparty=machine, known=False)


def jackpotting(env: Environment, budget: int) -> Events:
    """Jackpotting: a machine pays out equal large amounts at short, even intervals with few cards.

    Source: Europol guidance on logical attacks on cash machines.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 8, 50)
    customer = env.fraud_accounts(runs.count)[runs.incident]
    event_type = env.types_named("withdrawal")[:1].repeat(len(runs))
    machine = env.merchants_of(event_type[: runs.count])[runs.incident]
    t = start_times(env, runs.count)[runs.incident] + runs.step * loguniform(rng, 20, 600)
    amount = round_to_one_digit(env, draw_amounts(env, customer[:1], event_type[:1], large=1)).repeat(
        len(runs)
    )
    return env.make(customer, t, event_type, counterparty=machine, amount=amount, known=False)


_COLUMN_RATES = {
    "there": 0.3, "home": 0.2, "balances": 0.25, "counter_city": 0.3, "distance": 0.15,
    "distance_last": 0.1, "device": 0.02, "ip": 0.01, "email": 0.01, "user_agent": 0, "items": 0,
    "fee": 0.12, "limit": 0.15, "declined": 0.15, "strong": 0.1, "chip": 0.1, "cvv_match": 0, "three_ds": 0,
}  # fmt: skip

DOMAIN = EventDomain(
    name="atm",
    number=6,
    words="atm, dab, cajero, cash withdrawal, caixa eletronico, dispenser, enquiry, withdrawal atm",
    hints="withdrawal, retrait, retiro, saque, deposit, pin, terminal",
    mixed_model=False,
    anonymisable=True,
    event_types=(
        EventType("withdrawal", 6.0, 60, 0.3, hours="any", shops=6),
        EventType("deposit", 0.8, 150, 0.8, flow=1, shops=2),
        EventType("enquiry", 0.9, 0.5, 0.05, shops=4),
        EventType("transfer", 0.3, 100, 0.6, to="peer"),
    ),
    typologies={
        "skimming": (merchant_fraud.skimmed_point, 2.5),
        "repeated_withdrawals": (repeated_withdrawals, 2.5),
        "cash_out_wave": (cash_out_wave, 1.5),
        "foreign_clone": (customer_fraud.impossible_travel, 2),
        "compromised_machine": (merchant_fraud.compromised_point, 1.5),
        "balance_probe": (balance_probe, 1),
        "jackpotting": (jackpotting, 1),
        "account_emptied": (customer_fraud.takeover_drain, 1.5),
        "compromised_customer": (customer_fraud.compromised_customer, 1),
        "over_threshold": (customer_fraud.over_threshold, 0.5),
    },
    hard_negatives=(
        (hard_negatives.travel, 3.0),
        (hard_negatives.big_purchase, 2.0),
        (hard_negatives.shopping_day, 1.0),
        (hard_negatives.salary_day, 1.0),
        (hard_negatives.treasury, 1.0),
        (hard_negatives.busy_point, 2.0),
        (hard_negatives.moving, 1.0),
    ),
    channels=("chip", "contactless", "magstripe", "app_code"),
    round_share=(0.85, 1.0),
    rows_per_customer=(1, 120),
    merchants_per_row=(0.004, 0.1),
    column_rates=_COLUMN_RATES,
    column_concepts={
        "event_type": ("type",),
        "customer": ("card", "customer"),
        "counterparty": ("terminal",),
    },
    strong_share=(0.6, 1.0),
)
