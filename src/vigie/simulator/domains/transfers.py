"""Transfers between accounts, as seen for anti-money-laundering: both sides are accounts of the same table."""

from __future__ import annotations

import numpy as np

from vigie.simulator.events import (
    DAY,
    Environment,
    EventDomain,
    Events,
    EventType,
    concatenate,
    draw_incidents,
    hard_negatives,
    incident_times,
    loguniform,
    times_within,
)
from vigie.simulator.events.typologies import customer_fraud, money_flows


def scatter_gather(env: Environment, budget: int) -> Events:
    """Scatter-gather: one account pays several, which all pay on to one other account.

    Source: the scatter-gather pattern of public laundering simulators (Altman et al., "Realistic synthetic financial transactions for
    anti-money laundering models", 2023).
    """
    rng = env.rng
    runs = draw_incidents(env, max(2, budget // 2), 2, 15)
    middle = env.fraud_accounts(len(runs), rng.choice((0.1, 0.8)))
    source, sink = (env.fraud_accounts(runs.count, rng.choice((0.1, 0.8)))[runs.incident] for _ in range(2))
    t = incident_times(env, runs, days=(0.1, 10))
    amount = env.pick(env.events.amount, runs.count)[runs.incident] * rng.lognormal(0, 0.1, len(runs))
    event_type = env.pick(env.types_named("transfer", "wire"), runs.count)[runs.incident]
    out = env.make(source, t, event_type, counterparty=middle, amount=amount, known=False)
    delay = rng.exponential(loguniform(rng, 0.05, 4) * DAY, len(runs))
    passed_on = amount * rng.uniform(0.9, 1.0)
    back = env.make(middle, t + delay, event_type, counterparty=sink, amount=passed_on, known=False)
    return concatenate([out, back])


def dormant_account(env: Environment, budget: int) -> Events:
    """Dormant account: inactive for most of the period, then unusual amounts within a few days.

    Source: FATF red-flag indicators on dormant accounts.
    """
    rng, e = env.rng, env.events
    runs = draw_incidents(env, budget, 2, 15)
    sleepers = env.victims(runs.count)
    asleep = np.isin(e.customer, sleepers)
    e.t[asleep] *= rng.uniform(0.05, 0.5)
    t = times_within(env, runs, rng.uniform(0.6, 0.97, runs.count) * env.span, rng.uniform(0.5, 6) * DAY)
    customer = sleepers[runs.incident]
    rows = env.make(customer, t, known=False)
    rows.amount *= loguniform(rng, 1, 12)
    return rows


_COLUMN_RATES = {
    "both_sides": 0.7, "event_type": 0.5, "balances": 0.15, "home": 0.02, "there": 0.02, "distance": 0.03,
    "city": 0.08, "currency": 0.2, "counter_country": 0.25, "country": 0.15, "segment": 0.15, "text": 0.15,
    "brand": 0, "chip": 0, "cvv_match": 0, "items": 0, "high_risk_country": 0.12,
}  # fmt: skip

DOMAIN = EventDomain(
    name="transfers",
    number=4,
    words="wire, swift, bic, sepa, ach, virement, transferencia, remittance, beneficiary bank, standing order, instant payment, cheque, pix, correspondent, ordering customer, donneur ordre, ordenante",
    hints="iban, transfer, instant, beneficiary, benef, beneficiaire, beneficiario, @counter_balance_after",
    related={"corporate_payments": 0.5, "crypto": 0.4},
    anonymisable=True,
    event_types=(
        EventType("transfer", 4.0, 120, 0.6, hours="day", to="peer"),
        EventType("wire", 0.6, 900, 0.9, hours="morning", to="peer"),
        EventType("instant", 1.5, 60, 0.6, hours="evening", to="peer"),
        EventType("standing_order", 1.0, 250, 0.1, hours="morning", to="peer"),
        EventType("cheque", 0.3, 300, 0.5, hours="day", to="peer"),
    ),
    typologies={
        "fan_in": (money_flows.fan_in, 2.5),
        "fan_out": (money_flows.fan_out, 2),
        "cycle": (money_flows.cycle, 2),
        "chain": (money_flows.chain, 2),
        "scatter_gather": (scatter_gather, 1.5),
        "mule_pass_on": (money_flows.collect_and_pass_on, 2),
        "pass_through": (money_flows.pass_through, 1.5),
        "structuring": (customer_fraud.under_threshold, 1.5),
        "smurfing": (money_flows.smurfing, 1.5),
        "wash_pair": (money_flows.wash_pair, 1),
        "account_takeover": (customer_fraud.takeover_drain, 1),
        "push_payment": (money_flows.authorised_push, 1),
        "dormant_account": (dormant_account, 1),
    },
    hard_negatives=hard_negatives.ACCOUNT_TRANSFERS,
    channels=("web", "app", "branch", "api"),
    rows_per_customer=(1, 60),
    column_rates=_COLUMN_RATES,
    column_concepts={
        "event_type": ("type", "payment_method"),
        "customer": ("customer", "account"),
        "counterparty": ("counterparty", "counter_account"),
    },
)
